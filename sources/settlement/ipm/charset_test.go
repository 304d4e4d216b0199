package ipm

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"parallax/sources/settlement/decode/decodetest"
	"parallax/sources/settlement/ipm/ipmtest"
)

// TestCP500 holds the table against code page 037 of golang.org/x/text, which differs in seven known places.
func TestCP500(t *testing.T) {
	differ := map[byte]rune{0x4A: '[', 0x4F: '!', 0x5A: ']', 0x5F: '^', 0xB0: '¢', 0xBA: '¬', 0xBB: '|'}
	seen := [256]bool{}
	for i, got := range cp500Table {
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

func TestCP037(t *testing.T) {
	for i, got := range cp037.char {
		if want := charmap.CodePage037.DecodeByte(byte(i)); rune(got) != want {
			t.Errorf("byte %#02x is %q, want %q", i, rune(got), want)
		}
	}
}

// TestCharsets writes the same text in every alphabet, with the characters that code pages 037 and 500 put elsewhere.
func TestCharsets(t *testing.T) {
	const text = "[a]!^|¢¬é"
	for name, tc := range map[string]struct {
		file   ipmtest.File
		option string
		want   string
	}{
		"ascii":            {ipmtest.File{}, "", text},
		"ascii, named":     {ipmtest.File{}, "ascii", text},
		"cp500":            {ipmtest.File{EBCDIC: true}, "", text},
		"cp500, named":     {ipmtest.File{EBCDIC: true}, "cp500", text},
		"cp037, named":     {ipmtest.File{Page037: true}, "cp037", text},
		"cp037, not named": {ipmtest.File{Page037: true}, "", swapped(text)},
	} {
		f := tc.file
		f.Header()
		m := ipmtest.Presentment(1)
		m[63] = "  " + text + " "
		f.Add("1240", m)
		f.Trailer()
		read, err := New(Options{Charset: tc.option})
		if err != nil {
			t.Fatal(err)
		}
		lines, _, err := decodetest.All(read, f.Bytes(), "m.ipm", "mastercard")
		if err != nil || len(lines) != 1 || lines[0].Reference != tc.want || lines[0].ARN != strings.Repeat("0", 22)+"1" {
			t.Errorf("%s: %+v, %v", name, lines, err)
		}
	}
}

// swapped is what text written in code page 037 reads as in code page 500.
func swapped(text string) string {
	encoded, err := charmap.CodePage037.NewEncoder().Bytes([]byte(text))
	if err != nil {
		panic(err)
	}
	out := make([]rune, 0, len(encoded))
	for _, b := range encoded {
		out = append(out, rune(cp500Table[b]))
	}
	return string(out)
}

func TestOptionsRefuses(t *testing.T) {
	if _, err := New(Options{Charset: "utf-8"}); err == nil || err.Error() != `charset "utf-8" is none of ascii, cp500, cp037` {
		t.Errorf("got %v", err)
	}
	ascii, err := New(Options{Charset: "cp037"})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = decodetest.All(ascii, ipmtest.Good(1, false, false), "m.ipm", "mastercard")
	if err == nil || err.Error() != "decode m.ipm: record 1: MTI: is not numeric in EBCDIC cp037" {
		t.Errorf("an ASCII file read as EBCDIC: %v", err)
	}
}
