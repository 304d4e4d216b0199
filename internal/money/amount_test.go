package money

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		text     string
		exponent int
		want     int64
		ok       bool
	}{
		{"12.50", 2, 1250, true},
		{"12.5", 2, 1250, true},
		{"12", 2, 1200, true},
		{"-0.01", 2, -1, true},
		{"+3", 0, 3, true},
		{"12.500", 2, 1250, true},
		{"12.501", 2, 0, false},
		{"1200.00", 0, 1200, true},
		{"1200.50", 0, 0, false},
		{"1.234", 3, 1234, true},
		{"92233720368547758.07", 2, math.MaxInt64, true},
		{"92233720368547758.08", 2, 0, false},
		{"99999999999999999999999", 0, 0, false},
		{"", 2, 0, false},
		{".5", 2, 0, false},
		{"5.", 2, 0, false},
		{"1,200.00", 2, 0, false},
		{"1e3", 2, 0, false},
		{"--1", 2, 0, false},
		{"+-1", 2, 0, false},
		{" 1", 2, 0, false},
		{"NaN", 2, 0, false},
	} {
		got, err := Parse(tc.text, "XTS", tc.exponent)
		if (err == nil) != tc.ok || got.Minor != tc.want {
			t.Errorf("Parse(%q, %d) = %d, %v; want %d, ok %v", tc.text, tc.exponent, got.Minor, err, tc.want, tc.ok)
		}
	}
}

func TestAddRefusesOverflowAndMixedCurrencies(t *testing.T) {
	for _, tc := range []struct {
		a, b Amount
		want error
	}{
		{Amount{math.MaxInt64, "EUR"}, Amount{1, "EUR"}, ErrOverflow},
		{Amount{math.MinInt64, "EUR"}, Amount{-1, "EUR"}, ErrOverflow},
		{Amount{math.MinInt64, "EUR"}, Amount{math.MinInt64, "EUR"}, ErrOverflow},
		{Amount{math.MaxInt64, "EUR"}, Amount{math.MinInt64, "EUR"}, nil},
		{Amount{math.MaxInt64, "EUR"}, Amount{0, "EUR"}, nil},
		{Amount{1, "EUR"}, Amount{1, "GBP"}, ErrCurrency},
	} {
		if _, err := tc.a.Add(tc.b); !errors.Is(err, tc.want) {
			t.Errorf("%v + %v: %v, want %v", tc.a, tc.b, err, tc.want)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, tc := range []struct {
		a        Amount
		exponent int
		want     string
	}{
		{Amount{120410, "EUR"}, 2, "EUR 1,204.10"},
		{Amount{-1, "GBP"}, 2, "GBP -0.01"},
		{Amount{41200, "JPY"}, 0, "JPY 41,200"},
		{Amount{0, "EUR"}, 2, "EUR 0.00"},
		{Amount{math.MinInt64, "EUR"}, 2, "EUR -92,233,720,368,547,758.08"},
		{Amount{1234567, "KWD"}, 3, "KWD 1,234.567"},
	} {
		if got := tc.a.Format(tc.exponent); got != tc.want {
			t.Errorf("Format(%v) = %q, want %q", tc.a, got, tc.want)
		}
	}
}

func FuzzParseFormat(f *testing.F) {
	f.Add("12.50", 2)
	f.Add("-0.001", 3)
	f.Fuzz(func(t *testing.T, text string, exponent int) {
		if exponent < 0 || exponent > 4 {
			return
		}
		a, err := Parse(text, "", exponent)
		if err != nil {
			return
		}
		plain := strings.ReplaceAll(a.Format(exponent), ",", "")
		b, err := Parse(plain, "", exponent)
		if err != nil || a != b {
			t.Errorf("%q reads as %d, shows as %q, reads as %d (%v)", text, a.Minor, plain, b.Minor, err)
		}
	})
}
