package fixedwidth

import (
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	field := func(record int, name string, f Field) func(*Layout) {
		return func(l *Layout) { l.Records[record].Fields[name] = f }
	}
	without := func(names ...string) func(*Layout) {
		return func(l *Layout) {
			for _, name := range names {
				delete(l.Records[1].Fields, name)
			}
		}
	}
	five := 7
	for want, change := range map[string]func(*Layout){
		"has no name": func(l *Layout) { l.Name = "" },
		"length -1 is not between 0 and 32768 bytes":                func(l *Layout) { l.Length = -1 },
		"short records are lines, but a length is given":            func(l *Layout) { l.Length, l.Short = 120, true },
		"same: is not inside the record":                            func(l *Layout) { l.Same = &Place{At: 0, Length: 2} },
		`encoding "utf-16" is none of ascii, cp037, cp500, latin-1`: func(l *Layout) { l.Encoding = "utf-16" },
		`currency "EUX" is not an ISO 4217 currency`:                func(l *Layout) { l.Currency = "EUX" },
		"no record has the role line":                               func(l *Layout) { l.Records = l.Records[:1] },
		"more than one record is the header or trailer":             func(l *Layout) { l.Records = append(l.Records, l.Records[2]) },
		"field amount stands nowhere":                               without("amount"),
		"field currency stands nowhere, and no currency":            without("currency"),
		"field code stands nowhere, and no type":                    without("code"),
		"none of the fields reference, payment_id, rrn, arn":        without("reference", "rrn"),
		"field transaction_time needs transaction_date": func(l *Layout) {
			without("transaction_date")(l)
			field(1, "transaction_time", Field{At: 1, Length: 6})(l)
		},
		"field net_currency needs net_amount":                         field(1, "net_currency", Field{At: 1, Length: 3}),
		`type "sale" is none of`:                                      func(l *Layout) { l.Type = "sale" },
		`code "S" means "sale"`:                                       func(l *Layout) { l.Types["S"] = Type{Line: "sale"} },
		"record HD: has no condition, so the records behind it":       func(l *Layout) { l.Records[0].When = nil },
		`record DT: role "detail" is unknown`:                         func(l *Layout) { l.Records[1].Role = "detail" },
		"record DT: condition without texts":                          func(l *Layout) { l.Records[1].When[0].Is = nil },
		"record DT: condition at 1: its texts differ in length":       func(l *Layout) { l.Records[1].When[0].Is = []string{"DT", "D"} },
		"record DT: condition at 99999: its texts":                    func(l *Layout) { l.Records[1].When[0].At = 99999 },
		"record DT: only trailers have totals":                        func(l *Layout) { l.Records[1].Totals = l.Records[2].Totals },
		"record TR: total 1: lies outside the record":                 func(l *Layout) { l.Records[2].Totals[0].At = 0 },
		`record TR: total 2: "average" is unknown`:                    func(l *Layout) { l.Records[2].Totals[1].Of = "average" },
		"record TR: total 1: records have no codes, lines have":       func(l *Layout) { l.Records[2].Totals[0].Codes = []string{"S"} },
		"record DT: field colour: is unknown; known are amount, arn,": field(1, "colour", Field{At: 1, Length: 1}),
		"record DT: field rrn: position 0 with length 12 lies":        field(1, "rrn", Field{At: 0, Length: 12}),
		"record DT: field rrn: position 32768 with length 2 lies":     field(1, "rrn", Field{At: 32768, Length: 2}),
		"record DT: field file_id: belongs in the header":             field(1, "file_id", Field{At: 1, Length: 2}),
		"record HD: field amount: is not read in a header":            field(0, "amount", Field{At: 1, Length: 2}),
		"record DT: field transaction_date: date needs a format":      field(1, "transaction_date", Field{At: 1, Length: 6, Format: "YDDD"}),
		"record DT: field transaction_time: is hhmm or hhmmss":        field(1, "transaction_time", Field{At: 1, Length: 5}),
		"record DT: field currency: is an ISO 4217 code of 3 bytes":   field(1, "currency", Field{At: 1, Length: 2}),
		"record DT: field rrn: decimals and sign are for amounts":     field(1, "rrn", Field{At: 1, Length: 2, Decimals: &five}),
		"record DT: field rate: has 16 bytes, a rate has at most 12":  field(1, "rate", Field{At: 1, Length: 16}),
		"record DT: field amount: has 21 bytes, an amount has":        field(1, "amount", Field{At: 1, Length: 21}),
		"record DT: field amount: decimals 7 are not between 0 and 6": field(1, "amount", Field{At: 1, Length: 2, Decimals: &five}),
		"record DT: field amount: sign lies outside the record":       field(1, "amount", Field{At: 1, Length: 2, Sign: &Sign{Place: Place{At: 1, Length: 1}}}),
		`record DT: field amount: sign "C" is both`:                   field(1, "amount", Field{At: 1, Length: 2, Sign: &Sign{Place: Place{At: 1, Length: 1}, Positive: []string{"C"}, Negative: []string{"C"}}}),
	} {
		l := testLayout()
		change(&l)
		_, err := New(l)
		if err == nil || !strings.HasPrefix(err.Error(), "fixed-width layout "+l.Name+": "+want) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	for _, l := range []Layout{testLayout(), VisaBaseII()} {
		if err := l.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestValidateFormat(t *testing.T) {
	for _, format := range []string{"YYYYMMDD", "YYMMDD", "YMMDD", "YDDD", "YYDDD", "YYYYDDD", "MMDD", "DDMM", "DDMMYY", "DDD"} {
		if err := validateFormat(format, len(format)); err != nil {
			t.Errorf("%s: %v", format, err)
		}
	}
	for _, format := range []string{"", "YYYMMDD", "YYMM", "YYDD", "MMMDD", "YYMMDDMM", "yymmdd", "YY-MM-DD", "YYYYY", "D", "DDDD", "DDMMDD", "MMDDD"} {
		if err := validateFormat(format, len(format)); err == nil {
			t.Errorf("%s was accepted", format)
		}
	}
}

// TestCodePages holds the tables against what the code pages are known to differ in.
func TestCodePages(t *testing.T) {
	const text = "\xC1\xE9\xF0\x81\x4A\x5A\x4F\x5F\xB0\xBA\xBB\x4B"
	for name, want := range map[string]string{"cp037": "AZ0a\xA2!|\xAC^[].", "cp500": "AZ0a[]!^\xA2\xAC|."} {
		got := []byte(text)
		(&frames{table: encodings[name]}).translate(got)
		if string(got) != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		seen := map[byte]bool{}
		for _, c := range encodings[name] {
			seen[c] = true
		}
		if len(seen) != 256 {
			t.Errorf("%s gives %d characters, not 256", name, len(seen))
		}
	}
}
