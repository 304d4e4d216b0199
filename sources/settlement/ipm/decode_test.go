package ipm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"

	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/decode/decodetest"
	"parallax/sources/settlement/ipm/ipmtest"
)

func decodeAll(data []byte) ([]record.SettlementLine, decode.Summary, error) {
	return decodetest.All(Decode, data, "m.ipm", "mastercard")
}

func TestDecodeInEveryDress(t *testing.T) {
	want := record.SettlementLine{
		Feed: "mastercard", File: "m.ipm", Record: 3, Type: record.Presentment, Reference: "MCC0000021118",
		ARN: fmt.Sprintf("%023d", 2), RRN: "000000000002", AuthCode: "A00002", MaskedPAN: "555555******1111",
		Amount: money.Amount{Minor: 1002, Currency: "EUR"}, TransactionAt: time.Date(2026, 11, 18, 14, 7, 0, 0, time.UTC), BusinessDate: "2026-11-18",
	}
	for _, n := range []int{2, 3, 50} { // 2: one block, which reads either way
		for _, ebcdic := range []bool{false, true} {
			for _, blocked := range []bool{false, true} {
				lines, s, err := decodeAll(ipmtest.Good(n, ebcdic, blocked))
				if err != nil || len(lines) != n {
					t.Fatalf("ebcdic %v, blocked %v: %d lines, %v", ebcdic, blocked, len(lines), err)
				}
				if !reflect.DeepEqual(lines[1], want) {
					t.Errorf("ebcdic %v, blocked %v:\ngot  %+v\nwant %+v", ebcdic, blocked, lines[1], want)
				}
				wantSum := decode.Summary{
					FileID: ipmtest.FileID, BusinessDates: []string{"2026-11-18"}, Records: int64(n + 2), Lines: int64(n),
					Totals: map[string]string{
						"stated messages": fmt.Sprint(n + 2), "computed messages": fmt.Sprint(n + 2),
						"stated sum of DE4": fmt.Sprint(1000*n + n*(n+1)/2), "computed sum of DE4": fmt.Sprint(1000*n + n*(n+1)/2),
					},
				}
				if !reflect.DeepEqual(s, wantSum) {
					t.Errorf("summary %+v, want %+v", s, wantSum)
				}
			}
		}
	}
}

// TestDecodeMeanings walks through the message types: sign, type, and what is no line at all.
func TestDecodeMeanings(t *testing.T) {
	with := func(changes ipmtest.Elements) ipmtest.Elements {
		m := ipmtest.Presentment(1)
		maps.Copy(m, changes)
		return m
	}
	for _, tc := range []struct {
		name  string
		mti   string
		de    ipmtest.Elements
		line  record.LineType
		minor int64
	}{
		{"presentment", "1240", with(nil), record.Presentment, 1001},
		{"refund", "1240", with(ipmtest.Elements{3: "200000"}), record.Refund, -1001},
		{"reversal", "1240", with(ipmtest.Elements{48: ipmtest.PDS(25, "R261119")}), record.OtherLine, -1001},
		{"reversal in the second place for subelements", "1240", with(ipmtest.Elements{48: ipmtest.PDS(23, "X"), 62: ipmtest.PDS(25, "R261119")}), record.OtherLine, -1001},
		{"no reversal", "1240", with(ipmtest.Elements{48: ipmtest.PDS(25, " 000000")}), record.Presentment, 1001},
		{"second presentment", "1240", with(ipmtest.Elements{24: "205"}), record.OtherLine, 1001},
		{"second presentment, part", "1240", with(ipmtest.Elements{24: "282"}), record.OtherLine, 1001},
		{"chargeback", "1442", with(ipmtest.Elements{24: "450"}), record.Chargeback, -1001},
		{"fee", "1740", with(ipmtest.Elements{24: "700", 3: "190000"}), record.Fee, 1001},
		{"fee given back", "1740", with(ipmtest.Elements{24: "700", 3: "290000"}), record.Fee, -1001},
		{"administration", "1644", ipmtest.Elements{24: "693", 72: "hello"}, "", 0},
	} {
		var f ipmtest.File
		f.Header()
		f.Add(tc.mti, tc.de)
		f.Trailer()
		lines, s, err := decodeAll(f.Bytes())
		switch {
		case err != nil:
			t.Errorf("%s: %v", tc.name, err)
		case tc.line == "":
			if len(lines) != 0 || s.Admin != 1 {
				t.Errorf("%s: %d lines, %d administrative messages", tc.name, len(lines), s.Admin)
			}
		case len(lines) != 1 || lines[0].Type != tc.line || lines[0].Amount.Minor != tc.minor:
			t.Errorf("%s: %+v", tc.name, lines)
		}
	}
}

func TestDecodeReadsTheSettledAmount(t *testing.T) {
	var f ipmtest.File
	f.Header()
	m := ipmtest.Presentment(1)
	m[5], m[50] = "000000000840", "392"
	f.Add("1240", m)
	f.Trailer()
	lines, _, err := decodeAll(f.Bytes())
	if err != nil || lines[0].Settlement != (money.Amount{Minor: 840, Currency: "JPY"}) {
		t.Errorf("%+v, %v", lines, err)
	}
}

// TestIPMNeverKeepsCardData decodes a record that is full of card data and looks for it in what comes out, and in
// the record's own buffer.
func TestIPMNeverKeepsCardData(t *testing.T) {
	pan := ipmtest.PAN("555555", 16)
	var f ipmtest.File
	rec := f.Message("1240", ipmtest.Elements{2: pan, 4: "000000001000", 24: "200", 35: pan + "=2912", 45: "B" + pan + "^X^2912", 49: "978", 52: "12345678", 55: pan})
	var m message
	if err := m.parse(latin1, rec); err != nil {
		t.Fatal(err)
	}
	if m.maskedPAN != "555555******1111" {
		t.Errorf("masked as %s", m.maskedPAN)
	}
	for _, secret := range []string{pan, "2912", "12345678"} {
		if bytes.Contains(rec, []byte(secret)) || strings.Contains(fmt.Sprintf("%s%+v", m.element, m.maskedPAN), secret) {
			t.Errorf("card data survives decoding")
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := ipmtest.Good(3, false, false)
	build := func(change func(*ipmtest.File)) []byte {
		var f ipmtest.File
		f.Header()
		change(&f)
		f.Trailer()
		return f.Bytes()
	}
	one := func(change func(ipmtest.Elements)) []byte {
		return build(func(f *ipmtest.File) {
			m := ipmtest.Presentment(1)
			change(m)
			f.Add("1240", m)
		})
	}
	raw := func(rec []byte) []byte {
		return build(func(f *ipmtest.File) { f.Messages = append(f.Messages, rec) })
	}
	var plain ipmtest.File
	for _, tc := range []struct {
		name  string
		data  []byte
		want  string
		total bool
	}{
		{"nothing", nil, "decode m.ipm: file holds no record", false},
		{"only the end mark", []byte{0, 0, 0, 0}, "decode m.ipm: file holds no record", false},
		{"text", []byte("reference,amount\nx,1\n"), "decode m.ipm: record 1: length 1919247973 is not between 20 and 32768 bytes", false},
		{"cut in a record", good[:len(good)-40], "decode m.ipm: record 5: is truncated: 60 of 96 bytes are there", false},
		{"cut in a length", good[:len(good)-102], "decode m.ipm: record 5: length is truncated after 2 of 4 bytes", false},
		{"cut between records", good[:len(good)-104], "decode m.ipm: record 4: control total does not agree: the file ends here without a trailer (1644/695)", true},
		{"cut block", ipmtest.Block(ipmtest.Good(50, true, false))[:3000], "decode m.ipm: record 15: block 3 of 1014 bytes is truncated at 972", false},
		{"data after the end", append(bytes.Clone(good), 'x'), "decode m.ipm: record 6: there is data after the end mark", false},
		{"padding without end", append(bytes.Clone(good), make([]byte, blockSize+1)...), "decode m.ipm: record 6: there is data after the end mark", false},
		{"record after the trailer", build(func(f *ipmtest.File) { f.Trailer() }), "decode m.ipm: record 3: follows the trailer", false},
		{"no header", func() []byte {
			var f ipmtest.File
			f.Add("1240", ipmtest.Presentment(1))
			f.Trailer()
			return f.Bytes()
		}(), "decode m.ipm: record 1: is not a file header (1644/697)", false},
		{"two headers", build(func(f *ipmtest.File) { f.Header() }), "decode m.ipm: record 2: is a second file header (1644/697)", false},
		{"no alphabet", func() []byte { f := ipmtest.File{Messages: [][]byte{bytes.Repeat([]byte{'?'}, 30)}}; return f.Bytes() }(), "decode m.ipm: record 1: MTI: message type is four digits neither in ASCII nor in EBCDIC", false},
		{"other alphabet inside", raw((&ipmtest.File{EBCDIC: true}).Message("1240", ipmtest.Presentment(1))), "decode m.ipm: record 2: MTI: is not numeric in ASCII", false},
		{"amount", one(func(m ipmtest.Elements) { m[4] = "00000000100x" }), "decode m.ipm: record 2: DE4: is not numeric", false},
		{"no amount", one(func(m ipmtest.Elements) { delete(m, 4) }), "decode m.ipm: record 2: DE4: is missing", false},
		{"currency", one(func(m ipmtest.Elements) { m[49] = "000" }), "decode m.ipm: record 2: DE49: is not an ISO 4217 currency", false},
		{"no currency", one(func(m ipmtest.Elements) { delete(m, 49) }), "decode m.ipm: record 2: DE49: is not an ISO 4217 currency", false},
		{"date", one(func(m ipmtest.Elements) { m[12] = "261318140700" }), "decode m.ipm: record 2: DE12: is not a date and time YYMMDDhhmmss", false},
		{"function", one(func(m ipmtest.Elements) { m[24] = "999" }), "decode m.ipm: record 2: DE24: function code is unknown for this message type", false},
		{"message type", build(func(f *ipmtest.File) { f.Add("1804", ipmtest.Presentment(1)) }), "decode m.ipm: record 2: MTI: message type is unknown", false},
		{"control character", one(func(m ipmtest.Elements) { m[63] = "MCC\x00" }), "decode m.ipm: record 2: DE63: holds a control character", false},
		{"subelement", one(func(m ipmtest.Elements) { m[48] = "0025009R" }), "decode m.ipm: record 2: PDS0025: needs 9 bytes, the element has 1 left", false},
		{"subelement tag", one(func(m ipmtest.Elements) { m[48] = "00x5001R" }), "decode m.ipm: record 2: DE48: subelement tag is not numeric", false},
		{"length", raw(bytes.Replace(plain.Message("1240", ipmtest.Elements{24: "200", 63: "MCC"}), []byte("003MCC"), []byte("00xMCC"), 1)), "decode m.ipm: record 2: DE63: length is not numeric", false},
		{"length too great", raw(bytes.Replace(plain.Message("1240", ipmtest.Elements{24: "200", 63: "MCC"}), []byte("003MCC"), []byte("004MCC"), 1)), "decode m.ipm: record 2: DE63: needs 4 bytes, the record has 3 left", false},
		{"length beyond the element", raw(bytes.Replace(plain.Message("1240", ipmtest.Elements{31: "1"}), []byte("011"), []byte("241"), 1)), "decode m.ipm: record 2: DE31: length 24 is greater than 23", false},
		{"unknown element", raw(plain.Message("1240", ipmtest.Elements{24: "200", 99: "x"})), "decode m.ipm: record 2: DE99: has no known layout", false},
		{"left over", raw(append(plain.Message("1240", ipmtest.Elements{24: "200"}), 'x')), "decode m.ipm: record 2: has 1 bytes left over after its last element", false},
		{"no file id", func() []byte { var f ipmtest.File; f.Add("1644", ipmtest.Elements{24: "697"}); return f.Bytes() }(), "decode m.ipm: record 1: PDS0105: is missing", false},
		{"wrong sum", build(func(f *ipmtest.File) { f.Add("1240", ipmtest.Presentment(1)); f.Sum++ }), "decode m.ipm: record 3: PDS0301: control total does not agree: sum of DE4 stated as 1002, read as 1001", true},
		{"wrong count", func() []byte {
			var f ipmtest.File
			f.Header()
			f.Add("1644", ipmtest.Elements{24: "695", 48: ipmtest.PDS(301, fmt.Sprintf("%016d", 0)) + ipmtest.PDS(306, "00000003")})
			return f.Bytes()
		}(), "decode m.ipm: record 2: PDS0306: control total does not agree: 3 messages stated, 2 read", true},
		{"no sum", func() []byte {
			var f ipmtest.File
			f.Header()
			f.Add("1644", ipmtest.Elements{24: "695", 48: ipmtest.PDS(306, "00000002")})
			return f.Bytes()
		}(), "decode m.ipm: record 2: PDS0301: control total does not agree: is missing", true},
		{"other file's trailer", func() []byte {
			var f ipmtest.File
			f.Header()
			f.Add("1644", ipmtest.Elements{24: "695", 48: ipmtest.PDS(105, "other") + ipmtest.PDS(301, "0") + ipmtest.PDS(306, "2")})
			return f.Bytes()
		}(), "decode m.ipm: record 2: PDS0105: control total does not agree: the trailer's file id is not the header's", true},
	} {
		_, _, err := decodeAll(tc.data)
		if err == nil || err.Error() != tc.want {
			t.Errorf("%s:\n got %v\nwant %s", tc.name, err, tc.want)
		}
		if errors.Is(err, decode.ErrControlTotal) != tc.total {
			t.Errorf("%s: decode.ErrControlTotal is %v", tc.name, !tc.total)
		}
	}
}

// TestDecodeNoticesEveryCut truncates a file at every byte: none may pass, for the trailer would be missing.
func TestDecodeNoticesEveryCut(t *testing.T) {
	for _, data := range [][]byte{ipmtest.Good(12, true, false), ipmtest.Good(12, false, true)} {
		whole, _, err := decodeAll(data)
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(data) - 4 { // without the end mark alone nothing is missing
			lines, _, err := decodeAll(data[:n])
			if err == nil && len(lines) != len(whole) {
				t.Fatalf("cut after %d of %d bytes, %d lines and no error", n, len(data), len(lines))
			}
		}
	}
}

func TestSumOverflowIsAnError(t *testing.T) {
	if _, err := decode.Add(maxInt64, 1); !errors.Is(err, decode.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	if _, err := latin1.number([]byte("9223372036854775808")); !errors.Is(err, decode.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	if n, err := latin1.number([]byte("9223372036854775807")); err != nil || n != maxInt64 {
		t.Errorf("got %d, %v", n, err)
	}
}

// TestCP500 holds the table against code page 037 of golang.org/x/text, which differs in seven known places.
func TestCP500(t *testing.T) {
	differ := map[byte]rune{0x4A: '[', 0x4F: '!', 0x5A: ']', 0x5F: '^', 0xB0: '¢', 0xBA: '¬', 0xBB: '|'}
	seen := [256]bool{}
	for i, got := range cp500 {
		want, ok := differ[byte(i)]
		if !ok {
			want = charmap.CodePage037.DecodeByte(byte(i))
		}
		if rune(got) != want {
			t.Errorf("byte %#02x is %q, want %q", i, rune(got), want)
		}
		if seen[got] {
			t.Errorf("%q stands for two bytes", rune(got))
		}
		seen[got] = true
	}
}

func TestRecordReaderOffersNoMoreThanMaxRecord(t *testing.T) {
	data := binary.BigEndian.AppendUint32(nil, maxRecord+1)
	if _, err := newRecordReader(bytes.NewReader(data), false).next(); err == nil {
		t.Error("a record beyond the bound was read")
	}
}
