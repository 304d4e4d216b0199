package settlement

import (
	"errors"
	"fmt"
)

// DecodeError says where in a file reading stopped making sense. It never carries what stands there: a shifted column
// or element may hold a card number.
type DecodeError struct {
	File   string // base name
	Unit   string // "record" in IPM files, "line" in CSV files
	Number int64  // 1-based; 0 where the error belongs to the file as a whole
	Field  string // "DE4", "PDS0301", a column name; empty where it belongs to the record as a whole
	Err    error
}

// Error shows file, record or line, field and cause.
func (e *DecodeError) Error() string {
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
func (e *DecodeError) Unwrap() error { return e.Err }

// ErrControlTotal means that a file's own totals do not agree with its content, or are missing, so that nothing in
// it may be used.
var ErrControlTotal = errors.New("control total does not agree")

// fieldError carries a field's name up to where file and record are known.
type fieldError struct {
	field string
	err   error
}

func (e *fieldError) Error() string { return e.field + ": " + e.err.Error() }
func (e *fieldError) Unwrap() error { return e.err }

func at(file, unit string, number int64, err error) error {
	field := ""
	if fe := (*fieldError)(nil); errors.As(err, &fe) {
		field, err = fe.field, fe.err
	}
	return &DecodeError{File: file, Unit: unit, Number: number, Field: field, Err: err}
}
