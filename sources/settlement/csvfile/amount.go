package csvfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"parallax/internal/money"
	"parallax/sources/settlement/decode"
)

// numbers reads amounts as a profile writes them.
type numbers struct {
	minor     bool
	exponents map[string]int
	decimal   string
	thousands string
}

func newNumbers(p Profile) numbers {
	return numbers{minor: p.Scale == "minor", exponents: p.Exponents, decimal: p.Decimal, thousands: p.Thousands}
}

// parse reads an amount; with round, decimals beyond the currency's are rounded half away from zero. The errors do not repeat
// the text: it may be another column's.
func (n numbers) parse(text, letters string, digits int, round bool) (money.Amount, error) {
	text, err := n.plain(text)
	if err != nil {
		return money.Amount{}, err
	}
	if n.minor {
		return n.units(text, letters, digits)
	}
	if whole, frac, _ := strings.Cut(text, "."); round && len(frac) > digits {
		return rounded(whole, frac, letters, digits)
	}
	return decode.ParseAmount(text, letters, digits)
}

// plain takes the marks of thousands away and makes the decimal mark a point.
func (n numbers) plain(text string) (string, error) {
	if n.thousands == "" && n.decimal != "," {
		return text, nil
	}
	mark := "."
	if n.decimal == "," {
		mark = ","
	}
	whole, frac, pointed := strings.Cut(text, mark)
	if strings.ContainsAny(frac, ".,") {
		return "", errors.New("is not an amount with thousands and decimals parted as the profile says")
	}
	if n.thousands != "" && strings.Contains(whole, n.thousands) {
		groups := strings.Split(strings.TrimLeft(whole, "+-"), n.thousands)
		if len(groups[0]) > 3 || groups[0] == "" || slices.ContainsFunc(groups[1:], func(g string) bool { return len(g) != 3 }) {
			return "", errors.New("is not an amount with thousands parted in groups of three digits")
		}
		whole = strings.ReplaceAll(whole, n.thousands, "")
	}
	if strings.ContainsAny(whole, ".,") {
		return "", errors.New("is not an amount with thousands and decimals parted as the profile says")
	}
	if pointed {
		return whole + "." + frac, nil
	}
	return whole, nil
}

// units reads minor units as the file counts them and returns those of ISO 4217.
func (n numbers) units(text, letters string, digits int) (money.Amount, error) {
	a, err := decode.ParseAmount(text, letters, 0)
	if err != nil {
		return a, err
	}
	theirs, ok := n.exponents[letters]
	if !ok {
		if theirs, ok = n.exponents["*"]; !ok {
			return a, nil
		}
	}
	for ; theirs > digits; theirs-- {
		if a.Minor%10 != 0 {
			return a, errors.New("is not a whole number of the currency's smallest unit")
		}
		a.Minor /= 10
	}
	for ; theirs < digits; theirs++ {
		if a.Minor > maxInt64/10 || a.Minor < -maxInt64/10 {
			return a, decode.ErrTooLarge
		}
		a.Minor *= 10
	}
	return a, nil
}

const maxInt64 = 1<<63 - 1

func rounded(whole, frac, letters string, digits int) (money.Amount, error) {
	text := whole
	if digits > 0 {
		text += "." + frac[:digits]
	}
	a, err := decode.ParseAmount(text, letters, digits)
	if err != nil {
		return a, err
	}
	if strings.Trim(frac[digits:], "0123456789") != "" {
		return a, fmt.Errorf("is not an amount with at most %d decimals", digits)
	}
	if frac[digits] >= '5' {
		step := int64(1)
		if strings.HasPrefix(whole, "-") {
			step = -1
		}
		a.Minor, err = decode.Add(a.Minor, step)
	}
	return a, err
}
