package inventory

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// maxLine is more than the longest row can be: a key of 1,024 bytes, each encoded in three, and some dozen short fields.
const maxLine = 64 << 10

// layout is where in a row each known column stands; -1 where the list has none. Unknown columns are skipped.
type layout struct {
	columns int
	at      map[string]int
}

// The columns, in the words of fileSchema. Source: Amazon S3 User Guide, "Inventory lists".
const (
	colBucket       = "Bucket"
	colKey          = "Key"
	colVersion      = "VersionId"
	colLatest       = "IsLatest"
	colMarker       = "IsDeleteMarker"
	colSize         = "Size"
	colModified     = "LastModifiedDate"
	colETag         = "ETag"
	colStorageClass = "StorageClass"
	colMultipart    = "IsMultipartUploaded"
	colReplication  = "ReplicationStatus"
	colEncryption   = "EncryptionStatus"
)

// layoutOf reads the fileSchema of a CSV manifest: column names, separated by commas.
func layoutOf(schema string) (layout, error) {
	names := strings.Split(schema, ",")
	l := layout{columns: len(names), at: map[string]int{}}
	for i, name := range names {
		name = strings.TrimSpace(name)
		if _, twice := l.at[name]; twice {
			return l, &damageError{fmt.Sprintf("names column %q twice in fileSchema", name)}
		}
		l.at[name] = i
	}
	for _, name := range []string{colBucket, colKey, colSize, colModified} {
		if _, ok := l.at[name]; !ok {
			return l, &unsupportedError{fmt.Sprintf("has no column %s in fileSchema, which is needed", name)}
		}
	}
	return l, l.versions()
}

// versions refuses a list of all versions that does not say which of them is the latest.
func (l layout) versions() error {
	_, version := l.at[colVersion]
	_, latest := l.at[colLatest]
	_, marker := l.at[colMarker]
	if version && (!latest || !marker) {
		return &unsupportedError{"has VersionId in fileSchema, but not IsLatest and IsDeleteMarker, which are needed with it"}
	}
	return nil
}

// decodeCSV yields the rows of a gzip-compressed file: LF, no header, fields quoted, keys URL-encoded.
func decodeCSV(l layout) decoder {
	return func(ctx context.Context, f *os.File, _ int64, each func(row) bool) error {
		return l.decode(ctx, f, each)
	}
}

func (l layout) decode(ctx context.Context, f io.Reader, each func(row) bool) error {
	zip, err := gzip.NewReader(f)
	if err != nil {
		return &damageError{"is not gzip: " + err.Error()}
	}
	lines := bufio.NewScanner(zip)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	fields := make([]string, 0, l.columns)
	for number := int64(1); lines.Scan(); number++ {
		if number%rowsPerBatch == 0 && ctx.Err() != nil {
			return fmt.Errorf("decode: %w", context.Cause(ctx))
		}
		if lines.Err() != nil {
			break // what is left is the torn end of the file
		}
		fields, err = split(fields[:0], lines.Text())
		if err != nil {
			return &damageError{fmt.Sprintf("line %d: %v", number, err)}
		}
		o, err := l.row(fields)
		if err != nil {
			return &damageError{fmt.Sprintf("line %d: %v", number, err)}
		}
		if !each(o) {
			return nil
		}
	}
	if err := lines.Err(); err != nil {
		return &damageError{"breaks off or is damaged: " + err.Error()}
	}
	return nil
}

var errQuote = errors.New("a quoted field does not end where it should")

// split cuts a line into its fields. They are quoted or plain; a quote inside a quoted field is doubled (RFC 4180).
func split(fields []string, line string) ([]string, error) {
	for {
		var field string
		if strings.HasPrefix(line, `"`) {
			end := 1
			for {
				i := strings.IndexByte(line[end:], '"')
				if i < 0 {
					return nil, errQuote
				}
				end += i + 1
				if end == len(line) || line[end] != '"' {
					break
				}
				end++
			}
			field = line[1 : end-1]
			if strings.Contains(field, `"`) {
				field = strings.ReplaceAll(field, `""`, `"`)
			}
			line = line[end:]
		} else {
			end := strings.IndexByte(line, ',')
			if end < 0 {
				end = len(line)
			}
			field, line = line[:end], line[end:]
		}
		fields = append(fields, field)
		switch {
		case line == "":
			return fields, nil
		case line[0] != ',':
			return nil, errQuote
		}
		line = line[1:]
	}
}

// row reads one line's fields. Its errors name the column and never the value of a key.
func (l layout) row(fields []string) (row, error) {
	var o row
	if len(fields) != l.columns {
		return o, fmt.Errorf("%d fields, fileSchema names %d", len(fields), l.columns)
	}
	get := func(name string) string {
		if i, ok := l.at[name]; ok {
			return fields[i]
		}
		return ""
	}
	key, err := url.QueryUnescape(get(colKey))
	if err != nil || key == "" {
		return o, errors.New("field Key is empty or not URL-encoded")
	}
	o.bucket, o.Key, o.VersionID = get(colBucket), key, get(colVersion)
	o.ETag, o.StorageClass, o.Encryption = get(colETag), get(colStorageClass), get(colEncryption)
	o.ReplicationStatus = statusOf(get(colReplication))
	_, versions := l.at[colVersion]
	o.IsLatest = !versions // a list of current versions only
	for _, b := range []struct {
		name string
		to   *bool
	}{{colLatest, &o.IsLatest}, {colMarker, &o.DeleteMarker}, {colMultipart, &o.Multipart}} {
		if err := flag(get(b.name), b.to); err != nil {
			return o, fmt.Errorf("field %s: %w", b.name, err)
		}
	}
	if o.Size, err = sizeOf(get(colSize), o.DeleteMarker); err != nil {
		return o, fmt.Errorf("field Size: %w", err)
	}
	if o.LastModified, err = time.Parse(time.RFC3339, get(colModified)); err != nil {
		return o, errors.New("field LastModifiedDate is not a time of RFC 3339")
	}
	o.LastModified = o.LastModified.UTC()
	return o, nil
}

// statusOf knows the two spellings of one status.
func statusOf(status string) string {
	if status == "COMPLETE" {
		return "COMPLETED"
	}
	return status
}

func flag(text string, to *bool) error {
	switch text {
	case "":
	case "true":
		*to = true
	case "false":
		*to = false
	default:
		return errors.New("neither true nor false")
	}
	return nil
}

func sizeOf(text string, marker bool) (int64, error) {
	if text == "" && marker {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, errors.New("not a number of bytes")
	}
	return n, nil
}
