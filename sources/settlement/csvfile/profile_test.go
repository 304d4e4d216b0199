package csvfile

import (
	"reflect"
	"strings"
	"testing"

	"parallax/sources/settlement/csvfile/csvtest"
	"parallax/sources/settlement/decode"
)

func TestProfileValidate(t *testing.T) {
	for want, change := range map[string]func(*Profile){
		`csv profile: unknown field "colour"`:                    func(p *Profile) { p.Columns["colour"] = "c" },
		"csv profile: field amount has no column":                func(p *Profile) { delete(p.Columns, "amount") },
		"csv profile: none of reference, payment_id and rrn":     func(p *Profile) { delete(p.Columns, "reference"); delete(p.Columns, "rrn") },
		"csv profile: settlement_amount and settlement_currency": func(p *Profile) { p.Columns["settlement_amount"] = "net" },
		`csv profile: type "x" means "sale"`:                     func(p *Profile) { p.Types["x"] = "sale" },
		`csv profile: amount scale "cents"`:                      func(p *Profile) { p.Scale = "cents" },
		"csv profile: a trailer needs both the column":           func(p *Profile) { p.Trailer.Value = "" },
	} {
		p := testProfile()
		change(&p)
		if err := p.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestGuessDelimiter(t *testing.T) {
	for header, want := range map[string]string{
		"": ",", "amount": ",", "a,b": ",", "a;b;c": ";", "a\tb": "\t", "a|b": "|", `"a,b,c,d";"e, f";g`: ";", "amount (EUR, gross);currency;reference": ";",
	} {
		if got := GuessDelimiter(header); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}

func TestGuessProfile(t *testing.T) {
	p, err := GuessProfile(strings.Split(decode.ByteOrderMark+strings.TrimSpace(csvtest.Header), ","))
	if err != nil {
		t.Fatal(err)
	}
	want := testProfile()
	want.Trailer.Optional = true
	if !reflect.DeepEqual(p.Columns, want.Columns) || p.Trailer != want.Trailer {
		t.Errorf("guessed %+v", p)
	}
	for _, trailer := range []string{csvtest.Trailer(1, 100), ""} {
		lines, _, err := decodeText(csvtest.Header+csvtest.Row(1, "1.00", "EUR")+trailer, p)
		if err != nil || len(lines) != 1 {
			t.Errorf("trailer %q: %d lines, %v", trailer, len(lines), err)
		}
	}
	if _, err := GuessProfile([]string{"a", "b"}); err == nil {
		t.Error("a header without an amount was accepted")
	}
}
