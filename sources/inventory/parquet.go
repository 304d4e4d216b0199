package inventory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	pqfile "github.com/apache/arrow/go/v17/parquet/file"
)

// parquetColumns are the names S3 gives the columns in the footer. Everything else is skipped.
var parquetColumns = map[string]string{
	"bucket": colBucket, "key": colKey, "version_id": colVersion, "is_latest": colLatest, "is_delete_marker": colMarker,
	"size": colSize, "last_modified_date": colModified, "e_tag": colETag, "storage_class": colStorageClass,
	"is_multipart_uploaded": colMultipart, "replication_status": colReplication, "encryption_status": colEncryption,
}

const (
	maxAllocation = 256 << 20 // bytes of one page; S3 writes pages of about a megabyte
	maxGroupRows  = 1 << 30
	abandonAfter  = 2 * time.Second
)

// decodeParquet yields the rows of a file through the low-level column readers, which panic on damage instead of
// killing the process from goroutines of their own, as the record readers do.
//
// They also may loop. So they run in a goroutine whose reads fail once ctx is over; one that spins without reading
// even then is left behind, for nothing in Go can stop it.
func decodeParquet(ctx context.Context, f *os.File, size int64, each func(row) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	batches := make(chan []row)
	result := make(chan error, 1)
	go func() {
		defer close(batches)
		result <- guarded(func() error { return readParquet(ctx, bound{ctx, f, size}, batches) })
	}()
	err := hand(ctx, batches, each)
	cancel()
	select {
	case fault := <-result:
		if err == nil {
			err = fault
		}
	case <-time.After(abandonAfter):
	}
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// errEnough says that the consumer wants no more rows.
var errEnough = errors.New("no more rows wanted")

func hand(ctx context.Context, batches <-chan []row, each func(row) bool) error {
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("decode: %w", context.Cause(ctx))
		case rows, more := <-batches:
			if !more {
				return nil
			}
			for _, o := range rows {
				if !each(o) {
					return errEnough
				}
			}
		}
	}
}

// guarded turns a panic of the column readers into an error.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &damage{fmt.Sprintf("is damaged: %v", r)}
		}
	}()
	return f()
}

func readParquet(ctx context.Context, f bound, out chan<- []row) error {
	props := parquet.NewReaderProperties(sober{memory.NewGoAllocator()})
	props.BufferedStreamEnabled = true // else a whole column chunk is read at once
	file, err := pqfile.NewParquetReader(f, pqfile.WithReadProps(props))
	if err != nil {
		return &damage{"is not Parquet, or damaged: " + err.Error()}
	}
	wanted, err := columnsOf(file)
	if err != nil {
		return err
	}
	for g := range file.NumRowGroups() {
		if err := readGroup(ctx, file.RowGroup(g), f.size, wanted, out); err != nil {
			return err
		}
	}
	return nil
}

// columnsOf finds the known columns in the footer: name to index.
func columnsOf(file *pqfile.Reader) (map[string]int, error) {
	found := map[string]int{}
	sc := file.MetaData().Schema
	for i := range sc.NumColumns() {
		column := sc.Column(i)
		name, known := parquetColumns[strings.ToLower(column.Path())]
		if !known {
			continue
		}
		if column.MaxRepetitionLevel() > 0 || column.MaxDefinitionLevel() > 1 {
			return nil, &unsupported{"has the column " + column.Path() + " nested or repeated"}
		}
		found[name] = i
	}
	for _, name := range []string{colBucket, colKey, colSize, colModified} {
		if _, ok := found[name]; !ok {
			return nil, &unsupported{"has no column " + name + ", which is needed"}
		}
	}
	return found, layout{at: found}.versions()
}

func readGroup(ctx context.Context, group *pqfile.RowGroupReader, size int64, wanted map[string]int, out chan<- []row) error {
	total := group.NumRows()
	if total < 0 || total > maxGroupRows {
		return &damage{fmt.Sprintf("claims %d rows in one group", total)}
	}
	columns := make(map[string]*column, len(wanted))
	for name, i := range wanted {
		chunk, err := group.MetaData().ColumnChunk(i)
		if err != nil {
			return &damage{fmt.Sprintf("column %s: %v", name, err)}
		}
		if n := chunk.TotalCompressedSize(); n < 0 || n > size {
			return &damage{fmt.Sprintf("column %s claims %d bytes of a file of %d", name, n, size)}
		}
		reader, err := group.Column(i)
		if err != nil {
			return &damage{fmt.Sprintf("column %s: %v", name, err)}
		}
		columns[name] = &column{reader: reader, required: reader.Descriptor().MaxDefinitionLevel() == 0}
	}
	for done := int64(0); done < total; {
		n := min(rowsPerBatch, total-done)
		for name, c := range columns {
			if err := c.read(n); err != nil {
				return &damage{fmt.Sprintf("column %s after row %d: %v", name, done, err)}
			}
		}
		rows, err := assemble(columns, int(n), done)
		if err != nil {
			return err
		}
		select {
		case out <- rows:
		case <-ctx.Done():
			return fmt.Errorf("decode: %w", context.Cause(ctx))
		}
		done += n
	}
	return nil
}

// column holds one batch of one column: for each row whether there is a value, and the value by its type.
type column struct {
	reader   pqfile.ColumnChunkReader
	required bool
	levels   []int16
	texts    []string
	numbers  []int64
	flags    []bool
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
			return nil, &damage{fmt.Sprintf("row %d: field key is empty", done+int64(i)+1)}
		case !dated:
			return nil, &damage{fmt.Sprintf("row %d: field last_modified_date is empty", done+int64(i)+1)}
		case size < 0 || !sized && !o.DeleteMarker:
			return nil, &damage{fmt.Sprintf("row %d: field size is not a number of bytes", done+int64(i)+1)}
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

// bound is a file whose reads fail once ctx is over.
type bound struct {
	ctx  context.Context //nolint:containedctx // the reader's interface has no place for one
	file *os.File
	size int64
}

// ReadAt implements io.ReaderAt.
func (b bound) ReadAt(p []byte, off int64) (int, error) {
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx) //nolint:wrapcheck // an io.ReaderAt
	}
	return b.file.ReadAt(p, off) //nolint:wrapcheck // an io.ReaderAt
}

// Seek implements io.Seeker.
func (b bound) Seek(offset int64, whence int) (int64, error) {
	return io.NewSectionReader(b.file, 0, b.size).Seek(offset, whence) //nolint:wrapcheck // an io.Seeker
}

// sober refuses the allocations that only a damaged file asks for.
type sober struct{ memory.Allocator }

// Allocate implements memory.Allocator. Its panic is caught by guarded.
func (s sober) Allocate(size int) []byte {
	if size > maxAllocation {
		panic(fmt.Sprintf("a page claims %d bytes", size))
	}
	return s.Allocator.Allocate(size)
}

// Reallocate implements memory.Allocator. Its panic is caught by guarded.
func (s sober) Reallocate(size int, b []byte) []byte {
	if size > maxAllocation {
		panic(fmt.Sprintf("a page claims %d bytes", size))
	}
	return s.Allocator.Reallocate(size, b)
}
