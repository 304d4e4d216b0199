package inventory

import (
	"errors"
	"fmt"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	pqfile "github.com/apache/arrow/go/v17/parquet/file"
)

// column holds one batch of one column: for each row whether there is a value, and the value by its type.
type column struct {
	reader   pqfile.ColumnChunkReader
	required bool
	levels   []int16
	texts    []string
	numbers  []int64
	flags    []bool
}

func newColumn(file *pqfile.Reader, i int, pages pqfile.PageReader) *column {
	about := file.MetaData().Schema.Column(i)
	required := about.MaxDefinitionLevel() == 0
	checked := &checkedPages{PageReader: pages, optional: !required}
	return &column{
		reader:   pqfile.NewColumnReader(about, checked, sober{memory.NewGoAllocator()}, file.BufferPool()),
		required: required,
	}
}

// read fills the column with the next n rows; fewer is damage.
func (c *column) read(n int64) error {
	c.levels = make([]int16, n)
	var got int64
	var values int
	var err error
	switch r := c.reader.(type) {
	case *pqfile.ByteArrayColumnChunkReader:
		raw := make([]parquet.ByteArray, n)
		if got, values, err = r.ReadBatch(n, raw, c.levels, nil); err == nil {
			c.texts = spread(c, raw[:values], func(b parquet.ByteArray) string { return string(b) })
		}
	case *pqfile.Int64ColumnChunkReader:
		raw := make([]int64, n)
		if got, values, err = r.ReadBatch(n, raw, c.levels, nil); err == nil {
			c.numbers = spread(c, raw[:values], func(v int64) int64 { return v })
		}
	case *pqfile.BooleanColumnChunkReader:
		raw := make([]bool, n)
		if got, values, err = r.ReadBatch(n, raw, c.levels, nil); err == nil {
			c.flags = spread(c, raw[:values], func(v bool) bool { return v })
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

// spread puts the values, of which there is none for a null, at the places of their rows.
func spread[V, W any](c *column, values []V, convert func(V) W) []W {
	out := make([]W, len(c.levels))
	next := 0
	for i := range c.levels {
		if (c.required || c.levels[i] > 0) && next < len(values) {
			c.levels[i] = 1
			out[i] = convert(values[next])
			next++
		}
	}
	return out
}

func assemble(columns map[string]*column, n int, done int64) ([]row, error) {
	rows := make([]row, n)
	_, versions := columns[colVersion]
	for i := range rows {
		o := &rows[i]
		o.bucket, o.Key, o.VersionID = text(columns[colBucket], i), text(columns[colKey], i), text(columns[colVersion], i)
		o.ETag, o.StorageClass = text(columns[colETag], i), text(columns[colStorageClass], i)
		o.ReplicationStatus, o.Encryption = statusOf(text(columns[colReplication], i)), text(columns[colEncryption], i)
		o.IsLatest = !versions || truth(columns[colLatest], i)
		o.DeleteMarker, o.Multipart = truth(columns[colMarker], i), truth(columns[colMultipart], i)
		size, sized := columns[colSize].number(i)
		modified, dated := columns[colModified].number(i)
		switch {
		case o.Key == "":
			return nil, &damageError{fmt.Sprintf("row %d: field key is empty", done+int64(i)+1)}
		case !dated:
			return nil, &damageError{fmt.Sprintf("row %d: field last_modified_date is empty", done+int64(i)+1)}
		case size < 0 || !sized && !o.DeleteMarker:
			return nil, &damageError{fmt.Sprintf("row %d: field size is not a number of bytes", done+int64(i)+1)}
		}
		o.Size, o.LastModified = size, time.UnixMilli(modified).UTC()
	}
	return rows, nil
}

func text(c *column, i int) string {
	if c == nil || c.texts == nil {
		return ""
	}
	return c.texts[i]
}

func truth(c *column, i int) bool { return c != nil && c.flags != nil && c.flags[i] }

func (c *column) number(i int) (n int64, ok bool) {
	if c.numbers == nil || c.levels[i] == 0 {
		return 0, false
	}
	return c.numbers[i], true
}
