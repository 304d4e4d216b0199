package ipm

import (
	"errors"
	"strconv"
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
	credit bool // money goes back to the cardholder
}

// meanings, by message type and function code. Source: public descriptions of Mastercard clearing messages.
var meanings = map[string]meaning{
	"1240/200": {record.Presentment, false},
	"1240/205": {record.OtherLine, false}, // second presentment, full: takes a chargeback back
	"1240/282": {record.OtherLine, false}, // second presentment, partial
	"1442/450": {record.Chargeback, true}, // first chargeback, full
	"1442/451": {record.Chargeback, true}, // arbitration chargeback, full
	"1442/453": {record.Chargeback, true}, // first chargeback, partial
	"1442/454": {record.Chargeback, true}, // arbitration chargeback, partial
}

func meaningOf(mti, kind string) (meaning, error) {
	if m, ok := meanings[kind]; ok {
		return m, nil
	}
	if mti == "1740" { // fee collection, whatever its function code
		return meaning{record.Fee, false}, nil
	}
	if mti == "1240" || mti == "1442" {
		return meaning{}, &decode.FieldError{Field: "DE24", Err: errors.New("function code is unknown for this message type")}
	}
	return meaning{}, &decode.FieldError{Field: "MTI", Err: errors.New("message type is unknown")}
}

// line turns the current message into a settlement line. Amounts in the file are unsigned; the signs come from the
// message type, the processing code (DE3) and the reversal mark (PDS0025).
func (d *decoder) line(kind string) (record.SettlementLine, error) {
	means, err := meaningOf(d.msg.mti, kind)
	if err != nil {
		return record.SettlementLine{}, err
	}
	l := record.SettlementLine{
		Feed: d.feed, File: d.name, Record: d.out.Records + 1, Type: means.line,
		MaskedPAN: d.msg.maskedPAN, BusinessDate: d.businessDate,
	}
	if err := d.references(&l); err != nil {
		return l, err
	}
	if err := d.amounts(&l); err != nil {
		return l, err
	}
	credit, err := d.credit(&l, means)
	if err != nil {
		return l, err
	}
	if credit {
		l.Amount.Minor, l.Settlement.Minor = -l.Amount.Minor, -l.Settlement.Minor
	}
	l.TransactionAt, err = d.transactionAt()
	return l, err
}

func (d *decoder) references(l *record.SettlementLine) error {
	for _, f := range []struct {
		de   int
		into *string
	}{{63, &l.Reference}, {31, &l.ARN}, {37, &l.RRN}, {38, &l.AuthCode}} {
		text, err := d.msg.text(f.de)
		if err != nil {
			return err
		}
		*f.into = pan.Mask(text)
	}
	return nil
}

func (d *decoder) amounts(l *record.SettlementLine) (err error) {
	if l.Amount, err = d.amount(4, 49); err != nil {
		return err
	}
	l.Settlement = money.Amount{}
	if d.msg.element[5] != nil {
		l.Settlement, err = d.amount(5, 50)
	}
	return err
}

// credit tells whether a message gives money back. A first presentment whose processing code is a credit (20 to 29)
// is a refund; a reversal undoes a message and is a line of its own.
func (d *decoder) credit(l *record.SettlementLine, means meaning) (bool, error) {
	credit := means.credit
	if raw := d.msg.element[3]; raw != nil {
		code, err := d.msg.charset.number(raw[:2])
		if err != nil {
			return false, &decode.FieldError{Field: "DE3", Err: err}
		}
		if code >= 20 && code <= 29 && (l.Type == record.Presentment || l.Type == record.Fee) {
			credit = true
			if l.Type == record.Presentment {
				l.Type = record.Refund
			}
		}
	}
	if raw, ok := d.msg.pds[25]; ok {
		mark, err := d.msg.charset.text(raw)
		if err != nil {
			return false, &decode.FieldError{Field: "PDS0025", Err: err}
		}
		if strings.HasPrefix(mark, "R") {
			l.Type, credit = record.OtherLine, !credit
		}
	}
	return credit, nil
}

// transactionAt reads DE12, YYMMDDhhmmss. The element is local to the card acceptor and carries no zone; it is read as UTC.
func (d *decoder) transactionAt() (time.Time, error) {
	text, err := d.msg.text(12)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	if _, err := strconv.ParseUint(text, 10, 64); err != nil {
		return time.Time{}, &decode.FieldError{Field: "DE12", Err: decode.ErrNotNumeric}
	}
	t, err := time.Parse("060102150405", text)
	if err != nil {
		return time.Time{}, &decode.FieldError{Field: "DE12", Err: errors.New("is not a date and time YYMMDDhhmmss")}
	}
	return t, nil
}
