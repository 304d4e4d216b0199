package inventory

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	pqfile "github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"
	"github.com/klauspost/compress/gzip"
)

// sheet is the rows of a list as texts: a column is a name and a text for each row, where "" is no value. The names decide
// what the values are.
type sheet struct {
	names []string
	rows  [][]string
}

var fullNames = []string{
	"Bucket", "Key", "VersionId", "IsLatest", "IsDeleteMarker", "Size", "LastModifiedDate", "ETag", "StorageClass", "ReplicationStatus",
}

var narrowNames = []string{"Bucket", "Key", "Size", "LastModifiedDate", "ETag"}

// sheetOf makes n rows as a bucket of receipts has them.
func sheetOf(names []string, n int) sheet {
	s := sheet{names: names}
	at := time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)
	for i := range n {
		x := uint64(i)*0x9e3779b97f4a7c15 ^ 0x5bd1e995
		values := map[string]string{
			"Bucket": "b", "Key": fmt.Sprintf("receipts/2026/11/18/pay_%016x.json", x),
			"VersionId": fmt.Sprintf("%016x%016x", x*31, x*17), "IsLatest": fmt.Sprint(i%10 != 3), "IsDeleteMarker": "false",
			"Size": fmt.Sprint(500 + x%90_000), "LastModifiedDate": at.Add(time.Duration(x%86_400_000) * time.Millisecond).Format(csvTime),
			"ETag": fmt.Sprintf("%016x%016x", x*7, x*13), "StorageClass": "STANDARD", "ReplicationStatus": []string{"COMPLETED", "REPLICA"}[i%2],
			"EncryptionStatus": "SSE-S3", "IsMultipartUploaded": "false", "ChecksumAlgorithm": "CRC64NVME",
		}
		row := make([]string, len(names))
		for c, name := range names {
			row[c] = values[name]
		}
		s.rows = append(s.rows, row)
	}
	return s
}

const csvTime = "2006-01-02T15:04:05.000Z"

// csv is the sheet as S3 writes it; keys are taken as they are, encoded.
func (s sheet) csv(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	for _, row := range s.rows {
		if _, err := z.Write([]byte(`"` + strings.Join(row, `","`) + "\"\n")); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// parquet is the sheet as S3 writes it, with row groups of so many rows. Names become those of Parquet.
func (s sheet) parquet(t testing.TB, group int, more ...parquet.WriterProperty) []byte {
	t.Helper()
	nodes := make(schema.FieldList, len(s.names))
	for i, name := range s.names {
		nodes[i] = node(name)
	}
	root := must(schema.NewGroupNode("s3.inventory", parquet.Repetitions.Required, nodes, -1))(t)
	props := append([]parquet.WriterProperty{
		parquet.WithCompression(compress.Codecs.Snappy), parquet.WithDictionaryFor("key", false), parquet.WithDictionaryFor("version_id", false),
		parquet.WithDictionaryFor("e_tag", false), parquet.WithDictionaryFor("size", false), parquet.WithDictionaryFor("last_modified_date", false),
	}, more...)
	var out bytes.Buffer
	w := pqfile.NewParquetWriter(&out, root, pqfile.WithWriterProps(parquet.NewWriterProperties(props...)))
	for from := 0; from < len(s.rows); from += group {
		g := w.AppendRowGroup()
		for c := range s.names {
			writeColumn(t, must(g.NextColumn())(t), s.rows[from:min(from+group, len(s.rows))], c)
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// node is a column as S3 declares it.
func node(name string) schema.Node {
	optional := parquet.Repetitions.Optional
	spelled := map[string]string{
		"VersionId": "version_id", "IsLatest": "is_latest", "IsDeleteMarker": "is_delete_marker", "LastModifiedDate": "last_modified_date",
		"ETag": "e_tag", "StorageClass": "storage_class", "ReplicationStatus": "replication_status", "EncryptionStatus": "encryption_status",
		"IsMultipartUploaded": "is_multipart_uploaded", "ChecksumAlgorithm": "checksum_algorithm",
	}[name]
	if spelled == "" {
		spelled = strings.ToLower(name)
	}
	switch name {
	case "IsLatest", "IsDeleteMarker", "IsMultipartUploaded":
		return schema.NewBooleanNode(spelled, optional, -1)
	case "Size":
		return schema.NewInt64Node(spelled, optional, -1)
	case "LastModifiedDate":
		return schema.MustPrimitive(schema.NewPrimitiveNodeLogical(spelled, optional,
			schema.NewTimestampLogicalType(true, schema.TimeUnitMillis), parquet.Types.Int64, -1, -1))
	case "Bucket", "Key":
		optional = parquet.Repetitions.Required
	}
	return schema.MustPrimitive(schema.NewPrimitiveNodeLogical(spelled, optional, schema.StringLogicalType{}, parquet.Types.ByteArray, -1, -1))
}

func writeColumn(t testing.TB, column pqfile.ColumnChunkWriter, rows [][]string, c int) {
	t.Helper()
	var texts []parquet.ByteArray
	var numbers []int64
	var truths []bool
	levels := make([]int16, len(rows))
	for i, row := range rows {
		v := row[c]
		if v == "" && column.Descr().MaxDefinitionLevel() > 0 {
			continue
		}
		levels[i] = 1
		texts = append(texts, parquet.ByteArray(v))
		truths = append(truths, v == "true")
		var n int64
		if at, err := time.Parse(csvTime, v); err == nil {
			n = at.UnixMilli()
		} else {
			_, _ = fmt.Sscan(v, &n)
		}
		numbers = append(numbers, n)
	}
	if column.Descr().MaxDefinitionLevel() == 0 {
		levels = nil
	}
	var err error
	switch w := column.(type) {
	case *pqfile.ByteArrayColumnChunkWriter:
		_, err = w.WriteBatch(texts, levels, nil)
	case *pqfile.BooleanColumnChunkWriter:
		_, err = w.WriteBatch(truths, levels, nil)
	case *pqfile.Int64ColumnChunkWriter:
		_, err = w.WriteBatch(numbers, levels, nil)
	}
	if err == nil {
		err = column.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
