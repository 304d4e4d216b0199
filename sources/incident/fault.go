package incident

import (
	"fmt"
	"strings"
)

// Fault is one thing that is wrong with a file: where, in which field, and what to write instead.
type Fault struct {
	File  string
	Line  int    // from 1; 0 where the file as a whole is meant
	Field string // empty where the entry as a whole is meant
	Text  string
}

// FileError are all that is wrong with a file, at most 20 of them.
type FileError []Fault

func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	b.WriteString(": ")
	if f.Field != "" {
		b.WriteString(f.Field + " ")
	}
	b.WriteString(f.Text)
	return b.String()
}

func (f FileError) Error() string {
	lines := make([]string, 0, len(f))
	for i, one := range f {
		if i == maxFaults {
			lines = append(lines, "and more")
			break
		}
		lines = append(lines, one.String())
	}
	return strings.Join(lines, "; ")
}

// fault is a single one, whose file is named later.
func fault(line int, name, text string) error {
	return FileError{{Line: line, Field: name, Text: text}}
}

// in names the file in every fault.
func in(file string, err error) error {
	faults, ok := err.(FileError) //nolint:errorlint // made in this package and never wrapped
	if !ok {
		return FileError{{File: file, Text: err.Error()}}
	}
	for i := range faults {
		faults[i].File = file
	}
	return faults
}
