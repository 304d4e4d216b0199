package ipm

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/ipm/ipmtest"
)

// build is a file with a header and a trailer.
func build(change func(*ipmtest.File)) []byte {
	var f ipmtest.File
	f.Header()
	change(&f)
	f.Trailer()
	return f.Bytes()
}

// one is a file of one presentment.
func one(change func(ipmtest.Elements)) []byte {
	return build(func(f *ipmtest.File) {
		m := ipmtest.Presentment(1)
		change(m)
		f.Add("1240", m)
	})
}

// raw is a file with one record as it is.
func raw(rec []byte) []byte {
	return build(func(f *ipmtest.File) { f.Messages = append(f.Messages, rec) })
}

// ended is a file of a header and a given trailer.
func ended(subelements string) []byte {
	var f ipmtest.File
	f.Header()
	f.Add("1644", ipmtest.Elements{24: "695", 48: subelements})
	return f.Bytes()
}

// TestDecodeRefusesFiles: nothing of these may be used.
func TestDecodeRefusesFiles(t *testing.T) {
	good := ipmtest.Good(3, false, false)
	utf := func(order func([]byte, uint16) []byte) []byte {
		var out []byte
		for _, u := range utf16.Encode([]rune(string(good))) {
			out = order(out, u)
		}
		return out
	}
	for _, tc := range []struct {
		name  string
		data  []byte
		want  string
		total bool
	}{
		{"nothing", nil, "file holds no record", false},
		{"only the end mark", []byte{0, 0, 0, 0}, "file holds no record", false},
		{"text", []byte("reference,amount\nx,1\n"), "record 1: length 1919247973 is not between 20 and 32768 bytes", false},
		{"a line of 10 MB", bytes.Repeat([]byte("x"), 10<<20), "record 1: length 2021161080 is not between 20 and 32768 bytes", false},
		{"byte order mark", append([]byte("\xef\xbb\xbf"), good...), "record 1: length 4022058752 is not between 20 and 32768 bytes", false},
		{"UTF-16", utf(func(b []byte, u uint16) []byte { return append(b, byte(u>>8), byte(u)) }), "record 1: there is data after the end mark", false},
		{"UTF-16 the other way", utf(func(b []byte, u uint16) []byte { return append(b, byte(u), byte(u>>8)) }), "record 1: there is data after the end mark", false},
		{"bad length prefix", bytes.Replace(good, []byte{0, 0, 0, 145}, []byte{0, 0, 0, 144}, 1), "record 3: length 838860800 is not between 20 and 32768 bytes", false},
		{"short length prefix", bytes.Replace(good, []byte{0, 0, 0, 145}, []byte{0, 0, 0, 19}, 1), "record 2: length 19 is not between 20 and 32768 bytes", false},
		{"cut in a record", good[:len(good)-40], "record 5: is truncated: 60 of 96 bytes are there", false},
		{"cut in a length", good[:len(good)-102], "record 5: length is truncated after 2 of 4 bytes", false},
		{"cut between records", good[:len(good)-104], "record 4: control total does not agree: the file ends here without a trailer (1644/695)", true},
		{"header only", good[:len(good)-104-3*149], "record 1: control total does not agree: the file ends here without a trailer (1644/695)", true},
		{"cut block", ipmtest.Block(ipmtest.Good(50, true, false))[:3000], "record 15: block 3 of 1014 bytes is truncated at 972", false},
		{"record after the trailer", build(func(f *ipmtest.File) { f.Trailer() }), "record 3: follows the trailer and is not a file header (1644/697)", false},
		{"no header", func() []byte {
			var f ipmtest.File
			f.Add("1240", ipmtest.Presentment(1))
			f.Trailer()
			return f.Bytes()
		}(), "record 1: is not a file header (1644/697)", false},
		{"two headers", build(func(f *ipmtest.File) { f.Header() }), "record 2: is a second file header (1644/697), before a trailer", false},
		{"no alphabet", func() []byte {
			f := ipmtest.File{Messages: [][]byte{bytes.Repeat([]byte{'?'}, 30)}}
			return f.Bytes()
		}(), "record 1: MTI: message type is four digits neither in ASCII nor in EBCDIC", false},
		{"other alphabet inside", raw((&ipmtest.File{EBCDIC: true}).Message("1240", ipmtest.Presentment(1))), "record 2: MTI: is not numeric in ASCII", false},
		{"amount", one(func(m ipmtest.Elements) { m[4] = "00000000100x" }), "record 2: DE4: is not numeric", false},
		{"negative zero", one(func(m ipmtest.Elements) { m[4] = "-00000000000" }), "record 2: DE4: is not numeric", false},
		{"cut before the amount", raw((&ipmtest.File{}).Message("1240", ipmtest.Presentment(1))[:45]), "record 2: DE4: needs 12 bytes, the record has 1 left", false},
		{"trailer that cannot be read", raw(append((&ipmtest.File{}).Message("1644", ipmtest.Elements{24: "695"}), 'x')), "record 2: has 1 bytes left over after its last element", false},
		{"header with a bad subelement", func() []byte {
			var f ipmtest.File
			f.Add("1644", ipmtest.Elements{24: "697", 48: "0105"})
			return f.Bytes()
		}(), "record 1: DE48: has 4 bytes left, a subelement needs 7", false},
		{"header with two ids", func() []byte {
			var f ipmtest.File
			f.Add("1644", ipmtest.Elements{24: "697", 48: ipmtest.PDS(105, "a"), 62: ipmtest.PDS(105, "b")})
			return f.Bytes()
		}(), "record 1: PDS0105: appears twice", false},
		{"no file id", func() []byte { var f ipmtest.File; f.Add("1644", ipmtest.Elements{24: "697"}); return f.Bytes() }(), "record 1: PDS0105: is missing", false},
		{"file id too long", func() []byte {
			f := ipmtest.File{ID: strings.Repeat("9", 257)}
			f.Header()
			f.Trailer()
			return f.Bytes()
		}(), "record 1: PDS0105: is no file id", false},
		{"wrong sum", build(func(f *ipmtest.File) { f.Add("1240", ipmtest.Presentment(1)); f.Sum++ }), "record 3: PDS0301: control total does not agree: sum of DE4 stated as 1002, read as 1001", true},
		{"wrong count", ended(ipmtest.PDS(301, "0000000000000000") + ipmtest.PDS(306, "00000003")), "record 2: PDS0306: control total does not agree: 3 messages stated, 2 read", true},
		{"no sum", ended(ipmtest.PDS(306, "00000002")), "record 2: PDS0301: control total does not agree: is missing", true},
		{"no count", ended(ipmtest.PDS(301, "0")), "record 2: PDS0306: control total does not agree: is missing", true},
		{"sum that is no number", ended(ipmtest.PDS(301, "x") + ipmtest.PDS(306, "2")), "record 2: PDS0301: control total does not agree: is not numeric", true},
		{"sum beyond 64 bits", ended(ipmtest.PDS(301, "9223372036854775808") + ipmtest.PDS(306, "2")), "record 2: PDS0301: control total does not agree: overflows 64 bits", true},
		{"sum that is a card number", ended(ipmtest.PDS(301, cardNumber) + ipmtest.PDS(306, "2")), "record 2: PDS0301: control total does not agree: sum of DE4 stated as 555555******4444, read as 0", true},
		{"count that is a card number", ended(ipmtest.PDS(301, "0") + ipmtest.PDS(306, cardNumber)), "record 2: PDS0306: control total does not agree: 555555******4444 messages stated, 2 read", true},
		{"other file's trailer", ended(ipmtest.PDS(105, "other") + ipmtest.PDS(301, "0") + ipmtest.PDS(306, "2")), "record 2: PDS0105: control total does not agree: the trailer's file id is not the header's", true},
	} {
		lines, s, err := decodeAll(tc.data)
		if strings.Contains(fmt.Sprint(s.Totals), cardNumber) {
			t.Errorf("%s: totals %v", tc.name, s.Totals)
		}
		if want := "decode m.ipm: " + tc.want; err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", tc.name, err, want)
		}
		if errors.Is(err, decode.ErrControlTotal) != tc.total {
			t.Errorf("%s: decode.ErrControlTotal is %v (%d lines)", tc.name, !tc.total, len(lines))
		}
	}
}

// TestDecodeRejectsMessages: the message is a reject, and the file around it is read.
func TestDecodeRejectsMessages(t *testing.T) {
	var plain ipmtest.File
	for _, tc := range []struct {
		name   string
		data   []byte
		field  string
		reason string
	}{
		{"no amount", one(func(m ipmtest.Elements) { delete(m, 4) }), "DE4", "is missing"},
		{"currency", one(func(m ipmtest.Elements) { m[49] = "000" }), "DE49", "is not an ISO 4217 currency"},
		{"no currency", one(func(m ipmtest.Elements) { delete(m, 49) }), "DE49", "is not an ISO 4217 currency"},
		{"settled in no currency", one(func(m ipmtest.Elements) { m[5] = "000000000001" }), "DE50", "is not an ISO 4217 currency"},
		{"settled amount", one(func(m ipmtest.Elements) { m[5], m[50] = "00000000000x", "978" }), "DE5", "is not numeric"},
		{"billed in no currency", one(func(m ipmtest.Elements) { m[6], m[51] = "000000000001", "xyz" }), "DE51", "is not an ISO 4217 currency"},
		{"rate", one(func(m ipmtest.Elements) { m[9] = "6123456x" }), "DE9", "is not numeric"},
		{"date", one(func(m ipmtest.Elements) { m[12] = "261318140700" }), "DE12", "is not a date and time YYMMDDhhmmss"},
		{"time", one(func(m ipmtest.Elements) { m[12] = "261118246000" }), "DE12", "is not a date and time YYMMDDhhmmss"},
		{"date in letters", one(func(m ipmtest.Elements) { m[12] = "26 Nov 14:07" }), "DE12", "is not numeric"},
		{"function", one(func(m ipmtest.Elements) { m[24] = "999" }), "DE24", "function code is unknown for this message type"},
		{"function in letters", one(func(m ipmtest.Elements) { m[24] = "2x0" }), "DE24", "is not numeric"},
		{"no function", one(func(m ipmtest.Elements) { delete(m, 24) }), "DE24", "function code is unknown for this message type"},
		{"processing code", one(func(m ipmtest.Elements) { m[3] = "x00000" }), "DE3", "is not numeric"},
		{"message type", build(func(f *ipmtest.File) { f.Add("1804", ipmtest.Presentment(1)) }), "MTI", "message type is unknown"},
		{"control character", one(func(m ipmtest.Elements) { m[63] = "MCC\x00" }), "DE63", "holds a control character"},
		{"control character above ASCII", one(func(m ipmtest.Elements) { m[38] = "A1B2C\u0085" }), "DE38", "holds a control character"},
		{"reference too long", one(func(m ipmtest.Elements) { m[63] = strings.Repeat("9", 257) }), "DE63", "is longer than 256 bytes"},
		{"subelement", one(func(m ipmtest.Elements) { m[48] = "0025009R" }), "PDS0025", "needs 9 bytes, the element has 1 left"},
		{"subelement twice", one(func(m ipmtest.Elements) { m[48] = ipmtest.PDS(25, "R") + ipmtest.PDS(25, " ") }), "PDS0025", "appears twice"},
		{"subelement tag", one(func(m ipmtest.Elements) { m[48] = "00x5001R" }), "DE48", "subelement tag is not numeric"},
		{"subelement length", one(func(m ipmtest.Elements) { m[62] = "002500xR" }), "PDS0025", "length is not numeric"},
		{"wrong exponent", one(func(m ipmtest.Elements) { m[49], m[48] = "392", ipmtest.PDS(148, "3922") }), "PDS0148", "states other decimals for JPY than ISO 4217"},
		{"exponent of no currency", one(func(m ipmtest.Elements) { m[48] = ipmtest.PDS(148, "97820002") }), "PDS0148", "is not an ISO 4217 currency"},
		{"no exponent", one(func(m ipmtest.Elements) { m[48] = ipmtest.PDS(148, "978") }), "PDS0148", "is no list of currencies and exponents, four digits each"},
		{"fees", one(func(m ipmtest.Elements) { m[48] = ipmtest.PDS(146, "0029") }), "PDS0146", "is no list of fees, 36 bytes each"},
		{"fee of unknown direction", one(func(m ipmtest.Elements) { m[48] = ipmtest.PDS(146, fee("00", "00", 5, "978")) }), "PDS0146", "says of a fee neither that it is credited (19) nor that it is debited (29)"},
		{"fees in two currencies", one(func(m ipmtest.Elements) {
			m[48] = ipmtest.PDS(146, fee("00", "29", 5, "978")+fee("01", "29", 5, "840"))
		}), "PDS0146", "holds fees in several currencies"},
		{"fee in no currency", one(func(m ipmtest.Elements) { m[48] = ipmtest.PDS(146, fee("00", "29", 5, "000")) }), "PDS0146", "is not an ISO 4217 currency"},
		{"fee collection without direction", build(func(f *ipmtest.File) {
			m := ipmtest.Presentment(1)
			m[24] = "700"
			f.Add("1740", m)
		}), "DE3", "says neither that the fee is credited (19) nor that it is debited (29)"},
		{"length", raw(bytes.Replace(plain.Message("1240", ipmtest.Elements{24: "200", 63: "MCC"}), []byte("003MCC"), []byte("00xMCC"), 1)), "DE63", "length is not numeric"},
		{"length too great", raw(bytes.Replace(plain.Message("1240", ipmtest.Elements{24: "200", 63: "MCC"}), []byte("003MCC"), []byte("004MCC"), 1)), "DE63", "needs 4 bytes, the record has 3 left"},
		{"length beyond the element", raw(bytes.Replace(plain.Message("1240", ipmtest.Elements{31: "1"}), []byte("011"), []byte("241"), 1)), "DE31", "length 24 is greater than 23"},
		{"length cut off", raw(plain.Message("1240", ipmtest.Elements{24: "200", 63: "MCC"})[:25]), "DE63", "is truncated inside its length"},
		{"unknown element", raw(plain.Message("1240", ipmtest.Elements{24: "200", 99: "x"})), "DE99", "has no known layout"},
		{"left over", raw(append(plain.Message("1240", ipmtest.Elements{24: "200"}), 'x')), "", "has 1 bytes left over after its last element"},
		{"garbage", raw(bytes.Repeat([]byte{'~' &^ 0x10}, 40)), "MTI", "is not numeric in ASCII"},
		{"garbage in an addendum", raw((&ipmtest.File{}).Message("1644", ipmtest.Elements{24: "696", 48: "x"})), "DE48", "has 1 bytes left, a subelement needs 7"},
		{"issuer reference", build(func(f *ipmtest.File) {
			m := ipmtest.Presentment(1)
			m[24], m[95] = "205", "a\tb"
			f.Add("1240", m)
		}), "DE95", "holds a control character"},
		{"original amount", build(func(f *ipmtest.File) {
			m := ipmtest.Presentment(1)
			m[24], m[30] = "282", strings.Repeat("x", 24)
			f.Add("1240", m)
		}), "DE30", "is not numeric"},
	} {
		lines, s, err := decodeAll(tc.data)
		want := decode.Reject{Line: 2, Field: tc.field, Reason: tc.reason}
		if err != nil || len(lines) != 0 || s.Records != 3 || s.Rejected != 1 || len(s.Rejects) != 1 || s.Rejects[0] != want {
			t.Errorf("%s: %d lines, %v, %+v", tc.name, len(lines), err, s)
		}
	}
}

// TestRejectsAreInTheTotals: what is rejected counts, in records and in money.
func TestRejectsAreInTheTotals(t *testing.T) {
	data := build(func(f *ipmtest.File) {
		for i := range 250 {
			m := ipmtest.Presentment(i)
			if i%2 == 1 {
				m[49] = "000"
			}
			f.Add("1240", m)
			if i%50 == 0 {
				f.Add("1644", ipmtest.Elements{24: "696"})
			}
		}
	})
	lines, s, err := decodeAll(data)
	if err != nil || len(lines) != 125 || s.Lines != 125 || s.Rejected != 125 || len(s.Rejects) != decode.MaxRejects || s.Admin != 5 {
		t.Fatalf("%d lines, %v, %+v", len(lines), err, s)
	}
	if s.Records != s.Lines+s.Rejected+s.Admin+2 {
		t.Errorf("%d records do not add up: %+v", s.Records, s)
	}
	var sum, rejected int64
	for i := range int64(250) {
		if sum += 1000 + i; i%2 == 1 {
			rejected += 1000 + i
		}
	}
	if s.Totals["computed sum of DE4"] != fmt.Sprint(sum) || s.Totals["rejected sum of DE4"] != fmt.Sprint(rejected) || s.Totals["messages 1644/696 addendum"] != "5" {
		t.Errorf("totals %v", s.Totals)
	}
	for _, l := range lines {
		sum -= l.Amount.Minor
	}
	if sum != rejected {
		t.Errorf("%d are neither in lines nor in rejects", sum-rejected)
	}
}

// fee is one fee of PDS0146, in the transaction's currency alone.
func fee(kind, processing string, minor int, currency string) string {
	return kind + processing + "01" + currency + fmt.Sprintf("%012d", minor) + "000000000000000"
}
