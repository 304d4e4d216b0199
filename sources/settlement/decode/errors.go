package decode

import (
	"errors"
	"fmt"
)

// Error says where in a file reading stopped making sense. It never carries what stands there: a shifted column
// or element may hold a card number.
type Error struct {
	File   string // base name
	Unit   string // "record" in IPM files, "line" in CSV files
	Number int64  // 1-based; 0 where the error belongs to the file as a whole
	Field  string // "DE4", "PDS0301", a column name; empty where it belongs to the record as a whole
	Err    error
}

// Error shows file, record or line, field and cause.
func (e *Error) Error() string {
	out := "decode " + e.File
	if e.Number > 0 {
		out += fmt.Sprintf(": %s %d", e.Unit, e.Number)
	}
	if e.Field != "" {
		out += ": " + e.Field
	}
	return out + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrControlTotal means that a file's own totals do not agree with its content, or are missing, so that nothing in
// it may be used.
var ErrControlTotal = errors.New("control total does not agree")

// FieldError carries a field's name up to where file and record are known.
type FieldError struct {
	Field string
	Err   error
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Err.Error() }
func (e *FieldError) Unwrap() error { return e.Err }

// At says where an error belongs; err may be a *FieldError.
func At(file, unit string, number int64, err error) error {
	field, err := split(err)
	return &Error{File: file, Unit: unit, Number: number, Field: field, Err: err}
}

// split takes the field's name off an error.
func split(err error) (string, error) {
	if fe := (*FieldError)(nil); errors.As(err, &fe) {
		return fe.Field, fe.Err
	}
	return "", err
}
