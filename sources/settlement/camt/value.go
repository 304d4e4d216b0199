package camt

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"parallax/internal/money"
	"parallax/internal/pan"
	"parallax/sources/settlement/decode"
)

// amount reads an unsigned decimal in the currency of the element's Ccy. The schema allows five decimals whatever the
// currency; what is beyond the currency's own must be zeros.
func (d *decoder) amount(text string, into *money.Amount) error {
	digits, err := decode.Exponent(d.doc.currency)
	if err != nil {
		return fmt.Errorf("currency %w", err)
	}
	minor, err := decimal(text, digits)
	if err == nil && minor < 0 {
		err = errors.New("is negative: the direction stands in CdtDbtInd")
	}
	if err != nil {
		return err
	}
	*into = money.Amount{Minor: minor, Currency: d.doc.currency}
	return nil
}

// decimal reads a decimal number (XML Schema's xs:decimal) into minor units.
func decimal(text string, digits int) (int64, error) {
	if strings.HasPrefix(text, ".") {
		text = "0" + text
	}
	a, err := money.Parse(strings.TrimSuffix(text, "."), "", digits)
	switch {
	case errors.Is(err, money.ErrOverflow):
		return 0, decode.ErrTooLarge
	case err != nil:
		return 0, fmt.Errorf("is not an amount with at most %d decimals", digits)
	}
	return a.Minor, nil
}

// direction reads CdtDbtInd: 1 is money in, -1 money out.
func direction(text string, into *int64) error {
	switch text {
	case "CRDT":
		*into = 1
	case "DBIT":
		*into = -1
	default:
		return errors.New("is neither CRDT nor DBIT")
	}
	return nil
}

func boolean(text string, into *bool) error {
	switch text {
	case "true", "1":
		*into = true
	case "false", "0":
		*into = false
	default:
		return errors.New("is neither true nor false")
	}
	return nil
}

// status keeps what an entry is: booked or not. Since version 7 the element is a choice and has no text of its own.
func status(text string, into *string) error {
	switch text {
	case "":
	case "BOOK", "PDNG", "INFO", "FUTR":
		*into = text
	default:
		return errors.New("is none of BOOK, PDNG, INFO and FUTR")
	}
	return nil
}

// date reads an ISODate or ISODateTime. The day is the bank's own: a zone does not move it.
func date(text string, into *string) error {
	for _, layout := range []string{
		time.DateOnly, "2006-01-02Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05.999999999Z07:00",
	} {
		if _, err := time.Parse(layout, text); err == nil {
			*into = text[:len(time.DateOnly)]
			return nil
		}
	}
	return errors.New("is not a date such as 2026-11-18")
}

func number(text string, into *int64) error {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return errors.New("is not a whole number")
	}
	*into = n
	return nil
}

const maxRate = 12 // characters, as the schema has it (11 digits and a point): a longer number could be a card's

// rate keeps the first exchange rate that is told.
func rate(text string, into *string) error {
	if _, err := decimal(text, 10); err != nil || strings.HasPrefix(text, "-") || len(text) > maxRate {
		return errors.New("is not a rate with at most 10 decimals")
	}
	if *into == "" {
		*into = text
	}
	return nil
}

// reference keeps an identifier; NOTPROVIDED is what banks write where the payer gave none.
func reference(text string, into *string) error {
	if strings.EqualFold(text, "NOTPROVIDED") {
		return nil
	}
	return word(text, into)
}

// plain keeps a text that is not shown as it is, or is compared with a number.
func plain(text string, into *string) error {
	*into = text
	return decode.Storable(text)
}

func word(text string, into *string) error {
	if err := decode.Storable(text); err != nil {
		return err
	}
	*into = pan.Mask(text)
	return nil
}

const (
	noteBytes = 4 << 10 // of free text that are looked at: so many more than are kept that no number is cut in two unmasked
	noteRunes = 500     // of it that are kept
)

// note gathers free text.
type note struct{ text string }

func (n *note) add(text string) {
	text = strings.Join(strings.Fields(strings.Map(printable, text)), " ")
	if text == "" || len(n.text) >= noteBytes {
		return
	}
	if n.text != "" {
		n.text += " "
	}
	n.text += text
}

// masked is the text without card numbers, cut to size.
func (n *note) masked() string { return pan.Clip(n.text, noteRunes) }

func printable(r rune) rune {
	if unicode.IsControl(r) || r == unicode.ReplacementChar {
		return ' '
	}
	return r
}

// lastFour keeps the last four characters of an account number.
func lastFour(account string) string {
	account = strings.Join(strings.Fields(account), "")
	return "****" + strings.Map(printable, account[max(0, len(account)-4):])
}
