package buckets

import (
	"bytes"
	"compress/gzip"
	"fmt"
)

// encodeCSV writes gzip-compressed lines without a header, every field quoted, keys URL-encoded.
func encodeCSV(rows []row) ([]byte, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	line := make([]byte, 0, 512)
	for _, r := range rows {
		line = line[:0]
		for i, name := range columns {
			field := r.field(name)
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
