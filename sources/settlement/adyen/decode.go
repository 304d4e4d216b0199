// Package adyen reads Adyen's Settlement details report: one row per payment, refund, chargeback, fee and payout of a
// settlement batch.
//
// Layout: https://docs.adyen.com/reporting/settlement-reconciliation/transaction-level/settlement-details-report, a CSV file
// with a header. Columns are found by their names, so that more columns and another order do no harm. Amounts stand
// unsigned in pairs of debit and credit, the gross in the payment's currency (GC) and the net in the batch's (NC), with the
// fees of the row between them.
//
// The report has no trailer. What can be proven is proven: gross times rate less fees is the net of each row, and the sums
// of a file's nets and payouts per currency are in Summary.Totals. Not read: the balance platform's columns, reserved and
// custom columns, metadata.
package adyen

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"parallax/internal/record"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/rows"
)

// Options change how a report is read. The zero value will do for most.
type Options struct {
	// Zone is the time zone that an abbreviation in the report stands for where several share it, such as CST.
	Zone *time.Location
}

// Decode reads a Settlement details report. It is a decode.Func.
func Decode(c decode.Content, name, feed string, yield decode.Yield) (decode.Summary, error) {
	return New(Options{})(c, name, feed, yield)
}

// New returns a reader with options.
func New(o Options) decode.Func {
	return func(c decode.Content, name, feed string, yield decode.Yield) (decode.Summary, error) {
		r, err := c()
		if err != nil {
			return decode.Summary{}, decode.At(name, "line", 0, err)
		}
		defer r.Close() //nolint:errcheck // read only
		d := decoder{
			name: name, feed: feed, yield: yield, rows: rows.NewReader(r, ','), zones: decode.Zones{Default: o.Zone},
			nets: decode.Sums{}, payouts: decode.Sums{}, texts: decode.Interns{},
		}
		return d.decode()
	}
}

type decoder struct {
	name, feed string
	yield      decode.Yield
	rows       *rows.Reader
	header     rows.Header
	at         [columnCount]int // position of each column, -1 where the report has none
	zones      decode.Zones
	texts      decode.Interns
	nets       decode.Sums // of all rows but payouts
	payouts    decode.Sums
	batch      string // of the first row with one
	batches    bool   // the file holds more than one
	out        decode.Summary
}

func (d *decoder) decode() (decode.Summary, error) {
	if err := d.readHeader(); err != nil {
		return d.out, decode.At(d.name, "line", 1, err)
	}
	for {
		row, line, err := d.rows.Next()
		if errors.Is(err, io.EOF) {
			return d.finish(), nil
		}
		if err != nil && !errors.Is(err, rows.ErrBroken) {
			return d.out, decode.At(d.name, "line", line, err)
		}
		d.out.Records++
		if err != nil {
			d.out.Reject(line, err)
			continue
		}
		if err := d.row(row, line); err != nil {
			if stop := (decode.StopError{}); errors.As(err, &stop) {
				return d.out, stop.Err
			}
			return d.out, decode.At(d.name, "line", line, err)
		}
	}
}

func (d *decoder) readHeader() error {
	row, _, err := d.rows.Next()
	if errors.Is(err, io.EOF) {
		return errors.New("file is empty, a header row was expected")
	}
	if err != nil {
		return err
	}
	d.out.Records++
	d.header = rows.NewHeader(row)
	for c := range columnCount {
		at, err := d.header.Find(columns[c].name)
		switch {
		case errors.Is(err, rows.ErrNoColumn) && columns[c].optional:
			at = -1
		case err != nil:
			return &decode.FieldError{Field: columns[c].name, Err: err}
		}
		d.at[c] = at
	}
	return nil
}

// row reads one row. Only what spoils the whole file is an error.
func (d *decoder) row(row []string, line int64) error {
	l, err := d.line(row, line)
	if err != nil {
		d.out.Reject(line, err)
		return nil
	}
	if l.Type == record.Payout {
		err = d.payouts.Add(l.Amount)
	} else {
		err = d.nets.Add(l.Net)
	}
	if err != nil {
		return err
	}
	d.noteBatch(l.Batch)
	d.out.Date(l.BusinessDate)
	d.out.Lines++
	if err := d.yield(l); err != nil {
		return decode.StopError{Err: err}
	}
	return nil
}

func (d *decoder) noteBatch(batch string) {
	if d.batch == "" {
		d.batch = batch
	}
	d.batches = d.batches || batch != d.batch
}

// finish states the sums, and the batch's number where the file is about one alone, as it is unless set otherwise: the
// numbers of a merchant account follow one another.
func (d *decoder) finish() decode.Summary {
	d.out.Totals = map[string]string{}
	d.nets.Into(d.out.Totals, "computed")
	d.payouts.Into(d.out.Totals, "paid out")
	if i := strings.LastIndexByte(d.batch, '/'); i >= 0 && !d.batches {
		if n, err := strconv.ParseInt(d.batch[i+1:], 10, 64); err == nil && n > 0 {
			d.out.Sequence, d.out.SequenceOf, d.out.FileID = n, d.batch[:i], d.batch
		}
	}
	if len(d.out.BusinessDates) == 0 {
		d.out.Date(decode.DateInName(d.name))
	}
	return d.out
}
