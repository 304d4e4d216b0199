package sets

import (
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

// csvWriter writes RFC 4180 with gzip at its usual level, and quotes only where it has to.
type csvWriter struct {
	gz  *gzip.Writer
	buf []byte
}

func newCSV(to io.Writer, t table) (*csvWriter, error) {
	w := &csvWriter{gz: gzip.NewWriter(to)}
	for i, c := range t {
		w.buf = append(w.buf, separator(i)...)
		w.buf = append(w.buf, c.name...)
	}
	w.buf = append(w.buf, '\n')
	return w, w.flush(0)
}

func separator(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

func (w *csvWriter) write(t table) error {
	for row := range t.rows() {
		for i, c := range t {
			w.buf = append(w.buf, separator(i)...)
			at := len(w.buf)
			w.buf = c.appendField(w.buf, row)
			if c.kind == text && bytes.ContainsAny(w.buf[at:], "\",\r\n") {
				field := bytes.ReplaceAll(w.buf[at:], []byte(`"`), []byte(`""`))
				w.buf = append(append(append(w.buf[:at], '"'), field...), '"')
			}
		}
		w.buf = append(w.buf, '\n')
		if err := w.flush(1 << 20); err != nil {
			return err
		}
	}
	return nil
}

// flush hands on what has been written once it is more than a number of bytes.
func (w *csvWriter) flush(over int) error {
	if len(w.buf) <= over {
		return nil
	}
	if _, err := w.gz.Write(w.buf); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	w.buf = w.buf[:0]
	return nil
}

func (w *csvWriter) close() error {
	if err := w.flush(0); err != nil {
		return err
	}
	if err := w.gz.Close(); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}
