package tabular

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sync"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	pqfile "github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"

	"parallax/internal/join"
)

// rowsAtOnce is how many rows are decoded at a time: their columns stay in the second cache.
const rowsAtOnce = 4096

// parquetFile is what the footer of a file says.
type parquetFile struct {
	file   *os.File
	size   int64
	names  []string
	schema []*schema.Column
	groups []group
	total  int64
	page   int64 // bytes of a page at most
	idle   idle
}

// group is a row group: where its column chunks are.
type group struct {
	rows   int64
	chunks []chunk
}

type chunk struct {
	start, end, values int64
	codec              compress.Compression
	encodings          []parquet.Encoding
	err                error // why it cannot be read
}

// guarded turns a panic over a damaged file into an error.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("is damaged: %v", r)
		}
	}()
	return f()
}

func openParquet(f *os.File, size int64, o Options) (*parquetFile, error) {
	p := &parquetFile{file: f, size: size, page: min(maxPage, cmp.Or(o.MaxPage, maxPage))}
	if err := checkFooter(f, size, min(maxFooter, cmp.Or(o.MaxFooter, maxFooter))); err != nil {
		return nil, fmt.Errorf("is no Parquet file, or damaged: %w", err)
	}
	err := guarded(func() error {
		reader, err := pqfile.NewParquetReader(io.NewSectionReader(f, 0, size))
		if err != nil {
			return fmt.Errorf("is no Parquet file, or damaged: %w", err)
		}
		return p.footer(reader)
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (p *parquetFile) footer(reader *pqfile.Reader) error {
	about := reader.MetaData()
	for i := range about.Schema.NumColumns() {
		c := about.Schema.Column(i)
		p.names, p.schema = append(p.names, c.Path()), append(p.schema, c)
	}
	for g := range reader.NumRowGroups() {
		meta := about.RowGroup(g)
		next := group{rows: meta.NumRows()}
		if next.rows < 0 || next.rows > math.MaxInt64-p.total || meta.NumColumns() != len(p.names) {
			return fmt.Errorf("row group %d is damaged", g)
		}
		for i := range p.names {
			next.chunks = append(next.chunks, p.chunk(reader, g, i))
		}
		p.total += next.rows
		p.groups = append(p.groups, next)
	}
	if n := reader.NumRows(); n != p.total {
		return fmt.Errorf("claims %d rows, its row groups %d", n, p.total)
	}
	return nil
}

// chunk finds out where a column chunk is.
func (p *parquetFile) chunk(reader *pqfile.Reader, g, i int) chunk {
	meta, err := reader.MetaData().RowGroup(g).ColumnChunk(i)
	if err != nil {
		return chunk{err: err}
	}
	c := chunk{start: meta.DataPageOffset(), values: meta.NumValues(), codec: meta.Compression(), encodings: meta.Encodings()}
	if d := meta.DictionaryPageOffset(); meta.HasDictionaryPage() && d > 0 && d < c.start {
		c.start = d
	}
	size := meta.TotalCompressedSize()
	switch {
	case meta.CryptoMetadata() != nil:
		c.err = errors.New("is encrypted")
	case meta.FilePath() != "":
		c.err = errors.New("is in another file")
	case c.start < 0 || size < 0 || c.values < 0 || c.start > p.size || size > p.size-c.start:
		c.err = errors.New("is not within the file")
	}
	c.end = c.start + size
	return c
}

func (p *parquetFile) columns() []string { return p.names }
func (p *parquetFile) rows() int64       { return p.total }

// parts has one part a row group.
func (p *parquetFile) parts(t *Table, key, value []Field) ([]join.Part, error) {
	fields := append(append([]Field{}, key...), value...)
	indexes := make([]int, len(fields))
	for i, f := range fields {
		at, err := find(p.names, f.Name)
		if err == nil {
			indexes[i] = at
			_, err = newColumn(p.schema[at], f)
		}
		if err == nil {
			err = p.readable(at)
		}
		if err != nil {
			return nil, err
		}
	}
	parts := make([]join.Part, len(p.groups))
	for g := range p.groups {
		parts[g] = join.Part{Name: fmt.Sprintf("%s row group %d", t.path, g), Scan: func(ctx context.Context, emit func(*join.Batch) error) error {
			s := &scanner{file: p, group: g, indexes: indexes, fields: fields, keys: len(key)}
			return s.scan(ctx, emit)
		}}
	}
	return parts, nil
}

// ErrEncoding is of a column that is compressed or encoded in a way that is not read.
var ErrEncoding = errors.New("is written in a way that is not read")

// readable looks whether the chunks of a column say that they are written in a way that is read.
func (p *parquetFile) readable(column int) error {
	for g := range p.groups {
		c := &p.groups[g].chunks[column]
		if c.err != nil {
			continue // the scan tells what is wrong
		}
		if _, err := codecOf(c.codec); err != nil {
			return fmt.Errorf("column %s %w: it %w", p.names[column], ErrEncoding, err)
		}
		for _, e := range c.encodings {
			switch e {
			case parquet.Encodings.Plain, parquet.Encodings.PlainDict, parquet.Encodings.RLEDict, parquet.Encodings.RLE, parquet.Encodings.BitPacked:
			default:
				return fmt.Errorf("column %s %w: %s", p.names[column], ErrEncoding, e)
			}
		}
	}
	return nil
}

// idle keeps the buffers of columns for the next row group.
type idle struct {
	mu   sync.Mutex
	sets [][]*column
}

func (s *idle) get() []*column {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sets) == 0 {
		return nil
	}
	last := s.sets[len(s.sets)-1]
	s.sets = s.sets[:len(s.sets)-1]
	return last
}

func (s *idle) put(set []*column) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sets = append(s.sets, set)
}

// scanner scans one row group.
type scanner struct {
	file    *parquetFile
	group   int
	indexes []int
	fields  []Field
	keys    int
}

func (s *scanner) scan(ctx context.Context, emit func(*join.Batch) error) error {
	columns, err := s.open()
	if err != nil {
		return err
	}
	out := make([]join.Column, len(columns))
	batch := join.Batch{Key: out[:s.keys], Value: out[s.keys:]}
	for left := s.file.groups[s.group].rows; left > 0; left -= int64(batch.Rows) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if batch.Rows, err = s.decode(columns, out, left); err != nil {
			return err
		}
		if err := emit(&batch); err != nil {
			return err
		}
	}
	s.file.idle.put(columns)
	return nil
}

// decode decodes the next rows of all columns: as many as all of them have in their pages.
func (s *scanner) decode(columns []*column, out []join.Column, left int64) (int, error) {
	n := int(min(left, rowsAtOnce))
	for i, c := range columns {
		err := guarded(func() error {
			have, err := c.available()
			n = min(n, have)
			return err
		})
		if err == nil && n == 0 {
			err = errPage
		}
		if err != nil {
			return 0, fmt.Errorf("column %s %w", s.fields[i].Name, err)
		}
	}
	for i, c := range columns {
		err := guarded(func() error { return c.read(n, &out[i]) })
		if err != nil {
			return 0, fmt.Errorf("column %s %w", s.fields[i].Name, err)
		}
	}
	return n, nil
}

// open prepares the columns of the row group.
func (s *scanner) open() ([]*column, error) {
	columns := s.file.idle.get()
	if len(columns) != len(s.indexes) {
		columns = make([]*column, len(s.indexes))
	}
	for i, at := range s.indexes {
		fresh, err := newColumn(s.file.schema[at], s.fields[i])
		if err != nil {
			return nil, err
		}
		if columns[i] == nil {
			columns[i] = fresh
		} else {
			columns[i].shape = fresh.shape
		}
		c := &s.file.groups[s.group].chunks[at]
		if c.err != nil {
			return nil, fmt.Errorf("column %s %w", s.fields[i].Name, c.err)
		}
		if rows := s.file.groups[s.group].rows; c.values != rows {
			return nil, fmt.Errorf("column %s claims %d values in %d rows", s.fields[i].Name, c.values, rows)
		}
		codec, err := codecOf(c.codec)
		if err != nil {
			return nil, fmt.Errorf("column %s %w", s.fields[i].Name, err)
		}
		columns[i].pages.most = s.file.page
		columns[i].open(s.file.file, c.start, c.end, codec, c.values)
	}
	return columns, nil
}

func codecOf(c compress.Compression) (codec, error) {
	switch c {
	case compress.Codecs.Uncompressed:
		return plain, nil
	case compress.Codecs.Snappy:
		return snappyCodec, nil
	case compress.Codecs.Gzip:
		return gzipCodec, nil
	case compress.Codecs.Zstd:
		return zstdCodec, nil
	default:
		return 0, fmt.Errorf("is compressed by %s, which is not read", c)
	}
}

// newColumn finds out how a column is decoded.
func newColumn(c *schema.Column, f Field) (*column, error) {
	if c.MaxRepetitionLevel() > 0 || c.MaxDefinitionLevel() > 1 {
		return nil, fmt.Errorf("column %s is nested or repeated", f.Name)
	}
	out := &column{shape: shape{nullable: c.MaxDefinitionLevel() == 1}}
	switch c.PhysicalType() {
	case parquet.Types.Boolean:
		out.physical = physBool
	case parquet.Types.Int32:
		out.physical = physInt32
	case parquet.Types.Int64:
		out.physical = physInt64
	case parquet.Types.ByteArray:
		out.physical = physBytes
	case parquet.Types.FixedLenByteArray:
		out.physical, out.width = physFixed, c.TypeLength()
		if out.width <= 0 {
			return nil, fmt.Errorf("column %s has values of %d bytes", f.Name, out.width)
		}
	default:
		return nil, fmt.Errorf("column %s has the type %s, which is not read", f.Name, c.PhysicalType())
	}
	if err := out.interpret(c, f); err != nil {
		return nil, fmt.Errorf("column %s %w", f.Name, err)
	}
	return out, nil
}
