package spill

import (
	"fmt"
	"io"
	"os"
)

// File is a temporary file without a name, which goes away with its last handle.
type File struct {
	file file
	dir  string
}

// Open opens a new file in a folder; "" is the system's folder for such.
func Open(dir string) (*File, error) {
	f, err := temporary(dir)
	if err != nil {
		if dir == "" {
			dir = os.TempDir()
		}
		return nil, fmt.Errorf("open a temporary file to spill to in %s: %w", dir, err)
	}
	return &File{file: f, dir: dir}, nil
}

// ReadAt implements io.ReaderAt.
func (f *File) ReadAt(p []byte, off int64) (int, error) { return f.file.ReadAt(p, off) } //nolint:wrapcheck // io.EOF has to stay what it is

// At returns a writer that continues from an offset.
func (f *File) At(offset int64) io.Writer { return &tail{f, offset} }

// Close removes the file.
func (f *File) Close() error {
	if err := f.file.Close(); err != nil {
		return fmt.Errorf("close spill file: %w", err)
	}
	return nil
}

type tail struct {
	file   *File
	offset int64
}

func (t *tail) Write(p []byte) (int, error) {
	n, err := t.file.file.WriteAt(p, t.offset)
	t.offset += int64(n)
	if err != nil {
		return n, fmt.Errorf("spill %d bytes at %d of a temporary file: %w", len(p), t.offset-int64(n), err)
	}
	return n, nil
}
