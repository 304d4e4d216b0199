package paypal

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

const columnRow = `"CH","Transaction ID","Invoice ID","PayPal Reference ID","PayPal Reference ID Type","Transaction Event Code","Transaction Initiation Date",` +
	`"Transaction Completion Date","Transaction Debit or Credit","Gross Transaction Amount","Gross Transaction Currency","Fee Debit or Credit","Fee Amount",` +
	`"Fee Currency","Custom Field","Consumer ID","Bank Reference ID"` + "\n"

const (
	top = `"RH",2026/11/19 02:44:19 -0800,"A","ACC1",011,` + "\n" + `"FH",01` + "\n" +
		`"SH",2026/11/18 00:00:00 -0800,2026/11/18 23:59:59 -0800,"ACC1",""` + "\n" + columnRow
	paid   = `"SB","T1","order-1","EC-1","ODR","T0006",2026/11/18 00:00:30 -0800,2026/11/18 00:00:30 -0800,"CR",5200,"USD","DR",225,"USD","c","B1",""` + "\n"
	back   = `"SB","T2","order-1","T1","TXN","T1107",2026/11/18 09:00:00 -0800,2026/11/18 09:00:00 -0800,"DR",1000,"USD","CR",40,"USD","c","B1",""` + "\n"
	swept  = `"SB","T3","","","","T0400",2026/11/18 23:00:00 -0800,2026/11/18 23:00:00 -0800,"DR",4015,"USD","",,"","","","BANK77"` + "\n"
	yen    = `"SB","T4","order-2","","","T0000",2026/11/18 23:00:00 -0800,2026/11/18 23:00:00 -0800,"CR",10000,"JPY","DR",300,"JPY","","",""` + "\n"
	footer = `"SF","JPY",10000,0,0,300,"CR",0,"CR",9700,"CR",0,"CR",9700,"CR",0,"CR",0,4` + "\n" +
		`"SF","USD",5200,5015,40,225,"CR",100,"CR",100,"CR",100,"CR",100,"CR",0,"CR",0,4` + "\n" + `"SC",4` + "\n" +
		`"RF","JPY",10000,0,0,300` + "\n" + `"RF","USD",5200,5015,40,225` + "\n" + `"RC",4` + "\n" + `"FF",4` + "\n"
	whole = top + paid + back + swept + yen + footer
)

func decodeText(text string) ([]record.SettlementLine, decode.Summary, error) {
	return decodetest.All(Decode, []byte(text), "STL-20261118.R.01.A.011.CSV", "paypal")
}

func usd(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "USD"} }

func TestDecode(t *testing.T) {
	at := func(hour, minute, second int) time.Time {
		return time.Date(2026, 11, 18, hour, minute, second, 0, time.FixedZone("", -8*3600)).UTC()
	}
	want := []record.SettlementLine{
		{
			Record: 5, Type: record.Presentment, Reference: "T1", PaymentID: "order-1", Code: "T0006", Amount: usd(5200), Net: usd(4975), Fee: usd(225),
			Fees: []record.LineFee{{Kind: record.Processing, Amount: usd(225)}}, TransactionAt: at(0, 0, 30),
		},
		{
			Record: 6, Type: record.Refund, Reference: "T2", Original: "T1", PaymentID: "order-1", Code: "T1107", Amount: usd(-1000), Net: usd(-960), Fee: usd(-40),
			Fees: []record.LineFee{{Kind: record.Processing, Amount: usd(-40)}}, TransactionAt: at(9, 0, 0),
		},
		{Record: 7, Type: record.Payout, Reference: "BANK77", Note: "T3", Code: "T0400", Amount: usd(4015), TransactionAt: at(23, 0, 0)},
		{
			Record: 8, Type: record.Presentment, Reference: "T4", PaymentID: "order-2", Code: "T0000", Amount: money.Amount{Minor: 100, Currency: "JPY"},
			Net: money.Amount{Minor: 97, Currency: "JPY"}, Fee: money.Amount{Minor: 3, Currency: "JPY"},
			Fees: []record.LineFee{{Kind: record.Processing, Amount: money.Amount{Minor: 3, Currency: "JPY"}}}, TransactionAt: at(23, 0, 0),
		},
	}
	for name, data := range map[string]string{
		"plain": whole, "byte order mark": decode.ByteOrderMark + whole, "carriage returns": strings.ReplaceAll(whole, "\n", "\r\n"),
		"no last newline": strings.TrimSuffix(whole, "\n"), "tabs": strings.ReplaceAll(whole, ",", "\t"), "two blanks": strings.Replace(whole, "Transaction Debit", "Transaction  Debit", 1),
		"no balances": strings.ReplaceAll(whole, `,"CR",100,"CR",100,"CR",100,"CR",100,"CR",0,"CR",0,4`, ""),
	} {
		lines, s, err := decodeText(data)
		if err != nil || len(lines) != 4 || s.Rejected != 0 || s.Admin != 11 || s.Records != 15 {
			t.Fatalf("%s: %d lines, %+v, %v", name, len(lines), s, err)
		}
		for i := range want {
			want[i].Feed, want[i].File, want[i].BusinessDate, want[i].Batch = "paypal", "STL-20261118.R.01.A.011.CSV", "2026-11-18", "ACC1/2026-11-18"
			if !reflect.DeepEqual(lines[i], want[i]) {
				t.Errorf("%s:\ngot  %+v\nwant %+v", name, lines[i], want[i])
			}
		}
		if s.FileID != "ACC1/2026-11-18/01" || s.Totals["computed USD ACC1"] != "0" || s.Totals["computed JPY ACC1"] != "9700" || s.Totals["computed rows"] != "4" {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestEventCodes(t *testing.T) {
	for _, tc := range []struct {
		code, way string
		line      record.LineType
		amount    int64
		undoes    bool
	}{
		{"T0003", "CR", record.Presentment, 1000, false}, {"T0000", "DR", record.OtherLine, -1000, false}, {"T0106", "DR", record.Fee, -1000, false},
		{"T0200", "DR", record.OtherLine, -1000, false}, {"T1106", "DR", record.Chargeback, -1000, false}, {"T1108", "CR", record.Fee, 1000, true},
		{"T1201", "DR", record.Chargeback, -1000, false}, {"T1202", "CR", record.Representment, 1000, false}, {"T1200", "CR", record.Adjustment, 1000, false},
		{"T1503", "DR", record.Reserve, -1000, false}, {"T1105", "CR", record.Reserve, 1000, false}, {"T2101", "DR", record.Reserve, -1000, false},
		{"T0400", "DR", record.Payout, 1000, false}, {"T1101", "CR", record.Payout, -1000, true}, {"T9900", "CR", record.OtherLine, 1000, false},
	} {
		credits, debits := 1000, 0
		if tc.way == "DR" {
			credits, debits = 0, 1000
		}
		row := fmt.Sprintf(`"SB","T1","","","",%q,2026/11/18 00:00:30 -0800,2026/11/18 00:00:30 -0800,%q,1000,"USD","",,"","","",""`+"\n", tc.code, tc.way)
		lines, s, err := decodeText(top + row + fmt.Sprintf("\"SF\",\"USD\",%d,%d,0,0\n\"SC\",1\n\"FF\",1\n", credits, debits))
		if err != nil || len(lines) != 1 || lines[0].Type != tc.line || lines[0].Amount.Minor != tc.amount || lines[0].Reversal != tc.undoes {
			t.Errorf("%s %s: %+v, %+v, %v", tc.code, tc.way, lines, s.Rejects, err)
		}
	}
}

// TestRejects spoils the second of four rows. Where its amounts can be read it counts towards the totals all the same.
func TestRejects(t *testing.T) {
	for _, tc := range []struct {
		name, row, field, reason string
		checked                  bool // the totals can still be checked
	}{
		{"short", `"SB","T2"` + "\n", "", "row has 2 columns, its header has 17", false},
		{"code", strings.Replace(back, "T1107", "T1", 1), "Transaction Event Code", "is not an event code such as T0006", true},
		{"group", strings.Replace(back, "T1107", "T4707", 1), "Transaction Event Code", "is an event code of a group that is not known", true},
		{"way", strings.Replace(back, `"DR"`, `"DB"`, 1), "Transaction Debit or Credit", "is neither CR nor DR", false},
		{"words", strings.Replace(back, "1000", "ten", 1), "Gross Transaction Amount", "is not a whole number without a sign", false},
		{"point", strings.Replace(back, "1000", "10.00", 1), "Gross Transaction Amount", "is not a whole number without a sign", false},
		{"negative zero", strings.Replace(back, "1000", "-0", 1), "Gross Transaction Amount", "is not a whole number without a sign", false},
		{"overflow", strings.Replace(back, "1000", "9223372036854775808", 1), "Gross Transaction Amount", "overflows 64 bits", false},
		{"currency", strings.Replace(back, `"USD"`, `"XXQ"`, 1), "Gross Transaction Currency", "is not an ISO 4217 currency", false},
		{"exponent", strings.ReplaceAll(strings.Replace(back, "1000", "1001", 1), "USD", "JPY"), "Gross Transaction Amount", "is not a whole number of the currency's smallest unit, though every amount is written times 100", false},
		{"fee", strings.Replace(back, ",40,", ",x,", 1), "Fee Amount", "is not a whole number without a sign", false},
		{"fee's way", strings.Replace(back, `"CR"`, `""`, 1), "Fee Debit or Credit", "is neither CR nor DR", false},
		{"time", strings.Replace(back, "2026/11/18 09:00:00 -0800", "18.11.2026", 1), "Transaction Initiation Date", "is not a time such as 2026/11/18 14:07:00 -0800", true},
		{"no id", strings.Replace(back, "T2", "", 1), "Transaction ID", "is empty", true},
		{"latin 1", strings.Replace(back, "order-1", "caf\xe9", 1), "Invoice ID", "is not UTF-8 text", true},
		{"newline", strings.Replace(back, "order-1", "a\nb", 1), "Invoice ID", "holds a control character", true},
		{"quote", strings.Replace(back, `"order-1"`, `o"1`, 1), "", "quotes are not closed or stand inside a field; the rest of the row is lost", false},
	} {
		text := strings.Replace(whole, back, tc.row, 1)
		lines, s, err := decodeText(text)
		if err != nil || len(lines) != 3 || s.Rejected != 1 || s.Rejects[0] != (decode.Reject{Line: 6, Field: tc.field, Reason: tc.reason}) {
			t.Errorf("%s: %d lines, %+v, %v", tc.name, len(lines), s.Rejects, err)
		}
		if s.Records != s.Lines+s.Rejected+s.Admin {
			t.Errorf("%s: counts %+v", tc.name, s)
		}
		if _, lost := s.Totals["rows without a readable amount"]; lost == tc.checked {
			t.Errorf("%s: %v", tc.name, s.Totals)
		}
		if _, _, err := decodeText(strings.Replace(text, `"SF","USD",5200`, `"SF","USD",5300`, 1)); errors.Is(err, decode.ErrControlTotal) != tc.checked && tc.checked {
			t.Errorf("%s: with a wrong total: %v", tc.name, err)
		}
	}
}

func TestRefuses(t *testing.T) {
	replace := func(old, with string) string { return strings.Replace(whole, old, with, 1) }
	for _, tc := range []struct {
		name, text, want string
		total            bool
	}{
		{"nothing", "", "file is empty, a report header (RH) was expected", false},
		{"another file", "Date,Amount\n", "line 1: is not a report header (RH)", false},
		{"UTF-16", "\xff\xfeR\x00", "line 1: file is in UTF-16; UTF-8 was expected", false},
		{"garbage", replace(back, "\x01\x02\x03\n"), "line 6: begins with none of RH, FH, SH, CH, SB, SF, SC, RF, RC and FF", false},
		{"headers only", top, "control total does not agree: the file ends without a file footer (FF)", true},
		{"no file header", replace(`"FH",01`+"\n", ""), "line 2: is not preceded by a file header (FH)", false},
		{"column gone", replace("Fee Amount", "Fee Amout"), "line 4: Fee Amount: column is not in the header", false},
		{"column twice", replace("Custom Field", "Fee Amount"), "line 4: Fee Amount: column is in the header twice", false},
		{"no columns", replace(columnRow, ""), "line 4: is not preceded by the names of the columns (CH)", false},
		{"no footer", replace(`"FF",4`, ""), "control total does not agree: the file ends without a file footer (FF)", true},
		{"row behind the footer", whole + paid, "line 16: follows the file footer (FF)", false},
		{"a row gone", replace(back, ""), "line 9: Total Gross Amount Debits: control total does not agree: stated as 5015, the rows make 4015", true},
		{"a row twice", replace(paid, paid+paid), "line 11: Total Gross Amount Credits: control total does not agree: stated as 5200, the rows make 10400", true},
		{"a fee changed", replace("225", "226"), "line 10: Total Transaction Fee Debits: control total does not agree: stated as 225, the rows make 226", true},
		{"a currency's footer gone", replace(`"SF","JPY",10000,0,0,300,"CR",0,"CR",9700,"CR",0,"CR",9700,"CR",0,"CR",0,4`+"\n", ""), "line 10: control total does not agree: the section has rows in JPY, but no footer (SF) for them", true},
		{"balance", strings.ReplaceAll(whole, `"CR",9700`, `"CR",9800`), "line 9: Ending Balance: control total does not agree: opening balance and totals do not make the closing balance", true},
		{"balance in words", replace(`"CR",9700`, `"CR",x`), "line 9: Balance: control total does not agree: is not a whole number without a sign", true},
		{"section's count", replace(`"SC",4`, `"SC",5`), "line 11: Section Record Count: control total does not agree: 5 rows stated, 4 read", true},
		{"report's count", replace(`"RC",4`, `"RC",5`), "line 14: Report Record Count: control total does not agree: 5 rows stated, 4 read", true},
		{"file's count", replace(`"FF",4`, `"FF",5`), "line 15: File Record Count: control total does not agree: 5 rows stated, 4 read", true},
		{"report's total", replace(`"RF","USD",5200`, `"RF","USD",5201`), "line 13: Total Gross Amount Credits: control total does not agree: stated as 5201, the rows make 5200", true},
		{"no count", replace(`"SC",4`, `"SC"`), "line 11: Section Record Count: control total does not agree: is not a whole number without a sign", true},
		{"section not ended", replace(`"SC",4`+"\n", ""), "line 11: control total does not agree: the section ends without its number of rows (SC)", true},
		{"sum too large", top + strings.Repeat(strings.Replace(paid, "5200", "9223372036854775807", 1), 2), "line 6: sum of the amounts overflows 64 bits", false},
		{"a long line", top + `"` + strings.Repeat("x", 21<<20), "line 5: row is longer than 10485760 bytes; is a quote left open?", false},
	} {
		_, _, err := decodeText(tc.text)
		if want := "decode STL-20261118.R.01.A.011.CSV: " + tc.want; err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", tc.name, err, want)
		}
		if errors.Is(err, decode.ErrControlTotal) != tc.total {
			t.Errorf("%s: decode.ErrControlTotal is %v", tc.name, !tc.total)
		}
	}
	stop := errors.New("enough")
	if _, err := Decode(decodetest.Bytes([]byte(whole)), "x", "paypal", func(record.SettlementLine) error { return stop }); !errors.Is(err, stop) || err.Error() != "enough" {
		t.Errorf("stopped with %v", err)
	}
}

func TestLaterFileOfAReport(t *testing.T) {
	text := strings.Replace(strings.Replace(whole, `"FH",01`, `"FH",02`, 1), `"RF","USD",5200`, `"RF","USD",95200`, 1)
	_, s, err := decodeText(strings.Replace(text, `"RC",4`, `"RC",40`, 1))
	if err != nil || s.FileID != "ACC1/2026-11-18/02" || !strings.HasPrefix(s.Totals["report"], "not verifiable") {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestPaymentIDElsewhere(t *testing.T) {
	lines, _, err := decodetest.All(New(Options{PaymentID: "Custom Field"}), []byte(whole), "x", "paypal")
	if err != nil || lines[0].PaymentID != "c" {
		t.Errorf("%+v, %v", lines, err)
	}
}

// TestCutAnywhere cuts the file behind every byte: no part of it is used.
func TestCutAnywhere(t *testing.T) {
	for n := range len(whole) - 1 { // the last newline says nothing
		if _, _, err := decodeText(whole[:n]); err == nil {
			t.Fatalf("cut at %d of %d, and no error", n, len(whole))
		}
	}
}

// TestNoCardNumber writes a card number into every column.
func TestNoCardNumber(t *testing.T) {
	card := "411111" + "1111111111"
	fields := strings.Split(strings.TrimSuffix(paid, "\n"), ",")
	for i := range fields {
		row := append([]string(nil), fields...)
		row[i] = `"` + card + `"`
		lines, s, err := decodeText(strings.Replace(whole, paid, strings.Join(row, ",")+"\n", 1))
		if i == 9 || i == 12 { // as an amount it is one: the line has it, the error must not
			lines = nil
		}
		if said := fmt.Sprintf("%+v %+v %v", lines, s, err); strings.Contains(said, "11111111") {
			t.Errorf("column %d shows the card number: %s", i, strings.ReplaceAll(said, card, "PAN"))
		}
	}
}

func labFile() cardfile.PayPalFile {
	day := time.Date(2026, 11, 18, 0, 0, 0, 0, time.FixedZone("", -8*3600))
	at := day.Add(time.Hour)
	return cardfile.PayPalFile{Account: "ACC1", Day: day, Sections: []cardfile.PayPalSection{
		{Account: "ACC1", Opening: map[string]int64{"USD": 100, "EUR": -5}, Lines: []cardfile.Line{
			{Reference: "T1", PaymentID: "o1", Minor: 5200, Currency: "USD", Costs: cardfile.Costs{Commission: 225}, At: at},
			{Kind: cardfile.Refund, Reference: "T2", Original: "T1", PaymentID: "o1", Minor: 1000, Currency: "USD", Costs: cardfile.Costs{Commission: -40}, At: at},
			{Reference: "T3", PaymentID: "o2", Minor: 100, Currency: "JPY", Costs: cardfile.Costs{Commission: 3}, At: at},
			{Kind: cardfile.Reserve, Reference: "T4", Minor: -100, Currency: "USD", At: at},
		}},
		{Account: "ACC2", Lines: []cardfile.Line{
			{Reference: "T5", PaymentID: `say "hello"`, Minor: 7, Currency: "EUR", At: at},
			{Kind: cardfile.Payout, Reference: "T6", Batch: "B1", Minor: 7, Currency: "EUR", At: at},
		}},
		{Account: "ACC3"},
	}}
}

func TestLabFile(t *testing.T) {
	write := func(f cardfile.PayPalFile) string {
		var out bytes.Buffer
		if err := cardfile.WritePayPal(&out, f); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	lines, s, err := decodeText(write(labFile()))
	if err != nil || s.Rejected > 0 || len(lines) != 6 || lines[4].PaymentID != `say "hello"` || lines[5].Reference != "B1" {
		t.Fatalf("%+v, %+v, %v", lines, s, err)
	}
	if s.Totals["computed USD ACC1"] != "3915" || s.Totals["closing USD ACC1"] != "4015" || s.Totals["opening EUR ACC1"] != "-5" || s.Totals["computed EUR ACC2"] != "0" {
		t.Errorf("%v", s.Totals)
	}
	for name, off := range map[string]cardfile.PayPalOff{
		"section's count": {SectionCount: 1}, "report's count": {ReportCount: -1}, "file's count": {FileCount: 1}, "gross": {Gross: 100}, "fee": {Fee: 100},
		"balance": {Closing: 1}, "report's gross": {ReportGross: 100}, "no footer": {NoFooter: true},
	} {
		f := labFile()
		f.Off = off
		if _, _, err := decodeText(write(f)); !errors.Is(err, decode.ErrControlTotal) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
