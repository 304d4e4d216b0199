package fixedwidth

import (
	"bytes"
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

var day = time.Date(2026, time.November, 18, 0, 0, 0, 0, time.UTC)

func decodeText(l Layout, text string) ([]record.SettlementLine, decode.Summary, error) {
	read, err := New(l)
	if err != nil {
		return nil, decode.Summary{}, err
	}
	return decodetest.All(read, []byte(text), "clearing_20261119.txt", "visa")
}

// testLayout describes the file of cardfile.Fixed.
func testLayout() Layout {
	is := func(text string) []Condition { return []Condition{{At: 1, Is: []string{text}}} }
	sign := &Sign{Place: Place{At: 36, Length: 1}, Positive: []string{"C"}, Negative: []string{"D"}}
	return Layout{
		Name: "test", Records: []Record{
			{Name: "HD", Role: Header, When: is("HD"), Fields: map[string]Field{
				"business_date": {At: 3, Length: 8, Format: "YYYYMMDD"}, "file_id": {At: 11, Length: 10}, "sequence": {At: 21, Length: 5},
			}},
			{Name: "DT", Role: Line, When: is("DT"), Fields: map[string]Field{
				"code": {At: 3, Length: 1}, "reference": {At: 4, Length: 20}, "amount": {At: 24, Length: 12, Sign: sign}, "currency": {At: 37, Length: 3},
				"fee": {At: 40, Length: 10}, "auth_code": {At: 50, Length: 6}, "rrn": {At: 56, Length: 12},
				"transaction_date": {At: 68, Length: 4, Format: "YDDD"}, "card": {At: 72, Length: 19},
			}},
			{Name: "TR", Role: Trailer, When: is("TR"), Totals: []Total{
				{Place: Place{At: 3, Length: 9}, Of: CountRecords}, {Place: Place{At: 12, Length: 15}, Of: SumUnsigned}, {Place: Place{At: 27, Length: 16}, Of: SumSigned},
			}},
		},
		Types: map[string]Type{"S": {Line: record.Presentment}, "R": {Line: record.Refund}, "C": {Line: record.Chargeback}, "X": {}},
	}
}

func someLines(n int) []cardfile.Line {
	lines := make([]cardfile.Line, 0, n)
	for i := range n {
		lines = append(lines, cardfile.Line{
			Kind: []cardfile.Kind{cardfile.Capture, cardfile.Capture, cardfile.Refund, cardfile.Chargeback}[i%4], Issuer: "411111",
			Reference: fmt.Sprintf("V%014d", i+1), RRN: fmt.Sprintf("%012d", i+1), Auth: fmt.Sprintf("A%05d", i+1), ARN: fmt.Sprintf("%023d", i+1),
			Minor: int64(1000 + i), Currency: []string{"EUR", "GBP", "JPY"}[i%3], Fee: int64(i), At: day.Add(time.Duration(i) * time.Second),
		})
	}
	return lines
}

func fixed(t testing.TB, change func(*cardfile.Fixed)) string {
	t.Helper()
	f := cardfile.Fixed{Lines: someLines(4), ID: "F0001", Sequence: 17}
	change(&f)
	var out bytes.Buffer
	if err := cardfile.WriteFixed(&out, f); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func baseII(t testing.TB, change func(*cardfile.BaseII)) string {
	t.Helper()
	f := cardfile.BaseII{Lines: someLines(4)}
	change(&f)
	var out bytes.Buffer
	if err := cardfile.WriteBaseII(&out, f); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func plain(*cardfile.Fixed) {}

// checkRecords holds the number of records against what they were for.
func checkRecords(t *testing.T, s decode.Summary) {
	t.Helper()
	var ends, continuations int64
	if _, err := fmt.Sscan(s.Totals["headers and trailers"], &ends); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(s.Totals["continuations"], &continuations); err != nil {
		t.Fatal(err)
	}
	if s.Records != s.Lines+s.Rejected+s.Admin+ends+continuations {
		t.Errorf("records do not add up: %+v", s)
	}
}

func TestDecode(t *testing.T) {
	want := record.SettlementLine{
		Feed: "visa", File: "clearing_20261119.txt", Record: 4, Type: record.Refund, Code: "R", Reference: "V00000000000003", RRN: "000000000003", AuthCode: "A00003",
		Amount: money.Amount{Minor: -1002, Currency: "JPY"}, Fee: money.Amount{Minor: 2, Currency: "JPY"}, TransactionAt: day, BusinessDate: "2026-11-18",
	}
	ebcdic := testLayout()
	ebcdic.Encoding = "cp500"
	other := testLayout()
	other.Encoding = "cp037"
	latin1 := testLayout()
	latin1.Encoding = "latin-1"
	for name, tc := range map[string]struct {
		layout Layout
		text   string
	}{
		"ascii":            {testLayout(), fixed(t, plain)},
		"carriage returns": {testLayout(), strings.ReplaceAll(fixed(t, plain), "\n", "\r\n")},
		"byte order mark":  {testLayout(), decode.ByteOrderMark + fixed(t, plain)},
		"no last newline":  {testLayout(), strings.TrimSpace(fixed(t, plain))},
		"filled up":        {testLayout(), fixed(t, plain) + "\n   \n\x1a"},
		"latin-1":          {latin1, fixed(t, plain)},
		"cp500":            {ebcdic, fixed(t, func(f *cardfile.Fixed) { f.Encoding = cardfile.EBCDIC })},
		"cp037":            {other, fixed(t, func(f *cardfile.Fixed) { f.Encoding = cardfile.EBCDIC })},
	} {
		lines, s, err := decodeText(tc.layout, tc.text)
		if err != nil || len(lines) != 4 {
			t.Fatalf("%s: %d lines, %+v, %v", name, len(lines), s, err)
		}
		want.MaskedPAN = lines[2].MaskedPAN
		if !reflect.DeepEqual(lines[2], want) || len(want.MaskedPAN) != 16 || want.MaskedPAN[:12] != "411111******" {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, lines[2], want)
		}
		if s.FileID != "F0001" || s.Sequence != 17 || s.Records != 6 || s.Totals["computed net at 27 of TR"] != "-4" || s.Totals["stated records at 3 of TR"] != "6" {
			t.Errorf("%s: %+v", name, s)
		}
		checkRecords(t, s)
	}
}

func TestDecodeVisaBaseII(t *testing.T) {
	want := record.SettlementLine{
		Feed: "visa", File: "clearing_20261119.txt", Record: 6, Type: record.Refund, Code: "06", Reference: "V00000000000003", ARN: fmt.Sprintf("%023d", 3), AuthCode: "A00003",
		Part: 1, Parts: 1, Amount: money.Amount{Minor: -1002, Currency: "JPY"}, BusinessDate: "2026-11-19",
	}
	cp500 := VisaBaseII()
	cp500.Encoding = "cp500"
	for name, tc := range map[string]struct {
		layout Layout
		change func(*cardfile.BaseII)
	}{
		"plain":            {VisaBaseII(), func(*cardfile.BaseII) {}},
		"line ends":        {VisaBaseII(), func(f *cardfile.BaseII) { f.Newlines = true }},
		"carriage returns": {VisaBaseII(), func(f *cardfile.BaseII) { f.Newlines = true }},
		"EBCDIC":           {cp500, func(f *cardfile.BaseII) { f.Encoding = cardfile.EBCDIC }},
	} {
		filler := " "
		if tc.layout.Encoding == "cp500" {
			filler = "\x40"
		}
		text := baseII(t, tc.change)
		if name == "carriage returns" {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		lines, s, err := decodeText(tc.layout, text+strings.Repeat(filler, 168+20))
		if err != nil || len(lines) != 4 {
			t.Fatalf("%s: %d lines, %+v, %v", name, len(lines), s, err)
		}
		want.MaskedPAN = lines[2].MaskedPAN
		if !reflect.DeepEqual(lines[2], want) || want.MaskedPAN[:12] != "411111******" {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, lines[2], want)
		}
		if lines[3].Type != record.Chargeback || lines[3].Amount != (money.Amount{Minor: -1003, Currency: "EUR"}) {
			t.Errorf("%s: chargeback %+v", name, lines[3])
		}
		if s.Totals["continuations"] != "4" || !strings.HasPrefix(s.Totals["layout"], "visa-base2-unverified: ") {
			t.Errorf("%s: %+v", name, s)
		}
		checkRecords(t, s)
	}
}

// TestDecodeVisaCodes tells the way of the money for every transaction code.
func TestDecodeVisaCodes(t *testing.T) {
	for code, want := range map[string]struct {
		line     record.LineType
		minor    int64
		reversal bool
	}{
		"05": {record.Presentment, 1000, false}, "06": {record.Refund, -1000, false}, "07": {record.Presentment, 1000, false},
		"15": {record.Chargeback, -1000, false}, "16": {record.Chargeback, 1000, false}, "17": {record.Chargeback, -1000, false},
		"25": {record.Presentment, -1000, true}, "26": {record.Refund, 1000, true}, "27": {record.Presentment, -1000, true},
		"35": {record.Chargeback, 1000, true}, "36": {record.Chargeback, -1000, true}, "37": {record.Chargeback, 1000, true},
	} {
		text := baseII(t, func(f *cardfile.BaseII) { f.Lines = f.Lines[:1] })
		text = text[:168] + code + text[170:336] + code + text[338:]
		lines, _, err := decodeText(VisaBaseII(), text)
		if err != nil || len(lines) != 1 || lines[0].Type != want.line || lines[0].Amount.Minor != want.minor || lines[0].Reversal != want.reversal || lines[0].Code != code {
			t.Errorf("%s: %+v, %v", code, lines, err)
		}
	}
}

// TestDecodeGroupsRecords: continuations belong to the line before them, of the same transaction code.
func TestDecodeGroupsRecords(t *testing.T) {
	text := baseII(t, func(f *cardfile.BaseII) { f.Lines = f.Lines[:2] })
	rec := func(i int) string { return text[i*168 : (i+1)*168] } // 90, 05/0, 05/5, 05/0, 05/5, 91, 92
	tcr := func(code, component string) string { return code + "0" + component + strings.Repeat(" ", 164) }
	for name, tc := range map[string]struct {
		records                       []string
		lines                         int
		rejected, admin, continuation int64
	}{
		"others too":       {[]string{rec(0), rec(1), tcr("05", "1"), rec(2), tcr("05", "7"), rec(3), rec(4), rec(6)}, 2, 0, 0, 4},
		"orphan":           {[]string{rec(0), rec(2), rec(1), rec(2), rec(6)}, 1, 1, 0, 1},
		"of another code":  {[]string{rec(0), rec(1), tcr("06", "5"), rec(3), rec(4), rec(6)}, 2, 1, 0, 1},
		"unknown code":     {[]string{rec(0), rec(1), tcr("10", "0"), rec(2), rec(6)}, 1, 2, 0, 0},
		"no continuations": {[]string{rec(0), rec(1), rec(3), rec(6)}, 2, 0, 0, 0},
		"nothing":          {[]string{rec(0), rec(6)}, 0, 0, 0, 0},
	} {
		lines, s, err := decodeText(VisaBaseII(), strings.Join(tc.records, ""))
		if err != nil || len(lines) != tc.lines || s.Rejected != tc.rejected || s.Totals["continuations"] != fmt.Sprint(tc.continuation) {
			t.Errorf("%s: %d lines, %+v, %v", name, len(lines), s, err)
			continue
		}
		checkRecords(t, s)
	}
}

func TestDecodeScales(t *testing.T) {
	two := func(f *Field) { n := 2; f.Decimals = &n }
	for _, tc := range []struct {
		name, digits, currency string
		change                 func(*Field)
		minor                  int64
		reason                 string
	}{
		{"implied by currency", "000000001250", "EUR", nil, 1250, ""},
		{"implied by currency, yen", "000000001250", "JPY", nil, 1250, ""},
		{"two decimals", "000000001250", "EUR", two, 1250, ""},
		{"two decimals, yen", "000000120000", "JPY", two, 1200, ""},
		{"two decimals, dinar", "000000001250", "BHD", two, 12500, ""},
		{"two decimals too many", "000000001250", "JPY", two, 0, "is not an amount with at most 0 decimals"},
		{"numeric currency", "000000001250", "978", nil, 1250, ""},
		{"blanks before", "        1250", "EUR", nil, 1250, ""},
		{"sign before", "       -1250", "EUR", nil, -1250, ""},
		{"sign behind", "       1250-", "EUR", nil, -1250, ""},
		{"negative zero", "          -0", "EUR", nil, 0, ""},
		{"sign alone", "           -", "EUR", nil, 0, "is not numeric"},
		{"letters", "00000000125O", "EUR", nil, 0, "is not numeric"},
		{"blank", "            ", "EUR", nil, 0, "is missing"},
		{"unknown currency", "000000001250", "EUX", nil, 0, "is not an ISO 4217 currency"},
		{"no currency", "000000001250", "000", nil, 0, "has no currency"},
	} {
		l := Layout{Name: "scale", Type: record.Presentment, Records: []Record{{Name: "R", Role: Line, Fields: map[string]Field{
			"reference": {At: 1, Length: 2}, "amount": {At: 3, Length: 12}, "currency": {At: 15, Length: 3},
		}}}}
		if tc.change != nil {
			f := l.Records[0].Fields["amount"]
			tc.change(&f)
			l.Records[0].Fields["amount"] = f
		}
		lines, s, err := decodeText(l, "R1"+tc.digits+tc.currency+"\n")
		switch {
		case err != nil:
			t.Errorf("%s: %v", tc.name, err)
		case tc.reason != "":
			if len(s.Rejects) != 1 || s.Rejects[0].Reason != tc.reason {
				t.Errorf("%s: %+v, %+v", tc.name, lines, s)
			}
		case len(lines) != 1 || lines[0].Amount.Minor != tc.minor:
			t.Errorf("%s: %+v, %+v", tc.name, lines, s)
		}
	}
}

// TestDecodeSigns: a sign with the digits and one at its own place both count.
func TestDecodeSigns(t *testing.T) {
	l := wide()
	l.Records[0].Fields["amount"] = Field{At: 3, Length: 4, Sign: &Sign{Place: Place{At: 7, Length: 1}, Positive: []string{"C", " "}, Negative: []string{"D"}}}
	for text, want := range map[string]int64{" 100C": 100, " 100D": -100, "-100C": -100, "-100D": 100, "100-D": 100, "+100 ": 100, "-000D": 0} {
		lines, s, err := decodeText(l, "R1"+text+"\n")
		if err != nil || len(lines) != 1 || lines[0].Amount.Minor != want {
			t.Errorf("%s: %+v, %+v, %v", text, lines, s, err)
		}
	}
}

func TestDecodeScaleOverflows(t *testing.T) {
	zero := 0
	l := wide()
	l.Short, l.Records[0].Fields["amount"] = true, Field{At: 3, Length: 20, Decimals: &zero}
	for _, digits := range []string{" 922337203685477581", "-922337203685477581"} {
		lines, s, err := decodeText(l, "R1"+digits+"\n")
		if err != nil || s.Rejected != 1 || s.Rejects[0].Reason != "overflows 64 bits" {
			t.Errorf("%+v, %+v, %v", lines, s, err)
		}
	}
}

func TestParseDate(t *testing.T) {
	for _, tc := range []struct{ text, format, file, want string }{
		{"20261118", "YYYYMMDD", "", "2026-11-18"}, {"261118", "YYMMDD", "", "2026-11-18"}, {"18112026", "DDMMYYYY", "", "2026-11-18"},
		{"2026322", "YYYYDDD", "", "2026-11-18"}, {"6322", "YDDD", "2026-11-19", "2026-11-18"}, {"61118", "YMMDD", "2026-11-19", "2026-11-18"},
		{"1231", "MMDD", "2027-01-02", "2026-12-31"}, {"0102", "MMDD", "2026-12-31", "2027-01-02"}, {"0229", "MMDD", "2026-01-02", "2024-02-29"},
		{"9365", "YDDD", "2030-01-02", "2029-12-31"}, {"0001", "YDDD", "2029-12-31", "2030-01-01"}, {"366", "DDD", "2026-01-01", "2024-12-31"},
		{"000000", "YYMMDD", "", ""}, {"261318", "YYMMDD", "", "error"}, {"260229", "YYMMDD", "", "error"}, {"26111x", "YYMMDD", "", "error"},
		{"1118", "MMDD", "", "error"}, {"6366", "YDDD", "2026-11-19", "error"}, {"6000", "YDDD", "2026-11-19", "error"},
	} {
		var file time.Time
		if tc.file != "" {
			file, _ = time.Parse(time.DateOnly, tc.file)
		}
		got, err := parseDate([]byte(tc.text), tc.format, file)
		switch {
		case tc.want == "error":
			if err == nil {
				t.Errorf("%s as %s: %s", tc.text, tc.format, got)
			}
		case err != nil || tc.want == "" && !got.IsZero() || tc.want != "" && got.Format(time.DateOnly) != tc.want:
			t.Errorf("%s as %s: %s, %v, want %s", tc.text, tc.format, got, err, tc.want)
		}
	}
}
