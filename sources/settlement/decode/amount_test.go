package decode

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"parallax/internal/money"
)

func TestParseAmount(t *testing.T) {
	for text, want := range map[string]int64{"12.5": 1250, "-0.00": 0, "+1": 100, "-3.20": -320} {
		if a, err := ParseAmount(text, "EUR", 2); err != nil || a.Minor != want {
			t.Errorf("%s: %d, %v", text, a.Minor, err)
		}
	}
	for text, want := range map[string]string{
		"": "is not an amount with at most 2 decimals", "1.234": "is not an amount with at most 2 decimals", "1,5": "is not an amount: remove",
		"92233720368547758.08": "overflows 64 bits",
	} {
		if _, err := ParseAmount(text, "EUR", 2); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestText(t *testing.T) {
	row := " 411111" + "1111111111 x "
	if got, err := Text(row); err != nil || got != "411111******1111 x" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := Text("a\x00"); !errors.Is(err, ErrControlCharacter) {
		t.Errorf("control character: %v", err)
	}
}

func TestNote(t *testing.T) {
	long := strings.Repeat("é", 300)
	for in, want := range map[string]string{
		"a\nb": "a b", "card 411111" + "1111111111": "card 411111******1111", long: strings.Repeat("é", 200) + "...",
	} {
		if got, err := Note(in); err != nil || got != want {
			t.Errorf("%q became %q, %v", in, got, err)
		}
	}
	if _, err := Note("\xff"); err == nil {
		t.Error("Latin 1 was taken for UTF-8")
	}
}

func TestSums(t *testing.T) {
	s := Sums{}
	for _, a := range []money.Amount{{Minor: 5, Currency: "EUR"}, {Minor: -7, Currency: "EUR"}, {Minor: math.MaxInt64, Currency: "JPY"}} {
		if err := s.Add(a); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Add(money.Amount{Minor: 1, Currency: "JPY"}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("overflow: %v", err)
	}
	totals := map[string]string{}
	s.Into(totals, "computed")
	if want := map[string]string{"computed EUR": "-2", "computed JPY": "9223372036854775807"}; !reflect.DeepEqual(totals, want) {
		t.Errorf("%v", totals)
	}
	if got := s.Currencies(); !reflect.DeepEqual(got, []string{"EUR", "JPY"}) {
		t.Errorf("%v", got)
	}
}
