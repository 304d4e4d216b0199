package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// ErrChecksum means that a segment's file is not the one that was written.
var ErrChecksum = errors.New("checksum does not agree")

// Read returns the changes of a segment, in their order. The file is compared with the segment's checksum before any of it
// is parsed, and what it holds with what the segment says. A missing file is os.ErrNotExist.
func Read(dir string, s audit.Segment) ([]record.Change, error) {
	changes, err := read(dir, s)
	if err != nil {
		return nil, fmt.Errorf("read archive segment %s: %w", s.Name, err)
	}
	return changes, nil
}

func read(dir string, s audit.Segment) ([]record.Change, error) {
	name := filepath.FromSlash(s.Name)
	if !filepath.IsLocal(name) {
		return nil, errors.New("the name leads out of the archive")
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != s.SHA256 {
		return nil, fmt.Errorf("%w: the file has sha256 %x, the store knows %s", ErrChecksum, sum, s.SHA256)
	}
	changes, err := decode(data)
	if err != nil {
		return nil, err
	}
	for i := range changes {
		changes[i].Table, changes[i].Region, changes[i].Shard = s.Table, s.Region, s.Shard
	}
	if n := len(changes); int64(n) != s.Records || n == 0 || changes[0].Seq != s.First || changes[n-1].Seq != s.Last {
		return nil, fmt.Errorf("the file holds %d records, the store knows %d from %s to %s", n, s.Records, s.First, s.Last)
	}
	return changes, nil
}

// decode parses a Parquet file. The reader panics on some damage; that is an error like any other.
func decode(data []byte) (changes []record.Change, err error) {
	defer func() {
		if p := recover(); p != nil {
			changes, err = nil, fmt.Errorf("decode Parquet: %v", p)
		}
	}()
	r, err := file.NewParquetReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("decode Parquet: %w", err)
	}
	defer r.Close() //nolint:errcheck // reads from memory
	if n := r.MetaData().Schema.NumColumns(); n != columns {
		return nil, fmt.Errorf("decode Parquet: %d columns, want %d", n, columns)
	}
	for g := range r.NumRowGroups() {
		group := r.RowGroup(g)
		// More than Write puts into one is damage, not a reason to allocate.
		n := group.NumRows()
		if n < 0 || n > rowGroup {
			return nil, fmt.Errorf("decode Parquet: row group %d claims %d records", g, n)
		}
		part := make([]record.Change, n)
		for col := range columns {
			if name := r.MetaData().Schema.Column(col).Name(); name != names[col] {
				return nil, fmt.Errorf("decode Parquet: column %d is %s, want %s", col, name, names[col])
			}
			cr, err := group.Column(col)
			if err != nil {
				return nil, fmt.Errorf("decode Parquet: row group %d, column %s: %w", g, names[col], err)
			}
			if err := decodeColumn(cr, col, part); err != nil {
				return nil, fmt.Errorf("decode Parquet: row group %d, column %s: %w", g, names[col], err)
			}
		}
		changes = append(changes, part...)
	}
	return changes, nil
}

func decodeColumn(cr file.ColumnChunkReader, col int, into []record.Change) error {
	switch cr := cr.(type) {
	case *file.Int64ColumnChunkReader:
		values, err := drain(cr.ReadBatch, len(into))
		for i := range values {
			into[i].At = time.UnixMicro(values[i]).UTC()
		}
		return err
	case *file.BooleanColumnChunkReader:
		values, err := drain(cr.ReadBatch, len(into))
		for i := range values {
			into[i].ByTTL = values[i]
		}
		return err
	case *file.ByteArrayColumnChunkReader:
		optional := col == colOld || col == colNew
		if !optional {
			return decodeText(cr, col, into)
		}
		return decodeImages(cr, col, into)
	default:
		return fmt.Errorf("unexpected type %s", cr.Type())
	}
}

func decodeText(cr *file.ByteArrayColumnChunkReader, col int, into []record.Change) error {
	i := 0
	return each(cr, len(into), false, func(data []byte, _ bool) error {
		text := string(data) // copied: the reader reuses its memory
		switch col {
		case colSeq:
			into[i].Seq = text
		case colEvent:
			into[i].Event = text
		case colKey:
			into[i].Key = text
		}
		i++
		return nil
	})
}

func decodeImages(cr *file.ByteArrayColumnChunkReader, col int, into []record.Change) error {
	i := 0
	return each(cr, len(into), true, func(data []byte, there bool) error {
		var m record.Image
		var err error
		if there {
			if m, err = decodeImage(data); err != nil {
				return fmt.Errorf("record %d: %w", i, err)
			}
		}
		switch col {
		case colOld:
			into[i].Old = m
		case colNew:
			into[i].New = m
		}
		i++
		return nil
	})
}

// each calls f for every row of a column of byte arrays, while the reader's memory is valid.
func each(cr *file.ByteArrayColumnChunkReader, rows int, optional bool, f func(data []byte, there bool) error) error {
	const batch = 1024
	values := make([]parquet.ByteArray, batch)
	var levels []int16
	if optional {
		levels = make([]int16, batch)
	}
	for done := 0; done < rows; {
		total, n, err := cr.ReadBatch(int64(min(batch, rows-done)), values, levels, nil)
		if err != nil {
			return err
		}
		if total <= 0 || int(total) > rows-done {
			return fmt.Errorf("%d of %d rows", done, rows)
		}
		v := 0
		for i := range int(total) {
			there := !optional || levels[i] == 1
			var data []byte
			if there {
				if v >= n {
					return fmt.Errorf("row %d has no value", done+i)
				}
				data = values[v]
				v++
			}
			if err := f(data, there); err != nil {
				return err
			}
		}
		done += int(total)
	}
	return nil
}

// drain reads a required column of plain values.
func drain[T any](read func(int64, []T, []int16, []int16) (int64, int, error), rows int) ([]T, error) {
	out := make([]T, rows)
	for done := 0; done < rows; {
		total, n, err := read(int64(rows-done), out[done:], nil, nil)
		if err != nil {
			return nil, err
		}
		if n <= 0 || int(total) != n {
			return nil, fmt.Errorf("%d of %d rows", done, rows)
		}
		done += n
	}
	return out, nil
}
