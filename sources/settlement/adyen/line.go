package adyen

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// line turns one row into a settlement line. An error rejects the row.
func (d *decoder) line(row []string, number int64) (l record.SettlementLine, err error) {
	if len(row) != d.header.Len() {
		return l, fmt.Errorf("row has %d columns, the header has %d", len(row), d.header.Len())
	}
	means, err := meaningOf(d.value(row, rowType))
	if err != nil {
		return l, err
	}
	l = record.SettlementLine{Feed: d.feed, File: d.name, Record: number, Type: means.line, Reversal: means.reversal}
	if err := d.references(row, &l, means); err != nil {
		return l, err
	}
	if err := d.times(row, &l); err != nil {
		return l, err
	}
	net, err := d.pair(row, netCurrency, netDebit, netCredit)
	if err != nil {
		return l, err
	}
	if means.payment {
		return l, d.payment(row, &l, net)
	}
	return l, d.booking(row, &l, net)
}

// value returns a field of a row, trimmed; empty where the report has no such column.
func (d *decoder) value(row []string, c int) string {
	if d.at[c] < 0 {
		return ""
	}
	return strings.TrimSpace(row[d.at[c]])
}

func wrong(c int, err error) error { return &decode.FieldError{Field: columns[c].name, Err: err} }

// references reads the texts. The PSP reference is the payment's; a refund or chargeback has one of its own, the
// modification reference, and refers to the payment's. On a row that is about no payment that column holds a text.
func (d *decoder) references(row []string, l *record.SettlementLine, means meaning) error {
	var account, batch, psp, modification string
	for _, f := range [...]struct {
		column  int
		repeats bool
		into    *string
	}{
		{rowType, true, &l.Code}, {merchantAccount, true, &account}, {batchNumber, true, &batch}, {merchantReference, false, &l.PaymentID},
		{pspReference, false, &psp}, {modificationReference, false, &modification}, {authCode, false, &l.AuthCode}, {arn, false, &l.ARN},
	} {
		text := d.value(row, f.column)
		if text == "" {
			continue
		}
		var err error
		if f.repeats {
			*f.into, err = d.texts.Text(text)
		} else {
			*f.into, err = decode.Text(text)
		}
		if err != nil {
			return wrong(f.column, err)
		}
	}
	if batch == "" {
		return wrong(batchNumber, errors.New("is empty"))
	}
	l.Batch = d.texts.Copy(account + "/" + batch) // the numbers begin with 1 in every merchant account
	if len(l.ARN) != 23 {
		l.ARN = "" // a spreadsheet has been here: 1.2302025304E+022
	}
	if !means.payment {
		if l.Reference, l.Note = reference(modification), modification; l.Reference == "" {
			l.Reference = l.Batch + "/" + l.Code
		}
		return nil
	}
	if psp == "" {
		return wrong(pspReference, errors.New("is empty"))
	}
	switch {
	case means.line == record.Presentment || modification == "":
		l.Reference, l.Note = psp, modification // of the capture: a payment captured in parts has several
	default:
		l.Reference, l.Original = modification, psp
	}
	return nil
}

// reference is what the bank's statement names a payout by: "TX2342222277XT" of "TX2342222277XT batch 2, Shop".
func reference(text string) string {
	first, _, _ := strings.Cut(text, " ")
	if strings.HasPrefix(first, "TX") {
		return first
	}
	return text
}

// times reads when the row was created and the day it was booked, which is that of its creation where the report does not
// say. Both stand in the account's time zone.
func (d *decoder) times(row []string, l *record.SettlementLine) error {
	created, err := d.time(row, creationDate, timeZone)
	if err != nil {
		return err
	}
	l.TransactionAt = created.UTC()
	day := d.value(row, creationDate)
	if d.value(row, bookingDate) != "" {
		if _, err := d.time(row, bookingDate, bookingZone); err != nil {
			return err
		}
		day = d.value(row, bookingDate)
	}
	l.BusinessDate = d.texts.Copy(day[:len(time.DateOnly)])
	return nil
}

func (d *decoder) time(row []string, date, zone int) (time.Time, error) {
	in, err := d.zones.Find(d.value(row, zone))
	if err != nil {
		return time.Time{}, wrong(zone, err)
	}
	t, err := time.ParseInLocation(time.DateTime, d.value(row, date), in)
	if err != nil || t.Year() < 1970 {
		return time.Time{}, wrong(date, errors.New("is not a time such as 2026-11-18 14:07:00"))
	}
	return t, nil
}

// pair reads a debit and a credit column, of which one at most is filled, as one signed amount.
func (d *decoder) pair(row []string, currency, debit, credit int) (money.Amount, error) {
	letters := d.value(row, currency)
	digits, err := decode.Exponent(letters)
	if err != nil {
		return money.Amount{}, wrong(currency, err)
	}
	out := money.Amount{Currency: d.texts.Copy(letters)}
	for _, c := range []int{debit, credit} {
		text := d.value(row, c)
		if text == "" {
			continue
		}
		a, err := decode.ParseAmount(text, letters, digits)
		switch {
		case err != nil:
			return out, wrong(c, err)
		case a.Minor < 0:
			return out, wrong(c, errors.New("is negative, but debit and credit stand in columns of their own"))
		case a.Minor != 0 && out.Minor != 0:
			return out, wrong(c, errors.New("is filled beside "+columns[debit].name))
		case c == debit:
			out.Minor -= a.Minor
		default:
			out.Minor += a.Minor
		}
	}
	return out, nil
}

// booking fills in a row about no payment: it has a net amount alone.
func (d *decoder) booking(row []string, l *record.SettlementLine, net money.Amount) error {
	if d.value(row, netDebit) == "" && d.value(row, netCredit) == "" {
		return wrong(netCredit, errors.New("is empty, and so is "+columns[netDebit].name))
	}
	if l.Type == record.Payout {
		net.Minor = -net.Minor // what leaves the batch arrives at the bank
		l.Amount = net
		return nil
	}
	l.Amount, l.Net = net, net
	return nil
}
