package buckets

import (
	"bytes"
	"fmt"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	pqfile "github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

// parquetSchemaText is what fileSchema says for Parquet; real ones differ in detail, so nobody should parse it.
const parquetSchemaText = "message s3.inventory {  required binary bucket (STRING);  required binary key (STRING);  " +
	"optional binary version_id (STRING);  optional boolean is_latest;  optional boolean is_delete_marker;  " +
	"optional int64 size;  optional int64 last_modified_date (TIMESTAMP(MILLIS,true));  optional binary e_tag (STRING);  " +
	"optional binary storage_class (STRING);  optional boolean is_multipart_uploaded;  optional binary replication_status (STRING);  " +
	"optional binary encryption_status (STRING);  optional binary checksum_algorithm (STRING);}"

// encodeParquet writes one Snappy-compressed file with the column names S3 uses.
func encodeParquet(rows []row) ([]byte, error) {
	root, err := parquetSchema()
	if err != nil {
		return nil, fmt.Errorf("encode parquet: %w", err)
	}
	var out bytes.Buffer
	w := pqfile.NewParquetWriter(&out, root, pqfile.WithWriterProps(
		parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Snappy))))
	group := w.AppendRowGroup()
	for i := range root.NumFields() {
		column, err := group.NextColumn()
		if err != nil {
			return nil, fmt.Errorf("encode parquet: %w", err)
		}
		if err := writeColumn(column, i, rows); err != nil {
			return nil, fmt.Errorf("encode parquet: column %s: %w", columns[i], err)
		}
		if err := column.Close(); err != nil {
			return nil, fmt.Errorf("encode parquet: column %s: %w", columns[i], err)
		}
	}
	if err := group.Close(); err != nil {
		return nil, fmt.Errorf("encode parquet: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("encode parquet: %w", err)
	}
	return out.Bytes(), nil
}

func parquetSchema() (*schema.GroupNode, error) {
	text := func(name string, need parquet.Repetition) schema.Node {
		return schema.MustPrimitive(schema.NewPrimitiveNodeLogical(name, need, schema.StringLogicalType{}, parquet.Types.ByteArray, -1, -1))
	}
	optional := parquet.Repetitions.Optional
	root, err := schema.NewGroupNode("s3.inventory", parquet.Repetitions.Required, schema.FieldList{
		text("bucket", parquet.Repetitions.Required),
		text("key", parquet.Repetitions.Required),
		text("version_id", optional),
		schema.NewBooleanNode("is_latest", optional, -1),
		schema.NewBooleanNode("is_delete_marker", optional, -1),
		schema.NewInt64Node("size", optional, -1),
		schema.MustPrimitive(schema.NewPrimitiveNodeLogical("last_modified_date", optional,
			schema.NewTimestampLogicalType(true, schema.TimeUnitMillis), parquet.Types.Int64, -1, -1)),
		text("e_tag", optional),
		text("storage_class", optional),
		schema.NewBooleanNode("is_multipart_uploaded", optional, -1),
		text("replication_status", optional),
		text("encryption_status", optional),
		text("checksum_algorithm", optional),
	}, -1)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return root, nil
}

func writeColumn(column pqfile.ColumnChunkWriter, i int, rows []row) error {
	levels := make([]int16, len(rows))
	var err error
	switch w := column.(type) {
	case *pqfile.ByteArrayColumnChunkWriter:
		values := make([]parquet.ByteArray, 0, len(rows))
		for n, r := range rows {
			text := r.text(columns[i])
			if text != "" {
				values = append(values, parquet.ByteArray(text))
				levels[n] = 1
			}
		}
		if column.Descr().MaxDefinitionLevel() == 0 {
			levels = nil
		}
		_, err = w.WriteBatch(values, levels, nil)
	case *pqfile.BooleanColumnChunkWriter:
		values := make([]bool, 0, len(rows))
		for n, r := range rows {
			if flag, has := r.flag(columns[i]); has {
				values, levels[n] = append(values, flag), 1
			}
		}
		_, err = w.WriteBatch(values, levels, nil)
	case *pqfile.Int64ColumnChunkWriter:
		values := make([]int64, 0, len(rows))
		for n, r := range rows {
			if columns[i] == "Size" && r.marker {
				continue
			}
			value := r.size
			if columns[i] != "Size" {
				value = r.modified().UnixMilli()
			}
			values, levels[n] = append(values, value), 1
		}
		_, err = w.WriteBatch(values, levels, nil)
	default:
		err = fmt.Errorf("no writer for %T", column)
	}
	return err
}
