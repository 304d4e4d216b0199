package orc

import (
	"errors"
	"fmt"
)

// What is wrong with a file, for callers that tell the one from the other with errors.Is. An error that is none of them came
// from reading the file.
var (
	// ErrDamaged says that a file is not what ORC allows: no ORC, cut short, or changed.
	ErrDamaged = errors.New("the orc file is damaged")
	// ErrUnsupported says that a file may be sound, but has what is not read here: another type, codec or version, encryption.
	ErrUnsupported = errors.New("the orc file has what is not read")
	// ErrLimit says that a file asks for more memory than Options.Memory allows.
	ErrLimit = errors.New("the orc file asks for too much memory")
)

// fault is an error with a text of its own that is one of the above.
type fault struct {
	text string
	kind error
}

// Error implements error.
func (f *fault) Error() string { return f.text }

// Unwrap says which kind of error it is.
func (f *fault) Unwrap() error { return f.kind }

func damaged(format string, args ...any) error {
	return &fault{fmt.Sprintf(format, args...), ErrDamaged}
}

func unsupported(format string, args ...any) error {
	return &fault{fmt.Sprintf(format, args...), ErrUnsupported}
}

var (
	errShort   = damaged("ends before its time")
	errLeft    = damaged("has more values than there are rows")
	errRun     = damaged("has a run that is damaged")
	errChunk   = damaged("has a compressed chunk that is damaged")
	errMessage = damaged("is no message of protocol buffers")
)
