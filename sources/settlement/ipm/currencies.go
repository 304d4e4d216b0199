package ipm

import (
	"errors"
	"sync"

	"parallax/internal/money"
	"parallax/sources/settlement/decode"
)

// currencies are the ISO 4217 currencies by their numeric code.
type currencies struct {
	letters  [1000]string
	exponent [1000]int // decimals
}

var iso4217 = sync.OnceValue(newCurrencies)

func newCurrencies() *currencies {
	var c currencies
	for digits, letters := range decode.NewCurrencies() {
		n := latin1.small([]byte(digits))
		exponent, err := decode.Exponent(letters)
		if n < 0 || n > 999 || err != nil {
			continue
		}
		c.letters[n], c.exponent[n] = letters, exponent
	}
	return &c
}

// numbered is the numeric code of a known currency.
func (d *decoder) numbered(raw []byte) (int, error) {
	if len(raw) == 3 {
		if n := d.msg.charset.small(raw); n >= 0 && d.currencies.letters[n] != "" {
			return n, nil
		}
	}
	return 0, decode.ErrUnknownCurrency
}

// amount reads an amount and a currency, given as bytes and by the names of their fields.
func (d *decoder) amount(raw, currency []byte, name, currencyName string) (money.Amount, error) {
	minor, err := d.msg.charset.number(raw)
	if err != nil {
		return money.Amount{}, &decode.FieldError{Field: name, Err: err}
	}
	n, err := d.numbered(currency)
	if err != nil {
		return money.Amount{}, &decode.FieldError{Field: currencyName, Err: err}
	}
	return money.Amount{Minor: minor, Currency: d.currencies.letters[n]}, nil
}

// exponents holds PDS0148 against ISO 4217: for each currency of the message its numeric code (3) and its number of decimals
// (1). Amounts are read with the decimals of ISO 4217; a message that states others is refused, for one of the two would be
// wrong by a factor of ten or more, and nothing in the file says which.
func (d *decoder) exponents() error {
	raw := d.msg.pds[pdsExponents]
	if len(raw)%4 != 0 {
		return &decode.FieldError{Field: "PDS0148", Err: errors.New("is no list of currencies and exponents, four digits each")}
	}
	for ; len(raw) > 0; raw = raw[4:] {
		n, err := d.numbered(raw[:3])
		if err != nil {
			return &decode.FieldError{Field: "PDS0148", Err: err}
		}
		if d.msg.charset.small(raw[3:4]) != d.currencies.exponent[n] {
			return &decode.FieldError{Field: "PDS0148", Err: errors.New("states other decimals for " + d.currencies.letters[n] + " than ISO 4217")}
		}
	}
	return nil
}
