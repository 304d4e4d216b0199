package decode

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"parallax/internal/money"
	"parallax/internal/pan"
)

// cardDigits is how many digits a card number has at least (ISO/IEC 7812-1, as far as it is in use).
const cardDigits = 13

// ParseAmount reads a plain decimal such as "-12.50" in a currency with that many decimals. The errors complete a sentence
// that begins with the field's name and do not repeat the text.
func ParseAmount(text, letters string, digits int) (money.Amount, error) {
	a, err := money.Parse(text, letters, digits)
	switch {
	case len(text) >= cardDigits && pan.Mask(text) != text:
		return money.Amount{}, errors.New("is a card number: the columns are shifted")
	case errors.Is(err, money.ErrOverflow):
		return a, ErrTooLarge
	case err != nil && strings.Contains(text, ","):
		return a, errors.New("is not an amount: remove thousands separators, and part decimals with a point")
	case err != nil:
		return a, fmt.Errorf("is not an amount with at most %d decimals", digits)
	}
	return a, nil
}

// Text takes a text over from a row: without the blanks around it, with card numbers masked, and in memory of its own, for
// a part of the row would keep all of it, card number included.
func Text(text string) (string, error) {
	text = strings.TrimSpace(text)
	if err := Storable(text); err != nil {
		return "", err
	}
	return strings.Clone(pan.Mask(text)), nil
}

// noteRunes is how much of a note is kept.
const noteRunes = 200

// Note takes over a text that people wrote for people: card numbers masked, control characters made blanks, and no longer
// than it needs to be. What is not UTF-8 is an error.
func Note(text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", errors.New("is not UTF-8 text")
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.TrimSpace(text))
	return strings.Clone(pan.Clip(text, noteRunes)), nil
}

// Sums adds up amounts per currency, for files that state no totals of their own and for those that do.
type Sums map[string]int64

// Add counts an amount in; an overflow is an error.
func (s Sums) Add(a money.Amount) error {
	sum, err := Add(s[a.Currency], a.Minor)
	if err != nil {
		return fmt.Errorf("sum of the amounts %w", err)
	}
	s[a.Currency] = sum
	return nil
}

// Currencies lists the currencies in alphabetical order.
func (s Sums) Currencies() []string { return slices.Sorted(maps.Keys(s)) }

// Into writes the sums in minor units, each under the name and its currency: "computed EUR".
func (s Sums) Into(totals map[string]string, name string) {
	for currency, sum := range s {
		totals[name+" "+currency] = Figure(sum)
	}
}

// Figure writes a sum for an error or a summary. Where a column is shifted, a sum may be a card number.
func Figure(n int64) string { return pan.Mask(strconv.FormatInt(n, 10)) }
