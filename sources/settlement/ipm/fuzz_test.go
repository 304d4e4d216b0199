package ipm

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"parallax/internal/money"
	"parallax/internal/pan"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/ipm/ipmtest"

	"parallax/sources/settlement/decode/decodetest"
)

// soundLine checks what must hold for every line, whatever the file.
func soundLine(t *testing.T, l record.SettlementLine) {
	t.Helper()
	if decodetest.LongDigits(l.MaskedPAN) || l.Amount.Currency == "" || l.Type == "" || l.Record < 2 || l.Code == "" {
		t.Errorf("line %+v", l)
	}
	for _, text := range []string{l.Reference, l.Original, l.ARN, l.RRN, l.AuthCode, l.MaskedPAN, l.Code, l.Note, l.Rate, l.Batch, l.ValueDate, l.BusinessDate} {
		if pan.Mask(text) != text || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r >= 0x7F && r < 0xA0 }) {
			t.Errorf("text %q of line %+v", text, l)
		}
	}
	total := money.Amount{Currency: l.Fee.Currency}
	for _, fee := range l.Fees {
		var err error
		if total, err = total.Add(fee.Amount); err != nil {
			t.Errorf("fees %+v: %v", l.Fees, err)
		}
	}
	if total != l.Fee {
		t.Errorf("fee %+v of %+v", l.Fee, l.Fees)
	}
}

func FuzzDecode(f *testing.F) {
	for _, ebcdic := range []bool{false, true} {
		for _, blocked := range []bool{false, true} {
			f.Add(ipmtest.Good(3, ebcdic, blocked))
			f.Add(clearing(2, ebcdic, blocked))
		}
	}
	f.Add(ipmtest.Good(3, false, false)[:100])
	f.Add(several(3, asTheyAre))
	f.Add(randomFile(rand.New(rand.NewPCG(5, 6)), 20))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, s, err := decodeAll(data)
		for _, l := range lines { // also those of a file that is refused later
			soundLine(t, l)
		}
		if again, s2, err2 := decodeAll(data); !reflect.DeepEqual(lines, again) || !reflect.DeepEqual(s, s2) || fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Errorf("read twice, decoded differently: %v, %v", err, err2)
		}
		if text := fmt.Sprint(err, s.Rejects); pan.Mask(text) != text {
			t.Errorf("a card number in %s", text)
		}
		if err != nil {
			return
		}
		files := int64(strings.Count(s.FileID, "+")) + 1 // at least: an id may hold a plus sign itself
		if int64(len(lines)) != s.Lines || s.Records < s.Lines+s.Rejected+s.Admin+2 || s.Records%2 != (s.Lines+s.Rejected+s.Admin)%2 {
			t.Errorf("%d lines yielded, %d files, %+v", len(lines), files, s)
		}
		if int64(len(s.Rejects)) != min(s.Rejected, decode.MaxRejects) {
			t.Errorf("%d rejects listed of %d", len(s.Rejects), s.Rejected)
		}
	})
}

// FuzzLine reads records directly: behind their lengths and totals few random ones would ever get here.
func FuzzLine(f *testing.F) {
	for _, ebcdic := range []bool{false, true} {
		w := ipmtest.File{EBCDIC: ebcdic}
		elements := ipmtest.Presentment(1)
		elements[48] = ipmtest.PDS(25, "R261119") + ipmtest.PDS(165, "M") + ipmtest.PDS(146, fee("00", "29", 7, "978")) + ipmtest.PDS(148, "9782")
		elements[5], elements[50], elements[9] = "000000001081", "978", "61080000"
		f.Add(w.Message("1240", elements), ebcdic)
		elements[24], elements[95], elements[30] = "450", "0123456789", "000000002002000000000000"
		f.Add(w.Message("1442", elements), ebcdic)
		elements[24], elements[3] = "783", "190000"
		f.Add(w.Message("1740", elements), ebcdic)
		f.Add(w.Message("1644", ipmtest.Elements{24: "695", 48: ipmtest.PDS(301, "1") + ipmtest.PDS(306, "2")}), ebcdic)
	}
	f.Fuzz(func(t *testing.T, rec []byte, isEBCDIC bool) {
		c := latin1
		if isEBCDIC {
			c = cp500
		}
		d := decoder{currencies: iso4217()}
		d.out.Records = 1
		m := &d.msg
		if err := m.parse(c, rec); err != nil {
			return
		}
		if decodetest.LongDigits(string(m.maskedPAN())) {
			t.Errorf("masked as %s", m.maskedPAN())
		}
		for n, value := range m.element {
			if value != nil && elements[n].secret {
				t.Errorf("element %d was kept", n)
			}
		}
		if m.parsePDS() != nil {
			return
		}
		if l, err := d.line(&logical{}); err == nil {
			soundLine(t, l)
		}
		before := fmt.Sprint(m.mti, m.function)
		m.reset(c)
		for n, value := range m.element {
			if value != nil {
				t.Errorf("element %d of message %s was not forgotten", n, before)
			}
		}
	})
}
