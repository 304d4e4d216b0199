package settlement

import (
	"errors"

	"github.com/bojanz/currency"
)

var errUnknownCurrency = errors.New("is not an ISO 4217 currency")

// currencies translates ISO 4217 numeric codes, which IPM files use, into letters.
type currencies map[string]string

func newCurrencies() currencies {
	m := currencies{}
	for _, letters := range currency.GetCurrencyCodes() {
		if digits, ok := currency.GetNumericCode(letters); ok && digits != "000" {
			m[digits] = letters
		}
	}
	return m
}

func (c currencies) letters(numeric string) (string, error) {
	if letters, ok := c[numeric]; ok {
		return letters, nil
	}
	return "", errUnknownCurrency
}

// exponent is the number of decimals of a currency given by its letters.
func exponent(letters string) (int, error) {
	digits, ok := currency.GetDigits(letters)
	if !ok || digits == currency.DefaultDigits {
		return 0, errUnknownCurrency
	}
	return int(digits), nil
}
