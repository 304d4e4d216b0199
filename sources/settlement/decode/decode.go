// Package decode holds what all readers of settlement files share: what they are given, what they yield, what they say of
// a file as a whole, and how they name what is wrong with it.
package decode

import (
	"io"

	"parallax/internal/record"
)

// Content opens a file at its beginning, decrypted and decompressed. Each call opens it anew and gives the same bytes;
// the caller closes what it opened.
type Content func() (io.ReadCloser, error)

// Yield takes over one decoded line; an error stops the reader and is returned by it as it is.
type Yield func(record.SettlementLine) error

// Func reads one file of one format and yields its lines in file order. name is the file's base name and feed the
// configured feed, for lines and errors.
//
// A row that cannot be read is counted and listed in the summary, never dropped. A file that cannot be used as a whole is
// an *Error; totals that do not agree or are missing are ErrControlTotal. Lines are yielded before the totals have been
// seen, so a caller that must not use a line of a bad file reads it twice.
type Func func(c Content, name, feed string, yield Yield) (Summary, error)

// StopError carries an error of the consumer through a reader unchanged.
type StopError struct{ Err error }

// Error is the consumer's.
func (e StopError) Error() string { return e.Err.Error() }
