package decode

import (
	"errors"

	"github.com/bojanz/currency"
)

// ErrUnknownCurrency completes a sentence that begins with the field's name.
var ErrUnknownCurrency = errors.New("is not an ISO 4217 currency")

// Currencies translates ISO 4217 numeric codes, which IPM files use, into letters.
type Currencies map[string]string

// NewCurrencies knows the codes of ISO 4217.
func NewCurrencies() Currencies {
	m := Currencies{}
	for _, letters := range currency.GetCurrencyCodes() {
		if digits, ok := currency.GetNumericCode(letters); ok && digits != "000" {
			m[digits] = letters
		}
	}
	return m
}

// Letters translates a numeric code; an unknown one is ErrUnknownCurrency.
func (c Currencies) Letters(numeric string) (string, error) {
	if letters, ok := c[numeric]; ok {
		return letters, nil
	}
	return "", ErrUnknownCurrency
}

// Exponent is the number of decimals of a currency given by its letters.
func Exponent(letters string) (int, error) {
	digits, ok := currency.GetDigits(letters)
	if !ok || digits == currency.DefaultDigits {
		return 0, ErrUnknownCurrency
	}
	return int(digits), nil
}
