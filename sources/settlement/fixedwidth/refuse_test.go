package fixedwidth

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"parallax/internal/lab/cardfile"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/decode/decodetest"
)

func TestDecodeRejectsLines(t *testing.T) {
	good := strings.Split(strings.TrimSpace(fixed(t, plain)), "\n")
	put := func(at int, text string) string { return good[2][:at-1] + text + good[2][at-1+len(text):] }
	for _, tc := range []struct {
		name, line string
		want       decode.Reject
		checked    bool // sums can still be checked
	}{
		{"amount", put(24, "00000000O1OO"), decode.Reject{Field: "amount", Reason: "is not numeric"}, false},
		{"sign", put(36, "?"), decode.Reject{Field: "amount", Reason: "has a sign the layout does not know"}, false},
		{"currency", put(37, "EUX"), decode.Reject{Field: "currency", Reason: "is not an ISO 4217 currency"}, true},
		{"code", put(3, "?"), decode.Reject{Field: "code", Reason: "is a code the layout does not know"}, true},
		{"no code", put(3, " "), decode.Reject{Field: "code", Reason: "is missing"}, true},
		{"date", put(68, "6399"), decode.Reject{Field: "transaction_date", Reason: "is not a date in the layout's format"}, true},
		{"fee", put(40, "0.10      "), decode.Reject{Field: "fee", Reason: "is not numeric"}, true},
		{"not ascii", put(50, "\xe9"), decode.Reject{Field: "auth_code", Reason: "is not ASCII text"}, true},
		{"control character", put(50, "\x07"), decode.Reject{Field: "auth_code", Reason: "holds a control character"}, true},
		{"no key", put(4, strings.Repeat(" ", 20))[:55] + strings.Repeat(" ", 12) + good[2][67:], decode.Reject{Reason: "line has neither reference nor payment id nor rrn nor arn"}, true},
		{"short", good[2][:40], decode.Reject{Reason: "record DT has 40 bytes, its fields need 90"}, false},
		{"garbage", "\x00\x01\x02 what is this", decode.Reject{Reason: "record is of no type that the layout knows"}, false},
	} {
		text := strings.Join([]string{good[0], good[1], tc.line, good[3], good[4], good[5]}, "\n") + "\n"
		lines, s, err := decodeText(testLayout(), text)
		tc.want.Line = 3
		if tc.name == "garbage" { // its sum is missed
			if !errors.Is(err, decode.ErrControlTotal) || s.Rejected != 1 || s.Rejects[0] != tc.want {
				t.Errorf("%s: %+v, %v", tc.name, s, err)
			}
			continue
		}
		if err != nil || len(lines) != 3 || len(s.Rejects) != 1 || s.Rejects[0] != tc.want {
			t.Errorf("%s: %d lines, rejects %+v, %v", tc.name, len(lines), s.Rejects, err)
		}
		if strings.HasPrefix(s.Totals["computed sum at 12 of TR"], "not verifiable") == tc.checked {
			t.Errorf("%s: sum checked against %q", tc.name, s.Totals["computed sum at 12 of TR"])
		}
		checkRecords(t, s)
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := fixed(t, plain)
	lines := strings.SplitAfter(good, "\n")
	visa := baseII(t, func(*cardfile.BaseII) {})
	for _, tc := range []struct {
		name   string
		layout Layout
		text   string
		want   string
	}{
		{"empty", testLayout(), "", "file holds no record"},
		{"blank", testLayout(), "\n \n", "file holds no record"},
		{"header only", testLayout(), lines[0], "line 1: control total does not agree: the file ends here without a trailer (TR)"},
		{"no header", testLayout(), strings.Join(lines[1:], ""), "line 1: is not a header (HD)"},
		{"two headers", testLayout(), lines[0] + good, "line 2: is a second header (HD)"},
		{"no trailer", testLayout(), strings.Join(lines[:5], ""), "line 5: control total does not agree: the file ends here without a trailer (TR)"},
		{"two trailers", testLayout(), good + lines[5], "line 7: follows the trailer"},
		{"wrong count", testLayout(), fixed(t, func(f *cardfile.Fixed) { f.WrongCount = 1 }), "records at 3 of TR: control total does not agree: stated as 7, read as 6"},
		{"wrong sum", testLayout(), fixed(t, func(f *cardfile.Fixed) { f.WrongSum = -1 }), "sum at 12 of TR: control total does not agree: stated as 4005, read as 4006"},
		{"wrong net", testLayout(), fixed(t, func(f *cardfile.Fixed) { f.WrongNet = 5 }), "net at 27 of TR: control total does not agree: stated as 1, read as -4"},
		{"total is no number", testLayout(), strings.Replace(good, "TR0", "TR ", 1)[:len(good)-30] + "x" + good[len(good)-29:], "the trailer states no whole number here"},
		{"line missing", testLayout(), strings.Join(append(lines[:2:2], lines[3:]...), ""), "stated as 6, read as 5"},
		{"file date", testLayout(), strings.Replace(good, "20261118", "20261318", 1), "business_date: is not a date in the layout's format"},
		{"file number", testLayout(), strings.Replace(good, "00017", "0001x", 1), "sequence: is not numeric"},
		{"short trailer", testLayout(), strings.TrimSpace(good)[:len(good)-4], "has 39 bytes, its fields need 42"},
		{"10 MB line", testLayout(), lines[0] + "DT" + strings.Repeat("x", 10<<20) + "\n", "line 2: is longer than 32768 bytes"},
		{"UTF-16", testLayout(), "\xff\xfeH\x00D\x00", "is UTF-16, which no layout describes"},
		{"other encoding", withEncoding(testLayout(), "cp500"), good, "is not a header (HD)"},
		{"wrong length", withLength(VisaBaseII(), 170), baseII(t, func(f *cardfile.BaseII) { f.Newlines = true }), "has a line end inside its 170 bytes: it is shorter than the layout says"},
		{"data behind the trailer", VisaBaseII(), visa + visa[:168], "follows the trailer"},
		{"truncated", VisaBaseII(), visa[:len(visa)-1], "record 11: is truncated: 167 of 168 bytes are there"},
		{"sum overflows", wide(), strings.Repeat("R1"+"9223372036854775807\n", 2), "sum of the amounts overflows 64 bits"},
	} {
		_, _, err := decodeText(tc.layout, tc.text)
		if at := (*decode.Error)(nil); !errors.As(err, &at) || !strings.HasSuffix(err.Error(), tc.want) {
			t.Errorf("%s:\ngot  %v\nwant %s", tc.name, err, tc.want)
		}
	}
}

func withEncoding(l Layout, encoding string) Layout { l.Encoding = encoding; return l }
func withLength(l Layout, length int) Layout        { l.Length = length; return l }

// wide has room for amounts whose sum does not fit into 64 bits.
func wide() Layout {
	return Layout{Name: "wide", Type: record.Presentment, Currency: "EUR", Records: []Record{{Name: "R", Role: Line, Fields: map[string]Field{
		"reference": {At: 1, Length: 2}, "amount": {At: 3, Length: 19},
	}}}}
}

func TestDecodeTruncatedAnywhere(t *testing.T) {
	for _, tc := range []struct {
		layout Layout
		text   string
	}{
		{testLayout(), strings.TrimSpace(fixed(t, plain))},
		{VisaBaseII(), strings.TrimRight(baseII(t, func(*cardfile.BaseII) {}), " ")},
	} {
		end := len(tc.text)
		if tc.layout.Length > 0 {
			end -= 2 // the last record is blank behind its code, and may be cut there
		}
		for n := range end {
			if _, _, err := decodeText(tc.layout, tc.text[:n]); err == nil {
				t.Fatalf("%d of %d bytes were taken for a whole file", n, len(tc.text))
			}
		}
	}
}

var errDisk = errors.New("disk on fire")

type failing struct{ rest io.Reader }

func (f failing) Read(p []byte) (int, error) {
	n, err := f.rest.Read(p)
	if errors.Is(err, io.EOF) {
		err = errDisk
	}
	return n, err
}

func TestDecodePassesErrorsOn(t *testing.T) {
	stop := errors.New("enough")
	for _, tc := range []struct {
		layout Layout
		text   string
	}{{testLayout(), fixed(t, plain)}, {VisaBaseII(), baseII(t, func(*cardfile.BaseII) {})}} {
		read, err := New(tc.layout)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := read(decodetest.Bytes([]byte(tc.text)), "b", "f", func(record.SettlementLine) error { return stop }); !errors.Is(err, stop) || err.Error() != "enough" {
			t.Errorf("consumer's error became %v", err)
		}
		ignore := func(record.SettlementLine) error { return nil }
		for _, n := range []int{0, 300, len(tc.text)} {
			if _, err := read(decodetest.Once(failing{strings.NewReader(tc.text[:n])}), "b", "f", ignore); !errors.Is(err, errDisk) {
				t.Errorf("reader's error after %d bytes became %v", n, err)
			}
		}
		if _, err := read(func() (io.ReadCloser, error) { return nil, errDisk }, "b", "f", ignore); !errors.Is(err, errDisk) {
			t.Errorf("error of opening became %v", err)
		}
	}
}

// TestNoCardNumberInAnyField writes a card number into every field of text that is long enough.
func TestNoCardNumberInAnyField(t *testing.T) {
	number := "411111" + "1111111111"
	l := Layout{Name: "texts", Type: record.Presentment, Currency: "EUR", Short: true, Records: []Record{{Name: "R", Role: Line, Fields: map[string]Field{
		"amount": {At: 1, Length: 4},
	}}}}
	texts := []string{"reference", "payment_id", "original", "arn", "rrn", "auth_code", "batch", "note"}
	var row strings.Builder
	row.WriteString("0100")
	for i, name := range texts {
		l.Records[0].Fields[name] = Field{At: 5 + 20*i, Length: 20}
		fmt.Fprintf(&row, "%-20s", []string{number, "x" + number + "y"}[i%2])
	}
	l.Records[0].Fields["card"] = Field{At: 5 + 20*len(texts), Length: 19}
	lines, s, err := decodeText(l, row.String()+number+"\n")
	if err != nil || len(lines) != 1 {
		t.Fatalf("%+v, %v", s, err)
	}
	if got := fmt.Sprintf("%+v", lines[0]); strings.Contains(got, "111111111") || lines[0].MaskedPAN != "411111******1111" || lines[0].Reference != "411111******1111" {
		t.Errorf("%s", got)
	}
	l.Encoding = "latin-1"
	lines, _, err = decodeText(l, "0100"+"\xe9"+number+"\n")
	if err != nil || len(lines) != 1 || lines[0].Reference != "é411111******1111" {
		t.Errorf("%+v, %v", lines, err)
	}
	for i, name := range texts { // and wherever a number is wanted, none is told
		l.Records[0].Fields = map[string]Field{"amount": {At: 1, Length: 4}, "reference": {At: 5, Length: 2}, "rate": {At: 7, Length: 12}, "part": {At: 7, Length: 16}, "code": {At: 7, Length: 16}}
		_, s, err := decodeText(l, "0100R"+fmt.Sprint(i)+number+"\n")
		if got := fmt.Sprintf("%+v %v", s, err); strings.Contains(got, "11111111") || s.Rejected != 1 {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestAContinuationStandsOnce: a second transaction identifier in one line is of another line whose beginning is lost.
func TestAContinuationStandsOnce(t *testing.T) {
	text := baseII(t, func(*cardfile.BaseII) {})
	records := []string{}
	for at := 0; at < len(text); at += 168 {
		records = append(records, text[at:at+168])
	}
	cut := strings.Join(slices.Delete(slices.Clone(records), 3, 4), "") // the second line's component record 0
	read, err := New(VisaBaseII())
	if err != nil {
		t.Fatal(err)
	}
	lines, s, err := decodetest.All(read, []byte(cut), "v", "visa")
	if err != nil || s.Rejected == 0 {
		t.Errorf("%d lines, %d rejected, %v", len(lines), s.Rejected, err)
	}
}
