package tabular

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"parallax/internal/join"
)

const (
	maxRecord  = 10 << 20
	sampleSize = 64 << 10
	// packedRatio is how much larger than a compressed file its content is taken to be, for the number of its rows.
	packedRatio = 4
)

// csvFile is a CSV file whose header was read.
type csvFile struct {
	file     *os.File
	size     int64
	as       packing
	comma    byte
	most     int64 // bytes of content
	header   []string
	estimate int64
}

func openCSV(f *os.File, size int64, magic []byte, o Options) (*csvFile, error) {
	c := &csvFile{file: f, size: size, as: packingOf(magic), comma: o.Comma}
	if c.comma == 0 {
		c.comma = ','
	}
	if c.comma == '"' || c.comma == '\n' || c.comma == '\r' {
		return nil, errors.New("the separator of fields cannot be a quote or a line end")
	}
	ratio := o.MaxRatio
	if ratio <= 0 {
		ratio = DefaultMaxRatio
	}
	if c.most = size; c.as != unpacked {
		c.most = freeBytes + size*ratio
	}
	return c, c.readHeader()
}

func (c *csvFile) columns() []string { return c.header }
func (c *csvFile) rows() int64       { return c.estimate }

// readHeader reads the first record, and guesses by the next ones how many there are.
func (c *csvFile) readHeader() error {
	from, err := c.as.reader(io.NewSectionReader(c.file, 0, c.size))
	if err != nil {
		return err
	}
	defer from.Close() //nolint:errcheck // nothing was written
	s := &csvScan{comma: c.comma, from: &synchronous{from: &bounded{from, c.most}}, line: 1}
	found, err := s.record(func(fields []span) {
		for _, f := range fields {
			c.header = append(c.header, string(s.buf[f.start:f.end]))
		}
	})
	if err != nil {
		return err
	}
	if !found {
		return errors.New("is empty: it has no header")
	}
	if !isText(s.buf[:s.end]) {
		return errors.New("is neither Parquet nor text")
	}
	sample := s.buf[s.pos:s.end]
	total := c.size
	if c.as != unpacked {
		total *= packedRatio
	}
	if lines := int64(bytes.Count(sample, []byte{'\n'})); lines > 0 {
		c.estimate = total / max(1, int64(len(sample))/lines)
	}
	return nil
}

// isText refuses what is binary for sure.
func isText(b []byte) bool {
	for _, bom := range []string{"\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(b, []byte(bom)) {
			return false // UTF-16
		}
	}
	return bytes.IndexByte(b, 0) < 0
}

// parts is one part: where a record ends cannot be known in the middle of a file that may have quoted line ends.
func (c *csvFile) parts(t *Table, key, value []Field) ([]join.Part, error) {
	fields := append(append([]Field{}, key...), value...)
	wanted := make([]wantedField, len(fields))
	for i, f := range fields {
		at, err := find(c.header, f.Name)
		if err != nil {
			return nil, err
		}
		wanted[i] = wantedField{Field: f, column: at, out: i}
	}
	slices.SortStableFunc(wanted, func(a, b wantedField) int { return a.column - b.column })
	return []join.Part{{Name: t.path, Scan: func(ctx context.Context, emit func(*join.Batch) error) error {
		return c.scan(ctx, wanted, len(key), emit)
	}}}, nil
}

func (c *csvFile) scan(ctx context.Context, wanted []wantedField, keys int, emit func(*join.Batch) error) error {
	from, err := c.as.reader(&cancelled{ctx, io.NewSectionReader(c.file, 0, c.size)})
	if err != nil {
		return err
	}
	defer from.Close() //nolint:errcheck // nothing was written
	source := readAhead(ctx, &bounded{from, c.most})
	defer source.close()
	s := &csvScan{comma: c.comma, from: source, line: 1, wanted: wanted, width: len(c.header), keys: keys, emit: func(b *join.Batch) error {
		if err := ctx.Err(); err != nil { // what was read ahead may be the whole file
			return err
		}
		return emit(b)
	}}
	err = s.rows()
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// cancelled is a reader that ends with its context.
type cancelled struct {
	ctx  context.Context
	from io.Reader
}

// Read implements io.Reader.
func (c *cancelled) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.from.Read(p) //nolint:wrapcheck // a reader handed through
}

// lineError says where in a CSV file something is wrong.
func lineError(line int64, err error) error { return fmt.Errorf("line %d: %w", line, err) }
