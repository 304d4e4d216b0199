// Package batchops stands in for S3 Batch Operations: it reads a job and its manifest as strictly as the service describes
// them, and carries it out on the lab's buckets. It knows nothing of what writes manifests.
package batchops

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Row is one object of a manifest. VersionID is empty where the manifest has none.
type Row struct{ Bucket, Key, VersionID string }

// bucketName is a general purpose bucket's: a header's words are none.
// Source: Amazon S3 User Guide, "General purpose bucket naming rules".
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// ParseManifest reads a manifest of format S3BatchOperations_CSV_20180820 whose columns are named by fields: Bucket, Key,
// VersionId, Ignore. It has no header, a line for each object, keys URL-encoded, version ids on all rows or on none, and
// objects of one bucket. Beyond the description it refuses what could be read in two ways, and an object named twice.
// Source: Amazon S3 User Guide, "Specifying a manifest" under "Creating an S3 Batch Operations job"; Amazon S3 API reference,
// "JobManifestSpec"; for the id "null" of unversioned objects, "Converting empty version ID strings in Amazon S3 Inventory
// reports to null strings".
func ParseManifest(fields []string, data []byte) ([]Row, error) {
	if err := checkFields(fields); err != nil {
		return nil, err
	}
	switch {
	case len(data) == 0:
		return nil, errors.New("the manifest is empty")
	case data[len(data)-1] != '\n':
		return nil, errors.New("the last line is cut short")
	}
	var rows []Row
	seen := map[Row]bool{}
	for i, line := range bytes.Split(data[:len(data)-1], []byte("\n")) {
		row, err := parseRow(fields, string(line))
		switch {
		case err != nil:
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		case i > 0 && row.Bucket != rows[0].Bucket:
			return nil, fmt.Errorf("line %d: another bucket than the first line's", i+1)
		case seen[row]:
			return nil, fmt.Errorf("line %d: the object is named twice", i+1)
		}
		seen[row] = true
		rows = append(rows, row)
	}
	return rows, nil
}

func checkFields(fields []string) error {
	count := map[string]int{}
	for _, f := range fields {
		switch f {
		case "Bucket", "Key", "VersionId":
			count[f]++
		case "Ignore":
		default:
			return fmt.Errorf("field %q is unknown", f)
		}
	}
	if count["Bucket"] != 1 || count["Key"] != 1 || count["VersionId"] > 1 {
		return errors.New("bucket and key are named once each, the version id once at most")
	}
	return nil
}

func parseRow(fields []string, line string) (Row, error) {
	columns := strings.Split(line, ",")
	if len(columns) != len(fields) {
		return Row{}, fmt.Errorf("%d columns, not %d", len(columns), len(fields))
	}
	var row Row
	for i, name := range fields {
		if name == "Ignore" {
			continue
		}
		value, err := decode(columns[i])
		if err != nil {
			return Row{}, fmt.Errorf("%s: %w", name, err)
		}
		switch name {
		case "Bucket":
			row.Bucket = value
		case "Key":
			row.Key = value
		case "VersionId":
			row.VersionID = value
		}
	}
	if !bucketName.MatchString(row.Bucket) {
		return Row{}, errors.New("it names no bucket")
	}
	return row, nil
}

// decode undoes the URL encoding of a value: everything but RFC 3986's unreserved characters and the slash has to be escaped.
// A plus sign is refused, for some read it as a space.
func decode(s string) (string, error) {
	var out []byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return "", errors.New("an escape is not two hexadecimal digits")
			}
			out = append(out, nibble(s[i+1])<<4|nibble(s[i+2]))
			i += 2
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-_.~/", c) >= 0:
			out = append(out, c)
		default:
			return "", fmt.Errorf("byte %#x is not URL-encoded", c)
		}
	}
	switch {
	case len(out) == 0:
		return "", errors.New("it is empty")
	case len(out) > 1024:
		return "", errors.New("it is longer than 1,024 bytes")
	case !utf8.Valid(out):
		return "", errors.New("it is not UTF-8")
	}
	return string(out), nil
}

func isHex(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }

func nibble(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}
