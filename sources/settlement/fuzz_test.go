package settlement

import (
	"bytes"
	"testing"

	"parallax/internal/record"
)

// longDigits reports whether text holds a run of digits as long as a card number. Only the masked number is checked:
// references are digits by nature.
func longDigits(text string) bool {
	run := 0
	for _, c := range text {
		if run++; c < '0' || c > '9' {
			run = 0
		}
		if run > 6 {
			return true
		}
	}
	return false
}

func FuzzDecodeIPM(f *testing.F) {
	for _, ebcdic := range []bool{false, true} {
		for _, blocked := range []bool{false, true} {
			f.Add(goodIPM(3, ebcdic, blocked))
		}
	}
	f.Add(goodIPM(3, false, false)[:100])
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, s, err := decodeAll(data)
		if err != nil {
			return
		}
		if int64(len(lines)) != s.Lines || s.Records < s.Lines+2 {
			t.Errorf("%d lines yielded, %+v", len(lines), s)
		}
		for _, l := range lines {
			if longDigits(l.MaskedPAN) || l.Amount.Currency == "" || l.Type == "" || l.Record < 2 {
				t.Errorf("line %+v", l)
			}
		}
	})
}

// FuzzParseMessage reads records directly: behind their lengths and totals few random ones would ever get here.
func FuzzParseMessage(f *testing.F) {
	for _, ebcdic := range []bool{false, true} {
		w := ipmFile{ebcdic: ebcdic}
		elements := presentment(1)
		elements[48] = pds(25, "R261119") + pds(165, "M")
		f.Add(w.message("1240", elements), ebcdic)
		f.Add(w.message("1644", de{24: "695", 48: pds(301, "1") + pds(306, "2")}), ebcdic)
	}
	f.Fuzz(func(t *testing.T, rec []byte, isEBCDIC bool) {
		c := latin1
		if isEBCDIC {
			c = ebcdic
		}
		var m message
		if err := m.parse(c, rec); err != nil {
			return
		}
		if longDigits(m.maskedPAN) {
			t.Errorf("masked as %s", m.maskedPAN)
		}
		for n, value := range m.element {
			if value != nil && elements[n].secret {
				t.Errorf("element %d was kept", n)
			}
		}
	})
}

func FuzzDecodeCSV(f *testing.F) {
	f.Add([]byte(visaHeader + visaRow(1, "12.50", "EUR") + visaTrailer(1, 1250)))
	f.Add([]byte(byteOrderMark + visaHeader + "\"x\ny\"," + visaRow(1, "-1", "JPY") + visaTrailer(1, -1)))
	f.Add([]byte(visaHeader + "\"" + visaTrailer(0, 0)))
	f.Fuzz(func(t *testing.T, data []byte) {
		var lines int64
		s, err := DecodeCSV(bytes.NewReader(data), "v.csv", "visa", visaProfile(), func(l record.SettlementLine) error {
			lines++
			if longDigits(l.MaskedPAN) || l.Amount.Currency == "" || l.Type == "" || l.Record < 2 {
				t.Errorf("line %+v", l)
			}
			return nil
		})
		if err == nil && (lines != s.Lines || s.Records != s.Lines+s.Rejected+2) {
			t.Errorf("%d lines yielded, %+v", lines, s)
		}
	})
}
