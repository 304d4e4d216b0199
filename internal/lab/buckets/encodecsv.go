package buckets

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/url"
	"strconv"
)

// encodeCSV writes gzip-compressed lines without a header, every field quoted, keys URL-encoded.
func encodeCSV(rows []row) ([]byte, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	line := make([]byte, 0, 512)
	for _, r := range rows {
		size := ""
		if !r.marker {
			size = strconv.FormatInt(r.size, 10)
		}
		line = line[:0]
		for i, field := range []string{
			r.bucket, url.QueryEscape(r.key), r.id, strconv.FormatBool(r.latest), strconv.FormatBool(r.marker),
			size, r.modified().Format("2006-01-02T15:04:05.000Z"), r.etag, r.class, r.status,
		} {
			if i > 0 {
				line = append(line, ',')
			}
			line = append(line, '"')
			line = append(line, field...) // no field holds a quote
			line = append(line, '"')
		}
		if _, err := zip.Write(append(line, '\n')); err != nil {
			return nil, fmt.Errorf("encode csv: %w", err)
		}
	}
	if err := zip.Close(); err != nil {
		return nil, fmt.Errorf("encode csv: %w", err)
	}
	return out.Bytes(), nil
}
