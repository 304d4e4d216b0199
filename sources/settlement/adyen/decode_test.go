package adyen

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"parallax/internal/lab/cardfile"
	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/decode/decodetest"
)

const header = "Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,Creation Date,TimeZone,Type,Modification Reference," +
	"Gross Currency,Gross Debit (GC),Gross Credit (GC),Exchange Rate,Net Currency,Net Debit (NC),Net Credit (NC),Commission (NC),Markup (NC)," +
	"Scheme Fees (NC),Interchange (NC),Payment Method Variant,Modification Merchant Reference,Batch Number,Booking Date,Booking Date TimeZone," +
	"Authorisation Code,ARN,DCC Markup (NC)\n"

const (
	settled = "Co,Shop,PSP1,order-1,visa,2026-11-18 23:30:00,PST,Settled,MOD1,USD,,10.00,1,USD,,9.70,,0.10,0.05,0.15,visadebit,,7,2026-11-19 01:00:00,PST,A1,74000000000000000000001,\n"
	refund  = "Co,Shop,PSP1,order-1,visa,2026-11-19 08:00:00,CET,Refunded,MOD2,USD,4.00,,1,USD,4.10,,0.10,,,,visadebit,,7,,,,,\n"
	payout  = `Co,Shop,,,,2026-11-20 02:00:00,CET,MerchantPayout,"TX123XT batch 7, Shop",,,,,USD,5.60,,,,,,,,7,,,,,` + "\n"
)

func decodeText(text string) ([]record.SettlementLine, decode.Summary, error) {
	return decodetest.All(Decode, []byte(text), "settlement_detail_report_batch_7.csv", "adyen")
}

func usd(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "USD"} }

func TestDecode(t *testing.T) {
	want := []record.SettlementLine{
		{
			Record: 2, Type: record.Presentment, PaymentID: "order-1", Reference: "PSP1", ARN: "74000000000000000000001", AuthCode: "A1", Batch: "Shop/7",
			Code: "Settled", Note: "MOD1", Amount: usd(1000), Settlement: usd(1000), Net: usd(970), Fee: usd(30), Rate: "1",
			Fees:          []record.LineFee{{Kind: record.Markup, Amount: usd(10)}, {Kind: record.SchemeFee, Amount: usd(5)}, {Kind: record.Interchange, Amount: usd(15)}},
			TransactionAt: time.Date(2026, 11, 19, 7, 30, 0, 0, time.UTC), BusinessDate: "2026-11-19",
		},
		{
			Record: 3, Type: record.Refund, PaymentID: "order-1", Reference: "MOD2", Original: "PSP1", Batch: "Shop/7", Code: "Refunded",
			Amount: usd(-400), Settlement: usd(-400), Net: usd(-410), Fee: usd(10), Rate: "1",
			Fees:          []record.LineFee{{Kind: record.Commission, Amount: usd(10)}},
			TransactionAt: time.Date(2026, 11, 19, 7, 0, 0, 0, time.UTC), BusinessDate: "2026-11-19",
		},
		{
			Record: 4, Type: record.Payout, Reference: "TX123XT", Note: "TX123XT batch 7, Shop", Batch: "Shop/7", Code: "MerchantPayout", Amount: usd(560),
			TransactionAt: time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC), BusinessDate: "2026-11-20",
		},
	}
	text := header + settled + refund + payout
	for name, data := range map[string]string{
		"plain": text, "byte order mark": decode.ByteOrderMark + text, "carriage returns": strings.ReplaceAll(text, "\n", "\r\n"),
		"no last newline": strings.TrimSuffix(text, "\n"), "a new column": strings.ReplaceAll(text, "\n", ",x\n"),
	} {
		lines, s, err := decodeText(data)
		if err != nil || len(lines) != 3 || s.Rejected != 0 || s.Records != 4 {
			t.Fatalf("%s: %d lines, %+v, %v", name, len(lines), s, err)
		}
		for i := range want {
			want[i].Feed, want[i].File = "adyen", "settlement_detail_report_batch_7.csv"
			if !reflect.DeepEqual(lines[i], want[i]) {
				t.Errorf("%s:\ngot  %+v\nwant %+v", name, lines[i], want[i])
			}
		}
		if !reflect.DeepEqual(s.Totals, map[string]string{"computed USD": "560", "paid out USD": "560"}) {
			t.Errorf("%s: %v", name, s.Totals)
		}
		if s.FileID != "Shop/7" || s.Sequence != 7 || s.SequenceOf != "Shop" || !reflect.DeepEqual(s.BusinessDates, []string{"2026-11-19", "2026-11-20"}) {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestJournalTypes(t *testing.T) {
	for _, tc := range []struct {
		row    string
		line   record.LineType
		amount int64
		undoes bool
	}{
		{strings.Replace(refund, "Refunded", "Chargeback", 1), record.Chargeback, -400, false},
		{strings.Replace(refund, "Refunded", "SecondChargeback", 1), record.Chargeback, -400, false},
		{strings.Replace(settled, "Settled", "ChargebackReversed", 1), record.Representment, 1000, false},
		{strings.Replace(settled, "Settled", "RefundedReversed", 1), record.Refund, 1000, true},
		{strings.Replace(payout, "MerchantPayout", "InvoiceDeduction", 1), record.Fee, -560, false},
		{strings.Replace(payout, "MerchantPayout", "DepositCorrection", 1), record.Reserve, -560, false},
		{strings.Replace(payout, "MerchantPayout", "Balancetransfer", 1), record.OtherLine, -560, false},
		{strings.Replace(strings.Replace(payout, "MerchantPayout", "BankInstructionReturned", 1), "5.60,,", ",5.60,", 1), record.Payout, -560, true},
	} {
		lines, s, err := decodeText(header + tc.row)
		if err != nil || len(lines) != 1 || lines[0].Type != tc.line || lines[0].Amount.Minor != tc.amount || lines[0].Reversal != tc.undoes {
			t.Errorf("%s: %+v, %+v, %v", tc.row, lines, s.Rejects, err)
		}
	}
}

func TestCurrencies(t *testing.T) {
	for row, want := range map[string]record.SettlementLine{
		strings.Replace(settled, "USD,,10.00,1,USD,,9.70,,0.10,0.05,0.15", "EUR,,5.35,1.0656568,USD,,5.43,0.27,,,", 1): {
			Amount: money.Amount{Minor: 535, Currency: "EUR"}, Settlement: usd(570), Net: usd(543), Fee: usd(27), Rate: "1.0656568",
		},
		strings.Replace(settled, "USD,,10.00,1,USD,,9.70,,0.10,0.05,0.15", "JPY,,1000,0.0061,EUR,,6.00,0.10,,,", 1): {
			Amount: money.Amount{Minor: 1000, Currency: "JPY"}, Settlement: money.Amount{Minor: 610, Currency: "EUR"}, Net: money.Amount{Minor: 600, Currency: "EUR"},
			Fee: money.Amount{Minor: 10, Currency: "EUR"}, Rate: "0.0061",
		},
		strings.Replace(settled, "USD,,10.00,1,USD,,9.70,,0.10,0.05,0.15", "INR,,10,0.011,USD,0.03,,,0,0.04,0.10", 1): {
			Amount: money.Amount{Minor: 1000, Currency: "INR"}, Settlement: usd(11), Net: usd(-3), Fee: usd(14), Rate: "0.011",
		},
	} {
		lines, s, err := decodeText(header + row)
		if err != nil || len(lines) != 1 {
			t.Fatalf("%s: %+v, %v", row, s, err)
		}
		l := lines[0]
		if got := (record.SettlementLine{Amount: l.Amount, Settlement: l.Settlement, Net: l.Net, Fee: l.Fee, Rate: l.Rate}); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func TestRejects(t *testing.T) {
	for _, tc := range []struct{ name, row, field, reason string }{
		{"short", "Co,Shop\n", "", "row has 2 columns, the header has 28"},
		{"type", strings.Replace(settled, "Settled", "Setled", 1), "Type", "is a journal type that is not known"},
		{"words", strings.Replace(settled, ",10.00,", ",ten,", 1), "Gross Credit (GC)", "is not an amount with at most 2 decimals"},
		{"exponent", strings.Replace(settled, ",10.00,", ",10.001,", 1), "Gross Credit (GC)", "is not an amount with at most 2 decimals"},
		{"overflow", strings.Replace(settled, ",10.00,", ",92233720368547758.08,", 1), "Gross Credit (GC)", "overflows 64 bits"},
		{"negative", strings.Replace(settled, ",10.00,", ",-10.00,", 1), "Gross Credit (GC)", "is negative, but debit and credit stand in columns of their own"},
		{"both", strings.Replace(settled, "USD,,10.00", "USD,1.00,10.00", 1), "Gross Credit (GC)", "is filled beside Gross Debit (GC)"},
		{"currency", strings.Replace(settled, "USD,,10.00", "XXQ,,10.00", 1), "Gross Currency", "is not an ISO 4217 currency"},
		{"no net currency", strings.Replace(settled, ",1,USD", ",1,", 1), "Net Currency", "is not an ISO 4217 currency"},
		{"net", strings.Replace(settled, "9.70", "9.71", 1), "Net Credit (NC)", "does not foot: gross less fees is another amount"},
		{"rate", strings.Replace(settled, "USD,,10.00,1,", "EUR,,10.00,1.10000,", 1), "Net Credit (NC)", "does not foot: gross times rate less fees is another amount"},
		{"no rate", strings.Replace(settled, "USD,,10.00,1,", "EUR,,10.00,,", 1), "Exchange Rate", "is empty, but gross and net are in two currencies"},
		{"rate in words", strings.Replace(settled, "10.00,1,", "10.00,1e9,", 1), "Exchange Rate", "is not an exchange rate such as 1.0656568"},
		{"fee", strings.Replace(settled, "0.15", "n/a", 1), "Interchange (NC)", "is not an amount with at most 2 decimals"},
		{"time", strings.Replace(settled, "2026-11-18 ", "18/11/26 ", 1), "Creation Date", "is not a time such as 2026-11-18 14:07:00"},
		{"zone", strings.Replace(refund, "CET", "CST", 1), "TimeZone", "is not a time zone such as CET or Europe/Paris, or one that several regions share: name yours in the configuration"},
		{"no batch", strings.Replace(settled, ",7,", ",,", 1), "Batch Number", "is empty"},
		{"no reference", strings.Replace(settled, "PSP1", "", 1), "Psp Reference", "is empty"},
		{"no amount", strings.Replace(payout, "5.60", "", 1), "Net Credit (NC)", "is empty, and so is Net Debit (NC)"},
		{"latin 1", strings.Replace(settled, "order-1", "caf\xe9", 1), "Merchant Reference", "is not UTF-8 text"},
		{"newline", strings.Replace(settled, "order-1", "\"a\nb\"", 1), "Merchant Reference", "holds a control character"},
		{"quote", strings.Replace(settled, "order-1", `o"1`, 1), "", "quotes are not closed or stand inside a field; the rest of the row is lost"},
	} {
		lines, s, err := decodeText(header + refund + tc.row + refund)
		if err != nil || len(lines) != 2 || s.Rejected != 1 || s.Rejects[0] != (decode.Reject{Line: 3, Field: tc.field, Reason: tc.reason}) {
			t.Errorf("%s: %d lines, %+v, %v", tc.name, len(lines), s.Rejects, err)
		}
		if s.Records != s.Lines+s.Rejected+1 {
			t.Errorf("%s: counts %+v", tc.name, s)
		}
	}
}

func TestAccepts(t *testing.T) {
	for name, row := range map[string]string{
		"negative zero": strings.Replace(settled, "USD,,10.00", "USD,-0.00,10.00", 1), "a formula": strings.Replace(settled, "order-1", "=1+1", 1),
		"a spreadsheet's ARN": strings.Replace(settled, "74000000000000000000001", "7.4E+022", 1), "conversion": strings.Replace(settled, "9.70,,0.10,0.05,0.15,visadebit,,7,2026-11-19 01:00:00,PST,A1,74000000000000000000001,", "9.80,,0.10,0.05,0.15,visadebit,,7,,,,,0.10", 1),
	} {
		lines, s, err := decodeText(header + row)
		if err != nil || len(lines) != 1 {
			t.Errorf("%s: %+v, %v", name, s.Rejects, err)
		}
	}
	if lines, s, err := decodeText(header); err != nil || len(lines) != 0 || s.Records != 1 {
		t.Errorf("header only: %+v, %v", s, err)
	}
	zoned := New(Options{Zone: time.FixedZone("China", 8*3600)})
	lines, s, err := decodetest.All(zoned, []byte(header+strings.Replace(refund, "CET", "CST", 1)), "x.csv", "adyen")
	if err != nil || len(lines) != 1 || !lines[0].TransactionAt.Equal(time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("CST: %+v, %+v, %v", lines, s, err)
	}
}

func TestRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"nothing":       {"", "line 1: file is empty, a header row was expected"},
		"no header":     {settled + refund, "line 1: Merchant Account: column is not in the header"},
		"column twice":  {strings.Replace(header, "Payment Method", "Type", 1) + settled, "line 1: Type: column is in the header twice"},
		"a PDF":         {"%PDF-1.4\n", "line 1: Merchant Account: column is not in the header"},
		"UTF-16":        {"\xff\xfeC\x00o\x00", "line 1: file is in UTF-16; UTF-8 was expected"},
		"a long line":   {header + `"` + strings.Repeat("x", 21<<20), "line 2: row is longer than 10485760 bytes; is a quote left open?"},
		"sum too large": {header + strings.Repeat(strings.Replace(payout, "5.60", "92233720368547758.07", 1), 2), "line 3: sum of the amounts overflows 64 bits"},
	} {
		_, _, err := decodeText(tc.text)
		if want := "decode settlement_detail_report_batch_7.csv: " + tc.want; err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	stop := errors.New("enough")
	if _, err := Decode(decodetest.Bytes([]byte(header+settled)), "x", "adyen", func(record.SettlementLine) error { return stop }); !errors.Is(err, stop) || err.Error() != "enough" {
		t.Errorf("stopped with %v", err)
	}
}

// TestCutAnywhere cuts the file behind every byte: each row that is yielded is one of the whole file's.
func TestCutAnywhere(t *testing.T) {
	text := header + settled + refund + payout
	whole, _, err := decodeText(text)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(text) {
		lines, s, err := decodeText(text[:n])
		if err != nil {
			continue
		}
		if s.Records != s.Lines+s.Rejected+1 || int64(len(lines)) != s.Lines {
			t.Fatalf("cut at %d: %+v", n, s)
		}
		for i := range lines {
			if !reflect.DeepEqual(lines[i], whole[i]) {
				t.Fatalf("cut at %d: line %d became %+v", n, i, lines[i])
			}
		}
	}
}

// TestNoCardNumber writes a card number into every column of text, and into those of numbers for the errors.
func TestNoCardNumber(t *testing.T) {
	card := "411111" + "1111111111"
	fields := strings.Split(strings.TrimSuffix(settled, "\n"), ",")
	for i := range fields {
		row := append([]string(nil), fields...)
		row[i] = card
		lines, s, err := decodeText(header + strings.Join(row, ",") + "\n")
		if said := fmt.Sprintf("%+v %+v %v", lines, s, err); strings.Contains(said, "11111111") {
			t.Errorf("column %d shows the card number", i)
		}
	}
}

func TestLabFile(t *testing.T) {
	at := time.Date(2026, 11, 18, 14, 7, 0, 0, time.UTC)
	lines := []cardfile.Line{
		{Reference: "P1", PaymentID: "o1", Minor: 1000, Currency: "EUR", Costs: cardfile.Costs{Markup: 3, Scheme: 2, Interchange: 5}, Rate: "1", Batch: "3", At: at},
		{Reference: "P2", PaymentID: "o2", Minor: 1000, Currency: "JPY", Settled: 610, SettledCurrency: "EUR", Rate: "0.0061", Costs: cardfile.Costs{Commission: 10}, Batch: "3", At: at},
		{Kind: cardfile.Refund, Reference: "R1", Original: "P1", PaymentID: "o1", Minor: 1000, Currency: "EUR", Rate: "1", Batch: "3", At: at},
		{Kind: cardfile.FeeCharged, Reference: "Fees of November", Minor: 30, Currency: "EUR", Batch: "3", At: at},
		{Kind: cardfile.Payout, Reference: "TX9XT batch 3", Minor: 560, Currency: "EUR", Batch: "3", At: at},
	}
	var file bytes.Buffer
	if err := cardfile.WriteAdyen(&file, cardfile.AdyenFile{Account: "Shop", Lines: lines}); err != nil {
		t.Fatal(err)
	}
	got, s, err := decodeText(file.String())
	if err != nil || s.Rejected > 0 || len(got) != 5 || s.Totals["computed EUR"] != "560" || s.Totals["paid out EUR"] != "560" {
		t.Fatalf("%+v, %v", s, err)
	}
	file.Reset()
	if err := cardfile.WriteAdyen(&file, cardfile.AdyenFile{Account: "Shop", Lines: lines, NetOff: 1}); err != nil {
		t.Fatal(err)
	}
	if _, s, err := decodeText(file.String()); err != nil || s.Rejected != 1 || s.Rejects[0].Line != 2 {
		t.Errorf("a net that is wrong by a cent: %+v, %v", s, err)
	}
}
