package reconcile

import (
	"math"
	"strings"
	"testing"

	"parallax/internal/money"
)

func TestCheckNamesTheWrongRule(t *testing.T) {
	for want, change := range map[string]func(*Rules){
		`calendar: holiday "soon" is neither`:                      func(r *Rules) { r.Holidays = []string{"soon"} },
		"tolerance of EUR is negative":                             func(r *Rules) { r.Tolerances = map[string]int64{"EUR": -1} },
		"tier 1 has no name":                                       func(r *Rules) { r.Tiers = []Tier{{}} },
		`tier "x": "sure" is none of proven, probable and suggest`: func(r *Rules) { r.Tiers = []Tier{{Name: "x", Sure: "sure"}} },
		`tier "x" has no key`:                                      func(r *Rules) { r.Tiers = []Tier{{Name: "x", Sure: Proven}} },
		`tier "x": ledger field "stan" and line field "": lines have`: func(r *Rules) {
			r.Tiers = []Tier{{Name: "x", Sure: Proven, Key: fields("stan")[:1]}}
			r.Tiers[0].Key[0].Line = ""
		},
		`tier "x": an amount is held against an amount only`: func(r *Rules) { r.Tiers = []Tier{{Name: "x", Sure: Proven, Key: []Field{{"amount", "rrn"}}}} },
		`tier "x": -1 business days`: func(r *Rules) {
			r.Tiers = []Tier{{Name: "x", Sure: Proven, Key: fields("rrn"), WithinBusinessDays: -1}}
		},
		`fee rule 1: name "" is empty or taken`:                          func(r *Rules) { r.Fees = []FeeRule{{}} },
		`fee rule 1: name "net" is empty or taken`:                       func(r *Rules) { r.Fees = []FeeRule{{Name: "net"}} },
		`fee rule "a": rounding "up" is neither half_up nor half_even`:   func(r *Rules) { r.Fees = []FeeRule{{Name: "a", Rounding: "up"}} },
		`fee rule "a": basis points "1e3" are not a decimal number`:      func(r *Rules) { r.Fees = []FeeRule{{Name: "a", BasisPoints: "1e3"}} },
		`fee rule "a": basis points "0.00000000000000001" have too many`: func(r *Rules) { r.Fees = []FeeRule{{Name: "a", BasisPoints: "0.00000000000000001"}} },
		"fx: a tolerance is negative":                                    func(r *Rules) { r.FX.Minor = -1 },
		"fx: conversions cannot be checked without the decimals":         func(r *Rules) { r.FX.Check, r.Exponent = true, nil },
		`fx: reference rate 1: date "today" is not of the form`:          func(r *Rules) { r.FX.Reference = []ReferenceRate{{"EUR", "USD", "today", "1"}} },
		`fx: reference rate 1: rate "0" is not a positive decimal`:       func(r *Rules) { r.FX.Reference = []ReferenceRate{{"EUR", "USD", "2026-11-18", "0"}} },
	} {
		rules := testRules()
		change(&rules)
		if err := rules.Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if _, err := (Auditor{rules}).Match(Input{}); err == nil {
			t.Errorf("matched in spite of: %s", want)
		}
	}
}

func TestDefaultsMakeSense(t *testing.T) {
	for _, network := range []string{"mastercard", "visa", "amex", "discover", "stripe", "adyen", "checkout", "paypal", "other"} {
		r := Defaults(network)
		r.Exponent = testRules().Exponent
		if err := r.Check(); err != nil {
			t.Errorf("%s: %v", network, err)
		}
		if r.MissingBusinessDays < r.ExpectBusinessDays || len(r.Tolerances)+len(r.Fees) > 0 {
			t.Errorf("%s: missing before it is expected, or money tolerated or priced that nobody declared: %+v", network, r)
		}
	}
}

func TestFee(t *testing.T) {
	for _, tc := range []struct {
		rule  FeeRule
		gross int64
		want  int64
		fits  bool
	}{
		{FeeRule{BasisPoints: "140"}, 12500, 175, true},
		{FeeRule{BasisPoints: "140", Fixed: map[string]int64{"EUR": 25}}, 12500, 200, true},
		{FeeRule{BasisPoints: "29.5"}, 1000, 3, true},                        // 2.95
		{FeeRule{BasisPoints: "25"}, 1000, 3, true},                          // 2.5
		{FeeRule{BasisPoints: "25", Rounding: "half_even"}, 1000, 2, true},   // 2.5
		{FeeRule{BasisPoints: "35", Rounding: "half_even"}, 1000, 4, true},   // 3.5
		{FeeRule{BasisPoints: "25.1", Rounding: "half_even"}, 1000, 3, true}, // 2.51
		{FeeRule{BasisPoints: "140"}, -12500, 175, true},                     // of a refund: the same
		{FeeRule{BasisPoints: "-140"}, -12500, -175, true},                   // given back
		{FeeRule{BasisPoints: "100", Min: map[string]int64{"EUR": 10}}, 500, 10, true},
		{FeeRule{BasisPoints: "100", Max: map[string]int64{"EUR": 10}}, 5000, 10, true},
		{FeeRule{BasisPoints: "100", Max: map[string]int64{"GBP": 10}}, 5000, 50, true},
		{FeeRule{Fixed: map[string]int64{"EUR": 7}}, 5000, 7, true},
		{FeeRule{BasisPoints: "10000"}, math.MaxInt64, math.MaxInt64, true},
		{FeeRule{BasisPoints: "10000"}, math.MinInt64, 0, false},
		{FeeRule{BasisPoints: "10000", Fixed: map[string]int64{"EUR": 1}}, math.MaxInt64, 0, false},
		{FeeRule{BasisPoints: "30000"}, math.MaxInt64, 0, false},
	} {
		tc.rule.Name = "x"
		compiled, err := compileFees([]FeeRule{tc.rule})
		if err != nil {
			t.Fatal(err)
		}
		if got, fits := compiled[0].fee(money.Amount{Minor: tc.gross, Currency: "EUR"}); got != tc.want || fits != tc.fits {
			t.Errorf("%+v of %d: %d, %v, want %d, %v", tc.rule, tc.gross, got, fits, tc.want, tc.fits)
		}
	}
}

func TestDecimal(t *testing.T) {
	for text, half := range map[string]string{"1.08": "1/200", "2": "1/2", "0.0060": "1/20000", "-3.1": "1/20"} {
		if _, got, ok := decimal(text); !ok || got.String() != half {
			t.Errorf("half of the last digit of %s is %v, want %s", text, got, half)
		}
	}
	for _, text := range []string{"", ".5", "1.", "1e9", "0x1", "1/3", "+1", "1_000", "1,5", " 1", "--1", "1.2.3", "NaN", "Inf", strings.Repeat("9", 41)} {
		if _, _, ok := decimal(text); ok {
			t.Errorf("%q passed for a decimal number", text)
		}
	}
}
