package sets

import (
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

// parquetWriter writes every call's rows as a row group. All columns are optional, as those of exports mostly are.
type parquetWriter struct{ w *file.Writer }

func newParquet(to io.Writer, t table) (*parquetWriter, error) {
	options := []parquet.WriterProperty{parquet.WithCompression(compress.Codecs.Snappy), parquet.WithMaxRowGroupLength(2 * groupRows)}
	var fields schema.FieldList
	for _, c := range t {
		options = append(options, parquet.WithDictionaryFor(c.name, !c.plain))
		field, err := node(c)
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", c.name, err)
		}
		fields = append(fields, field)
	}
	root, err := schema.NewGroupNode("rows", parquet.Repetitions.Required, fields, -1)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	to = struct{ io.Writer }{to} // or it would close the file, which is not its own
	return &parquetWriter{file.NewParquetWriter(to, root, file.WithWriterProps(parquet.NewWriterProperties(options...)))}, nil
}

func node(c *column) (schema.Node, error) {
	optional := parquet.Repetitions.Optional
	if c.must {
		optional = parquet.Repetitions.Required
	}
	switch c.kind {
	case flag:
		return schema.NewBooleanNode(c.name, optional, -1), nil
	case millis:
		return schema.NewPrimitiveNodeLogical(c.name, optional, schema.NewTimestampLogicalType(true, schema.TimeUnitMillis), parquet.Types.Int64, -1, -1)
	case number:
		return schema.NewInt64Node(c.name, optional, -1), nil
	case moment:
		return schema.NewPrimitiveNodeLogical(c.name, optional, schema.NewTimestampLogicalType(true, schema.TimeUnitMicros), parquet.Types.Int64, -1, -1)
	default:
		return schema.NewPrimitiveNodeLogical(c.name, optional, schema.StringLogicalType{}, parquet.Types.ByteArray, -1, -1)
	}
}

func (p *parquetWriter) write(t table) error {
	group := p.w.AppendRowGroup()
	for _, c := range t {
		into, err := group.NextColumn()
		if err != nil {
			return fmt.Errorf("write Parquet: %w", err)
		}
		if err := c.writeParquet(into); err != nil {
			return fmt.Errorf("write Parquet: column %s: %w", c.name, err)
		}
		if err := into.Close(); err != nil {
			return fmt.Errorf("write Parquet: column %s: %w", c.name, err)
		}
	}
	if err := group.Close(); err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	return nil
}

func (c *column) writeParquet(into file.ColumnChunkWriter) error {
	levels := make([]int16, len(c.null))
	if c.must {
		levels = nil
	}
	for row, null := range c.null {
		if !null && levels != nil {
			levels[row] = 1
		}
	}
	switch w := into.(type) {
	case *file.Int64ColumnChunkWriter:
		_, err := w.WriteBatch(c.ints, levels, nil)
		return err
	case *file.BooleanColumnChunkWriter:
		_, err := w.WriteBatch(c.flags, levels, nil)
		return err
	case *file.ByteArrayColumnChunkWriter:
		values := make([]parquet.ByteArray, 0, len(c.null))
		for row, null := range c.null {
			if !null {
				values = append(values, c.text(row))
			}
		}
		_, err := w.WriteBatch(values, levels, nil)
		return err
	default:
		return fmt.Errorf("is written by %T", into)
	}
}

func (p *parquetWriter) close() error {
	if err := p.w.Close(); err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	return nil
}
