package archive

import (
	"errors"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/schema"

	"parallax/internal/record"
)

// The columns of a segment. Images are canonical DynamoDB JSON (record.Image); an absent one
// is a null. The table, region and shard are the file's path.
const (
	colSeq   = iota // string
	colEvent        // string
	colAt           // timestamp, microseconds, UTC
	colKey          // string
	colOld          // JSON, optional
	colNew          // JSON, optional
	colTTL          // boolean
	columns
)

var names = [columns]string{"seq", "event", "at", "key", "old", "new", "by_ttl"}

// layout is the Parquet schema of a segment.
func layout() (*schema.GroupNode, error) {
	var fields schema.FieldList
	var errs []error
	add := func(col int, rep parquet.Repetition, logical schema.LogicalType, physical parquet.Type) {
		n, err := schema.NewPrimitiveNodeLogical(names[col], rep, logical, physical, -1, -1)
		fields, errs = append(fields, n), append(errs, err)
	}
	required, optional := parquet.Repetitions.Required, parquet.Repetitions.Optional
	add(colSeq, required, schema.StringLogicalType{}, parquet.Types.ByteArray)
	add(colEvent, required, schema.StringLogicalType{}, parquet.Types.ByteArray)
	add(colAt, required, schema.NewTimestampLogicalType(true, schema.TimeUnitMicros), parquet.Types.Int64)
	add(colKey, required, schema.StringLogicalType{}, parquet.Types.ByteArray)
	for _, col := range []int{colOld, colNew} {
		add(col, optional, schema.JSONLogicalType{}, parquet.Types.ByteArray)
	}
	add(colTTL, required, schema.NoLogicalType{}, parquet.Types.Boolean)
	root, err := schema.NewGroupNode("change", required, fields, -1)
	return root, errors.Join(append(errs, err)...)
}

// encodeImage is an image as JSON, which it is. What is not UTF-8 or not in canonical form is refused.
func encodeImage(m record.Image) ([]byte, error) {
	if !utf8.ValidString(string(m)) {
		return nil, errors.New("image: not UTF-8")
	}
	if !m.Canonical() {
		return nil, errors.New("image: not in canonical form")
	}
	return []byte(m), nil
}

func decodeImage(data []byte) (record.Image, error) {
	m := record.Image(data)
	if !m.Canonical() {
		return "", errors.New("image: not in canonical form")
	}
	return m, nil
}
