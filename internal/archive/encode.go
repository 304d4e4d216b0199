package archive

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"

	"parallax/internal/record"
)

func properties() *parquet.WriterProperties {
	options := []parquet.WriterProperty{
		parquet.WithCreatedBy("parallax"), parquet.WithStats(false), parquet.WithDictionaryDefault(false),
		parquet.WithDataPageSize(pageBytes), parquet.WithBatchSize(pageStep), parquet.WithCompression(compress.Codecs.Snappy),
	}
	for _, col := range []int{colKeyHash, colOldHash, colNewHash} {
		options = append(options, parquet.WithCompressionFor(names[col], compress.Codecs.Uncompressed)) // there is nothing to gain
	}
	return parquet.NewWriterProperties(options...)
}

// encode is the changes as one Parquet file.
func encode(changes []record.Change) (data []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			data, err = nil, fmt.Errorf("encode Parquet: %v", p)
		}
	}()
	root, err := layout()
	if err != nil {
		return nil, fmt.Errorf("encode Parquet: schema: %w", err)
	}
	kv, err := label()
	if err != nil {
		return nil, fmt.Errorf("encode Parquet: %w", err)
	}
	out := bytes.NewBuffer(make([]byte, 0, expected(changes)))
	pw := file.NewParquetWriter(out, root, file.WithWriterProps(properties()), file.WithWriteMetadata(kv))
	e := encoder{checked: map[Hash]struct{}{}}
	for first := 0; first < len(changes); {
		n := groupLength(changes[first:])
		if err := e.group(pw.AppendRowGroup(), changes[first:first+n]); err != nil {
			return nil, fmt.Errorf("records %d to %d: %w", first, first+n-1, err)
		}
		first += n
	}
	err = pw.Close()
	return out.Bytes(), err
}

// expected is about how many bytes the changes will take: text is compressed to less than a half.
func expected(changes []record.Change) int {
	size := 4096
	for i := range changes {
		c := &changes[i]
		size += 3*len(Hash{}) + 32 + (len(c.Key)+len(c.Old)+len(c.New))/2
	}
	return size
}

// groupLength is how many of the changes the next row group takes.
func groupLength(changes []record.Change) int {
	size := 0
	for i := range min(len(changes), groupRecords) {
		size += len(changes[i].Old) + len(changes[i].New) + len(changes[i].Key)
		if size > groupBytes && i > 0 {
			return i
		}
	}
	return min(len(changes), groupRecords)
}

// encoder keeps the memory of one row group for the next.
type encoder struct {
	text    []byte
	values  []parquet.ByteArray
	levels  []int16
	hashes  [columns][]Hash
	fixed   []parquet.FixedLenByteArray
	times   []int64
	flags   []bool
	checked map[Hash]struct{} // images that are well formed: most old ones were new ones before
}

func (e *encoder) group(g file.SerialRowGroupWriter, changes []record.Change) error {
	for _, c := range [][2]int{{colKey, colKeyHash}, {colOld, colOldHash}, {colNew, colNewHash}} {
		if err := e.digest(c[0], c[1], changes); err != nil {
			return fmt.Errorf("column %s: %w", names[c[0]], err)
		}
	}
	for col := range columns {
		cw, err := g.NextColumn()
		if err != nil {
			return err
		}
		if err := e.column(cw, col, changes); err != nil {
			return fmt.Errorf("column %s: %w", names[col], err)
		}
		if err := cw.Close(); err != nil {
			return fmt.Errorf("column %s: %w", names[col], err)
		}
	}
	return g.Close()
}

func (e *encoder) column(cw file.ColumnChunkWriter, col int, changes []record.Change) error {
	switch cw := cw.(type) {
	case *file.Int64ColumnChunkWriter:
		e.times = e.times[:0]
		for i := range changes {
			e.times = append(e.times, changes[i].At.UnixMicro())
		}
		_, err := cw.WriteBatch(e.times, nil, nil)
		return err
	case *file.BooleanColumnChunkWriter:
		e.flags = e.flags[:0]
		for i := range changes {
			e.flags = append(e.flags, changes[i].ByTTL)
		}
		_, err := cw.WriteBatch(e.flags, nil, nil)
		return err
	case *file.FixedLenByteArrayColumnChunkWriter:
		e.fixed = e.fixed[:0]
		for i := range e.hashes[col] {
			e.fixed = append(e.fixed, e.hashes[col][i][:])
		}
		_, err := cw.WriteBatch(e.fixed, nil, nil)
		return err
	case *file.ByteArrayColumnChunkWriter:
		e.texts(col, changes)
		levels := e.levels
		if !optional(col) {
			levels = nil
		}
		_, err := cw.WriteBatch(e.values, levels, nil)
		return err
	default:
		return fmt.Errorf("unexpected writer %T", cw)
	}
}

// digest fills a column of hashes from one of texts, and refuses a text that is not well formed.
func (e *encoder) digest(col, hashed int, changes []record.Change) error {
	e.hashes[hashed] = resized(e.hashes[hashed], len(changes))
	for i := range changes {
		text := textOf(&changes[i], col)
		if text == "" && optional(col) {
			e.hashes[hashed][i] = Hash{}
			continue
		}
		e.text = append(e.text[:0], text...) // as HashOf does, without new memory for each
		sum := sha256.Sum256(e.text)
		h := Hash(sum[:len(Hash{})])
		e.hashes[hashed][i] = h
		if _, done := e.checked[h]; done || !optional(col) {
			continue
		}
		if err := wellFormed(text); err != nil {
			return fmt.Errorf("record %d: %w", i, err)
		}
		e.checked[h] = struct{}{}
	}
	return nil
}

// texts fills e.values with a column of text; an optional one has a level of 0 for a null and 1 for a value.
func (e *encoder) texts(col int, changes []record.Change) {
	size := 0
	for i := range changes {
		size += len(textOf(&changes[i], col))
	}
	if cap(e.text) < size {
		e.text = make([]byte, 0, size) // all at once: the values are slices of it
	}
	e.text, e.values, e.levels = e.text[:0], e.values[:0], e.levels[:0]
	for i := range changes {
		text := textOf(&changes[i], col)
		if text == "" && optional(col) {
			e.levels = append(e.levels, 0)
			continue
		}
		start := len(e.text)
		e.text = append(e.text, text...)
		e.values, e.levels = append(e.values, e.text[start:]), append(e.levels, 1)
	}
}

func optional(col int) bool { return col == colOld || col == colNew }

func textOf(c *record.Change, col int) string {
	switch col {
	case colSeq:
		return c.Seq
	case colEvent:
		return c.Event
	case colKey:
		return c.Key
	case colOld:
		return string(c.Old)
	case colNew:
		return string(c.New)
	default:
		return ""
	}
}

// wellFormed refuses an image that another reader of the file could not take for what the schema says.
func wellFormed(image string) error {
	switch {
	case !utf8.ValidString(image):
		return errors.New("image: not UTF-8")
	case !record.Image(image).Canonical():
		return errors.New("image: not in canonical form")
	default:
		return nil
	}
}
