package buckets

import "errors"

// parquetSchemaText is what fileSchema says for Parquet; real ones differ in detail, so nobody should parse it.
const parquetSchemaText = "message s3.inventory {  required binary bucket (STRING);  required binary key (STRING);  " +
	"optional binary version_id (STRING);  optional boolean is_latest;  optional boolean is_delete_marker;  " +
	"optional int64 size;  optional int64 last_modified_date (TIMESTAMP(MILLIS,true));  optional binary e_tag (STRING);  " +
	"optional binary storage_class (STRING);  optional binary replication_status (STRING);}"

// encodeParquet has no writer yet.
func encodeParquet([]row) ([]byte, error) { return nil, errors.New("encode parquet: not built in") }
