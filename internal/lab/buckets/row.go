package buckets

import (
	"net/url"
	"strconv"
)

// columns are those the inventory is configured with, in the words and the order of fileSchema.
// Source: Amazon S3 User Guide, "Amazon S3 Inventory list" and "Inventory manifest".
var columns = []string{
	"Bucket", "Key", "VersionId", "IsLatest", "IsDeleteMarker",
	"Size", "LastModifiedDate", "ETag", "StorageClass", "IsMultipartUploaded", "ReplicationStatus", "EncryptionStatus",
	"ChecksumAlgorithm",
}

// row is one version as the inventory of a bucket lists it.
type row struct {
	bucket, key string
	latest      bool
	class       string // at the moment of the scan
	algorithm   string // of the checksum
	*version
}

// text is what stands in a column of texts; empty where the row says nothing, and in a column of another type.
func (r row) text(column string) string {
	switch column {
	case "Bucket":
		return r.bucket
	case "Key":
		return r.key
	case "VersionId":
		return r.id
	case "ETag":
		return r.etag
	case "StorageClass":
		return r.class
	case "ReplicationStatus":
		return r.status
	case "EncryptionStatus":
		return r.encryption
	case "ChecksumAlgorithm":
		return r.algorithm
	default:
		return ""
	}
}

// flag is what stands in a column of truths, and whether anything does: a delete marker was not uploaded at all.
func (r row) flag(column string) (value, said bool) {
	switch column {
	case "IsLatest":
		return r.latest, true
	case "IsDeleteMarker":
		return r.marker, true
	default:
		return r.multipart, !r.marker
	}
}

// field is what stands in a column of a CSV file.
func (r row) field(column string) string {
	switch column {
	case "Key":
		return url.QueryEscape(r.key)
	case "IsLatest", "IsDeleteMarker", "IsMultipartUploaded":
		if value, said := r.flag(column); said {
			return strconv.FormatBool(value)
		}
		return ""
	case "Size":
		if r.marker {
			return ""
		}
		return strconv.FormatInt(r.size, 10)
	case "LastModifiedDate":
		return r.modified().Format(timeLayout)
	default:
		return r.text(column)
	}
}
