package inventory

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// TestLinesOfOtherWriters: fields without quotes and lines that end with CRLF are read; a time that is not one of RFC 3339 is
// damage, though the library would take it.
func TestLinesOfOtherWriters(t *testing.T) {
	t.Parallel()
	row := `"b","k","1","2026-11-18T00:00:00Z","e"`
	for text, says := range map[string]string{
		row:                              "",
		row + "\r\n" + row:               "",
		strings.ReplaceAll(row, `"`, ""): "",
		strings.ReplaceAll(row, `"`, "") + "\r\n" + strings.ReplaceAll(row, `"`, "") + "\r\n": "",
		strings.Replace(row, "00Z", "00,5Z", 1):                                               "line 1: field LastModifiedDate: is not a time",
	} {
		d := newDepot()
		d.publish(t, midnight, formatCSV, joined(narrowNames), must(io.ReadAll(zipped(t, text)))(t))
		got := readAll(t, d.source())
		if says != "" {
			gapOf(t, got, says)
			continue
		}
		if len(got.gaps) != 0 || len(got.rows) != strings.Count(text, "2026") || !strings.Contains(got.rows[0], `.000Z "e" `) {
			t.Errorf("%q: rows %q, gaps %+v", text, got.rows, got.gaps)
		}
	}
}

// TestNothingWithoutEnd: a file that decompresses to nothing, at length, is stopped in time.
func TestNothingWithoutEnd(t *testing.T) {
	t.Parallel()
	d, err := newCSV(joined(narrowNames))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	body := bytes.Repeat(must(io.ReadAll(zipped(t, "")))(t), 1<<20)
	if _, err := f.Write(body); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	start := time.Now()
	err = d.decode(ctx, f, int64(len(body)), func(*columns) error { return nil })
	if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took > 500*time.Millisecond {
		t.Errorf("after %s: %v", took, err)
	}
}
