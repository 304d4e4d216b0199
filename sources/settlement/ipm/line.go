package ipm

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"parallax/internal/money"
	"parallax/internal/pan"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// meaning is what a message type and function code do to the money.
type meaning struct {
	line   record.LineType
	sign   int64  // 1: to the acquirer's side, and so to the merchant
	code   string // type and function code
	linked bool   // it refers to an earlier presentment
}

var (
	presentment = meaning{record.Presentment, 1, "1240/200", false}
	second      = meaning{record.Representment, 1, "1240/205", true}
	secondPart  = meaning{record.Representment, 1, "1240/282", true}
	first       = meaning{record.Chargeback, -1, "1442/450", true}
	arbitration = meaning{record.Chargeback, -1, "1442/451", true}
	firstPart   = meaning{record.Chargeback, -1, "1442/453", true}
	arbitPart   = meaning{record.Chargeback, -1, "1442/454", true}
)

// meaningOf knows the messages that move money.
func meaningOf(mti, function int) (*meaning, error) {
	switch mti*1000 + function {
	case 1240200:
		return &presentment, nil
	case 1240205:
		return &second, nil
	case 1240282:
		return &secondPart, nil
	case 1442450:
		return &first, nil
	case 1442451:
		return &arbitration, nil
	case 1442453:
		return &firstPart, nil
	case 1442454:
		return &arbitPart, nil
	}
	switch mti {
	case 1740: // fee collection, whatever its function code; the sign is in the processing code
		return &meaning{record.Fee, 1, fmt.Sprintf("1740/%03d", max(function, 0)), false}, nil
	case 1240, 1442:
		return nil, &decode.FieldError{Field: "DE24", Err: errors.New("function code is unknown for this message type")}
	}
	return nil, &decode.FieldError{Field: "MTI", Err: errors.New("message type is unknown")}
}

// line turns the current message into a settlement line.
func (d *decoder) line(f *logical) (record.SettlementLine, error) {
	m := &d.msg
	means, err := meaningOf(m.mti, m.function)
	if err != nil {
		return record.SettlementLine{}, err
	}
	l := record.SettlementLine{
		Feed: d.feed, File: d.name, Record: d.out.Records + 1, Type: means.line, Code: means.code,
		Reversal: f.reversed || m.marked(pdsMessageReversal) || m.marked(pdsFileReversal), BusinessDate: f.businessDate,
	}
	sign, err := d.sign(&l, means, f)
	if err != nil {
		return l, err
	}
	if err := d.texts(&l, means); err != nil {
		return l, err
	}
	if err := d.amounts(&l); err != nil {
		return l, err
	}
	if err := d.lineFees(&l); err != nil {
		return l, err
	}
	l.Amount.Minor *= sign
	l.Settlement.Minor *= sign
	l.Billing.Minor *= sign
	if means.linked {
		if l.Note, err = d.note(); err != nil {
			return l, err
		}
	}
	d.dates(&l)
	l.TransactionAt, err = d.transactionAt()
	return l, err
}

// sign is 1 where the money goes to the merchant's side. Amounts in the file are unsigned; the way of the money comes from
// the message type, the processing code (DE3) and the reversal mark.
//
// The first two digits of DE3 say what the cardholder's account sees: 20 to 29 are credits (ISO 8583), of which 20 is a
// refund. Of fees, 19 credits the originator of the message and 29 debits him; he is the other side, unless the file is one
// that goes to the network.
func (d *decoder) sign(l *record.SettlementLine, means *meaning, f *logical) (int64, error) {
	sign := means.sign
	code := -1
	if raw := d.msg.element[3]; raw != nil {
		if code = d.msg.charset.small(raw[:2]); code < 0 {
			return 0, &decode.FieldError{Field: "DE3", Err: decode.ErrNotNumeric}
		}
	}
	switch {
	case means.line == record.Fee:
		if code != feeCredit && code != feeDebit {
			return 0, &decode.FieldError{Field: "DE3", Err: errors.New("says neither that the fee is credited (19) nor that it is debited (29)")}
		}
		if (code == feeCredit) != f.sent {
			sign = -sign
		}
	case code >= 20 && code <= 29:
		sign = -sign
		if l.Type == record.Presentment {
			if l.Type = record.OtherLine; code == 20 {
				l.Type = record.Refund
			}
		}
	}
	if l.Reversal {
		sign = -sign
	}
	return sign, nil
}

func (d *decoder) amounts(l *record.SettlementLine) (err error) {
	m := &d.msg
	if err := d.exponents(); err != nil {
		return err
	}
	if m.element[4] == nil {
		return &decode.FieldError{Field: "DE4", Err: errors.New("is missing")}
	}
	if l.Amount, err = d.amount(m.element[4], m.element[49], "DE4", "DE49"); err != nil {
		return err
	}
	if l.Settlement, err = d.further(5, 50, "DE5", "DE50"); err != nil {
		return err
	}
	l.Billing, err = d.further(6, 51, "DE6", "DE51")
	return err
}

// further reads an amount that a message may have beside DE4. A zero without a currency is none.
func (d *decoder) further(de, currencyDE int, name, currencyName string) (money.Amount, error) {
	raw, currency := d.msg.element[de], d.msg.element[currencyDE]
	if raw == nil {
		return money.Amount{}, nil
	}
	if currency == nil {
		if minor, err := d.msg.charset.number(raw); err == nil && minor == 0 {
			return money.Amount{}, nil
		}
	}
	return d.amount(raw, currency, name, currencyName)
}

// transactionAt reads DE12, YYMMDDhhmmss. The element is local to the card acceptor and carries no zone; it is read as UTC.
// Years 69 to 99 are of the last century, as everywhere in Go.
func (d *decoder) transactionAt() (time.Time, error) {
	raw := d.msg.element[12]
	if raw == nil {
		return time.Time{}, nil
	}
	var part [6]int
	for i := range part {
		if part[i] = d.msg.charset.small(raw[2*i : 2*i+2]); part[i] < 0 {
			if text, err := d.msg.charset.text(raw); err == nil && text == "" {
				return time.Time{}, nil
			}
			return time.Time{}, &decode.FieldError{Field: "DE12", Err: decode.ErrNotNumeric}
		}
	}
	year := 2000 + part[0]
	if part[0] >= 69 {
		year -= 100
	}
	t := time.Date(year, time.Month(part[1]), part[2], part[3], part[4], part[5], 0, time.UTC)
	if int(t.Month()) != part[1] || t.Day() != part[2] || t.Hour() != part[3] || t.Minute() != part[4] || t.Second() != part[5] {
		return time.Time{}, &decode.FieldError{Field: "DE12", Err: errors.New("is not a date and time YYMMDDhhmmss")}
	}
	return t, nil
}

// note says what else a chargeback or second presentment tells of its original: the issuer's reference (DE95) and, where it
// is not of the whole amount, what the whole was (DE30, whose currency is in PDS0149 or that of DE4).
func (d *decoder) note() (string, error) {
	m := &d.msg
	var parts []string
	if raw := m.element[95]; raw != nil {
		text, err := m.charset.text(raw)
		if err != nil {
			return "", &decode.FieldError{Field: "DE95", Err: err}
		}
		if text != "" {
			parts = append(parts, "issuer reference "+pan.Mask(text))
		}
	}
	if raw := m.element[30]; raw != nil {
		original, err := d.originalAmount(raw[:12])
		if err != nil {
			return "", err
		}
		if original != "" {
			parts = append(parts, "original amount "+original)
		}
	}
	return strings.Join(parts, ", "), nil
}

func (d *decoder) originalAmount(raw []byte) (string, error) {
	currency := d.msg.element[49]
	if stated := d.msg.pds[pdsOriginalCurrency]; len(stated) >= 3 {
		currency = stated[:3]
	}
	minor, err := d.msg.charset.number(raw)
	if err != nil {
		return "", &decode.FieldError{Field: "DE30", Err: err}
	}
	if minor == 0 {
		return "", nil
	}
	n, err := d.numbered(currency)
	if err != nil {
		return "", &decode.FieldError{Field: "PDS0149", Err: err}
	}
	a := money.Amount{Minor: minor, Currency: d.currencies.letters[n]}
	return a.Format(d.currencies.exponent[n]), nil
}
