package inventory

import (
	"context"
	"fmt"
	"os"
	"strings"

	"parallax/internal/join"
)

// field is a column of a list that is known. Everything else in a list is skipped.
type field int

// The columns, as fields of a list.
const (
	fieldBucket field = iota
	fieldKey
	fieldVersion
	fieldLatest
	fieldMarker
	fieldSize
	fieldModified
	fieldETag
	fieldClass
	fieldMultipart
	fieldReplication
	fieldEncryption
	fieldAlgorithm
	fieldCount
)

// fieldNames are the names that fileSchema has for the columns. Parquet and ORC spell the same words in lower case with
// underscores between them.
// Source: Amazon S3 User Guide, "Amazon S3 Inventory list".
var fieldNames = [fieldCount]string{
	"Bucket", "Key", "VersionId", "IsLatest", "IsDeleteMarker", "Size", "LastModifiedDate", "ETag", "StorageClass",
	"IsMultipartUploaded", "ReplicationStatus", "EncryptionStatus", "ChecksumAlgorithm",
}

// fieldsByWord finds a column by either spelling.
var fieldsByWord = func() map[string]field {
	m := make(map[string]field, fieldCount)
	for f, name := range fieldNames {
		m[word(name)] = field(f)
	}
	return m
}()

func word(name string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimSpace(name), "_", ""))
}

// places are where in a list each known column stands, from 0; -1 where the list has none.
type places [fieldCount]int

// has reports whether the list has a column.
func (p *places) has(f field) bool { return p[f] >= 0 }

// placesOf finds the known columns among those of a list. Columns that the list cannot do without, it must have.
func placesOf(names []string) (places, error) {
	var p places
	for f := range p {
		p[f] = -1
	}
	for i, name := range names {
		f, known := fieldsByWord[word(name)]
		if !known {
			continue
		}
		if p.has(f) {
			return p, &damageError{fmt.Sprintf("names column %s twice", fieldNames[f])}
		}
		p[f] = i
	}
	for _, f := range []field{fieldBucket, fieldKey, fieldSize, fieldModified} {
		if !p.has(f) {
			return p, &unsupportedError{fmt.Sprintf("has no column %s, which is needed", fieldNames[f])}
		}
	}
	if p.has(fieldVersion) && !(p.has(fieldLatest) && p.has(fieldMarker)) {
		return p, &unsupportedError{"has VersionId, but not IsLatest and IsDeleteMarker, which are needed with it"}
	}
	return p, nil
}

// columns are some rows of a file as a decoder hands them on: texts for names and words, numbers for the size in bytes, the
// last modification in milliseconds since 1970, and 0 or 1 for truth values. They are valid until the call that got them
// returns, and may be changed by it.
type columns struct {
	rows int
	has  [fieldCount]bool
	of   [fieldCount]join.Column
	// unitless says that the last modification is a number that a file names no unit of.
	unitless bool
}

// decoder scans a file whose checksum has been verified and hands its rows on in order. Its errors are damageError,
// unsupportedError, those of ctx, and those of each.
type decoder interface {
	decode(ctx context.Context, f *os.File, size int64, each func(*columns) error) error
}

// isText reports whether the values of a field are texts.
func (f field) isText() bool {
	switch f {
	case fieldLatest, fieldMarker, fieldSize, fieldModified, fieldMultipart:
		return false
	default:
		return true
	}
}
