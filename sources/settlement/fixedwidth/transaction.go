package fixedwidth

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// transaction is what the records read so far say of one line.
type transaction struct {
	open    bool
	number  int64 // of its first record
	err     error // the first thing wrong with it ...
	errAt   int64 // ... and the record it is in
	line    record.SettlementLine
	means   typePlan
	coded   bool // a field named its type
	amounts [amounts]rawAmount
	day     time.Time
	clock   time.Duration
}

// rawAmount is an amount as it stands in the file, before its currency is known.
type rawAmount struct {
	digits   int64 // with the sign that stands in the file
	decimals *int
	set      bool
	currency string // ISO letters, empty: not said
}

func (t *transaction) begin(number int64, feed, file string) {
	*t = transaction{open: true, number: number, line: record.SettlementLine{Feed: feed, File: file, Record: number}}
}

func (t *transaction) fail(at int64, err error) {
	if t.err == nil {
		t.err, t.errAt = err, at
	}
}

func (d *decoder) begin(rec []byte) {
	d.transaction.begin(d.frames.number, d.feed, d.name)
	d.same, d.continued = append(d.same[:0], d.common(rec)...), d.continued[:0]
}

// endTransaction sends the line that is complete.
func (d *decoder) endTransaction() error {
	t := &d.transaction
	if !t.open {
		return nil
	}
	t.open = false
	if t.err == nil {
		t.err, t.errAt = d.complete(), t.number
	}
	if err := d.count(); err != nil {
		return &decode.FieldError{Field: "amount", Err: err}
	}
	if err := t.err; err != nil {
		d.out.Reject(t.errAt, err)
		return nil
	}
	if t.line.Type == "" {
		d.out.Admin++
		return nil
	}
	if err := d.sums.Add(t.line.Amount); err != nil {
		return err
	}
	d.out.Lines++
	d.out.Date(t.line.BusinessDate)
	if err := d.yield(t.line); err != nil {
		return decode.StopError{Err: err}
	}
	return nil
}

// complete turns what has been read into a line; an error rejects it.
func (d *decoder) complete() error {
	t := &d.transaction
	l := &t.line
	if !t.coded {
		if d.Type == "" {
			return &decode.FieldError{Field: "code", Err: errors.New("is missing")}
		}
		t.means = typePlan{Type: Type{Line: d.Type}}
	}
	l.Type, l.Code, l.Reversal = t.means.Line, t.means.code, t.means.Reversal
	if l.Type == "" {
		return nil
	}
	for i, name := range amountNames {
		a, err := d.amount(i)
		if err != nil {
			return &decode.FieldError{Field: name, Err: err}
		}
		*place(l, i) = a
	}
	if l.Amount.Currency == "" {
		return &decode.FieldError{Field: "amount", Err: errors.New("is missing")}
	}
	if !t.day.IsZero() {
		l.TransactionAt = t.day.Add(t.clock)
	}
	if l.BusinessDate == "" {
		l.BusinessDate = d.businessDate
	}
	if d.keyless() {
		return errors.New("line has neither reference nor payment id nor rrn nor arn")
	}
	return nil
}

// keyless reports whether nothing names the payment that a line is of.
func (d *decoder) keyless() bool {
	switch l := &d.line; l.Type {
	case record.Presentment, record.Refund, record.Chargeback, record.Representment:
		return l.Reference == "" && l.PaymentID == "" && l.RRN == "" && l.ARN == ""
	default:
		return false
	}
}

var amountNames = [amounts]string{"amount", "settlement_amount", "billing_amount", "fee", "net_amount"}

func place(l *record.SettlementLine, i int) *money.Amount {
	return [amounts]*money.Amount{&l.Amount, &l.Settlement, &l.Billing, &l.Fee, &l.Net}[i]
}

// amount is one of the line's amounts in minor units, signed; zero where the file says none. A fee and what is paid out need
// no currency of their own, and a fee's sign is its own alone.
func (d *decoder) amount(i int) (money.Amount, error) {
	raw := d.amounts[i]
	currency := raw.currency
	switch {
	case !raw.set:
		return money.Amount{}, nil
	case currency != "":
	case i == grossAmount:
		currency = d.Currency
	case i == feeAmount:
		currency = d.line.Amount.Currency
	case i == netAmount:
		currency = cmp.Or(d.line.Settlement.Currency, d.line.Amount.Currency)
	}
	if currency == "" {
		if raw.digits == 0 && i != grossAmount {
			return money.Amount{}, nil // not filled in
		}
		return money.Amount{}, errors.New("has no currency")
	}
	minor, err := d.scale(raw, currency)
	if err != nil {
		return money.Amount{}, err
	}
	if d.means.Negative && i != feeAmount {
		minor = -minor
	}
	return money.Amount{Minor: minor, Currency: currency}, nil
}

// scale turns digits with their implied decimals into minor units of a currency.
func (d *decoder) scale(raw rawAmount, currency string) (int64, error) {
	exponent, ok := d.exponents[currency]
	if !ok {
		return 0, decode.ErrUnknownCurrency
	}
	if raw.decimals == nil {
		return raw.digits, nil
	}
	n := raw.digits
	for i := *raw.decimals; i < exponent; i++ {
		if n > maxInt64/10 || n < -maxInt64/10 {
			return 0, decode.ErrTooLarge
		}
		n *= 10
	}
	for i := exponent; i < *raw.decimals; i++ {
		if n%10 != 0 {
			return 0, fmt.Errorf("is not an amount with at most %d decimals", exponent)
		}
		n /= 10
	}
	return n, nil
}

const maxInt64 = 1<<63 - 1
