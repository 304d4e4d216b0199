package sets

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"
)

// csvSchema names the columns of an inventory in CSV, which has no header.
const csvSchema = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass, IsMultipartUploaded, ReplicationStatus, EncryptionStatus"

// listCSV writes an inventory as S3 does: gzip, no header, every field quoted, dates of RFC 3339. The keys of a set have
// nothing in them that would have to be URL-encoded.
type listCSV struct {
	gz  *gzip.Writer
	buf []byte
}

func newListCSV(to io.Writer) *listCSV { return &listCSV{gz: gzip.NewWriter(to)} }

func (w *listCSV) write(t table) error {
	cursors := make([]int, len(t)) // of numbers and flags, which leave nulls out
	for row := range t.rows() {
		for i, c := range t {
			if i > 0 {
				w.buf = append(w.buf, ',')
			}
			w.buf = append(w.buf, '"')
			w.buf = c.appendListed(w.buf, row, &cursors[i])
			w.buf = append(w.buf, '"')
		}
		w.buf = append(w.buf, '\n')
		if len(w.buf) > 1<<20 {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return w.flush()
}

func (c *column) appendListed(to []byte, row int, next *int) []byte {
	if c.null[row] {
		return to
	}
	if c.kind == text {
		return append(to, c.text(row)...)
	}
	at := *next
	*next++
	switch c.kind {
	case flag:
		return strconv.AppendBool(to, c.flags[at])
	case millis:
		return time.UnixMilli(c.ints[at]).UTC().AppendFormat(to, "2006-01-02T15:04:05.000Z")
	default:
		return appendInt(to, c.ints[at])
	}
}

func (w *listCSV) flush() error {
	if _, err := w.gz.Write(w.buf); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	w.buf = w.buf[:0]
	return nil
}

func (w *listCSV) close() error {
	if err := w.gz.Close(); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}
