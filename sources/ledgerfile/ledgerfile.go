// Package ledgerfile reads a ledger that someone exported to a CSV or Parquet file, for a one-shot comparison with settlement
// files. A CSV file may be compressed with gzip or zstd.
//
// Columns are found by the names in the header row. They are guessed from the usual names, and any of them can be given.
// A file is read whole or not at all: a ledger with a row left out would show money missing that is not.
package ledgerfile

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"parallax/internal/record"
)

const (
	byteOrderMark = "\ufeff"
	maxListed     = 10 // bad rows named in one error
)

// Options change how a file is read.
type Options struct {
	Columns map[string]string // field to column name, before any guess; see Fields
	Network string            // of rows without a network column
	Status  string            // of rows without a status column
}

// File is a ledger whose columns are known. It can be read any number of times, and is closed in between.
type File struct {
	Name    string            // base name
	Columns map[string]string // field to column name: given or guessed
	SHA256  string            // hex, over the raw bytes; after the first complete Each

	path    string
	parquet bool
	options Options
}

// Format is "csv" or "parquet".
func (f *File) Format() string {
	if f.parquet {
		return "parquet"
	}
	return "csv"
}

// RowError says which row cannot be read. It never carries what stands there.
type RowError struct {
	File  string // base name
	Unit  string // "line" of a CSV file, "row" of a Parquet file
	Line  int    // 1-based; the header is line 1; 0 where it is the file as a whole
	Field string // the column's name; empty where it is the row as a whole
	Err   error
}

// Error shows file, line, column and cause.
func (e *RowError) Error() string {
	out := "decode " + e.File
	if e.Line > 0 {
		out += fmt.Sprintf(": %s %d", e.Unit, e.Line)
	}
	if e.Field != "" {
		out += ": " + e.Field
	}
	return out + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *RowError) Unwrap() error { return e.Err }

// Open reads the header of a file and settles which column holds what.
func Open(path string, o Options) (*File, error) {
	f := &File{Name: filepath.Base(path), path: path, options: o}
	raw, err := os.Open(path) //nolint:gosec // the file the user asked for
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	defer raw.Close() //nolint:errcheck // read only
	if about, err := raw.Stat(); err != nil || !about.Mode().IsRegular() {
		return nil, fmt.Errorf("read ledger: %s is not a regular file", f.Name)
	}
	if f.parquet, err = isParquet(raw); err != nil {
		return nil, fmt.Errorf("read ledger: %s: %w", f.Name, pathless(err))
	}
	if f.parquet {
		return f, f.openParquet()
	}
	text, err := plainText(raw)
	if err != nil {
		return nil, fmt.Errorf("read ledger: %s: %w", f.Name, pathless(err))
	}
	d, err := newDecoder(text, f.Name, o)
	if err != nil {
		return nil, err
	}
	f.Columns = d.columns
	return f, nil
}

// Each yields every row, in the order of the file. The rows that cannot be read are named together at the end, the first
// of them each by a *RowError: what was yielded until then must not be used.
func (f *File) Each(ctx context.Context, yield func(record.Entry) error) error {
	raw, err := os.Open(f.path)
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	defer raw.Close() //nolint:errcheck // read only
	hash := sha256.New()
	if f.parquet { // which is not read from its beginning to its end
		if _, err := io.Copy(hash, &cancelReader{ctx, raw}); err != nil {
			return fmt.Errorf("read ledger: %s: %w", f.Name, pathless(err))
		}
		if err := f.same(hex.EncodeToString(hash.Sum(nil))); err != nil {
			return err
		}
		return f.eachParquet(ctx, yield)
	}
	raws := io.TeeReader(&cancelReader{ctx, raw}, hash)
	text, err := plainText(raws)
	if err != nil {
		return fmt.Errorf("read ledger: %s: %w", f.Name, pathless(err))
	}
	d, err := newDecoder(text, f.Name, f.options)
	if err != nil {
		return err
	}
	if err := d.rows(yield); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, raws); err != nil { // what stands behind the end of a compressed stream
		return fmt.Errorf("read ledger: %s: %w", f.Name, pathless(err))
	}
	return f.same(hex.EncodeToString(hash.Sum(nil)))
}

// same takes the checksum of a whole reading. A file that has changed since the last one is an error: what was made of the
// two readings together would be true of neither.
func (f *File) same(sum string) error {
	if f.SHA256 != "" && f.SHA256 != sum {
		return fmt.Errorf("read ledger: %s: changed while it was read", f.Name)
	}
	f.SHA256 = sum
	return nil
}

// isParquet looks at the first bytes, and goes back to them. Source: Apache Parquet, File Format.
func isParquet(f *os.File) (bool, error) {
	start := make([]byte, 4)
	if _, err := io.ReadFull(f, start); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	_, err := f.Seek(0, io.SeekStart)
	return string(start) == "PAR1", err
}

// plainText takes compression off, which is told by the first bytes (RFC 1952 and RFC 8878), within bounds.
func plainText(r io.Reader) (io.Reader, error) {
	raw := &counter{r: r}
	plain, err := decompressed(raw)
	return &inflated{counter: counter{r: plain}, raw: raw}, err
}

func decompressed(r io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	start, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case strings.HasPrefix(string(start), "\x1f\x8b"):
		return gzip.NewReader(in)
	case string(start) == "\x28\xb5\x2f\xfd":
		out, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return out.IOReadCloser(), nil
	default:
		return in, nil
	}
}

// cancelReader ends reading when the context does.
type cancelReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancelReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// pathless takes the path off an error of the operating system: the message names the file once.
func pathless(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

type decoder struct {
	name         string
	unit         string // what a row is called in errors
	options      Options
	csv          *csv.Reader
	limit        *rowLimit
	decimalComma bool // amounts are written as 1.234,56
	header       []string
	columns      map[string]string // field to column
	place        map[string]int    // field to position
}

// newDecoder reads the header of a CSV file (RFC 4180).
func newDecoder(r io.Reader, name string, o Options) (*decoder, error) {
	buffered := bufio.NewReaderSize(r, startSize)
	start, err := buffered.Peek(startSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	limited := &rowLimit{r: buffered}
	d := &decoder{name: name, unit: "line", options: o, csv: csv.NewReader(limited), limit: limited, place: map[string]int{}}
	d.csv.Comma = delimiter(start)
	d.csv.FieldsPerRecord = -1
	d.csv.ReuseRecord = true
	header, err := d.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, &RowError{name, "line", 1, "", errors.New("file is empty, a header row was expected")}
	}
	if err != nil {
		return nil, &RowError{name, "line", 1, "", plain(err)}
	}
	d.header = slices.Clone(header)
	d.header[0] = strings.TrimPrefix(d.header[0], byteOrderMark)
	for i := range d.header {
		if d.header[i] = strings.TrimSpace(d.header[i]); strings.ContainsFunc(d.header[i], unicode.IsControl) {
			return nil, &RowError{name, "line", 1, "", errors.New("the header holds a control character: is this a text file with line feeds at the end of its lines?")}
		}
	}
	if d.columns, err = choose(d.header, o.Columns); err != nil {
		return nil, &RowError{name, "line", 1, "", err}
	}
	for field, column := range d.columns {
		i := slices.Index(d.header, column)
		if slices.Contains(d.header[i+1:], column) {
			return nil, &RowError{name, "line", 1, column, errors.New("column is in the header twice")}
		}
		d.place[field] = i
	}
	d.decimalComma = d.csv.Comma != ',' && d.commasIn(start)
	return d, nil
}

// startSize is how much of a file is looked at to tell how it is written.
const startSize = 256 << 10

// delimiter is what parts the columns, by the header: a semicolon or a tab where there is no comma.
func delimiter(start []byte) rune {
	header, _, _ := bytes.Cut(start, []byte("\n"))
	for _, mark := range []byte{';', '\t'} {
		if bytes.IndexByte(header, mark) >= 0 && bytes.IndexByte(header, ',') < 0 {
			return rune(mark)
		}
	}
	return ','
}

// commasIn reports whether an amount of the first rows is written as 1.234,56.
func (d *decoder) commasIn(start []byte) bool {
	column, mapped := d.place["amount"]
	rows := csv.NewReader(bytes.NewReader(start))
	rows.Comma, rows.FieldsPerRecord, rows.ReuseRecord = d.csv.Comma, -1, true
	for mapped {
		row, err := rows.Read()
		if err != nil {
			return false
		}
		if column < len(row) && strings.LastIndexByte(row[column], ',') > strings.LastIndexByte(row[column], '.') {
			return true
		}
	}
	return false
}

func (d *decoder) rows(yield func(record.Entry) error) error {
	var wrong badRows
	for {
		d.limit.from = d.csv.InputOffset()
		row, err := d.csv.Read()
		if errors.Is(err, io.EOF) {
			return wrong.err()
		}
		var e record.Entry
		if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
			err = &RowError{d.name, d.unit, parse.StartLine, "", parse.Err}
		} else if err != nil {
			return fmt.Errorf("read %s: %w", d.name, err)
		} else {
			line, _ := d.csv.FieldPos(0)
			e, err = d.row(row, line)
		}
		if err != nil {
			wrong.add(err)
			continue
		}
		if wrong.count > 0 {
			continue // nothing of it can be used any more
		}
		if err := yield(e); err != nil {
			return err
		}
	}
}

// plain takes the position off an error of the CSV reader; it is told by RowError.
func plain(err error) error {
	if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
		return parse.Err
	}
	return err
}
