package csvfile

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/csvfile/csvtest"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/decode/decodetest"
	"parallax/sources/settlement/ipm/ipmtest"
	"parallax/sources/settlement/rows"
)

func decodeText(text string, p Profile) ([]record.SettlementLine, decode.Summary, error) {
	read, err := New(p)
	if err != nil {
		return nil, decode.Summary{}, err
	}
	return decodetest.All(read, []byte(text), "v.csv", "visa")
}

func TestDecode(t *testing.T) {
	text := csvtest.Header + csvtest.Row(1, "12.50", "EUR") + csvtest.Row(2, "1200", "JPY") + csvtest.Trailer(2, 2450)
	text = strings.Replace(text, "1200,JPY,0.10", "1200,JPY,3", 1)
	want := record.SettlementLine{
		Feed: "visa", File: "v.csv", Record: 2, Type: record.Presentment, Reference: "V000000000000001", RRN: "000000000001", AuthCode: "A00001",
		MaskedPAN: "411111******1111", Amount: money.Amount{Minor: 1250, Currency: "EUR"}, Fee: money.Amount{Minor: 10, Currency: "EUR"},
		TransactionAt: time.Date(2026, 11, 18, 14, 7, 0, 0, time.UTC), BusinessDate: "2026-11-18",
	}
	for name, data := range map[string]string{
		"plain": text, "byte order mark": decode.ByteOrderMark + text, "carriage returns": strings.ReplaceAll(text, "\n", "\r\n"),
		"no last newline": strings.TrimSuffix(text, "\n"), "quotes": strings.Replace(text, "A00001", `"A00001"`, 1), "blank line": strings.Replace(text, "V", "\nV", 1),
	} {
		lines, s, err := decodeText(data, testProfile())
		if err != nil || len(lines) != 2 || s.Rejected != 0 {
			t.Fatalf("%s: %d lines, %+v, %v", name, len(lines), s, err)
		}
		want.Record = 2
		if name == "blank line" {
			want.Record = 3
		}
		if !reflect.DeepEqual(lines[0], want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, lines[0], want)
		}
		if lines[1].Amount != (money.Amount{Minor: 1200, Currency: "JPY"}) {
			t.Errorf("%s: second amount %+v", name, lines[1].Amount)
		}
		totals := map[string]string{"stated rows": "2", "computed rows": "2", "stated sum": "2450", "computed sum": "2450"}
		if !reflect.DeepEqual(s.Totals, totals) || !reflect.DeepEqual(s.BusinessDates, []string{"2026-11-18"}) {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestDecodeSigns(t *testing.T) {
	p := testProfile()
	p.Trailer = Trailer{}
	row := csvtest.Row(1, "12.50", "EUR")
	for _, tc := range []struct {
		row  string
		line record.LineType
		want int64
	}{
		{row, record.Presentment, 1250},
		{strings.Replace(row, "capture", "refund", 1), record.Refund, -1250},
		{strings.Replace(row, "capture,", "refund,-", 1), record.Refund, -1250},
		{strings.Replace(row, "capture", "Chargeback", 1), record.Chargeback, -1250},
	} {
		lines, _, err := decodeText(csvtest.Header+tc.row, p)
		if err != nil || len(lines) != 1 || lines[0].Type != tc.line || lines[0].Amount.Minor != tc.want {
			t.Errorf("%s: %+v, %v", tc.row, lines, err)
		}
	}
	p.Scale = "minor"
	lines, _, err := decodeText(csvtest.Header+strings.Replace(csvtest.Row(1, "1250", "EUR"), "0.10", "10", 1), p)
	if err != nil || len(lines) != 1 || lines[0].Amount.Minor != 1250 || lines[0].Fee.Minor != 10 {
		t.Errorf("minor units: %+v, %v", lines, err)
	}
}

// TestDecodeRejectsRows puts one bad row between two good ones: it is named with line, field and reason, and the
// good ones are read.
func TestDecodeRejectsRows(t *testing.T) {
	good := csvtest.Row(2, "1.00", "EUR")
	for _, tc := range []struct {
		name, row string
		want      decode.Reject
		checked   bool // the sum can still be checked
	}{
		{"short", "V1,2,3\n", decode.Reject{Line: 3, Field: "", Reason: "row has 3 columns, the header has 10"}, false},
		{"long", strings.TrimSuffix(good, "\n") + ",x\n", decode.Reject{Line: 3, Field: "", Reason: "row has 11 columns, the header has 10"}, true},
		{"amount", csvtest.Row(1, "1.234", "EUR"), decode.Reject{Line: 3, Field: "amount", Reason: "is not an amount with at most 2 decimals"}, false},
		{"amount in words", csvtest.Row(1, "four", "EUR"), decode.Reject{Line: 3, Field: "amount", Reason: "is not an amount with at most 2 decimals"}, false},
		{"yen with decimals", csvtest.Row(1, "1.50", "JPY"), decode.Reject{Line: 3, Field: "amount", Reason: "is not an amount with at most 0 decimals"}, false},
		{"no amount", csvtest.Row(1, "", "EUR"), decode.Reject{Line: 3, Field: "amount", Reason: "is not an amount with at most 2 decimals"}, false},
		{"overflow", csvtest.Row(1, "92233720368547758.08", "EUR"), decode.Reject{Line: 3, Field: "amount", Reason: "overflows 64 bits"}, false},
		{"currency", csvtest.Row(1, "1.00", "XXQ"), decode.Reject{Line: 3, Field: "currency", Reason: "is not an ISO 4217 currency"}, false},
		{"type", strings.Replace(good, "capture", "mystery", 1), decode.Reject{Line: 3, Field: "type", Reason: "is a type the profile does not know"}, true},
		{"time", strings.Replace(good, "T14:07:00Z", " noon", 1), decode.Reject{Line: 3, Field: "transaction_time", Reason: "is not a time such as 2026-11-18T14:07:00Z"}, true},
		{"date", strings.Replace(good, ",2026-11-18\n", ",18/11/26\n", 1), decode.Reject{Line: 3, Field: "business_date", Reason: "is not a date such as 2026-11-18"}, true},
		{"fee", strings.Replace(good, "0.10", "-", 1), decode.Reject{Line: 3, Field: "fee", Reason: "is not an amount with at most 2 decimals"}, true},
		{"not text", strings.Replace(good, "A00002", "A\xff", 1), decode.Reject{Line: 3, Field: "auth_code", Reason: "is not UTF-8 text"}, true},
		{"quoted newline", strings.Replace(good, "A00002", "\"A\n2\"", 1), decode.Reject{Line: 3, Field: "auth_code", Reason: "holds a control character"}, true},
		{"nothing to match by", ",,,capture,1.00,EUR,,,,2026-11-18\n", decode.Reject{Line: 3, Field: "", Reason: "row has neither reference nor payment id nor rrn"}, true},
		{"quote inside", strings.Replace(good, "A00002", `A"2`, 1), decode.Reject{Line: 3, Field: "", Reason: "quotes are not closed or stand inside a field; the rest of the row is lost"}, false},
	} {
		sum := int64(300)
		if !tc.checked {
			sum = 999_999 // whatever is stated, it cannot be held against what was read
		}
		lines, s, err := decodeText(csvtest.Header+good+tc.row+good+csvtest.Trailer(3, sum), testProfile())
		if err != nil || len(lines) != 2 || s.Rejected != 1 || len(s.Rejects) != 1 || s.Rejects[0] != tc.want {
			t.Errorf("%s: %d lines, rejects %+v, %v", tc.name, len(lines), s.Rejects, err)
		}
		if strings.HasPrefix(s.Totals["computed sum"], "not verifiable") == tc.checked {
			t.Errorf("%s: sum checked against %q", tc.name, s.Totals["computed sum"])
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	row := csvtest.Row(1, "1.00", "EUR")
	for _, tc := range []struct {
		name, text, want string
		total            bool
	}{
		{"nothing", "", "decode v.csv: line 1: file is empty, a header row was expected", false},
		{"no header", row + csvtest.Trailer(1, 100), "decode v.csv: line 1: amount: column is not in the header (mapped to amount)", false},
		{"missing column", strings.Replace(csvtest.Header, "rrn", "ron", 1) + row, "decode v.csv: line 1: rrn: column is not in the header (mapped to rrn)", false},
		{"column twice", strings.Replace(csvtest.Header, "rrn", "amount", 1) + row, "decode v.csv: line 1: amount: column is in the header twice (mapped to amount)", false},
		{"no trailer", csvtest.Header + row, "decode v.csv: control total does not agree: the file ends without a trailer row (payment_reference = TRAILER)", true},
		{"row after the trailer", csvtest.Header + row + csvtest.Trailer(1, 100) + row, "decode v.csv: line 4: follows the trailer", false},
		{"wrong count", csvtest.Header + row + csvtest.Trailer(2, 100), "decode v.csv: line 3: rrn: control total does not agree: 2 rows stated, 1 read", true},
		{"wrong sum", csvtest.Header + row + csvtest.Trailer(1, 101), "decode v.csv: line 3: amount: control total does not agree: sum stated as 101, read as 100", true},
		{"sum in words", csvtest.Header + row + "TRAILER,1,,,much,,,,,\n", "decode v.csv: line 3: amount: control total does not agree: the trailer states no whole number here", true},
		{"short trailer", csvtest.Header + row + "TRAILER,1\n", "decode v.csv: line 3: amount: control total does not agree: the trailer states no whole number here", true},
		{"open quote", csvtest.Header + row + "\"" + row + csvtest.Trailer(2, 200), "decode v.csv: control total does not agree: the file ends without a trailer row (payment_reference = TRAILER)", true},
		{"sum overflow", csvtest.Header + csvtest.Row(1, "92233720368547758.07", "EUR") + row, "decode v.csv: line 3: amount: sum of the amounts overflows 64 bits", false},
	} {
		_, _, err := decodeText(tc.text, testProfile())
		if err == nil || err.Error() != tc.want {
			t.Errorf("%s:\n got %v\nwant %s", tc.name, err, tc.want)
		}
		if errors.Is(err, decode.ErrControlTotal) != tc.total {
			t.Errorf("%s: decode.ErrControlTotal is %v", tc.name, !tc.total)
		}
	}
}

// endless is a file whose second row never ends.
type endless struct{ r io.Reader }

func (e endless) Read(p []byte) (int, error) {
	if n, err := e.r.Read(p); err == nil {
		return n, nil
	}
	for i := range p {
		p[i] = 'x'
		if i%80 == 79 {
			p[i] = '\n'
		}
	}
	return len(p), nil
}

func TestDecodeBoundsARow(t *testing.T) {
	in := endless{strings.NewReader(csvtest.Header + csvtest.Row(1, "1.00", "EUR") + `"`)}
	read, err := New(testProfile())
	if err != nil {
		t.Fatal(err)
	}
	_, err = read(decodetest.Once(in), "v.csv", "visa", func(record.SettlementLine) error { return nil })
	want := "decode v.csv: line 3: row is longer than 10485760 bytes; is a quote left open?"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestDecodeBoundsARowNotTheFile reads more bytes than one row may have.
func TestDecodeBoundsARowNotTheFile(t *testing.T) {
	row := csvtest.Row(1, "0.01", "EUR")
	n := int64(rows.MaxRow/len(row) + 1000)
	_, s, err := decodeText(csvtest.Header+strings.Repeat(row, int(n))+csvtest.Trailer(n, n), testProfile())
	if err != nil || s.Lines != n {
		t.Errorf("%d lines, %v", s.Lines, err)
	}
}

func TestDecodeListsNoMoreThanItSays(t *testing.T) {
	_, s, err := decodeText(csvtest.Header+strings.Repeat("x\n", decode.MaxRejects+5)+csvtest.Trailer(decode.MaxRejects+5, 0), testProfile())
	if err != nil || s.Rejected != decode.MaxRejects+5 || len(s.Rejects) != decode.MaxRejects {
		t.Errorf("%d rejected, %d listed, %v", s.Rejected, len(s.Rejects), err)
	}
}

// TestErrorsNeverShowTheRow shifts columns so that a card number stands where something else belongs.
func TestErrorsNeverShowTheRow(t *testing.T) {
	pan := ipmtest.PAN("411111", 16)
	for _, row := range []string{
		csvtest.Row(1, pan, "XXQ"), csvtest.Row(1, "x"+pan, "EUR"), csvtest.Row(1, "1.00", pan),
		strings.Replace(csvtest.Row(1, "1.00", "EUR"), "2026-11-18T", pan, 1), strings.Replace(csvtest.Row(1, "1.00", "EUR"), "capture", pan, 1),
		pan + "\n", `"` + pan + `"x` + "\n",
	} {
		_, s, err := decodeText(csvtest.Header+row+csvtest.Trailer(1, 0), testProfile())
		if said := fmt.Sprint(s, err); strings.Contains(said, pan) {
			t.Errorf("the card number is shown: %s", strings.ReplaceAll(said, pan, "PAN"))
		}
	}
}

func TestMaskPAN(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "n/a": "", "1111": "******1111",
		ipmtest.PAN("411111", 16):        "411111******1111",
		"4111 1111-1111 " + "1111":       "411111******1111",
		ipmtest.PAN("378282", 15):        "378282*****1111",
		ipmtest.PAN("411111", 19):        "411111*********1111",
		ipmtest.PAN("411111", 13):        "*********1111",
		"411111******1111":               "411111******1111",
		"411111XXXXXX1111":               "411111******1111",
		ipmtest.PAN("411111", 12) + "*1": "411111******1",
		"4111111111****" + "111111111":   "411111******1111",
		"****1111":                       "******1111",
	} {
		if got := decode.MaskPAN(in); got != want {
			t.Errorf("masked as %s, want %s", got, want)
		}
	}
}

func TestDateInName(t *testing.T) {
	for name, want := range map[string]string{
		"mastercard-20261118.ipm": "2026-11-18", "a_2026-11-18_b.csv": "2026-11-18", "x.csv": "", "99999999.csv": "",
		"batch-1202611180001.csv": "", "20261318-20261117.csv": "2026-11-17", "feed-20261118-resend.ipm": "2026-11-18",
	} {
		if got := decode.DateInName(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// testProfile describes the file.
func testProfile() Profile {
	return Profile{
		Columns: map[string]string{
			"reference": "payment_reference", "rrn": "rrn", "auth_code": "auth_code", "type": "type", "amount": "amount", "currency": "currency",
			"fee": "fee", "card": "card", "transaction_time": "transaction_time", "business_date": "business_date",
		},
		Types:   map[string]string{"capture": "presentment", "refund": "refund", "chargeback": "chargeback"},
		Scale:   "decimal",
		Trailer: Trailer{Column: "payment_reference", Value: "TRAILER", Count: "rrn", Total: "amount"},
	}
}
