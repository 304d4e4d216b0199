package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Folder is the files of a file system that match a pattern, see filepath.Match.
type Folder string

var _ Place = Folder("")

// Pattern is that of the base names.
func (p Folder) Pattern() string { return filepath.Base(string(p)) }

// List returns what the pattern matches, be it a file or not. A folder that is not there has no files.
func (p Folder) List(context.Context) (Listing, error) {
	paths, err := filepath.Glob(string(p))
	if err != nil {
		return Listing{}, &PatternError{Pattern: string(p), Err: err}
	}
	out := Listing{At: time.Now().UTC()}
	for _, path := range paths {
		f := File{Name: filepath.Base(path), Path: path}
		if info, err := os.Stat(path); err == nil {
			f.Size, f.Modified, f.Regular, f.state = info.Size(), info.ModTime().UTC(), info.Mode().IsRegular(), info
		}
		out.Files = append(out.Files, f)
	}
	return out, nil
}

// Open opens a file if it is the one that was listed: by size, time of change and identity.
func (p Folder) Open(ctx context.Context, f File, offset int64) (io.ReadCloser, error) {
	info, err := os.Stat(f.Path) // before it is opened: opening a pipe waits for its writer
	switch {
	case err != nil:
		return nil, unreadable(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	case !same(f, info):
		return nil, ErrChanged
	}
	r, err := os.Open(f.Path)
	if err != nil {
		return nil, unreadable(err)
	}
	if info, err = r.Stat(); err == nil && !same(f, info) {
		err = ErrChanged
	}
	if err == nil && offset > 0 {
		_, err = r.Seek(offset, io.SeekStart)
	}
	if err != nil {
		_ = r.Close()
		return nil, plain(err)
	}
	return &cancelReader{ctx: ctx, r: r}, nil
}

// Check compares size, time of change and identity of a file with those of the listing.
func (p Folder) Check(_ context.Context, f File) error {
	if info, err := os.Stat(f.Path); err != nil || !same(f, info) {
		return ErrChanged
	}
	return nil
}

// Close does nothing.
func (p Folder) Close() error { return nil }

func same(f File, now os.FileInfo) bool {
	then, ok := f.state.(os.FileInfo)
	return ok && then.Size() == now.Size() && then.ModTime().Equal(now.ModTime()) && os.SameFile(then, now)
}

func unreadable(err error) error {
	err = plain(err)
	if errors.Is(err, fs.ErrPermission) {
		return &Problem{What: err.Error(), Fix: "make the file readable for the account Parallax runs under", Err: err}
	}
	return err
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
	r   io.ReadCloser
}

func (c *cancelReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("read: %w", plain(err))
	}
	return n, err
}

func (c *cancelReader) Close() error { return c.r.Close() }
