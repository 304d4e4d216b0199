package tabular

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"parallax/internal/join"
)

// Field names a column and says how it is read.
type Field struct {
	Name string
	// Decimal turns a decimal number into a whole one of 10^-Scale: with the scale 2 "12.34" is 1234, and "12.345" an
	// error. Without it a CSV column is text, and a Parquet column what it is: text, a whole number, a decimal in its own
	// scale, a date in days, a time in nanoseconds, a truth value as 0 or 1.
	Decimal bool
	Scale   int
	// Millis reads a time of a Parquet file in milliseconds since 1970; a whole number without a unit is taken to be that.
	Millis bool
}

// Fields are columns that are read as they are.
func Fields(names ...string) []Field {
	fields := make([]Field, len(names))
	for i, name := range names {
		fields[i] = Field{Name: name}
	}
	return fields
}

// Decimal is a column that is read as a decimal number of a scale.
func Decimal(name string, scale int) Field { return Field{Name: name, Decimal: true, Scale: scale} }

// maxScale is how many decimals a number of 64 bits may have.
const maxScale = 18

// Options say how a file is read that does not say so itself. The zero value is a good one.
type Options struct {
	// Comma separates the fields of a CSV file; a comma if zero.
	Comma byte
	// MaxRatio bounds how much larger than the file its decompressed content may be; DefaultMaxRatio if zero.
	MaxRatio int64
	// MaxPage bounds the bytes of a page of a Parquet file, as it claims; 256 MiB if zero, and no more than that. A scan
	// holds two pages and a dictionary of each column.
	MaxPage int64
	// MaxFooter bounds the bytes of the footer of a Parquet file; 64 MiB if zero, and no more than that. Decoding one takes some
	// times as much.
	MaxFooter int64
}

// Table is an open file. It can be scanned any number of times, also at once.
type Table struct {
	path string
	file *os.File
	size int64
	kind interface {
		columns() []string
		rows() int64
		parts(t *Table, key, value []Field) ([]join.Part, error)
	}
}

// Open opens a Parquet or CSV file; what it is, and whether a CSV file is compressed by gzip or zstd, is seen by its first
// bytes.
func Open(path string, o Options) (_ *Table, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open table: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	about, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open table: %w", err)
	}
	t := &Table{path: path, file: f, size: about.Size()}
	var magic [4]byte
	n, err := f.ReadAt(magic[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("open table %s: %w", path, err)
	}
	if string(magic[:n]) == magicParquet {
		t.kind, err = openParquet(f, t.size, o)
	} else {
		t.kind, err = openCSV(f, t.size, magic[:n], o)
	}
	if err != nil {
		return nil, fmt.Errorf("open table %s: %w", path, err)
	}
	return t, nil
}

// OpenParquet reads the footer of a Parquet file of so many bytes that is open already. It stays the caller's to close. The
// name stands in the names of its parts.
func OpenParquet(f *os.File, size int64, name string, o Options) (*Table, error) {
	kind, err := openParquet(f, size, o)
	if err != nil {
		return nil, fmt.Errorf("open table %s: %w", name, err)
	}
	return &Table{path: name, file: f, size: size, kind: kind}, nil
}

// Close closes the file.
func (t *Table) Close() error { return t.file.Close() } //nolint:wrapcheck // it names the file

// Columns are the names of the columns, in order.
func (t *Table) Columns() []string { return t.kind.columns() }

// Rows is about how many rows there are; exactly in a Parquet file.
func (t *Table) Rows() int64 { return t.kind.rows() }

// Side is the file as a side of a match, with the key and the value made of some of its columns. It may be used as long as
// the table is open.
func (t *Table) Side(name string, key, value []Field) (join.Side, error) {
	if len(key) == 0 {
		return join.Side{}, fmt.Errorf("scan %s: no column is the key", t.path)
	}
	for _, f := range append(append([]Field{}, key...), value...) {
		if f.Scale < 0 || f.Scale > maxScale || f.Scale > 0 && !f.Decimal {
			return join.Side{}, fmt.Errorf("scan %s: column %s: scale %d is not possible", t.path, f.Name, f.Scale)
		}
	}
	parts, err := t.kind.parts(t, key, value)
	if err != nil {
		return join.Side{}, fmt.Errorf("scan %s: %w", t.path, err)
	}
	return join.Side{Name: name, Parts: parts, Rows: t.kind.rows()}, nil
}

// find returns where a column is among names: by its very name, or else by its only one without regard to case.
func find(names []string, name string) (int, error) {
	found, times := -1, 0
	for pass := 0; pass < 2 && times == 0; pass++ {
		for i, n := range names {
			if n == name || pass == 1 && strings.EqualFold(n, name) {
				found = i
				times++
			}
		}
	}
	switch times {
	case 0:
		return 0, fmt.Errorf("there is no column %q", name)
	case 1:
		return found, nil
	default:
		return 0, fmt.Errorf("there are %d columns %q", times, name)
	}
}
