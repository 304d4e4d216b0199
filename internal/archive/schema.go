package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/schema"

	"parallax/internal/record"
)

// The columns of a segment. Images are JSON objects of name to {"t": type, "v": canonical text}, names sorted; an absent
// image is a null. The table, region and shard are the file's path.
const (
	colSeq   = iota // string
	colEvent        // string
	colAt           // timestamp, microseconds, UTC
	colKey          // string
	colKeys         // JSON, optional
	colOld          // JSON, optional
	colNew          // JSON, optional
	colTTL          // boolean
	columns
)

var names = [columns]string{"seq", "event", "at", "key", "keys", "old", "new", "by_ttl"}

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
	for _, col := range []int{colKeys, colOld, colNew} {
		add(col, optional, schema.JSONLogicalType{}, parquet.Types.ByteArray)
	}
	add(colTTL, required, schema.NoLogicalType{}, parquet.Types.Boolean)
	root, err := schema.NewGroupNode("change", required, fields, -1)
	return root, errors.Join(append(errs, err)...)
}

// encodeImage is an image as JSON. Text that JSON could not give back as it was is refused.
func encodeImage(m record.Image) ([]byte, error) {
	for name, a := range m {
		if !utf8.ValidString(name) || !utf8.ValidString(a.Text) {
			return nil, fmt.Errorf("attribute %q: not UTF-8", name)
		}
	}
	return json.Marshal(m)
}

func decodeImage(data []byte) (record.Image, error) {
	var m record.Image
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return nil, err
	}
	if m == nil {
		return nil, errors.New("null")
	}
	return m, nil
}
