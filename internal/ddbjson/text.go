package ddbjson

import (
	"unicode/utf16"
	"unicode/utf8"

	"parallax/internal/record"
)

// text passes a string and returns it as images write it, with its quotes.
func (s *Scanner) text() (frag, bool) {
	if s.peek() != '"' {
		return frag{}, s.refuse("not a string")
	}
	from := s.i
	end := plain(s.in, from+1)
	for end < len(s.in) && s.in[end] >= 0x80 {
		_, n := utf8.DecodeRune(s.in[end:])
		if n == 1 {
			return frag{}, s.syntax("a string that is not UTF-8")
		}
		end = plain(s.in, end+n)
	}
	if end < len(s.in) && s.in[end] == '"' {
		s.i = end + 1
		return at(from, s.i), true
	}
	var ok bool
	if s.name, ok = s.unescaped(s.name[:0]); !ok {
		return frag{}, false
	}
	begin := len(s.tmp)
	s.tmp = record.AppendText(s.tmp, string(s.name))
	return made(begin, len(s.tmp)), true
}

// unescaped passes a string and appends what it says.
func (s *Scanner) unescaped(out []byte) ([]byte, bool) {
	if s.peek() != '"' {
		return out, s.refuse("not a string")
	}
	s.i++
	for {
		end := plain(s.in, s.i)
		out = append(out, s.in[s.i:end]...)
		s.i = end
		switch {
		case end >= len(s.in):
			return out, s.syntax("a string without an end")
		case s.in[end] == '"':
			s.i++
			return out, true
		case s.in[end] == '\\':
			var ok bool
			if out, ok = s.escape(out); !ok {
				return out, false
			}
		case s.in[end] < ' ':
			return out, s.syntax("a control character in a string")
		default:
			_, n := utf8.DecodeRune(s.in[end:])
			if n == 1 {
				return out, s.syntax("a string that is not UTF-8")
			}
			out = append(out, s.in[end:end+n]...)
			s.i += n
		}
	}
}

// escape passes a backslash and what belongs to it.
func (s *Scanner) escape(out []byte) ([]byte, bool) {
	if s.i+1 >= len(s.in) {
		return out, s.syntax("a string without an end")
	}
	c := s.in[s.i+1]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return s.unicode(out)
	default:
		return out, s.syntax("an unknown escape in a string")
	}
	s.i += 2
	return append(out, c), true
}

// unicode passes \uXXXX, or two of them that make one character. Half of such a pair is no text that DynamoDB could hold.
func (s *Scanner) unicode(out []byte) ([]byte, bool) {
	r, ok := s.hex(s.i)
	if !ok {
		return out, s.syntax("an escape in a string without four hexadecimal digits")
	}
	n := 6
	if utf16.IsSurrogate(r) {
		low, ok := s.hex(s.i + n)
		if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
			return out, s.refuse("half of a surrogate pair")
		}
		n += n
	}
	s.i += n
	return utf8.AppendRune(out, r), true
}

// hex is the number of the \uXXXX that begins at a place.
func (s *Scanner) hex(i int) (rune, bool) {
	if i+6 > len(s.in) || s.in[i] != '\\' || s.in[i+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range s.in[i+2 : i+6] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
