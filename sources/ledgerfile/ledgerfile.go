// Package ledgerfile reads a ledger that someone exported to a CSV file, for a one-shot comparison with settlement files.
//
// Columns are found by the names in the header row. They are guessed from the usual names, and any of them can be given.
// A file is read whole or not at all: a ledger with a row left out would show money missing that is not.
package ledgerfile

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parallax/internal/record"
)

// DefaultMaxRows bounds the rows read where Options give no bound.
const DefaultMaxRows = 2_000_000

const (
	byteOrderMark = "\ufeff"
	maxListed     = 10 // bad rows named in one error
)

// Options change how a file is read.
type Options struct {
	Columns map[string]string // field to column name, before any guess; see Fields
	Network string            // of rows without a network column
	Status  string            // of rows without a status column
	MaxRows int               // zero or less means DefaultMaxRows
}

// Ledger is what a file holds.
type Ledger struct {
	Entries []record.Entry
	Columns map[string]string // field to column name, as it was read: given or guessed
	SHA256  string            // hex, over the raw bytes; empty from Decode
}

// RowError says which row cannot be read. It never carries what stands there.
type RowError struct {
	File  string // base name
	Line  int    // 1-based; the header is line 1
	Field string // the column's name; empty where it is the row as a whole
	Err   error
}

// Error shows file, line, column and cause.
func (e *RowError) Error() string {
	out := fmt.Sprintf("decode %s: line %d", e.File, e.Line)
	if e.Field != "" {
		out += ": " + e.Field
	}
	return out + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *RowError) Unwrap() error { return e.Err }

// Read reads a file from disk.
func Read(path string, o Options) (Ledger, error) {
	name := filepath.Base(path)
	f, err := os.Open(path) //nolint:gosec // the file the user asked for
	if err != nil {
		return Ledger{}, fmt.Errorf("read ledger: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	hash := newHash()
	ledger, err := Decode(io.TeeReader(f, hash), name, o)
	ledger.SHA256 = hash.hex()
	return ledger, err
}

// Decode reads a ledger from CSV (RFC 4180); name is the file's base name for errors. The errors of the first rows that
// cannot be read are joined, each a *RowError; then there are no entries.
func Decode(r io.Reader, name string, o Options) (Ledger, error) {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = -1
	rows.ReuseRecord = true
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return Ledger{}, &RowError{name, 1, "", errors.New("file is empty, a header row was expected")}
	}
	if err != nil {
		return Ledger{}, &RowError{name, 1, "", plain(err)}
	}
	d, err := newDecoder(name, slices.Clone(header), o)
	if err != nil {
		return Ledger{}, err
	}
	if err := d.rows(rows); err != nil {
		return Ledger{Columns: d.columns}, err
	}
	return Ledger{Entries: d.entries, Columns: d.columns}, nil
}

type decoder struct {
	name    string
	options Options
	header  []string
	columns map[string]string // field to column
	place   map[string]int    // field to position
	entries []record.Entry
}

func newDecoder(name string, header []string, o Options) (*decoder, error) {
	header[0] = strings.TrimPrefix(header[0], byteOrderMark)
	for i := range header {
		header[i] = strings.TrimSpace(header[i])
	}
	d := &decoder{name: name, options: o, header: header, place: map[string]int{}}
	if d.options.MaxRows <= 0 {
		d.options.MaxRows = DefaultMaxRows
	}
	var err error
	if d.columns, err = choose(header, o.Columns); err != nil {
		return nil, &RowError{name, 1, "", err}
	}
	for field, column := range d.columns {
		i := slices.Index(header, column)
		if slices.Contains(header[i+1:], column) {
			return nil, &RowError{name, 1, column, errors.New("column is in the header twice")}
		}
		d.place[field] = i
	}
	return d, nil
}

func (d *decoder) rows(rows *csv.Reader) error {
	var wrong []error
	bad := 0
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var line int
		if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
			line, err = parse.StartLine, &RowError{d.name, parse.StartLine, "", parse.Err}
		} else if err != nil {
			return fmt.Errorf("read %s: %w", d.name, err)
		} else {
			line, _ = rows.FieldPos(0)
			err = d.row(row, line)
		}
		if err != nil {
			if bad++; len(wrong) < maxListed {
				wrong = append(wrong, err)
			}
			continue
		}
		if len(d.entries) > d.options.MaxRows {
			return &RowError{d.name, line, "", fmt.Errorf("more than %d rows", d.options.MaxRows)}
		}
	}
	if more := bad - len(wrong); more > 0 {
		wrong = append(wrong, fmt.Errorf("and %d rows more that cannot be read", more))
	}
	return errors.Join(wrong...)
}

// plain takes the position off an error of the CSV reader; it is told by RowError.
func plain(err error) error {
	if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
		return parse.Err
	}
	return err
}
