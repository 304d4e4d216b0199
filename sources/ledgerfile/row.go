package ledgerfile

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/bojanz/currency"

	"parallax/internal/money"
	"parallax/internal/pan"
	"parallax/internal/record"
)

func (d *decoder) row(row []string, line int) (record.Entry, error) {
	if len(row) != len(d.header) {
		return record.Entry{}, &RowError{d.name, d.unit, line, "", fmt.Errorf("row has %d columns, the header has %d", len(row), len(d.header))}
	}
	e := record.Entry{ID: strconv.Itoa(line), Network: d.options.Network, Status: d.options.Status}
	for _, f := range []struct {
		field string
		into  *string
	}{
		{"id", &e.ID}, {"payment_id", &e.PaymentID}, {"idempotency_key", &e.IdempotencyKey}, {"status", &e.Status}, {"network", &e.Network},
		{"network_reference", &e.NetworkReference}, {"rrn", &e.RRN}, {"auth_code", &e.AuthCode},
	} {
		if _, mapped := d.place[f.field]; !mapped {
			continue
		}
		text := d.value(row, f.field)
		if err := storable(text); err != nil {
			return e, d.wrong(line, f.field, err)
		}
		*f.into = strings.Clone(pan.Mask(text)) // a part of the row would keep all of it in memory
	}
	for _, field := range []string{"arn", "last4"} {
		text := d.value(row, field)
		if err := storable(text); err != nil {
			return e, d.wrong(line, field, err)
		}
		if text != "" {
			if e.Extra == nil {
				e.Extra = map[string]string{}
			}
			e.Extra[field] = strings.Clone(pan.Mask(text))
		}
	}
	if e.PaymentID == "" {
		return e, d.wrong(line, "payment_id", errors.New("is empty"))
	}
	var err error
	if e.Amount, err = d.amount(row, line); err != nil {
		return e, err
	}
	if text := d.value(row, "created_at"); text != "" {
		if e.CreatedAt, err = parseTime(text); err != nil {
			return e, d.wrong(line, "created_at", err)
		}
	}
	return e, nil
}

func (d *decoder) value(row []string, field string) string {
	if i, ok := d.place[field]; ok {
		return strings.TrimSpace(row[i])
	}
	return ""
}

func (d *decoder) wrong(line int, field string, err error) error {
	return &RowError{d.name, d.unit, line, d.columns[field], err}
}

func (d *decoder) amount(row []string, line int) (money.Amount, error) {
	letters := strings.ToUpper(d.value(row, "currency"))
	digits, known := currency.GetDigits(letters)
	if !known {
		return money.Amount{}, d.wrong(line, "currency", errors.New("is not an ISO 4217 currency"))
	}
	field, decimals := "amount", int(digits)
	if _, minor := d.place["amount_minor"]; minor {
		field, decimals = "amount_minor", 0
	}
	text := d.value(row, field)
	text, err := d.pointed(text, decimals)
	if err != nil {
		return money.Amount{}, d.wrong(line, field, err)
	}
	a, err := money.Parse(text, letters, decimals)
	switch {
	case len(text) >= 13 && pan.Mask(text) != text:
		return money.Amount{}, d.wrong(line, field, errors.New("is a card number: the columns are shifted"))
	case errors.Is(err, money.ErrOverflow):
		return a, d.wrong(line, field, errors.New("overflows 64 bits"))
	case err != nil && strings.Contains(text, ","):
		return a, d.wrong(line, field, errors.New("is not an amount: remove thousands separators, and part decimals with a point"))
	case err != nil:
		return a, d.wrong(line, field, fmt.Errorf("is not an amount with at most %d decimals", decimals))
	}
	return a, nil
}

// grouped is a number in groups of three digits: 1.234 or 1.234.567.
var grouped = regexp.MustCompile(`^[+-]?[0-9]{1,3}(\.[0-9]{3})+$`)

// pointed writes an amount with a decimal point. In a file whose columns are not parted by commas, 1.234 may mean one
// thousand or one and a bit: it is refused unless the file or the currency decides.
func (d *decoder) pointed(text string, decimals int) (string, error) {
	ambiguous := errors.New("may be meant in two ways: write amounts with all their decimals, and without thousands separators")
	if d.csv == nil || d.csv.Comma == ',' {
		return text, nil
	}
	whole, cents, comma := strings.Cut(text, ",")
	switch {
	case !d.decimalComma && grouped.MatchString(text) && decimals != 3:
		return "", ambiguous
	case !d.decimalComma:
		return text, nil
	case strings.Contains(whole, ".") && !grouped.MatchString(whole), comma && len(cents) == 3 && decimals != 3:
		return "", ambiguous
	case !comma:
		return strings.ReplaceAll(whole, ".", ""), nil
	}
	return strings.ReplaceAll(whole, ".", "") + "." + cents, nil
}

// storable refuses what no identifier holds and a database or terminal would choke on.
func storable(text string) error {
	switch {
	case !utf8.ValidString(text):
		return errors.New("is not UTF-8 text")
	case len(text) > 256:
		return errors.New("is longer than 256 bytes")
	case strings.ContainsFunc(text, unicode.IsControl):
		return errors.New("holds a control character")
	}
	return nil
}

// parseTime reads RFC 3339 or what PostgreSQL prints; a time without a zone is taken as UTC.
func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07",
		"2006-01-02 15:04:05.999999999", time.DateOnly,
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New("is not a time such as 2026-11-18T14:07:00Z")
}
