package buckets

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Listed is one version of an object, or a delete marker, as the inventory of another server's bucket is to list it.
type Listed struct {
	Key, VersionID         string // no id is the null version
	IsLatest, DeleteMarker bool
	Size                   int64
	Modified               time.Time // written in whole seconds, as S3 shows it
	ETag, StorageClass     string    // the ETag without quotes
	Multipart              bool
	ReplicationStatus      string
	Encryption             string // as inventories name it: "SSE-S3", "SSE-KMS"
	ChecksumAlgorithm      string
}

// Edition is one inventory of a bucket, for servers that write none of their own.
type Edition struct {
	Bucket, Destination string // the bucket that was scanned, and where its inventories are
	Prefix, ConfigID    string
	Format              string    // CSV, Parquet or ORC
	At                  time.Time // when the scan began
	Versions            []Listed
}

// File is one object that S3 puts into the destination bucket.
type File struct {
	Key  string
	Body []byte
}

// Files are what S3 writes of an edition: the list, manifest.json and, last as S3 does, manifest.checksum.
func (e Edition) Files() ([]File, error) {
	encode, extension, schema := encoderOf(e.Format)
	rows := make([]row, len(e.Versions))
	for i, l := range e.Versions {
		rows[i] = row{e.Bucket, l.Key, l.IsLatest, l.StorageClass, l.ChecksumAlgorithm, &version{
			id: l.VersionID, size: l.Size, etag: l.ETag, marker: l.DeleteMarker, multipart: l.Multipart,
			status: l.ReplicationStatus, at: l.Modified, encryption: l.Encryption,
		}}
	}
	list, err := encode(rows)
	if err != nil {
		return nil, fmt.Errorf("write inventory of %s: %w", e.Bucket, err)
	}
	base := e.Bucket + "/" + e.ConfigID + "/"
	if e.Prefix != "" {
		base = strings.TrimSuffix(e.Prefix, "/") + "/" + base
	}
	sum := etagOf(list)
	data := File{base + "data/" + sum + "." + extension, list}
	manifest, err := json.MarshalIndent(manifest{
		SourceBucket: e.Bucket, DestinationBucket: "arn:aws:s3:::" + e.Destination, Version: "2016-11-30",
		CreationTimestamp: strconv.FormatInt(e.At.UnixMilli(), 10), FileFormat: e.Format, FileSchema: schema,
		Files: []manifestFile{{Key: data.Key, Size: int64(len(list)), MD5checksum: sum}},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write manifest of %s: %w", e.Bucket, err)
	}
	folder := base + Stamp(e.At) + "/"
	return []File{
		data, {folder + "manifest.json", manifest}, {folder + "manifest.checksum", []byte(etagOf(manifest) + "\n")},
	}, nil
}

// encoderOf is what writes a format, the extension of its files, and what fileSchema says.
func encoderOf(format string) (encode func([]row) ([]byte, error), extension, schema string) {
	switch format {
	case Parquet:
		return encodeParquet, "parquet", parquetSchemaText
	case ORC:
		return encodeORC, "orc", orcSchema()
	default:
		return encodeCSV, "csv.gz", strings.Join(columns, ", ")
	}
}
