package archive

import (
	"errors"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/metadata"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

// A file says in its metadata which format it has.
const (
	versionKey = "parallax.segment"
	version    = "2"
)

// The columns of a segment. Images are canonical DynamoDB JSON (record.Image); an absent one is a null, and its hash is
// zero. The table, region and shard are the file's path.
const (
	colSeq     = iota // string
	colEvent          // string
	colAt             // timestamp, microseconds, UTC
	colKey            // string
	colOld            // JSON, optional
	colNew            // JSON, optional
	colTTL            // boolean
	colKeyHash        // 16 bytes, see Hash
	colOldHash        // 16 bytes
	colNewHash        // 16 bytes
	columns
)

var names = [columns]string{"seq", "event", "at", "key", "old", "new", "by_ttl", "key_hash", "old_hash", "new_hash"}

// A row group ends with the first of so many records or so many bytes of text, so that what is decoded at a time has a
// bound, and a reader that looks for few keys leaves most groups alone. Pages are small enough for the processor's cache.
const (
	groupRecords = 8192
	groupBytes   = 8 << 20
	pageBytes    = 64 << 10
	pageStep     = 256 // records between two looks at the size of a page
)

// layout is the Parquet schema of a segment.
func layout() (*schema.GroupNode, error) {
	var fields schema.FieldList
	var errs []error
	add := func(col int, rep parquet.Repetition, logical schema.LogicalType, physical parquet.Type, length int) {
		n, err := schema.NewPrimitiveNodeLogical(names[col], rep, logical, physical, length, -1)
		fields, errs = append(fields, n), append(errs, err)
	}
	required, optional := parquet.Repetitions.Required, parquet.Repetitions.Optional
	add(colSeq, required, schema.StringLogicalType{}, parquet.Types.ByteArray, -1)
	add(colEvent, required, schema.StringLogicalType{}, parquet.Types.ByteArray, -1)
	add(colAt, required, schema.NewTimestampLogicalType(true, schema.TimeUnitMicros), parquet.Types.Int64, -1)
	add(colKey, required, schema.StringLogicalType{}, parquet.Types.ByteArray, -1)
	for _, col := range []int{colOld, colNew} {
		add(col, optional, schema.JSONLogicalType{}, parquet.Types.ByteArray, -1)
	}
	add(colTTL, required, schema.NoLogicalType{}, parquet.Types.Boolean, -1)
	for _, col := range []int{colKeyHash, colOldHash, colNewHash} {
		add(col, required, schema.NoLogicalType{}, parquet.Types.FixedLenByteArray, len(Hash{}))
	}
	root, err := schema.NewGroupNode("change", required, fields, -1)
	return root, errors.Join(append(errs, err)...)
}

// label is the file's own word on its format.
func label() (metadata.KeyValueMetadata, error) {
	kv := metadata.NewKeyValueMetadata()
	err := kv.Append(versionKey, version)
	return kv, err
}
