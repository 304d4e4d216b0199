package ipm

import (
	"testing"

	"parallax/sources/settlement/ipm/ipmtest"
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

func FuzzDecode(f *testing.F) {
	for _, ebcdic := range []bool{false, true} {
		for _, blocked := range []bool{false, true} {
			f.Add(ipmtest.Good(3, ebcdic, blocked))
		}
	}
	f.Add(ipmtest.Good(3, false, false)[:100])
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
		w := ipmtest.File{EBCDIC: ebcdic}
		elements := ipmtest.Presentment(1)
		elements[48] = ipmtest.PDS(25, "R261119") + ipmtest.PDS(165, "M")
		f.Add(w.Message("1240", elements), ebcdic)
		f.Add(w.Message("1644", ipmtest.Elements{24: "695", 48: ipmtest.PDS(301, "1") + ipmtest.PDS(306, "2")}), ebcdic)
	}
	f.Fuzz(func(t *testing.T, rec []byte, isEBCDIC bool) {
		c := latin1
		if isEBCDIC {
			c = cp500
		}
		var m message
		if err := m.parse(c, rec); err != nil {
			return
		}
		if longDigits(string(m.maskedPAN())) {
			t.Errorf("masked as %s", m.maskedPAN())
		}
		for n, value := range m.element {
			if value != nil && elements[n].secret {
				t.Errorf("element %d was kept", n)
			}
		}
	})
}
