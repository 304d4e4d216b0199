package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// rowGroup bounds how many records are encoded at a time.
const rowGroup = 20_000

// Write stores changes of one shard, in the shard's order, under dir. The same changes give the same name and the same
// bytes. The file is complete and on disk when Write returns without an error; no reader ever sees half of it.
func Write(dir string, changes []record.Change) (audit.Segment, error) {
	s, err := describe(changes)
	if err != nil {
		return audit.Segment{}, fmt.Errorf("write archive segment: %w", err)
	}
	s.SHA256, err = replace(filepath.Join(dir, filepath.FromSlash(s.Name)), func(w io.Writer) error { return encode(w, changes) })
	if err != nil {
		return audit.Segment{}, fmt.Errorf("write archive segment %s: %w", s.Name, err)
	}
	return s, nil
}

// describe checks that the changes are a run of one shard and names it.
func describe(changes []record.Change) (audit.Segment, error) {
	if len(changes) == 0 {
		return audit.Segment{}, errors.New("no changes")
	}
	first, last := changes[0], changes[len(changes)-1]
	s := audit.Segment{
		Table: first.Table, Region: first.Region, Shard: first.Shard, First: first.Seq, Last: last.Seq, Records: int64(len(changes)),
		Window: audit.Window{From: first.At, To: first.At},
	}
	for i, c := range changes {
		if c.Table != s.Table || c.Region != s.Region || c.Shard != s.Shard {
			return s, fmt.Errorf("record %d: of table %s, %s, shard %s, not of %s, %s, %s", i, c.Table, c.Region, c.Shard, s.Table, s.Region, s.Shard)
		}
		if i > 0 && !record.SeqLess(changes[i-1].Seq, c.Seq) {
			return s, fmt.Errorf("record %d: sequence number %s does not follow %s", i, c.Seq, changes[i-1].Seq)
		}
		if c.At.Before(s.Window.From) {
			s.Window.From = c.At
		}
		if c.At.After(s.Window.To) {
			s.Window.To = c.At
		}
	}
	s.Window.From, s.Window.To = s.Window.From.UTC(), s.Window.To.Add(time.Second).UTC() // times are whole seconds, rounded down
	name, err := path(s)
	s.Name = name
	return s, err
}

// path is table/region/shard/first-last.parquet, each part made safe for a file name.
func path(s audit.Segment) (string, error) {
	var parts []string
	for _, part := range []string{s.Table, string(s.Region), s.Shard} {
		if part == "" || part == "." || part == ".." {
			return "", fmt.Errorf("table %q, region %q, shard %q do not name a segment", s.Table, s.Region, s.Shard)
		}
		parts = append(parts, url.PathEscape(part))
	}
	parts = append(parts, url.PathEscape(s.First)+"-"+url.PathEscape(s.Last)+".parquet")
	return strings.Join(parts, "/"), nil
}

// replace writes a file by way of a temporary one beside it and returns the SHA-256 of what it wrote.
func replace(name string, write func(io.Writer) error) (sum string, err error) {
	folder := filepath.Dir(name)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(folder, ".segment-*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	h := sha256.New()
	if err := write(io.MultiWriter(f, h)); err != nil {
		return "", err
	}
	if err := f.Sync(); err != nil {
		return "", err
	}
	if err := f.Close(); err != nil {
		return "", err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), syncFolder(folder)
}

// syncFolder makes a rename durable.
func syncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// encode writes the changes as one Parquet file.
func encode(w io.Writer, changes []record.Change) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("encode Parquet: %v", p)
		}
	}()
	root, err := layout()
	if err != nil {
		return fmt.Errorf("encode Parquet: schema: %w", err)
	}
	props := parquet.NewWriterProperties(
		parquet.WithCompression(compress.Codecs.Snappy), parquet.WithCreatedBy("parallax"), parquet.WithStats(false),
		parquet.WithDictionaryDefault(false))
	pw := file.NewParquetWriter(w, root, file.WithWriterProps(props))
	for len(changes) > 0 {
		n := min(rowGroup, len(changes))
		if err := encodeGroup(pw.AppendRowGroup(), changes[:n]); err != nil {
			return err
		}
		changes = changes[n:]
	}
	return pw.Close()
}

func encodeGroup(g file.SerialRowGroupWriter, changes []record.Change) error {
	for col := range columns {
		cw, err := g.NextColumn()
		if err != nil {
			return err
		}
		if err := encodeColumn(cw, col, changes); err != nil {
			return fmt.Errorf("column %s: %w", names[col], err)
		}
		if err := cw.Close(); err != nil {
			return fmt.Errorf("column %s: %w", names[col], err)
		}
	}
	return g.Close()
}

func encodeColumn(cw file.ColumnChunkWriter, col int, changes []record.Change) error {
	switch cw := cw.(type) {
	case *file.Int64ColumnChunkWriter:
		values := make([]int64, len(changes))
		for i, c := range changes {
			values[i] = c.At.UnixMicro()
		}
		_, err := cw.WriteBatch(values, nil, nil)
		return err
	case *file.BooleanColumnChunkWriter:
		values := make([]bool, len(changes))
		for i, c := range changes {
			values[i] = c.ByTTL
		}
		_, err := cw.WriteBatch(values, nil, nil)
		return err
	case *file.ByteArrayColumnChunkWriter:
		values, levels, err := bytesOf(col, changes)
		if err != nil {
			return err
		}
		_, err = cw.WriteBatch(values, levels, nil)
		return err
	default:
		return fmt.Errorf("unexpected writer %T", cw)
	}
}

// bytesOf lists a column's values; an optional one has a level of 0 for a null and 1 for a value.
func bytesOf(col int, changes []record.Change) (values []parquet.ByteArray, levels []int16, err error) {
	for i, c := range changes {
		var text string
		var m record.Image
		switch col {
		case colSeq:
			text = c.Seq
		case colEvent:
			text = c.Event
		case colKey:
			text = c.Key
		case colOld:
			m = c.Old
		case colNew:
			m = c.New
		}
		if col == colSeq || col == colEvent || col == colKey {
			values = append(values, parquet.ByteArray(text))
			continue
		}
		if m.Absent() {
			levels = append(levels, 0)
			continue
		}
		data, err := encodeImage(m)
		if err != nil {
			return nil, nil, fmt.Errorf("record %d: %w", i, err)
		}
		values, levels = append(values, data), append(levels, 1)
	}
	return values, levels, nil
}
