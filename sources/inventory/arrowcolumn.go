package inventory

import (
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	pqfile "github.com/apache/arrow/go/v17/parquet/file"

	"parallax/internal/join"
)

// arrowColumn decodes one column of one row group.
type arrowColumn struct {
	reader   pqfile.ColumnChunkReader
	required bool
	perMilli int64 // units of a time in a millisecond; 0 where it is none
	levels   []int16
}

func newArrowColumn(file *pqfile.Reader, i int, pages pqfile.PageReader) *arrowColumn {
	about := file.MetaData().Schema.Column(i)
	required := about.MaxDefinitionLevel() == 0
	checked := &checkedPages{PageReader: pages, optional: !required}
	return &arrowColumn{
		reader:   pqfile.NewColumnReader(about, checked, sober{memory.NewGoAllocator()}, file.BufferPool()),
		required: required,
	}
}

// read decodes the next n rows; fewer is damage.
func (c *arrowColumn) read(n int64, out *join.Column) error {
	c.levels = make([]int16, n)
	*out = join.Column{}
	var got int64
	var values int
	var err error
	switch r := c.reader.(type) {
	case *pqfile.ByteArrayColumnChunkReader:
		raw := make([]parquet.ByteArray, n)
		if got, values, err = r.ReadBatch(n, raw, c.levels, nil); err == nil {
			out.Texts, err = c.copied(out, raw[:values])
		}
	case *pqfile.Int64ColumnChunkReader:
		raw := make([]int64, n)
		if got, values, err = r.ReadBatch(n, raw, c.levels, nil); err == nil {
			out.Ints = spread(c, raw[:values], out, c.inMillis)
		}
	case *pqfile.BooleanColumnChunkReader:
		raw := make([]bool, n)
		if got, values, err = r.ReadBatch(n, raw, c.levels, nil); err == nil {
			out.Ints = spread(c, raw[:values], out, numberOf)
		}
	default:
		return fmt.Errorf("has the type %s", c.reader.Type())
	}
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if err := c.reader.Err(); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if got != n {
		return errors.New("ends before its time")
	}
	return nil
}

// inMillis makes a time one in milliseconds, rounding towards the past.
func (c *arrowColumn) inMillis(v int64) int64 {
	if c.perMilli <= 1 {
		return v
	}
	if v < 0 && v%c.perMilli != 0 {
		return v/c.perMilli - 1
	}
	return v / c.perMilli
}

func numberOf(truth bool) int64 {
	if truth {
		return 1
	}
	return 0
}

// copied keeps texts beyond the page they stand in.
func (c *arrowColumn) copied(out *join.Column, values []parquet.ByteArray) ([]join.Span, error) {
	total := 0
	for _, v := range values {
		total += len(v)
	}
	if total > maxAllocation {
		return nil, fmt.Errorf("a batch of %d bytes", total)
	}
	out.Data = make([]byte, 0, total)
	return spread(c, values, out, func(v parquet.ByteArray) join.Span {
		start := len(out.Data)
		out.Data = append(out.Data, v...)
		return join.Span{Start: uint32(start), End: uint32(len(out.Data))} //nolint:gosec // at most maxAllocation
	}), nil
}

// spread puts the values, of which there is none for a null, at the places of their rows.
func spread[V, W any](c *arrowColumn, values []V, out *join.Column, convert func(V) W) []W {
	at := make([]W, len(c.levels))
	next := 0
	for i := range c.levels {
		if (c.required || c.levels[i] > 0) && next < len(values) {
			at[i] = convert(values[next])
			next++
			continue
		}
		if out.Nulls == nil {
			out.Nulls = make([]bool, len(c.levels))
		}
		out.Nulls[i] = true
	}
	return at
}
