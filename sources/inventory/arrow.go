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
// They also may loop; checkedPages refuses what is known to make them. To be safe against the rest they run in a
// goroutine whose reads fail once ctx is over; one that spins without reading even then is left behind, for nothing in
// Go can stop it.
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
			err = &damageError{fmt.Sprintf("is damaged: %v", r)}
		}
	}()
	return f()
}

func readParquet(ctx context.Context, f bound, out chan<- []row) error {
	props := parquet.NewReaderProperties(sober{memory.NewGoAllocator()})
	props.BufferedStreamEnabled = true // else a whole column chunk is read at once
	file, err := pqfile.NewParquetReader(f, pqfile.WithReadProps(props))
	if err != nil {
		return &damageError{"is not Parquet, or damaged: " + err.Error()}
	}
	wanted, err := columnsOf(file)
	if err != nil {
		return err
	}
	for g := range file.NumRowGroups() {
		if err := readGroup(ctx, file, g, f.size, wanted, out); err != nil {
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
			return nil, &unsupportedError{"has the column " + column.Path() + " nested or repeated"}
		}
		found[name] = i
	}
	for _, name := range []string{colBucket, colKey, colSize, colModified} {
		if _, ok := found[name]; !ok {
			return nil, &unsupportedError{"has no column " + name + ", which is needed"}
		}
	}
	return found, layout{at: found}.versions()
}

func readGroup(ctx context.Context, file *pqfile.Reader, g int, size int64, wanted map[string]int, out chan<- []row) error {
	group := file.RowGroup(g)
	total := group.NumRows()
	if total < 0 || total > maxGroupRows {
		return &damageError{fmt.Sprintf("claims %d rows in one group", total)}
	}
	columns := make(map[string]*column, len(wanted))
	for name, i := range wanted {
		chunk, err := group.MetaData().ColumnChunk(i)
		if err != nil {
			return &damageError{fmt.Sprintf("column %s: %v", name, err)}
		}
		if n := chunk.TotalCompressedSize(); n < 0 || n > size {
			return &damageError{fmt.Sprintf("column %s claims %d bytes of a file of %d", name, n, size)}
		}
		pages, err := group.GetColumnPageReader(i)
		if err != nil {
			return &damageError{fmt.Sprintf("column %s: %v", name, err)}
		}
		columns[name] = newColumn(file, i, pages)
	}
	for done := int64(0); done < total; {
		n := min(rowsPerBatch, total-done)
		for name, c := range columns {
			if err := c.read(n); err != nil {
				return &damageError{fmt.Sprintf("column %s after row %d: %v", name, done, err)}
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
