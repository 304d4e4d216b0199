package settlement

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// file is one settlement file after it has been surveyed: read once from end to end, checked, nothing of it used yet.
type file struct {
	path    string
	name    string // base name
	sha256  string // hex, over the raw bytes; empty where it could not be read
	summary decode.Summary
	err     error // why nothing of it can be used; nil for a good file
	known   bool  // accepted earlier under this name with these bytes
	copyOf  string
	sameID  bool // it shares only the file id with copyOf: its bytes differ
}

// errUnsettled means that a file was being written while it was read.
var errUnsettled = errors.New("file changed while it was read")

// survey reads a file without using any line of it: its checksum, its totals, whether it can be decoded at all.
func survey(ctx context.Context, path, feed string, read decode.Func) file {
	f := file{path: path, name: filepath.Base(path)}
	f.err = withSettled(path, func(r *os.File) error {
		sum, err := checksum(ctx, r)
		if err != nil {
			return fmt.Errorf("read %s: %w", f.name, plain(err))
		}
		f.sha256 = sum
		f.summary, err = read(content(ctx, r), f.name, feed, func(record.SettlementLine) error { return nil })
		return err
	})
	return f
}

// withSettled opens a regular file, calls read, and makes sure that size and time of change are the same before and after.
func withSettled(path string, read func(*os.File) error) error {
	name := filepath.Base(path)
	before, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, plain(err))
	}
	if !before.Mode().IsRegular() {
		return fmt.Errorf("read %s: it is not a regular file", name)
	}
	r, err := os.Open(path) //nolint:gosec // the path comes from the configured pattern
	if err != nil {
		return fmt.Errorf("read %s: %w", name, plain(err))
	}
	defer r.Close() //nolint:errcheck // read only
	readErr := read(r)
	after, err := os.Stat(path)
	if err != nil || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) || !os.SameFile(before, after) {
		return fmt.Errorf("read %s: %w", name, errUnsettled)
	}
	return readErr
}

func checksum(ctx context.Context, r io.ReadSeeker) (string, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	h := sha256.New()
	if _, err := io.Copy(h, &cancelReader{ctx, r}); err != nil {
		return "", err
	}
	_, err := r.Seek(0, io.SeekStart)
	return hex.EncodeToString(h.Sum(nil)), err
}

// plain takes the path off an error of the operating system: the message names the file once.
func plain(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// cancelReader ends reading when the context does.
type cancelReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancelReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// content opens a file at its beginning, as often as it is asked.
func content(ctx context.Context, r io.ReadSeeker) decode.Content {
	return func() (io.ReadCloser, error) {
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		return io.NopCloser(&cancelReader{ctx, r}), nil
	}
}
