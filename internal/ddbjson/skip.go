package ddbjson

import "unicode/utf8"

// deepest bounds the nesting of what is skipped, far beyond what an answer can hold.
const deepest = 256

// skip passes one value of any kind without looking at what it says; it must be well-formed.
func (s *Scanner) skip() bool {
	if s.peek() == '"' {
		return s.skipText()
	}
	return s.skipValue(0)
}

func (s *Scanner) skipValue(depth int) bool {
	if depth > deepest {
		return s.syntax("nested too deep")
	}
	switch s.peek() {
	case '"':
		return s.skipText()
	case '{':
		s.i++
		for first := true; ; first = false {
			if _, more := s.member(first); !more {
				return s.bad == nil
			}
			if !s.skipValue(depth + 1) {
				return false
			}
		}
	case '[':
		s.i++
		for first := true; ; first = false {
			if !s.element(first) {
				return s.bad == nil
			}
			if !s.skipValue(depth + 1) {
				return false
			}
		}
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	}
	_, ok := s.literal()
	return ok
}

func (s *Scanner) skipText() bool {
	for i := s.i + 1; ; {
		i = plain(s.in, i)
		switch {
		case i >= len(s.in):
			return s.syntax("a string without an end")
		case s.in[i] == '"':
			s.i = i + 1
			return true
		case s.in[i] == '\\':
			s.i = i
			s.name = s.name[:0]
			at := s.i
			var ok bool
			if s.name, ok = s.escape(s.name); !ok {
				if s.bad.syntax {
					return false
				}
				s.bad, s.i = nil, at+6 // half of a pair: well-formed, whatever it means
			}
			i = s.i
		case s.in[i] < ' ':
			s.i = i
			return s.syntax("a control character in a string")
		default:
			_, n := utf8.DecodeRune(s.in[i:])
			if n == 1 {
				s.i = i
				return s.syntax("a string that is not UTF-8")
			}
			i += n
		}
	}
}

// literal passes a JSON number and returns it as written. Source of the grammar: RFC 8259, section 6.
func (s *Scanner) literal() ([]byte, bool) {
	s.peek()
	from := s.i
	s.pass('-', '-')
	switch {
	case s.pass('0', '0'):
	case !s.digits():
		return nil, s.syntax("not a value")
	}
	if s.pass('.', '.') && !s.digits() {
		return nil, s.syntax("not a number")
	}
	if s.pass('e', 'E') {
		s.pass('+', '-')
		if !s.digits() {
			return nil, s.syntax("not a number")
		}
	}
	return s.in[from:s.i], true
}

// pass passes one of two bytes, if it is there.
func (s *Scanner) pass(a, b byte) bool {
	if s.i < len(s.in) && (s.in[s.i] == a || s.in[s.i] == b) {
		s.i++
		return true
	}
	return false
}

func (s *Scanner) digits() bool {
	from := s.i
	for s.i < len(s.in) && s.in[s.i]-'0' <= 9 {
		s.i++
	}
	return s.i > from
}
