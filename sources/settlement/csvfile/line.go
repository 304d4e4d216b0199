package csvfile

import (
	"errors"
	"fmt"
	"strings"

	"parallax/internal/money"
	"parallax/internal/pan"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// rowAmount is a row's amount as it stands in the file, for the control total: known even where the row is rejected for
// another reason.
type rowAmount struct {
	minor int64
	known bool
}

// line turns one row into a settlement line. An error rejects the row.
func (d *decoder) line(row []string, number int64) (l record.SettlementLine, raw rowAmount, err error) {
	if len(row) != len(d.header) {
		raw = d.amountOfOddRow(row)
		return l, raw, fmt.Errorf("row has %d columns, the header has %d", len(row), len(d.header))
	}
	l = record.SettlementLine{Feed: d.feed, File: d.name, Record: number}
	if l.Amount, err = d.amount(row, "amount", "currency"); err != nil {
		return l, raw, err
	}
	raw = rowAmount{l.Amount.Minor, true}
	if l.Type, err = d.lineType(row); err != nil {
		return l, raw, err
	}
	if err := d.texts(row, &l); err != nil {
		return l, raw, err
	}
	if err := d.otherAmounts(row, &l); err != nil {
		return l, raw, err
	}
	if (l.Type == record.Refund || l.Type == record.Chargeback) && l.Amount.Minor > 0 {
		l.Amount.Minor, l.Settlement.Minor = -l.Amount.Minor, -l.Settlement.Minor
	}
	if err := d.times(row, &l); err != nil {
		return l, raw, err
	}
	if l.Reference == "" && l.PaymentID == "" && l.RRN == "" {
		return l, raw, errors.New("row has neither reference nor payment id nor rrn")
	}
	l.MaskedPAN = decode.MaskPAN(d.value(row, "card"))
	return l, raw, nil
}

// amountOfOddRow reads the amount of a row with the wrong number of columns, if amount and currency are where they belong.
func (d *decoder) amountOfOddRow(row []string) rowAmount {
	if len(row) <= max(d.column["amount"], d.column["currency"]) {
		return rowAmount{}
	}
	a, err := d.amount(row, "amount", "currency")
	return rowAmount{a.Minor, err == nil}
}

// value returns a mapped field of a row, trimmed; empty where the profile does not map it.
func (d *decoder) value(row []string, field string) string {
	if i, ok := d.column[field]; ok {
		return strings.TrimSpace(row[i])
	}
	return ""
}

func (d *decoder) wrong(field string, err error) error {
	return &decode.FieldError{Field: d.profile.Columns[field], Err: err}
}

func (d *decoder) amount(row []string, field, currencyField string) (money.Amount, error) {
	letters := strings.ToUpper(d.value(row, currencyField))
	digits, err := decode.Exponent(letters)
	if err != nil {
		return money.Amount{}, d.wrong(currencyField, err)
	}
	a, err := d.scaled(d.value(row, field), letters, digits)
	if err != nil {
		return money.Amount{}, d.wrong(field, err)
	}
	return a, nil
}

// scaled reads an amount in the profile's scale. The errors do not repeat the text: it may be another column's.
func (d *decoder) scaled(text, letters string, digits int) (money.Amount, error) {
	if d.profile.Scale == "minor" {
		digits = 0
	}
	a, err := money.Parse(text, letters, digits)
	switch {
	case errors.Is(err, money.ErrOverflow):
		return a, decode.ErrTooLarge
	case err != nil && strings.Contains(text, ","):
		return a, errors.New("is not an amount: remove thousands separators, and part decimals with a point")
	case err != nil:
		return a, fmt.Errorf("is not an amount with at most %d decimals", digits)
	}
	return a, nil
}

func (d *decoder) lineType(row []string) (record.LineType, error) {
	if _, mapped := d.column["type"]; !mapped {
		return record.Presentment, nil
	}
	text := d.value(row, "type")
	if means, ok := d.profile.Types[text]; ok {
		return record.LineType(means), nil
	}
	if means, ok := d.profile.Types[strings.ToLower(text)]; ok {
		return record.LineType(means), nil
	}
	return "", d.wrong("type", errors.New("is a type the profile does not know"))
}

func (d *decoder) texts(row []string, l *record.SettlementLine) error {
	for _, f := range []struct {
		field string
		into  *string
	}{{"reference", &l.Reference}, {"payment_id", &l.PaymentID}, {"arn", &l.ARN}, {"rrn", &l.RRN}, {"auth_code", &l.AuthCode}} {
		text := d.value(row, f.field)
		if err := decode.Storable(text); err != nil {
			return d.wrong(f.field, err)
		}
		*f.into = strings.Clone(pan.Mask(text)) // a part of the row would keep all of it in memory, the card column included
	}
	return nil
}

func (d *decoder) otherAmounts(row []string, l *record.SettlementLine) (err error) {
	if d.value(row, "settlement_amount") != "" {
		if l.Settlement, err = d.amount(row, "settlement_amount", "settlement_currency"); err != nil {
			return err
		}
	}
	if d.value(row, "fee") != "" {
		l.Fee, err = d.amount(row, "fee", "currency")
	}
	return err
}

func (d *decoder) times(row []string, l *record.SettlementLine) error {
	if text := d.value(row, "transaction_time"); text != "" {
		t, err := decode.ParseTime(text)
		if err != nil {
			return d.wrong("transaction_time", err)
		}
		l.TransactionAt = t
	}
	l.BusinessDate = decode.DateInName(d.name)
	if text := d.value(row, "business_date"); text != "" {
		day, err := decode.ParseDate(text)
		if err != nil {
			return d.wrong("business_date", err)
		}
		l.BusinessDate = day
	}
	return nil
}
