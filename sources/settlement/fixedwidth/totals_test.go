package fixedwidth

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// batches is a layout of lines L with a code, an amount and a reference, batch trailers B and a trailer T.
func batches() Layout {
	is := func(text string) []Condition { return []Condition{{At: 1, Is: []string{text}}} }
	return Layout{
		Name: "batches", Currency: "EUR", Records: []Record{
			{Name: "H", Role: Header, When: is("H"), Fields: map[string]Field{"file_id": {At: 2, Length: 3}}},
			{Name: "L", Role: Line, When: is("L"), Fields: map[string]Field{"code": {At: 2, Length: 1}, "amount": {At: 3, Length: 4}, "reference": {At: 7, Length: 2}}},
			{Name: "B", Role: BatchTrailer, When: is("B"), Totals: []Total{{Place: Place{2, 2}, Of: CountLines}, {Place: Place{4, 5}, Of: SumSigned}}},
			{Name: "T", Role: Trailer, When: is("T"), Fields: map[string]Field{"file_id": {At: 2, Length: 3}}, Totals: []Total{
				{Place: Place{5, 2}, Of: CountLines, Plus: 2}, {Place: Place{7, 5}, Of: SumUnsigned, Codes: []string{"S", "A"}}, {Place: Place{12, 2}, Of: CountLines, Codes: []string{"R"}},
			}},
			{Name: "?", Role: Skip},
		},
		Types: map[string]Type{"S": {Line: record.Presentment}, "R": {Line: record.Refund, Negative: true}, "A": {}},
	}
}

func TestBatchTotals(t *testing.T) {
	good := "H001\nLS0100r1\nLR0030r2\nB0200070\nLS0050r3\nLA0007  \nxyz\nB0200057\nT001060015701\n"
	lines, s, err := decodeText(batches(), good)
	if err != nil || len(lines) != 3 || s.Admin != 2 || s.Rejected != 0 || lines[1].Amount != (money.Amount{Minor: -30, Currency: "EUR"}) {
		t.Fatalf("%+v, %+v, %v", lines, s, err)
	}
	checkRecords(t, s)
	for from, to := range map[string]string{
		"B0200070": "B0300070", "B0200057": "B0200127", "T001060015701": "T002060015701", "T00106": "T00104", "0015701": "0018701", "15701": "15702",
	} {
		if _, _, err := decodeText(batches(), strings.Replace(good, from, to, 1)); !errors.Is(err, decode.ErrControlTotal) {
			t.Errorf("%s: error %v", to, err)
		}
	}
	// A line whose code cannot be read may belong to any of the totals by code.
	lines, s, err = decodeText(batches(), strings.Replace(good, "LR0030", "L?0030", 1))
	if !errors.Is(err, decode.ErrControlTotal) { // the batch is signed by codes
		t.Errorf("%+v, %+v, %v", lines, s, err)
	}
	l := batches()
	l.Records[2].Totals = nil
	lines, s, err = decodeText(l, strings.Replace(good, "LR0030", "L?0030", 1))
	if err != nil || len(lines) != 2 || s.Rejected != 1 || !strings.HasPrefix(s.Totals["computed sum at 7 of T"], "not verifiable: 1 lines") {
		t.Errorf("%+v, %+v, %v", lines, s, err)
	}
}

// TestDecodeEveryField reads all fields, over two records.
func TestDecodeEveryField(t *testing.T) {
	four := 4
	minus := &Sign{Place: Place{At: 1, Length: 1}, Negative: []string{"1"}, Positive: []string{"2"}}
	l := Layout{
		Name: "all", Encoding: "latin-1", Records: []Record{
			{Name: "1", Role: Line, When: []Condition{{At: 1, Is: []string{"1"}}}, Fields: map[string]Field{
				"code": {At: 2, Length: 1}, "amount": {At: 3, Length: 5}, "currency": {At: 8, Length: 3},
				"settlement_amount": {At: 11, Length: 5}, "settlement_currency": {At: 16, Length: 3},
				"billing_amount": {At: 19, Length: 5}, "billing_currency": {At: 24, Length: 3},
				"fee": {At: 27, Length: 4, Sign: minus}, "net_amount": {At: 31, Length: 5}, "rate": {At: 36, Length: 6, Decimals: &four},
				"transaction_date": {At: 42, Length: 4, Format: "MMDD"}, "transaction_time": {At: 46, Length: 6},
				"value_date": {At: 52, Length: 8, Format: "DDMMYYYY"}, "business_date": {At: 60, Length: 6, Format: "YYMMDD"},
			}},
			{Name: "2", Role: Continuation, When: []Condition{{At: 1, Is: []string{"2"}}}, Fields: map[string]Field{
				"reference": {At: 2, Length: 2}, "payment_id": {At: 4, Length: 2}, "original": {At: 6, Length: 2}, "arn": {At: 8, Length: 2},
				"rrn": {At: 10, Length: 2}, "auth_code": {At: 12, Length: 2}, "batch": {At: 14, Length: 2}, "note": {At: 16, Length: 4},
				"part": {At: 20, Length: 2}, "parts": {At: 22, Length: 2}, "card": {At: 24, Length: 16, Default: "****1234"},
			}},
		},
		Types: map[string]Type{"R": {Line: record.Refund, Negative: true, Reversal: true}},
	}
	row := "1R01000EUR01100USD00900GBP00300107001234511180102031911202626" + "1119\n"
	row += "2" + "RE" + "PA" + "OR" + "AR" + "RR" + "AU" + "BA" + "caf\xe9" + "01" + "02" + "                \n"
	want := record.SettlementLine{
		Feed: "visa", File: "clearing_20261119.txt", Record: 1, Type: record.Refund, Code: "R", Reversal: true,
		Reference: "RE", PaymentID: "PA", Original: "OR", ARN: "AR", RRN: "RR", AuthCode: "AU", Batch: "BA", Note: "café", Part: 1, Parts: 2, MaskedPAN: decode.MaskPAN("****1234"),
		Amount: money.Amount{Minor: -1000, Currency: "EUR"}, Settlement: money.Amount{Minor: -1100, Currency: "USD"}, Billing: money.Amount{Minor: -900, Currency: "GBP"},
		Fee: money.Amount{Minor: -30, Currency: "EUR"}, Net: money.Amount{Minor: -1070, Currency: "USD"}, Rate: "1.2345",
		TransactionAt: time.Date(2026, 11, 18, 1, 2, 3, 0, time.UTC), ValueDate: "2026-11-19", BusinessDate: "2026-11-19",
	}
	lines, s, err := decodeText(l, row)
	if err != nil || len(lines) != 1 || !reflect.DeepEqual(lines[0], want) {
		t.Errorf("%+v, %v\ngot  %+v\nwant %+v", s, err, lines, want)
	}
	if _, s, err := decodeText(l, row[:len(row)-20]); err == nil {
		t.Errorf("a last line that ends early was taken: %+v", s)
	}
	l.Short = true
	if lines, s, err := decodeText(l, row[:len(row)-20]); err != nil || len(lines) != 1 || lines[0].MaskedPAN == "" {
		t.Errorf("a layout with short records: %+v, %v", s, err)
	}
	for name, spoiled := range map[string]string{"time": strings.Replace(row, "010203", "250203", 1), "settlement_amount": strings.Replace(row, "USD", "   ", 1)} {
		if _, s, err := decodeText(l, spoiled); err != nil || s.Rejected != 1 || !strings.Contains(s.Rejects[0].Field, name) {
			t.Errorf("%s: %s", name, fmt.Sprintf("%+v, %v", s, err))
		}
	}
	zero := strings.Replace(strings.Replace(row, "01100USD", "00000000", 1), "00900GBP", "00000   ", 1)
	if lines, _, err := decodeText(l, zero); err != nil || len(lines) != 1 || lines[0].Settlement != (money.Amount{}) || lines[0].Billing != (money.Amount{}) || lines[0].Net.Currency != "EUR" {
		t.Errorf("%+v, %v", lines, err)
	}
}
