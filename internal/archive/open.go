package archive

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/metadata"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

// segmentFile is a segment's file, open for reading. It keeps the memory that columns are decoded through.
type segmentFile struct {
	r    *file.Reader
	size int64

	values []parquet.ByteArray
	levels []int16
}

// open reads a file's footer and holds it against the format and the number of records that the store knows.
func open(data []byte, records int64) (*segmentFile, error) {
	props := parquet.NewReaderProperties(bounded{memory.NewGoAllocator()})
	r, err := file.NewParquetReader(bytes.NewReader(data), file.WithReadProps(props))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	f := &segmentFile{r: r, size: int64(len(data))}
	meta := r.MetaData()
	if err := checkVersion(meta); err != nil {
		return nil, err
	}
	if err := checkSchema(meta.Schema); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	var n int64
	for g := range f.groups() {
		rows := meta.RowGroup(g).NumRows()
		// More than Write puts into one is damage, not a reason to allocate.
		if rows <= 0 || rows > groupRecords {
			return nil, fmt.Errorf("%w: row group %d claims %d records", ErrDamaged, g, rows)
		}
		n += rows
	}
	if n != records || n == 0 {
		return nil, fmt.Errorf("%w: the file holds %d records, the store knows %d", ErrDamaged, n, records)
	}
	return f, nil
}

// versionError is a file of another format.
type versionError struct{ found string }

func (v *versionError) Error() string {
	if v.found == "" {
		return "not a segment of an archive: the file does not say its format"
	}
	return fmt.Sprintf("the file has format %s, this program reads %s", v.found, version)
}

func (v *versionError) Remedy() string {
	if v.found == "" {
		return "restore the segment from a backup of the archive"
	}
	return "read the archive with the version of Parallax that wrote it, or a newer one"
}

func checkVersion(meta *metadata.FileMetaData) error {
	if v := meta.KeyValueMetadata().FindValue(versionKey); v == nil || *v != version {
		found := ""
		if v != nil {
			found = *v
		}
		return &versionError{found: found}
	}
	return nil
}

// checkSchema compares every column's name, type and repetition.
func checkSchema(found *schema.Schema) error {
	root, err := layout()
	if err != nil {
		return err
	}
	want := schema.NewSchema(root)
	if n := found.NumColumns(); n != columns {
		return fmt.Errorf("%d columns, want %d", n, columns)
	}
	for col := range columns {
		a, b := found.Column(col), want.Column(col)
		same := a.Path() == b.Path() && a.PhysicalType() == b.PhysicalType() && max(a.TypeLength(), 0) == max(b.TypeLength(), 0) &&
			a.MaxDefinitionLevel() == b.MaxDefinitionLevel() && a.MaxRepetitionLevel() == b.MaxRepetitionLevel()
		if !same {
			return fmt.Errorf("column %d is %s of %s, want %s of %s", col, a.Path(), a.PhysicalType(), b.Path(), b.PhysicalType())
		}
	}
	return nil
}

func (f *segmentFile) groups() int { return f.r.NumRowGroups() }

// group is a row group.
type group struct {
	f     *segmentFile
	r     *file.RowGroupReader
	index int
	first int64 // number of its first record in the segment
	rows  int
}

// group opens a row group after seeing that its columns lie inside the file.
func (f *segmentFile) group(index int) (*group, error) {
	g := &group{f: f, r: f.r.RowGroup(index), index: index}
	g.rows = int(g.r.NumRows())
	for before := range index {
		g.first += f.r.MetaData().RowGroup(before).NumRows()
	}
	for col := range columns {
		chunk, err := g.r.MetaData().ColumnChunk(col)
		if err != nil {
			return nil, fmt.Errorf("%w: row group %d, column %s: %w", ErrDamaged, index, names[col], err)
		}
		start, length := chunk.DataPageOffset(), chunk.TotalCompressedSize()
		if start < 0 || length < 0 || length > f.size || start > f.size-length || chunk.NumValues() != int64(g.rows) || chunk.HasDictionaryPage() {
			return nil, fmt.Errorf("%w: row group %d, column %s: %d values in %d bytes at %d", ErrDamaged, index, names[col], chunk.NumValues(), length, start)
		}
		if !slices.Contains(chunk.Encodings(), parquet.Encodings.Plain) {
			return nil, fmt.Errorf("%w: row group %d, column %s: not of plain encoding", ErrDamaged, index, names[col])
		}
	}
	return g, nil
}

// bounded refuses to allocate what no segment needs. Its refusal is a panic, which is the only way out of the reader, and
// is recovered as the damage it is.
type bounded struct{ memory.Allocator }

func (b bounded) Allocate(size int) []byte {
	mustFit(size)
	return b.Allocator.Allocate(size)
}

func (b bounded) Reallocate(size int, old []byte) []byte {
	mustFit(size)
	return b.Allocator.Reallocate(size, old)
}

var errPage = errors.New("a page claims more bytes than any has")

func mustFit(size int) {
	if size < 0 || size > maxPage {
		panic(errPage)
	}
}

// maxPage is more than a column of one row group takes: its bound, and what one record may add (items have 400 KB, which
// binary values and escapes make longer).
const maxPage = groupBytes + 64<<20

// recovered makes an error of the reader's panics: it has no other answer to some damage.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: decode Parquet: %v", ErrDamaged, p)
	}
}
