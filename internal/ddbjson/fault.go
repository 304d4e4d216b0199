package ddbjson

import (
	"fmt"
	"strings"
	"unicode"
)

// SyntaxError says where a body stops being the answer that was expected. It never quotes the body.
type SyntaxError struct {
	Offset int // bytes from the beginning
	Reason string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.Reason) }

// Fault is a record or an item that cannot be used: which one, and what is wrong with which field, never the value.
type Fault struct { //nolint:errname // data of a page first, an error second
	Record int    // 1-based, in its page
	Seq    string // of a stream record, if it has one
	Field  string // "new image: attribute amount_minor"
	Reason string
}

func (f Fault) Error() string {
	where := fmt.Sprintf("record %d", f.Record)
	if f.Seq != "" {
		where += ", sequence number " + f.Seq
	}
	return where + ": " + f.What()
}

// What is the field and what is wrong with it.
func (f Fault) What() string {
	if f.Field == "" {
		return f.Reason
	}
	return f.Field + ": " + f.Reason
}

// problem is why the scanner stopped: a body that is no such answer, or a value that cannot be used.
type problem struct {
	syntax bool
	at     int
	field  string
	attr   string
	reason string
}

func (s *Scanner) syntax(reason string) bool {
	if s.bad == nil {
		s.bad = &problem{syntax: true, at: s.i, reason: reason}
	}
	return false
}

func (s *Scanner) refuse(reason string) bool {
	if s.bad == nil {
		s.bad = &problem{at: s.i, reason: reason}
	}
	return false
}

// problem keeps why a record of the page cannot be used, and returns its place, from 1.
func (s *Scanner) problem(p *problem) int {
	s.problems = append(s.problems, p)
	return len(s.problems)
}

// of names the field that a value which could not be used belongs to.
func (s *Scanner) of(field string) bool {
	if p := s.bad; p != nil && p.field == "" {
		p.field = field
		if p.attr != "" {
			p.field += ": attribute " + p.attr
		}
	}
	return false
}

func (s *Scanner) syntaxError() error { return &SyntaxError{Offset: s.bad.at, Reason: s.bad.reason} }

// label makes an attribute's name fit to be shown: short, printable, and without a run of digits that could be a card
// number.
func label(name string) string {
	const longest, digits = 64, 12
	if len(name) > longest {
		name = strings.ToValidUTF8(name[:longest], "") + "..."
	}
	run := 0
	for _, r := range name {
		if run++; r < '0' || r > '9' {
			run = 0
		}
		if run >= digits {
			return "with a long number for its name"
		}
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, name)
}
