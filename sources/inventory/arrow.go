package inventory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	pqfile "github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

const (
	maxAllocation = 256 << 20 // bytes of one page; S3 writes pages of about a megabyte
	abandonAfter  = 2 * time.Second
)

// arrowDecoder reads a Parquet file through the low-level column readers of arrow, which panic on damage instead of killing
// the process from goroutines of their own, as its record readers do. It knows more encodings than internal/tabular, and is
// slower.
//
// They also may loop; checkedPages refuses what is known to make them. To be safe against the rest they run in a
// goroutine whose reads fail once ctx is over; one that spins without reading even then is left behind, for nothing in
// Go can stop it.
type arrowDecoder struct{}

func (arrowDecoder) decode(ctx context.Context, f *os.File, size int64, each func(*columns) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan *columns)
	result := make(chan error, 1)
	go func() {
		defer close(batches)
		result <- guarded(func() error { return readArrow(ctx, bound{ctx, f, size}, batches) })
	}()
	if err := hand(ctx, batches, each); err != nil {
		cancel()
		select { // the file is not closed under the readers' feet
		case <-result:
		case <-time.After(abandonAfter):
		}
		return err
	}
	return <-result
}

func hand(ctx context.Context, batches <-chan *columns, each func(*columns) error) error {
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("decode: %w", context.Cause(ctx))
		case c, more := <-batches:
			if !more {
				return nil
			}
			if err := each(c); err != nil {
				return err
			}
		}
	}
}

// guarded turns a panic of the column readers into an error.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &damageError{fmt.Sprintf("is damaged: %v", r)}
		}
	}()
	return f()
}

func readArrow(ctx context.Context, f bound, out chan<- *columns) error {
	props := parquet.NewReaderProperties(sober{memory.NewGoAllocator()})
	props.BufferedStreamEnabled = true // else a whole column chunk is read at once
	file, err := pqfile.NewParquetReader(f, pqfile.WithReadProps(props))
	if err != nil {
		return &damageError{"is not Parquet, or damaged: " + err.Error()}
	}
	names := make([]string, file.MetaData().Schema.NumColumns())
	for i := range names {
		names[i] = file.MetaData().Schema.Column(i).Path()
	}
	at, err := placesOf(names)
	if err != nil {
		return err
	}
	for g := range file.NumRowGroups() {
		if err := readGroup(ctx, file, g, f.size, &at, out); err != nil {
			return err
		}
	}
	return nil
}

func readGroup(ctx context.Context, file *pqfile.Reader, g int, size int64, at *places, out chan<- *columns) error {
	total := file.RowGroup(g).NumRows()
	if total < 0 || total > freeRows+rowsPerByte*size {
		return &damageError{fmt.Sprintf("claims %d rows in one group", total)}
	}
	var readers [fieldCount]*arrowColumn
	for f, i := range at {
		if i < 0 {
			continue
		}
		var err error
		if readers[f], err = openColumn(file, g, i, size); err == nil && field(f) == fieldModified {
			readers[f].perMilli = perMilli(file.MetaData().Schema.Column(i).LogicalType())
		}
		if err != nil {
			return &damageError{fmt.Sprintf("column %s: %v", fieldNames[f], err)}
		}
	}
	for done := int64(0); done < total; {
		n := min(rowsPerBatch, total-done)
		c := &columns{rows: int(n)}
		for f, r := range readers {
			if r == nil {
				continue
			}
			if err := r.read(n, &c.of[f]); err != nil {
				return &damageError{fmt.Sprintf("column %s after row %d: %v", fieldNames[f], done, err)}
			}
			if c.has[f] = true; (c.of[f].Texts != nil) != field(f).isText() {
				return &unsupportedError{"has column " + fieldNames[f] + " in another type"}
			}
		}
		select {
		case out <- c:
		case <-ctx.Done():
			return fmt.Errorf("decode: %w", context.Cause(ctx))
		}
		done += n
	}
	return nil
}

func openColumn(file *pqfile.Reader, g, i int, size int64) (*arrowColumn, error) {
	about := file.MetaData().Schema.Column(i)
	if about.MaxRepetitionLevel() > 0 || about.MaxDefinitionLevel() > 1 {
		return nil, errors.New("is nested or repeated")
	}
	chunk, err := file.RowGroup(g).MetaData().ColumnChunk(i)
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	if n := chunk.TotalCompressedSize(); n < 0 || n > size {
		return nil, fmt.Errorf("claims %d bytes of a file of %d", n, size)
	}
	pages, err := file.RowGroup(g).GetColumnPageReader(i)
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	return newArrowColumn(file, i, pages), nil
}

// perMilli is how many of a time's units a millisecond has. A number without a unit is taken to be in milliseconds.
func perMilli(t schema.LogicalType) int64 {
	unit := schema.TimeUnitMillis
	switch t := t.(type) {
	case schema.TimestampLogicalType:
		unit = t.TimeUnit()
	case *schema.TimestampLogicalType:
		unit = t.TimeUnit()
	}
	switch unit {
	case schema.TimeUnitMicros:
		return 1e3
	case schema.TimeUnitNanos:
		return 1e6
	default:
		return 1
	}
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
