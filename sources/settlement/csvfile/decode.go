// Package csvfile reads acquirers' CSV files by profiles: data that say which column holds what, what the values of the
// type column mean, and how amounts and dates are written. Shipped lists profiles of files that are common.
package csvfile

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/rows"
)

// New returns the reader of an acquirer's CSV files (RFC 4180) as a profile describes them; the error is the profile's.
//
// A file as a whole fails on a header without a mapped column, on data after the trailer, on a missing trailer where the
// profile has one, and on totals that do not agree (decode.ErrControlTotal). Rejected rows count towards the stated
// number of rows; where the amount of one cannot be read, the stated sum cannot be checked and Summary.Totals says so.
// Without a trailer Summary.Totals holds the sums that were computed. Rows that the profile skips are in Summary.Admin.
func New(p Profile) (decode.Func, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	dates, err := newCalendar(p)
	if err != nil {
		return nil, err
	}
	meanings, delimiter := newTypes(p), ','
	if p.Delimiter != "" {
		delimiter = rune(p.Delimiter[0])
	}
	return func(c decode.Content, name, feed string, yield decode.Yield) (decode.Summary, error) {
		r, err := c()
		if err != nil {
			return decode.Summary{}, decode.At(name, "line", 0, err)
		}
		defer r.Close() //nolint:errcheck // read only
		d := decoder{
			name: name, feed: feed, profile: p, yield: yield, rows: rows.NewReader(r, delimiter), types: meanings, dates: dates,
			numbers: newNumbers(p), amounts: decode.Sums{}, nets: decode.Sums{}, skips: map[string]int64{}, interned: decode.Interns{}, dateInName: decode.DateInName(name),
		}
		return d.decode()
	}, nil
}

type decoder struct {
	name, feed string
	profile    Profile
	yield      decode.Yield
	rows       *rows.Reader
	types      types
	dates      calendar
	numbers    numbers
	dateInName string
	interned   decode.Interns

	header     rows.Header
	at         [fieldCount]int    // position of a field's column, -1 where it has none
	column     [fieldCount]string // name of a field's column
	fees       []feeColumn
	trailer    trailerColumns
	dataRows   int64       // between header and trailer
	sum        int64       // of the amounts as they stand, in minor units
	unsummed   int64       // rows whose amount cannot be read
	amounts    decode.Sums // of the lines
	nets       decode.Sums // of the lines but payouts
	skips      map[string]int64
	currencies map[string]int // exponents by letters as they stand
	letters    map[string]string
	done       bool
	out        decode.Summary
}

func (d *decoder) decode() (decode.Summary, error) {
	if err := d.readHeader(); err != nil {
		return d.out, decode.At(d.name, "line", 1, err)
	}
	for {
		row, line, err := d.rows.Next()
		switch {
		case errors.Is(err, io.EOF):
			return d.finish()
		case errors.Is(err, rows.ErrBroken):
			d.out.Records++
			d.dataRows++
			d.unsummed++
			d.out.Reject(line, err)
			continue
		case err != nil:
			return d.out, decode.At(d.name, "line", line, err)
		}
		if err := d.row(row, line); err != nil {
			if stop := (decode.StopError{}); errors.As(err, &stop) {
				return d.out, stop.Err
			}
			return d.out, decode.At(d.name, "line", line, err)
		}
	}
}

// row reads one row after the header. Only what spoils the whole file is an error.
func (d *decoder) row(row []string, line int64) error {
	if d.done {
		return errors.New("follows the trailer")
	}
	d.out.Records++
	if d.isTrailer(row) {
		d.done = true
		return d.checkTrailer(row)
	}
	d.dataRows++
	l, amount, err := d.line(row, line)
	if amount.known {
		if d.sum, err = addChecked(d.sum, amount.minor, err); errors.Is(err, decode.ErrTooLarge) {
			return &decode.FieldError{Field: d.column[amountField], Err: fmt.Errorf("sum of the amounts %w", err)}
		}
	} else {
		d.unsummed++
	}
	switch skip := (skipError{}); {
	case errors.As(err, &skip):
		d.out.Admin++
		d.skips[skip.reason]++
		return nil
	case err != nil:
		d.out.Reject(line, err)
		return nil
	}
	if err := d.count(l); err != nil {
		return err
	}
	d.out.Date(l.BusinessDate)
	d.out.Lines++
	if err := d.yield(l); err != nil {
		return decode.StopError{Err: err}
	}
	return nil
}

// addChecked adds an amount to a sum; an overflow takes the place of the row's own error.
func addChecked(sum, minor int64, rowErr error) (int64, error) {
	total, err := decode.Add(sum, minor)
	if err != nil {
		return sum, err
	}
	return total, rowErr
}

func (d *decoder) count(l record.SettlementLine) error {
	if d.trailer.mark >= 0 {
		return nil // the trailer's totals are what counts
	}
	if err := d.amounts.Add(l.Amount); err != nil {
		return &decode.FieldError{Field: d.column[amountField], Err: err}
	}
	if l.Net == (money.Amount{}) {
		return nil
	}
	if err := d.nets.Add(l.Net); err != nil {
		return &decode.FieldError{Field: d.column[netField], Err: err}
	}
	return nil
}

func (d *decoder) finish() (decode.Summary, error) {
	if d.trailer.mark >= 0 && !d.done && !d.profile.Trailer.Optional {
		err := fmt.Errorf("%w: the file ends without a trailer row (%s = %s)", decode.ErrControlTotal, d.profile.Trailer.Column, d.profile.Trailer.Value)
		return d.out, decode.At(d.name, "line", 0, err)
	}
	if d.out.Totals == nil {
		d.out.Totals = map[string]string{}
		d.amounts.Into(d.out.Totals, "computed")
		d.nets.Into(d.out.Totals, "computed net")
	}
	for reason, n := range d.skips {
		d.out.Totals["skipped: "+reason] = strconv.FormatInt(n, 10)
	}
	if len(d.out.BusinessDates) == 0 {
		d.out.Date(d.dateInName)
	}
	return d.out, nil
}

// value returns a mapped field of a row, trimmed; empty where the file has no column for it.
func (d *decoder) value(row []string, f field) string {
	if d.at[f] < 0 {
		return ""
	}
	return strings.TrimSpace(row[d.at[f]])
}

func (d *decoder) wrong(f field, err error) error {
	return &decode.FieldError{Field: d.column[f], Err: err}
}
