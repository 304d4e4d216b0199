package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"strings"
	"time"
)

// maxSegment bounds a segment's file in bytes, and so the memory that reading one takes.
const maxSegment = 512 << 20

// ErrTooLarge means that a file is larger than any segment.
var ErrTooLarge = errors.New("larger than a segment may be")

// Place is where segments lie. Names are those of audit.Segment: parts with slashes between them. A place may be used from
// several goroutines.
type Place interface {
	// Put stores a whole file, over one of that name if there is one, and makes it new in time. When it returns without an
	// error the file is durable; whatever happens, no reader sees a part of it.
	Put(ctx context.Context, name string, data []byte) error
	// Get returns a whole file; a missing one is fs.ErrNotExist. More than limit bytes is ErrTooLarge. There is no reading of
	// a part, for nothing but the whole can be compared with its checksum.
	Get(ctx context.Context, name string, limit int64) ([]byte, error)
	// Remove removes a file. A missing one is no error.
	Remove(ctx context.Context, name string) error
	// List yields the files whose name begins with a prefix, in no particular order. The iteration ends with the first error.
	List(ctx context.Context, prefix string) iter.Seq2[File, error]
}

// File is a file in a place.
type File struct {
	Name     string
	Size     int64 // bytes
	Modified time.Time
}

// local reports whether a name stays inside its place and is written in the one way that names are.
func local(name string) bool {
	return fs.ValidPath(name) && name != "." && path.Clean(name) == name && !strings.ContainsAny(name, "\\\x00")
}

func mustBeLocal(name string) error {
	if !local(name) {
		return fmt.Errorf("the name %q leads out of the archive", name)
	}
	return nil
}

// remedy is an error that knows what to do about it.
type remedy interface{ Remedy() string }

// Remedy says what a person should do about an error of this package or of a place.
func Remedy(err error) string {
	var knows remedy
	switch {
	case errors.As(err, &knows):
		return knows.Remedy()
	case errors.Is(err, fs.ErrPermission):
		return "let the user Parallax runs as read and write the archive's folder"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "run again, with more time"
	case noRoom(err):
		return "free room on the archive's disk, or set archive.retention"
	default:
		return "restore the segment from a backup of the archive"
	}
}
