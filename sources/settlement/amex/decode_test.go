package amex

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

const (
	head    = `"HEADER","20261120","113207","0000000026","GRRCN","SHOP","3.01"` + "\n"
	summary = `"SUMMARY","4737483941","002","PAY1","20261120","EUR",""," 000000000002075"," 000000000002756"," 000000000000081"," 000000000000000","-000000000000600"," 000000000000000"," 000000000000000","","","",""` + "\n"
	submit  = `"SUBMISSION","4737483941","002","PAY1","20261120","EUR","4737483941","20261117","20261117","000001","EUR","",""," 000000000002756"," 000000000002756"," 000000000000081"," 000000000000000",""," 000000000002675","","","0000002"` + "\n"
	charge1 = `"TRANSACTN","4737483941","002","PAY1","20261120","EUR","4737483941","20261117","20261117","000001","EUR","","order-1","","375310XXXXX4009",""," 000000000002756"," 000000000003000","20261117","171512","002391206015071","168208","","8398","","P60LG7C3734Z7G000000NWX","","","","","","","   ","","","","","","",""` + "\n"
	priced1 = `"TXNPRICING","4737483941","002","PAY1","20261120","EUR","4737483941","","","order-1","","375310XXXXX4009"," 000000000003000","20261117","1A",""," 000000000000000000000"," 002950"," 000000000000000813020"` + "\n"
	charge2 = `"TRANSACTN","4737483941","002","PAY1","20261120","EUR","4737483941","20261117","20261117","000001","EUR","","order-2","","",""," 000000000002756","-000000000000244","20261117","","","","","8398","","P60LG7C3734Z7G000000NWY"` + "\n"
	reject  = `"TRANSACTN","4737483941","002","PAY1","20261120","EUR","4737483941","20261117","20261117","000001","EUR","","order-3","","",""," 000000000002756"," 000000000000777","20261117","","T3","","","8398","","","","","","","","","REJ"` + "\n"
	dispute = `"CHARGEBACK","4737483941","","PAY1","20261120","EUR","4737483941","20261117","","order-0","","375310XXXXX4009","","20261118","000001","EUR","CB1","C08","FRAUD","-000000000001000"," 000000000000000"," 000000000000000"," 000000000000000","-000000000001000"` + "\n"
	won     = `"CHARGEBACK","4737483941","","PAY1","20261120","EUR","4737483941","20261117","","order-0","","","","20261118","000001","EUR","CB2","","REVERSAL"," 000000000000500"," 000000000000010"," 000000000000000"," 000000000000000"," 000000000000490"` + "\n"
	adjust  = `"ADJUSTMENT","4737483941","","PAY1","20261120","EUR","4737483941","20261117","","","","","","20261118","000001","EUR","A1","","CORRECTION","-000000000000090"," 000000000000000"," 000000000000000","","-000000000000090"` + "\n"
	fees    = `"FEEREVENUE","4737483941","PAY1","20261120","EUR","4737483941","","-000000000000100","TERMINAL FEES","-000000000000050","","-000000000000010","0","",""` + "\n"
	foot    = `"TRAILER","0000000026","0000000012"` + "\n"
	whole   = head + summary + submit + charge1 + priced1 + charge2 + reject + dispute + won + adjust + fees + foot
)

func decodeText(text string) ([]record.SettlementLine, decode.Summary, error) {
	return decodetest.All(Decode, []byte(text), "shop.grrcn", "amex")
}

func eur(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }

func wholeLines() []record.SettlementLine {
	lines := []record.SettlementLine{
		{Record: 2, Type: record.Payout, Reference: "PAY1", Code: "SUMMARY", Amount: eur(2075), ValueDate: "2026-11-20"},
		{Record: 3, Type: record.Fee, Reference: "PAY1/4737483941/20261117/000001", Code: "SUBMISSION", Note: "discount, service fee and tax of a submission", Amount: eur(-81), Net: eur(-81)},
		{
			Record: 4, Type: record.Presentment, PaymentID: "order-1", Reference: "002391206015071", ARN: "P60LG7C3734Z7G000000NWX", AuthCode: "168208", MaskedPAN: "375310******4009",
			Code: "TRANSACTN", Amount: eur(3000), Settlement: eur(3000), Net: eur(3000), TransactionAt: time.Date(2026, 11, 17, 17, 15, 12, 0, time.UTC),
		},
		{
			Record: 6, Type: record.Refund, PaymentID: "order-2", Reference: "P60LG7C3734Z7G000000NWY", ARN: "P60LG7C3734Z7G000000NWY", Code: "TRANSACTN",
			Amount: eur(-244), Settlement: eur(-244), Net: eur(-244), TransactionAt: time.Date(2026, 11, 17, 0, 0, 0, 0, time.UTC),
		},
		{
			Record: 8, Type: record.Chargeback, PaymentID: "order-0", Reference: "CB1", MaskedPAN: "375310******4009", Code: "CHARGEBACK C08", Note: "FRAUD",
			Amount: eur(-1000), Settlement: eur(-1000), Net: eur(-1000), Fee: eur(0),
		},
		{
			Record: 9, Type: record.Representment, PaymentID: "order-0", Reference: "CB2", Code: "CHARGEBACK", Note: "REVERSAL",
			Amount: eur(500), Settlement: eur(500), Net: eur(490), Fee: eur(10), Fees: []record.LineFee{{Kind: record.Commission, Amount: eur(10)}},
		},
		{Record: 10, Type: record.Adjustment, Reference: "A1", Code: "ADJUSTMENT", Note: "CORRECTION", Amount: eur(-90), Settlement: eur(-90), Net: eur(-90), Fee: eur(0)},
		{Record: 11, Type: record.Fee, Reference: "PAY1/11", Code: "FEEREVENUE", Note: "TERMINAL FEES", Amount: eur(-160), Net: eur(-160)},
	}
	for i := range lines {
		lines[i].Feed, lines[i].File, lines[i].Batch, lines[i].BusinessDate = "amex", "shop.grrcn", "PAY1", "2026-11-20"
	}
	return lines
}

func TestDecode(t *testing.T) {
	for name, data := range map[string]string{
		"plain": whole, "byte order mark": decode.ByteOrderMark + whole, "carriage returns": strings.ReplaceAll(whole, "\n", "\r\n"), "no last newline": strings.TrimSuffix(whole, "\n"),
		"bars": strings.ReplaceAll(whole, ",", "|"), "no quotes": strings.ReplaceAll(strings.ReplaceAll(whole, ",", "|"), `"`, ""), "tabs": strings.ReplaceAll(whole, ",", "\t"),
		"filled up with blanks": strings.ReplaceAll(whole, "\n", "      \n"), "blank lines": strings.Replace(whole, foot, foot+"\n  \n", 1),
	} {
		lines, s, err := decodeText(data)
		if err != nil || len(lines) != 8 || s.Rejected != 0 || s.Admin != 4 || s.Records != 12 {
			t.Fatalf("%s: %d lines, %+v, %v", name, len(lines), s, err)
		}
		for i, want := range wholeLines() {
			if !reflect.DeepEqual(lines[i], want) {
				t.Errorf("%s:\ngot  %+v\nwant %+v", name, lines[i], want)
			}
		}
		totals := map[string]string{
			"computed records": "12", "stated records": "12", "computed EUR": "1915", "paid out EUR": "2075", "charges that were rejected and not paid": "1",
		}
		if !reflect.DeepEqual(s.Totals, totals) || s.FileID != "SHOP/0000000026" || s.Sequence != 26 || s.SequenceOf != "SHOP" {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestRejects(t *testing.T) {
	for _, tc := range []struct {
		name, old, with, field, reason string
		line                           int64
		counted                        bool // the amount counts all the same
	}{
		{"short", charge1, `"TRANSACTN","4737483941","002","PAY1","20261120","EUR","4737483941","20261117","20261117","000001","EUR"` + "\n", "", "record has 11 fields, at least 26 were expected", 4, false},
		{"words", " 000000000003000\",\"20261117\",\"171512", "ten\",\"20261117\",\"171512", "TRANSACTION_AMOUNT", "is not numeric", 4, false},
		{"long", " 000000000003000\",\"20261117\",\"171512", "1000000000003000\",\"20261117\",\"171512", "TRANSACTION_AMOUNT", "is longer than 15 digits", 4, false},
		{"no amount", " 000000000003000\",\"20261117\",\"171512", "\",\"20261117\",\"171512", "TRANSACTION_AMOUNT", "is empty", 4, false},
		{"currency", charge1, strings.Replace(charge1, `"000001","EUR"`, `"000001","USD"`, 1), "SUBMISSION_CURRENCY", "is not that of the submission", 4, false},
		{"date", `"20261117","171512"`, `"17112026","171512"`, "TRANSACTION_DATE", "is not a date and time such as 20261118 and 140700", 4, true},
		{"no reference", charge2, strings.Replace(strings.Replace(charge2, "P60LG7C3734Z7G000000NWY", "", 1), "order-2", "", 1), "TRANSACTION_ID", "is empty, and so are ACQUIRER_REFERENCE_NUMBER and INVOICE_REFERENCE_NUMBER", 6, true},
		{"latin 1", "order-1\",\"\",\"375310XXXXX4009\",\"\",", "caf\xe9\",\"\",\"375310XXXXX4009\",\"\",", "INVOICE_REFERENCE_NUMBER", "is not UTF-8 text", 4, true},
		{"control", "order-1\",\"\",\"375310XXXXX4009\",\"\",", "a\x07\",\"\",\"375310XXXXX4009\",\"\",", "INVOICE_REFERENCE_NUMBER", "holds a control character", 4, true},
		{"quote", "order-1\",\"\",\"375310XXXXX4009\",\"\",", "o\"1\",\"\",\"375310XXXXX4009\",\"\",", "", "quotes are not closed or stand inside a field", 4, false},
		{"net", `" 000000000000490"`, `" 000000000000491"`, "NET_AMOUNT", "does not foot: gross less discount, service fee and tax is another amount", 9, true},
		{"chargeback without net", `" 000000000000490"`, `""`, "NET_AMOUNT", "is empty, or GROSS_AMOUNT is", 9, false},
		{"another payment", adjust, strings.Replace(adjust, "PAY1", "PAY9", 1), "AMERICAN_EXPRESS_PAYMENT_NUMBER", "has no SUMMARY in front of it", 10, false},
		{"fee", "-000000000000050", "x", "ASSET_BILLING_AMOUNT", "is not numeric", 11, false},
	} {
		text := strings.Replace(whole, tc.old, tc.with, 1)
		if text == whole {
			t.Fatalf("%s changes nothing", tc.name)
		}
		if tc.name == "net" { // keep the payment footing
			text = strings.Replace(strings.Replace(text, "-000000000000600", "-000000000000599", 1), "000000000002075", "000000000002076", 1)
		}
		lines, s, err := decodeText(text)
		if err != nil || len(lines) != 7 || s.Rejected != 1 || s.Rejects[0] != (decode.Reject{Line: tc.line, Field: tc.field, Reason: tc.reason}) {
			t.Errorf("%s: %d lines, %+v, %v", tc.name, len(lines), s.Rejects, err)
		}
		if s.Records != s.Lines+s.Rejected+s.Admin {
			t.Errorf("%s: counts %+v", tc.name, s)
		}
		if _, lost := s.Totals["payments"]; lost == tc.counted {
			t.Errorf("%s: %v", tc.name, s.Totals)
		}
	}
}

func TestRefuses(t *testing.T) {
	replace := func(old, with string) string {
		if !strings.Contains(whole, old) {
			t.Fatalf("no %s", old)
		}
		return strings.Replace(whole, old, with, 1)
	}
	for _, tc := range []struct {
		name, text, want string
		total            bool
	}{
		{"nothing", "", "file is empty, a HEADER was expected", false},
		{"another file", "Date,Amount\n", "line 1: is not a HEADER", false},
		{"UTF-16", "\xff\xfeH\x00", "line 1: file is in UTF-16; UTF-8 was expected", false},
		{"another report", replace("GRRCN", "EPTRN"), "line 1: FILE_ID: is not GRRCN", false},
		{"version", replace("3.01", "4.00"), "line 1: FILE_VERSION_NUMBER: is not a version from 1 to 3", false},
		{"header only", head, "control total does not agree: the file ends without a TRAILER", true},
		{"garbage", replace(priced1, "\x01\x02\n"), "line 5: begins with none of HEADER, SUMMARY, SUBMISSION, TRANSACTN, TXNPRICING, CHARGEBACK, ADJUSTMENT, FEEREVENUE, TAXRECORD and TRAILER", false},
		{"second header", replace(priced1, head), "line 5: is a second HEADER", false},
		{"no trailer", replace(foot, ""), "control total does not agree: the file ends without a TRAILER", true},
		{"behind the trailer", whole + fees, "line 13: follows the TRAILER", false},
		{"count", replace("0000000012", "0000000013"), "line 12: TOTAL_RECORD_COUNT: control total does not agree: 13 records stated, 12 read", true},
		{"count in words", replace("0000000012", "twelve"), "line 12: TOTAL_RECORD_COUNT: control total does not agree: is not numeric", true},
		{"another trailer", replace(foot, strings.Replace(foot, "26", "27", 1)), "line 12: SEQUENTIAL_NUMBER: control total does not agree: is not that of the HEADER", true},
		{"a record gone", replace(adjust, ""), "line 11: TOTAL_RECORD_COUNT: control total does not agree: 12 records stated, 11 read", true},
		{"a charge for another", replace(charge2, charge1), "line 12: SUBMISSION_GROSS_AMOUNT_IN_SUBMISSION_CURRENCY: control total does not agree: stated as 2756 by the submission before, its charges make 6000", true},
		{"a charge fewer", replace(charge2, priced1), "line 12: TRANSACTION_COUNT: control total does not agree: 2 charges stated by the submission before, 1 read", true},
		{"a charge of another submission", replace(charge2, strings.Replace(charge2, "000001", "000002", 1)), "line 6: is a charge of another submission than the one before", false},
		{"payment's gross", replace(summary, strings.Replace(summary, " 000000000002756", " 000000000002757", 1)), "line 12: PAYMENT_GROSS_AMOUNT: control total does not agree: stated as 2757, the submissions make 2756", true},
		{"payment's adjustments", replace("-000000000000600", "-000000000000601"), "line 12: PAYMENT_ADJUSTMENT_AMOUNT: control total does not agree: stated as -601, chargebacks and adjustments make -600", true},
		{"payment's net", replace(" 000000000002075", " 000000000002076"), "line 12: PAYMENT_NET_AMOUNT: control total does not agree: stated as 2076, its parts make 2075", true},
		{"submission's net", replace(" 000000000002675", " 000000000002676"), "line 3: SUBMISSION_NET_AMOUNT: control total does not agree: stated as 2676, gross less discount, service fee and tax is 2675", true},
		{"summary twice", replace(submit, summary+submit), "line 3: AMERICAN_EXPRESS_PAYMENT_NUMBER: has a SUMMARY already", false},
		{"submission without summary", replace(summary, ""), "line 2: AMERICAN_EXPRESS_PAYMENT_NUMBER: has no SUMMARY in front of it", false},
		{"summary's currency", replace(summary, strings.Replace(summary, "EUR", "XXQ", 1)), "line 2: PAYMENT_CURRENCY: is not an ISO 4217 currency", false},
		{"summary's date", replace(summary, strings.Replace(summary, "20261120", "2026-11-20", 1)), "line 2: PAYMENT_DATE: is not a date such as 20261118", false},
		{"short summary", replace(summary, `"SUMMARY","1"`+"\n"), "line 2: record has 2 fields, at least 14 were expected", false},
		{"a long line", head + `"` + strings.Repeat("x", 10<<20), "line 2: record is longer than 65536 bytes", false},
	} {
		_, _, err := decodeText(tc.text)
		if want := "decode shop.grrcn: " + tc.want; err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", tc.name, err, want)
		}
		if errors.Is(err, decode.ErrControlTotal) != tc.total {
			t.Errorf("%s: decode.ErrControlTotal is %v", tc.name, !tc.total)
		}
	}
	stop := errors.New("enough")
	if _, err := Decode(decodetest.Bytes([]byte(whole)), "x", "amex", func(record.SettlementLine) error { return stop }); !errors.Is(err, stop) || err.Error() != "enough" {
		t.Errorf("stopped with %v", err)
	}
}

// TestPaidGross: nothing is deducted from the submission, and the discount is charged for later.
func TestPaidGross(t *testing.T) {
	text := strings.Replace(strings.Replace(whole, " 000000000002675", " 000000000002756", 1), " 000000000002075", " 000000000002156", 1)
	lines, s, err := decodeText(text)
	if err != nil || len(lines) != 7 || s.Admin != 5 || lines[0].Amount != eur(2156) {
		t.Errorf("%+v, %+v, %v", lines, s, err)
	}
}

// TestCutAnywhere cuts the file behind every byte: no part of it is used.
func TestCutAnywhere(t *testing.T) {
	for n := range len(whole) - 2 { // neither the last quote nor the last newline says anything
		if _, _, err := decodeText(whole[:n]); err == nil {
			t.Fatalf("cut at %d of %d, and no error", n, len(whole))
		}
	}
}

// TestNoCardNumber writes a card number into every field of every record.
func TestNoCardNumber(t *testing.T) {
	card := "378282" + "246310005"
	for _, rec := range []string{head, summary, submit, charge1, dispute, fees, foot} {
		parts := strings.Split(strings.TrimSuffix(rec, "\n"), ",")
		for i := range parts {
			row := append([]string(nil), parts...)
			row[i] = `"` + card + `"`
			lines, s, err := decodeText(strings.Replace(whole, rec, strings.Join(row, ",")+"\n", 1))
			for j := range lines { // as an amount it is one
				lines[j].Amount, lines[j].Net, lines[j].Settlement, lines[j].Fee, lines[j].Fees = money.Amount{}, money.Amount{}, money.Amount{}, money.Amount{}, nil
			}
			if said := fmt.Sprintf("%+v %+v %v", lines, s, err); strings.Contains(said, "246310005") {
				t.Errorf("%s, field %d, shows the card number: %s", parts[0], i, strings.ReplaceAll(said, card, "PAN"))
			}
		}
	}
}

func labFile() cardfile.AmexFile {
	at, day := time.Date(2026, 11, 17, 14, 7, 0, 0, time.UTC), time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	return cardfile.AmexFile{Name: "SHOP", Sequence: 27, Created: day, Merchant: "4737483941", Payments: []cardfile.AmexPayment{
		{Number: "PAY1", Date: day, Currency: "EUR", Lines: []cardfile.Line{
			{Reference: "000000000000101", PaymentID: "o1", Minor: 3000, Currency: "EUR", Costs: cardfile.Costs{Commission: 90}, ARN: "P60LG7C3734Z7G000000NWX", Auth: "168208", At: at},
			{Kind: cardfile.Refund, Reference: "000000000000102", PaymentID: "o2", Minor: 500, Currency: "EUR", At: at},
			{Kind: cardfile.Chargeback, Reference: "CB1", Original: "000000000000100", PaymentID: "o0", Minor: 700, Currency: "EUR", Costs: cardfile.Costs{Commission: -7}, At: at},
			{Kind: cardfile.FeeCharged, Reference: `TERMINAL "A"`, Minor: 40, Currency: "EUR", At: at},
			{Kind: cardfile.Adjustment, Reference: "A1", Minor: -5, Currency: "EUR", At: at},
		}},
		{Number: "PAY2", Date: day, Currency: "JPY", Lines: []cardfile.Line{{Reference: "000000000000103", PaymentID: "o3", Minor: 1200, Currency: "JPY", Costs: cardfile.Costs{Commission: 36}, At: at}}},
		{Number: "PAY3", Date: day, Currency: "EUR"},
	}}
}

func TestLabFile(t *testing.T) {
	write := func(f cardfile.AmexFile) string {
		var out bytes.Buffer
		if err := cardfile.WriteAmex(&out, f); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	for _, delimiter := range []string{"", "|"} {
		f := labFile()
		f.Delimiter = delimiter
		lines, s, err := decodeText(write(f))
		if err != nil || s.Rejected > 0 || len(lines) != 11 || s.Sequence != 27 || s.Totals["paid out EUR"] != "1712" || s.Totals["paid out JPY"] != "1164" || s.Totals["computed JPY"] != "1164" {
			t.Fatalf("%q: %+v, %+v, %v", delimiter, lines, s, err)
		}
	}
	for name, off := range map[string]cardfile.AmexOff{
		"records": {Records: 1}, "count": {Count: 1}, "submission": {Submission: 1}, "discount": {Discount: 1}, "gross": {Gross: 1}, "adjustment": {Adjustment: 1},
		"net": {Net: 1}, "sequence": {Sequence: true}, "no trailer": {NoTrailer: true},
	} {
		f := labFile()
		f.Off = off
		if _, _, err := decodeText(write(f)); !errors.Is(err, decode.ErrControlTotal) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
