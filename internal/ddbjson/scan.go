package ddbjson

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Scanner decodes bodies one after the other and keeps its buffers between them: who decodes many keeps one. The zero Scanner is ready; it is not safe
// for concurrent use. What it returns does not share memory with it or with the body.
type Scanner struct {
	in  []byte
	i   int
	bad *problem

	loose    int        // counts what stood in the body that canonical text does not have: blanks, null members
	tmp      []byte     // texts that had to be rewritten
	out      []byte     // texts of the page's records
	spans    []span     // members of the objects that are open
	frags    []frag     // elements of the lists and sets that are open
	name     []byte     // a member's name that was escaped
	page     []entry    // records of the page
	problems []*problem // of the page\'s records
	keys     []string
	bare     bool // a record that could not be used is read again, for what names it
	kinesis  bool
	known    []beginning // by a hash of their first bytes
	ranking  ranking
}

// frag is canonical text: a part of the body, or of tmp if own, which a from below zero says: it is turned over bit by bit.
type frag struct{ from, to int32 }

func (f frag) own() bool { return f.from < 0 }

// longest bounds a body, in bytes, so that places in it and in what is made of it are 32-bit numbers.
const longest = 32 << 20

func at(from, to int) frag   { return frag{from: int32(from), to: int32(to)} }  //nolint:gosec // a body is at most longest
func made(from, to int) frag { return frag{from: ^int32(from), to: int32(to)} } //nolint:gosec // and what is made of it not 64 times as long

func (s *Scanner) bytes(f frag) []byte {
	if f.own() {
		return s.tmp[^f.from:f.to]
	}
	return s.in[f.from:f.to]
}

func (s *Scanner) start(body []byte, keys []string) {
	if s.known == nil {
		s.known = make([]beginning, beginnings)
	}
	s.in, s.i, s.bad, s.keys, s.bare, s.kinesis = body, 0, nil, keys, false, false
	s.loose, s.tmp, s.out, s.spans, s.frags, s.page, s.problems = 0, s.tmp[:0], s.out[:0], s.spans[:0], s.frags[:0], s.page[:0], s.problems[:0]
}

// done lets go of the body and of the names, so that a Scanner at rest holds nothing of its caller's.
func (s *Scanner) done() { s.in, s.keys = nil, nil }

// peek passes blanks and returns the byte behind them; 0 at the end.
func (s *Scanner) peek() byte {
	if s.i < len(s.in) && s.in[s.i] > ' ' {
		return s.in[s.i]
	}
	for s.i < len(s.in) {
		switch c := s.in[s.i]; c {
		case ' ', '\t', '\n', '\r':
			s.i++
			s.loose++
		default:
			return c
		}
	}
	return 0
}

// expect passes one byte.
func (s *Scanner) expect(c byte, reason string) bool {
	if s.peek() != c {
		return s.syntax(reason)
	}
	s.i++
	return true
}

func (s *Scanner) open() bool { return s.expect('{', "not an object") }

// member passes on to the next member of an object and returns its name, which is good until the next call. It reports
// false at the end of the object and where the body is broken.
func (s *Scanner) member(first bool) ([]byte, bool) {
	in, i := s.in, s.i
	if !first && i < len(in) && in[i] == ',' {
		i++
		first = true
	}
	if first && i < len(in) && in[i] == '"' {
		if end := plain(in, i+1); end+1 < len(in) && in[end] == '"' && in[end+1] == ':' {
			s.i = end + 2
			return in[i+1 : end], true
		}
	}
	return s.looseMember(i == s.i && first)
}

// looseMember is member for what is not as the service writes it, and for the end of an object.
func (s *Scanner) looseMember(first bool) ([]byte, bool) {
	c := s.peek()
	if c == '}' {
		s.i++
		return nil, false
	}
	if !first {
		if c != ',' {
			return nil, s.syntax("neither a further member nor the end of an object")
		}
		s.i++
		c = s.peek()
	}
	if c != '"' {
		return nil, s.syntax("not the name of a member")
	}
	from := s.i + 1
	end := plain(s.in, from)
	if end < len(s.in) && s.in[end] == '"' {
		s.i = end + 1
		return s.in[from:end], s.expect(':', "no colon behind a name")
	}
	var ok bool
	if s.name, ok = s.unescaped(s.name[:0]); !ok {
		return nil, false
	}
	return s.name, s.expect(':', "no colon behind a name")
}

// element passes on to the next element of a list; false at its end and where the body is broken.
func (s *Scanner) element(first bool) bool {
	switch c := s.peek(); {
	case c == ']':
		s.i++
		return false
	case first && c != 0:
		return true
	case c != ',':
		return s.syntax("neither a further element nor the end of a list")
	}
	s.i++
	return s.peek() != 0 || s.syntax("a list without an end")
}

// once marks a member as seen; an object that has it twice says two things.
func (s *Scanner) once(seen *uint, bit uint) bool {
	if *seen&bit != 0 {
		return s.syntax("a member that is there twice")
	}
	*seen |= bit
	return true
}

// null passes a null, if there is one.
func (s *Scanner) null() bool {
	if s.peek() != 'n' || !s.word("null") {
		return false
	}
	s.loose++
	return true
}

// word passes a literal.
func (s *Scanner) word(w string) bool {
	if !bytes.HasPrefix(s.in[s.i:], []byte(w)) {
		return s.syntax("not a value")
	}
	s.i += len(w)
	return true
}

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// plain is the place of the first byte from i on that a JSON string cannot have as it stands, or that needs a look: a
// quote, a backslash, a control character, a byte of a character beyond ASCII; len(in) if there is none. It looks at
// eight bytes at a time.
func plain(in []byte, i int) int {
	for i+8 <= len(in) {
		if m := special(binary.LittleEndian.Uint64(in[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		i += 8
	}
	for i < len(in) && in[i] >= ' ' && in[i] < 0x80 && in[i] != '"' && in[i] != '\\' {
		i++
	}
	return i
}

// special looks for such bytes among eight: the high bit of a byte ends up set if it is one of them, and the lowest one set
// is right, as what a subtraction borrows reaches only the bytes above one that was found.
func special(x uint64) uint64 {
	quote, slash := x^('"'*ones), x^('\\'*ones)
	return ((quote - ones) | (slash - ones) | (x - ' '*ones) | x) & highs
}
