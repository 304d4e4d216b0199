package ipm

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"parallax/internal/pan"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/ipm/ipmtest"
)

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
	if string(m.maskedPAN()) != "555555******1111" {
		t.Errorf("masked as %s", m.maskedPAN())
	}
	for _, secret := range []string{pan, "2912", "12345678"} {
		if bytes.Contains(rec, []byte(secret)) || strings.Contains(fmt.Sprintf("%s%s", m.element, m.maskedPAN()), secret) {
			t.Errorf("card data survives decoding")
		}
	}
}

// cardNumber passes the check digit; it is of a published test range.
var cardNumber = "555555" + "5555554444"

// TestNoCardNumberFromAnyElement puts a card number into every element and subelement that can hold one, one at a time, in
// messages of all kinds, and looks for it in lines, rejects, summary and errors.
func TestNoCardNumberFromAnyElement(t *testing.T) {
	try := func(name, mti string, change func(ipmtest.Elements)) {
		for _, ebcdic := range []bool{false, true} {
			f := ipmtest.File{EBCDIC: ebcdic}
			f.Header()
			m := ipmtest.Presentment(1)
			switch mti {
			case "1442":
				m[24] = "450"
			case "1644":
				m[24] = "691"
				delete(m, 4)
			case "1740":
				m[24], m[3] = "700", "190000"
			}
			change(m)
			f.Add(mti, m)
			f.Trailer()
			lines, s, err := decodeAll(f.Bytes())
			if all := fmt.Sprintf("%+v %+v %v", lines, s, err); strings.Contains(all, cardNumber) || strings.Contains(all, cardNumber[6:]) {
				t.Errorf("%s in %s: %s", name, mti, all)
			}
		}
	}
	for _, mti := range []string{"1240", "1442", "1644", "1740"} {
		for de, layout := range elements {
			value := cardNumber
			switch {
			case layout.size == 0 || de == 4 || de == 48:
				continue
			case layout.prefix == 0:
				value = fmt.Sprintf("%-*.*s", layout.size, layout.size, cardNumber)
			case layout.size < len(value):
				value = value[:layout.size]
			case layout.prefix == 3:
				value = "card " + cardNumber + ", once more 5555 5555 5555 4444"
			}
			try("DE"+strconv.Itoa(de), mti, func(m ipmtest.Elements) { m[de] = value })
		}
		for tag := range 1000 {
			if mti != "1240" && slotOf(tag) < 0 {
				continue
			}
			try("PDS"+strconv.Itoa(tag), mti, func(m ipmtest.Elements) { m[48] = ipmtest.PDS(tag, cardNumber) })
		}
		try("DE63 with spaces", mti, func(m ipmtest.Elements) { m[63] = "5555 5555 5555 4444" })
	}
}

func TestNoCardNumberFromHeader(t *testing.T) {
	f := ipmtest.File{ID: "F" + cardNumber}
	f.Header()
	f.Trailer()
	_, s, err := decodeAll(f.Bytes())
	if err != nil || s.FileID != "F555555******4444" {
		t.Errorf("file id %q, %v", s.FileID, err)
	}
}

// TestMaskedIsMask holds the short ways against what they shorten.
func TestMaskedIsMask(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		text := make([]byte, rng.IntN(40))
		for i := range text {
			if text[i] = '0' + byte(rng.IntN(10)); rng.IntN(200) == 0 {
				text[i] = byte(' ' + rng.IntN(90))
			}
		}
		if got, want := masked(string(text)), pan.Mask(string(text)); got != want {
			t.Fatalf("masked to %q, want %q", got, want)
		}
		card := bytes.Clone(text[:min(19, len(text))])
		var m message
		m.charset = latin1
		m.mask(card)
		if got, want := string(m.maskedPAN()), decode.MaskPAN(string(card)); got != want {
			t.Fatalf("card masked to %q, want %q", got, want)
		}
	}
}
