package csvfile

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"parallax/sources/settlement/decode"
)

const maxRow = 10 << 20 // bytes of one row, quoted newlines included

// New returns the reader of an acquirer's CSV files (RFC 4180) as a profile describes them; the error is the profile's.
//
// A file as a whole fails on a header without a mapped column, on data after the trailer, on a missing trailer where the
// profile has one, and on totals that do not agree (decode.ErrControlTotal). Rejected rows count towards the stated
// number of rows; where the amount of one cannot be read, the stated sum cannot be checked and Summary.Totals says so.
func New(p Profile) (decode.Func, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return func(c decode.Content, name, feed string, yield decode.Yield) (decode.Summary, error) {
		r, err := c()
		if err != nil {
			return decode.Summary{}, decode.At(name, "line", 0, err)
		}
		defer r.Close() //nolint:errcheck // read only
		bounded := &rowLimit{r: r}
		d := decoder{name: name, feed: feed, profile: p, yield: yield, bounded: bounded, csv: csv.NewReader(bounded)}
		d.csv.FieldsPerRecord = -1
		d.csv.ReuseRecord = true
		return d.decode()
	}, nil
}

// rowLimit ends reading when one row grows beyond maxRow, as a quote that is never closed would let it.
type rowLimit struct {
	r       io.Reader
	read    int64 // bytes handed out
	rowFrom int64 // where the row being read begins
}

var errLongRow = fmt.Errorf("row is longer than %d bytes; is a quote left open?", maxRow)

func (l *rowLimit) Read(p []byte) (int, error) {
	if l.read-l.rowFrom > maxRow {
		return 0, errLongRow
	}
	n, err := l.r.Read(p)
	l.read += int64(n)
	return n, err
}

type decoder struct {
	name, feed string
	profile    Profile
	yield      decode.Yield
	bounded    *rowLimit
	csv        *csv.Reader
	header     []string
	column     map[string]int // our field to its position
	trailer    trailerColumns
	rows       int64 // between header and trailer
	sum        int64 // of the amounts as they stand, in minor units
	unsummed   int64 // rows whose amount cannot be read
	lastLine   int64 // on which the row read last begins
	done       bool
	out        decode.Summary
}

type trailerColumns struct{ mark, count, total int }

func (d *decoder) decode() (decode.Summary, error) {
	if err := d.readHeader(); err != nil {
		return d.out, decode.At(d.name, "line", 1, err)
	}
	for {
		row, line, err := d.next()
		switch {
		case errors.Is(err, io.EOF):
			return d.finish()
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

// next returns the next row and the line it begins on. A row with broken quotes is rejected and gives a nil row.
func (d *decoder) next() ([]string, int64, error) {
	d.bounded.rowFrom = d.csv.InputOffset()
	row, err := d.csv.Read()
	var line int64
	if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
		line = int64(parse.StartLine)
		if errors.Is(err, csv.ErrQuote) || errors.Is(err, csv.ErrBareQuote) {
			d.out.Records++
			d.rows++
			d.unsummed++
			d.out.Reject(line, errors.New("quotes are not closed or stand inside a field; the rest of the row is lost"))
			return nil, line, nil
		}
		return nil, line, parse.Err
	}
	if err != nil {
		return nil, d.lastLine + 1, err
	}
	l, _ := d.csv.FieldPos(0)
	d.lastLine = int64(l)
	return row, d.lastLine, nil
}

func (d *decoder) readHeader() error {
	row, err := d.csv.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("file is empty, a header row was expected")
	}
	if err != nil {
		if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
			err = parse.Err
		}
		return fmt.Errorf("header: %w", err)
	}
	d.out.Records++
	for i, name := range row {
		if i == 0 {
			name = strings.TrimPrefix(name, decode.ByteOrderMark)
		}
		d.header = append(d.header, strings.TrimSpace(name))
	}
	d.column = map[string]int{}
	for _, field := range Fields() {
		if name := d.profile.Columns[field]; name != "" {
			if d.column[field], err = d.find(name); err != nil {
				return &decode.FieldError{Field: name, Err: fmt.Errorf("%w (mapped to %s)", err, field)}
			}
		}
	}
	return d.findTrailer()
}

func (d *decoder) findTrailer() error {
	d.trailer = trailerColumns{-1, -1, -1}
	for _, c := range []struct {
		name string
		into *int
	}{{d.profile.Trailer.Column, &d.trailer.mark}, {d.profile.Trailer.Count, &d.trailer.count}, {d.profile.Trailer.Total, &d.trailer.total}} {
		if c.name == "" {
			continue
		}
		i, err := d.find(c.name)
		if err != nil {
			return &decode.FieldError{Field: c.name, Err: fmt.Errorf("%w (used by the trailer)", err)}
		}
		*c.into = i
	}
	return nil
}

func (d *decoder) find(name string) (int, error) {
	i := slices.Index(d.header, name)
	if i < 0 {
		return 0, errors.New("column is not in the header")
	}
	if slices.Contains(d.header[i+1:], name) {
		return 0, errors.New("column is in the header twice")
	}
	return i, nil
}

// row reads one row after the header. Only what spoils the whole file is an error.
func (d *decoder) row(row []string, line int64) error {
	if row == nil {
		return nil
	}
	if d.done {
		return errors.New("follows the trailer")
	}
	d.out.Records++
	if d.isTrailer(row) {
		d.done = true
		return d.checkTrailer(row)
	}
	d.rows++
	l, amount, err := d.line(row, line)
	if amount.known {
		if d.sum, err = addChecked(d.sum, amount.minor, err); errors.Is(err, decode.ErrTooLarge) {
			return &decode.FieldError{Field: d.profile.Columns["amount"], Err: fmt.Errorf("sum of the amounts %w", err)}
		}
	} else {
		d.unsummed++
	}
	if err != nil {
		d.out.Reject(line, err)
		return nil
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

func (d *decoder) isTrailer(row []string) bool {
	return d.trailer.mark >= 0 && d.trailer.mark < len(row) && strings.TrimSpace(row[d.trailer.mark]) == d.profile.Trailer.Value
}

// checkTrailer holds the stated totals against the computed ones.
func (d *decoder) checkTrailer(row []string) error {
	d.out.Totals = map[string]string{
		"computed rows": strconv.FormatInt(d.rows, 10), "computed sum": strconv.FormatInt(d.sum, 10),
	}
	if d.trailer.count >= 0 {
		count, err := d.stated(row, d.trailer.count)
		if err != nil {
			return err
		}
		d.out.Totals["stated rows"] = strconv.FormatInt(count, 10)
		if count != d.rows {
			return &decode.FieldError{Field: d.header[d.trailer.count], Err: fmt.Errorf("%w: %d rows stated, %d read", decode.ErrControlTotal, count, d.rows)}
		}
	}
	if d.trailer.total < 0 {
		return nil
	}
	sum, err := d.stated(row, d.trailer.total)
	if err != nil {
		return err
	}
	d.out.Totals["stated sum"] = strconv.FormatInt(sum, 10)
	if d.unsummed > 0 {
		d.out.Totals["computed sum"] = fmt.Sprintf("not verifiable: %d rows have no readable amount", d.unsummed)
	} else if sum != d.sum {
		return &decode.FieldError{Field: d.header[d.trailer.total], Err: fmt.Errorf("%w: sum stated as %d, read as %d", decode.ErrControlTotal, sum, d.sum)}
	}
	return nil
}

func (d *decoder) stated(row []string, column int) (int64, error) {
	if column < len(row) {
		if n, err := strconv.ParseInt(strings.TrimSpace(row[column]), 10, 64); err == nil {
			return n, nil
		}
	}
	return 0, &decode.FieldError{Field: d.header[column], Err: fmt.Errorf("%w: the trailer states no whole number here", decode.ErrControlTotal)}
}

func (d *decoder) finish() (decode.Summary, error) {
	if d.trailer.mark >= 0 && !d.done && !d.profile.Trailer.Optional {
		err := fmt.Errorf("%w: the file ends without a trailer row (%s = %s)", decode.ErrControlTotal, d.profile.Trailer.Column, d.profile.Trailer.Value)
		return d.out, decode.At(d.name, "line", 0, err)
	}
	if len(d.out.BusinessDates) == 0 {
		d.out.Date(decode.DateInName(d.name))
	}
	return d.out, nil
}
