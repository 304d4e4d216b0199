package orc

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Options say how a file is read. The zero value is a good one.
type Options struct {
	// Memory bounds the bytes that one scan may hold, and that a footer may have; DefaultMemory if zero. A stripe that needs
	// more, for its dictionaries or its chunks, is an error.
	Memory int64
}

// Type is what the values of a column are.
type Type int

// The types of columns. Whole numbers are of 8 to 64 bits, signed.
const (
	Other Type = iota // is skipped, and cannot be asked for
	Text              // string, varchar, char: as Texts; a char is as it was stored
	Whole             // tinyint, smallint, int, bigint: as Ints
	Truth             // boolean: as Ints, 0 or 1
	Time              // timestamp: as Ints, milliseconds since 1970 in UTC, what is finer being cut off
)

// String is the type in words.
func (t Type) String() string {
	return [...]string{"another type", "text", "whole number", "truth value", "time"}[t]
}

// File is an open file. It can be scanned any number of times, also at once.
type File struct {
	from   io.ReaderAt
	size   int64
	closer io.Closer
	limit  int64
	tail   tail
}

// Open opens a file and reads its tail.
func Open(path string, o Options) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open orc: %w", err)
	}
	about, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open orc: %w", err), f.Close())
	}
	file, err := OpenReaderAt(f, about.Size(), o)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	file.closer = f
	return file, nil
}

// OpenReaderAt opens a file of so many bytes that is read by ranges, and reads its tail. Ranges may be read at once if
// several scans run at once.
func OpenReaderAt(from io.ReaderAt, size int64, o Options) (*File, error) {
	f := &File{from: from, size: size, limit: o.Memory}
	if err := f.readTail(); err != nil {
		return nil, fmt.Errorf("open orc: %w", err)
	}
	return f, nil
}

// Close closes the file, if it was opened by its path.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close() //nolint:wrapcheck // it names the file
}

// Columns are the names of the columns, in order; also of those that are of another type.
func (f *File) Columns() []string {
	names := make([]string, len(f.tail.fields))
	for i, c := range f.tail.fields {
		names[i] = c.name
	}
	return names
}

// Type is what the values of a column are. A column that is not there, or is there twice, is an error.
func (f *File) Type(column string) (Type, error) {
	c, err := f.find(column)
	return c.typ, err
}

// Rows is how many rows there are. A scan that finds another number of them ends with an error.
func (f *File) Rows() int64 { return f.tail.rows }

// Stripes is how many pieces there are that can be scanned apart.
func (f *File) Stripes() int { return len(f.tail.stripes) }

// find returns a column by its very name, or else by its only one without regard to case.
func (f *File) find(name string) (field, error) {
	for _, same := range []func(string) bool{
		func(s string) bool { return s == name },
		func(s string) bool { return strings.EqualFold(s, name) },
	} {
		var found field
		times := 0
		for _, c := range f.tail.fields {
			if same(c.name) {
				found = c
				times++
			}
		}
		if times == 1 {
			return found, nil
		}
		if times > 1 {
			return field{}, damaged("there are %d columns %q", times, name)
		}
	}
	return field{}, unsupported("there is no column %q", name)
}
