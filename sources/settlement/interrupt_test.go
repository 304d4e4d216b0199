package settlement

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/ipm"
	"parallax/sources/settlement/ipm/ipmtest"
)

func TestSourceStopsWhenToldTo(t *testing.T) {
	f := newFolder(t)
	f.write("m-1.ipm", ipmtest.Good(5000, false, false))
	s := f.source()
	n := 0
	for b, err := range s.Read(context.Background(), testWindow(), audit.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n += len(b.Records); n > 0 {
			break
		}
	}
	if n != batchLines {
		t.Errorf("%d lines before the break", n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var last error
	for b, err := range s.Read(ctx, testWindow(), audit.Cursor{}) {
		if last = err; len(b.Records) > 0 {
			cancel()
		}
	}
	cancel()
	if !errors.Is(last, context.Canceled) {
		t.Errorf("cancelled, but the last error is %v", last)
	}
	for _, err := range s.Read(ctx, testWindow(), audit.Cursor{}) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("cancelled before it began, but the last error is %v", last)
	}
}

// TestSourceFileStillGrowing: a file that is written to while it is read is a gap at the first reading, and ends the run at
// the second, when lines of it are already out.
func TestSourceFileStillGrowing(t *testing.T) {
	f := newFolder(t)
	f.write("m-1.ipm", ipmtest.Good(5000, false, false))
	grow := func() {
		out, err := os.OpenFile(filepath.Join(f.dir, "m-1.ipm"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		if _, err := out.Write([]byte{0}); err != nil {
			t.Fatal(err)
		}
	}
	s := f.source()
	s.Decode = func(c decode.Content, name, feed string, yield decode.Yield) (decode.Summary, error) {
		out, err := ipm.Decode(c, name, feed, yield)
		grow()
		return out, err
	}
	read(s).expect(t, 0, []string{"read m-1.ipm: file changed while it was read"}, nil, []string{"m-1.ipm rejected"})

	f.write("m-1.ipm", ipmtest.Good(5000, false, false))
	s = f.source()
	s.Buffer = 4999
	var last error
	for b, err := range s.Read(context.Background(), testWindow(), audit.Cursor{}) {
		if last = err; len(b.Records) > 0 {
			grow()
		}
	}
	if !errors.Is(last, errUnsettled) {
		t.Errorf("the last error is %v", last)
	}
	// Other bytes of the same size and time are noticed by their checksum.
	data := ipmtest.Good(5000, false, false)
	f.write("m-1.ipm", data)
	path := filepath.Join(f.dir, "m-1.ipm")
	at := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
	last = nil
	for b, err := range s.Read(context.Background(), testWindow(), audit.Cursor{}) {
		if last = err; len(b.Records) > 0 {
			f.write("m-1.ipm", bytes.ReplaceAll(data, []byte("978"), []byte("840")))
			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !errors.Is(last, errUnsettled) {
		t.Errorf("other bytes of the same size and time: %v", last)
	}
	// What was kept in memory is not read again.
	f.write("m-1.ipm", ipmtest.Good(5000, false, false))
	s.Buffer = 5000
	for b, err := range s.Read(context.Background(), testWindow(), audit.Cursor{}) {
		if err != nil {
			t.Error(err)
		}
		if len(b.Records) > 0 {
			grow()
		}
	}
}
