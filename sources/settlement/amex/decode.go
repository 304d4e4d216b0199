// Package amex reads American Express's Global Raw Data Reconciliation file (GRRCN), versions 1 to 3, in its delimited forms
// (comma, bar or tab): what a payment to the merchant consists of, down to the single charge.
//
// Layout: https://metacpan.org/pod/Finance::AMEX::Transaction::GRRCN and the pages below it, which describe every field of
// every record; versions 3.01 and later add fields at the end of records. The records are HEADER; SUMMARY, a payment;
// SUBMISSION, a batch of charges in it, followed by its charges (TRANSACTN) and how each was priced (TXNPRICING);
// CHARGEBACK, ADJUSTMENT, FEEREVENUE; TAXRECORD; and TRAILER. Amounts are 15 digits in minor units behind a sign.
//
// Before anything may be used, the trailer's count is held against the number of records, the sum and number of the charges
// against their submission, submissions, chargebacks and adjustments against their payment, and the payment's own sum
// against its net. A submission becomes a line for what was deducted from it; its charges carry no fees of their own, for
// those of TXNPRICING are not rounded. Charges that American Express rejected and did not pay are counted and give no line.
// Not read: the fixed-width form, bank accounts, prices, instalments, data quality, taxes in Argentina.
package amex

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// Decode reads a GRRCN file. It is a decode.Func.
func Decode(c decode.Content, name, feed string, yield decode.Yield) (decode.Summary, error) {
	r, err := c()
	if err != nil {
		return decode.Summary{}, decode.At(name, "line", 0, err)
	}
	defer r.Close() //nolint:errcheck // read only
	d := decoder{
		name: name, feed: feed, yield: yield, rows: newLineReader(r), payments: map[string]*payment{}, nets: decode.Sums{}, paid: decode.Sums{},
	}
	d.out.Totals = map[string]string{}
	return d.decode()
}

type decoder struct {
	name, feed string
	yield      decode.Yield
	rows       *lineReader
	sequence   string // the file's number, of the header
	payments   map[string]*payment
	submission *submission
	nets       decode.Sums // of all lines but payouts
	paid       decode.Sums // of the payouts
	unpaid     int64       // charges that were rejected
	done       bool
	out        decode.Summary
}

func (d *decoder) decode() (decode.Summary, error) {
	for {
		row, line, err := d.rows.next()
		if errors.Is(err, io.EOF) {
			return d.finish()
		}
		broken := errors.Is(err, errBroken)
		if err == nil || broken {
			d.out.Records++
			err = d.row(row, line, broken)
		}
		if stop := (decode.StopError{}); errors.As(err, &stop) {
			return d.out, stop.Err
		}
		if err != nil {
			return d.out, decode.At(d.name, "line", line, err)
		}
	}
}

func (d *decoder) finish() (decode.Summary, error) {
	switch {
	case d.out.Records == 0:
		return d.out, decode.At(d.name, "line", 0, errors.New("file is empty, a HEADER was expected"))
	case !d.done:
		return d.out, decode.At(d.name, "line", 0, fmt.Errorf("%w: the file ends without a TRAILER", decode.ErrControlTotal))
	}
	return d.out, nil
}

// row reads one record. What spoils the whole file is an error, and so is a header, summary or submission that cannot be
// read: all that follows hangs on it.
func (d *decoder) row(row fields, line int64, broken bool) error {
	kind := row.text(0)
	switch {
	case d.done:
		return errors.New("follows the TRAILER")
	case d.out.Records == 1 && (broken || kind != "HEADER"):
		return errors.New("is not a HEADER")
	case broken:
		d.lose(nil, line, errBroken)
		return nil
	}
	if kind == "TRANSACTN" || kind == "CHARGEBACK" || kind == "ADJUSTMENT" || kind == "FEEREVENUE" {
		return d.detail(row, line, kind)
	}
	switch kind {
	case "HEADER":
		d.out.Admin++
		return d.header(row)
	case "SUMMARY":
		return d.summary(row, line)
	case "SUBMISSION":
		return d.submit(row, line)
	case "TXNPRICING", "TAXRECORD":
		d.out.Admin++
		return nil
	case "TRAILER":
		d.out.Admin++
		return d.trailer(row)
	default:
		return errors.New("begins with none of HEADER, SUMMARY, SUBMISSION, TRANSACTN, TXNPRICING, CHARGEBACK, ADJUSTMENT, FEEREVENUE, TAXRECORD and TRAILER")
	}
}

// lose rejects a record, with whose amount the totals it belongs to can no longer be checked: those of its payment, or of
// all where not even that can be read.
func (d *decoder) lose(of *payment, line int64, err error) {
	d.out.Reject(line, err)
	if of != nil {
		of.unread++
	} else {
		for _, p := range d.payments {
			p.unread++
		}
	}
	if d.submission != nil {
		d.submission.unread++
	}
}

func (d *decoder) emit(l record.SettlementLine) error {
	sums, a := d.nets, l.Net
	if l.Type == record.Payout {
		sums, a = d.paid, l.Amount
	}
	if a != (money.Amount{}) {
		if err := sums.Add(a); err != nil {
			return err
		}
	}
	d.out.Date(l.BusinessDate)
	d.out.Lines++
	if err := d.yield(l); err != nil {
		return decode.StopError{Err: err}
	}
	return nil
}

func (d *decoder) header(row fields) error {
	if d.out.Records > 1 {
		return errors.New("is a second HEADER")
	}
	if row.text(4) != "GRRCN" {
		return wrong("FILE_ID", errors.New("is not GRRCN"))
	}
	if version := row.text(6); len(version) < 2 || version[0] < '1' || version[0] > '3' || version[1] != '.' {
		return wrong("FILE_VERSION_NUMBER", errors.New("is not a version from 1 to 3"))
	}
	file, err := decode.Text(row.text(5))
	if err != nil {
		return wrong("FILE_NAME", err)
	}
	if d.sequence, err = decode.Text(row.text(3)); err != nil || d.sequence == "" {
		return wrong("SEQUENTIAL_NUMBER", errors.New("is no number"))
	}
	d.out.FileID = file + "/" + d.sequence
	if n, err := strconv.ParseInt(d.sequence, 10, 64); err == nil { // one that begins with A is of no series
		d.out.Sequence, d.out.SequenceOf = n, file
	}
	return nil
}

func (d *decoder) trailer(row fields) error {
	d.done = true
	if row.text(1) != d.sequence {
		return wrong("SEQUENTIAL_NUMBER", fmt.Errorf("%w: is not that of the HEADER", decode.ErrControlTotal))
	}
	count, err := strconv.ParseInt(row.text(2), 10, 64)
	if err != nil {
		return wrong("TOTAL_RECORD_COUNT", fmt.Errorf("%w: %w", decode.ErrControlTotal, decode.ErrNotNumeric))
	}
	if count != d.out.Records {
		return wrong("TOTAL_RECORD_COUNT", fmt.Errorf("%w: %s records stated, %d read", decode.ErrControlTotal, decode.Figure(count), d.out.Records))
	}
	d.out.Totals["stated records"], d.out.Totals["computed records"] = decode.Figure(count), strconv.FormatInt(d.out.Records, 10)
	d.nets.Into(d.out.Totals, "computed")
	d.paid.Into(d.out.Totals, "paid out")
	if d.unpaid > 0 {
		d.out.Totals["charges that were rejected and not paid"] = strconv.FormatInt(d.unpaid, 10)
	}
	if err := d.endSubmission(); err != nil {
		return err
	}
	return d.endPayments()
}

func wrong(name string, err error) error { return &decode.FieldError{Field: name, Err: err} }

// fields is a record split at its delimiters.
type fields []string

// text is a field without the blanks around it; empty where the record is shorter.
func (f fields) text(i int) string {
	if i >= len(f) {
		return ""
	}
	return strings.TrimSpace(f[i])
}

// need refuses a record that ends before a field it must have.
func (f fields) need(n int) error {
	if len(f) < n {
		return fmt.Errorf("record has %d fields, at least %d were expected", len(f), n)
	}
	return nil
}

// amount reads a signed amount of 15 digits in minor units; an empty one is nothing.
func (f fields) amount(i int, name string) (int64, error) {
	text := f.text(i)
	digits, negative := strings.CutPrefix(text, "-")
	if text == "" {
		return 0, nil
	}
	if len(digits) > 15 {
		return 0, wrong(name, errors.New("is longer than 15 digits"))
	}
	n, err := strconv.ParseUint(digits, 10, 62)
	if err != nil {
		return 0, wrong(name, decode.ErrNotNumeric)
	}
	if negative {
		return -int64(n), nil //nolint:gosec // of 15 digits
	}
	return int64(n), nil //nolint:gosec // of 15 digits
}

// currency reads an ISO 4217 code in letters.
func (f fields) currency(i int, name string) (string, error) {
	letters := f.text(i)
	if _, err := decode.Exponent(letters); err != nil {
		return "", wrong(name, err)
	}
	return strings.Clone(letters), nil
}

// date reads YYYYMMDD.
func (f fields) date(i int, name string) (string, error) {
	day, err := decode.ParseDate(f.text(i))
	if err != nil || len(f.text(i)) != 8 {
		return "", wrong(name, errors.New("is not a date such as 20261118"))
	}
	return day, nil
}
