// Package delivery is where settlement files come to: a folder, a bucket or an SFTP server. It lists them, opens them at
// any offset, and tells whether what was read is what was listed. It only reads: nothing is renamed, deleted or written.
package delivery

import (
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"time"
)

// File is a file as a listing has it.
type File struct {
	Name     string    // base name
	Path     string    // of the whole file in its place: path in the file system or on the server, key in the bucket
	Size     int64     // bytes
	Modified time.Time // UTC, by the clock of the place
	Version  string    // what tells this content from another of the same size and time: ETag; empty where the place has none
	Regular  bool      // it is a file, and not a folder, a socket or a link to nothing
	state    any       // what the place compares with
}

// Listing is what a place held at one moment.
type Listing struct {
	Files []File    // in the order of their paths
	At    time.Time // by the clock of the place where it tells, else of this machine
}

// Place is one feed's. It is to be used by one run at a time.
type Place interface {
	// Pattern is what the base names must match; for people.
	Pattern() string
	// List lists the files that match the pattern.
	List(ctx context.Context) (Listing, error)
	// Open reads a listed file from an offset on. It is ErrChanged, at once or while reading, where the file is no longer
	// the one that was listed. The context ends reading too.
	Open(ctx context.Context, f File, offset int64) (io.ReadCloser, error)
	// Check reports ErrChanged where a file that was read may have been changed meanwhile.
	Check(ctx context.Context, f File) error
	// Close gives up connections. The place may be used again.
	Close() error
}

// ErrChanged means that a file is not, or no longer, the one that was listed.
var ErrChanged = errors.New("file changed while it was read")

// Problem is why a place or a file could not be read, in words that are the same from run to run, with what to do about it.
type Problem struct { //nolint:errname // what a person sees; it happens to be an error
	What string
	Fix  string
	Err  error // what a caller may compare with; may be nil
}

func (p *Problem) Error() string { return p.What }

// Remedy is what a person can do.
func (p *Problem) Remedy() string { return p.Fix }

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }

// PatternError is of a pattern that cannot be matched with anything.
type PatternError struct {
	Pattern string
	Err     error
}

func (e *PatternError) Error() string {
	return "path pattern " + quoted(e.Pattern) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *PatternError) Unwrap() error { return e.Err }

func quoted(text string) string { return `"` + text + `"` }

// unfinished are the endings that programs for file transfer give to a file until it is whole.
var unfinished = []string{".tmp", ".part", ".filepart"}

// Unfinished reports whether a name is that of an upload under way: one of the endings .tmp, .part and .filepart, or a dot
// at the beginning, as rsync has it. What the pattern asks for by its own ending or dot is meant.
func Unfinished(name, pattern string) bool {
	pattern = path.Base(pattern)
	if strings.HasPrefix(name, ".") && !strings.HasPrefix(pattern, ".") {
		return true
	}
	ending := strings.ToLower(path.Ext(name))
	return slices.Contains(unfinished, ending) && !strings.HasSuffix(strings.ToLower(pattern), ending)
}
