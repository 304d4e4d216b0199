package ddbjson

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// span is one member of an object: its name with quotes and its value, canonical both.
type span struct {
	head  uint64 // the name's first eight bytes as a number, so that most comparisons are one
	name  frag
	value frag
	slot  uint8 // 1 + its place among the known beginnings; 0 where it has none
}

// members passes an object of attributes and leaves its spans on the stack. It reports whether they lie in the body
// as canonical text has them: in order, and with nothing between.
func (s *Scanner) members(depth int) (tidy, ok bool) {
	if s.peek() != '{' {
		return false, s.refuse("not an item")
	}
	base, loose := len(s.spans), s.loose
	tidy = true
	s.i++
	for first := true; ; first = false {
		if s.simple(first, base, &tidy) {
			break
		}
		m, more := s.pair(first && len(s.spans) == base, depth)
		if !more {
			break
		}
		tidy = tidy && !m.name.own() && !m.value.own() && (len(s.spans) == base || s.order(&s.spans[len(s.spans)-1], &m) < 0)
		s.spans = append(s.spans, m)
	}
	return tidy && s.loose == loose, s.bad == nil
}

// arrange sorts members by name, and refuses one that is there twice.
func (s *Scanner) arrange(members []span) bool {
	s.sort(members)
	for i := 1; i < len(members); i++ {
		if s.order(&members[i-1], &members[i]) == 0 {
			return s.refuse("an attribute that is there twice")
		}
	}
	return true
}

// pair passes one member; false at the end of the object and where it cannot be used.
func (s *Scanner) pair(first bool, depth int) (span, bool) {
	c := s.peek()
	if c == '}' {
		s.i++
		return span{}, false
	}
	if !first {
		if c != ',' {
			return span{}, s.syntax("neither a further member nor the end of an object")
		}
		s.i++
		c = s.peek()
	}
	if c != '"' {
		return span{}, s.syntax("not the name of a member")
	}
	var m span
	var ok bool
	if m.name, ok = s.text(); !ok || !s.expect(':', "no colon behind a name") {
		return m, false
	}
	m.head = s.head(m.name)
	if m.value, ok = s.attr(depth); !ok {
		if depth == 0 && s.bad.attr == "" {
			s.bad.attr = label(string(s.plain(m.name)))
		}
		return m, false
	}
	return m, true
}

func (s *Scanner) sort(members []span) {
	const few = 24
	if len(members) > few {
		slices.SortFunc(members, func(a, b span) int { return s.order(&a, &b) })
		return
	}
	for i := 1; i < len(members); i++ {
		m, j := members[i], i
		for ; j > 0 && (members[j-1].head > m.head || members[j-1].head == m.head && s.compare(members[j-1].name, m.name) > 0); j-- {
			members[j] = members[j-1]
		}
		members[j] = m
	}
}

// order compares names.
func (s *Scanner) order(a, b *span) int {
	switch {
	case a.head < b.head:
		return -1
	case a.head > b.head:
		return 1
	}
	return s.compare(a.name, b.name)
}

// compare compares two strings by the bytes of what they say.
func (s *Scanner) compare(a, b frag) int { return bytes.Compare(s.plain(a), s.plain(b)) }

// plain is what a canonical string says.
func (s *Scanner) plain(f frag) []byte {
	quoted := s.bytes(f)
	text := quoted[1 : len(quoted)-1]
	if !f.own() || bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	inner := Scanner{in: quoted}
	text, _ = inner.unescaped(nil)
	return text
}

func (s *Scanner) head(name frag) uint64 {
	if n := int(name.to-name.from) - len(`""`); !name.own() && n >= 8 {
		return binary.BigEndian.Uint64(s.in[name.from+1:])
	} else if !name.own() && int(name.from)+9 <= len(s.in) {
		return binary.BigEndian.Uint64(s.in[name.from+1:]) &^ (1<<(64-8*n) - 1)
	}
	var eight [8]byte
	copy(eight[:], s.plain(name))
	return binary.BigEndian.Uint64(eight[:])
}

// nested passes a map inside an item.
func (s *Scanner) nested(depth int) (frag, bool) {
	if depth > deepestItem {
		return frag{}, s.refuse("nested too deep")
	}
	s.peek()
	from, base := s.i, len(s.spans)
	tidy, ok := s.members(depth)
	defer func() { s.spans = s.spans[:base] }()
	if !ok || tidy {
		return at(from, s.i), ok
	}
	if !s.arrange(s.spans[base:]) {
		return frag{}, false
	}
	begin := len(s.tmp)
	s.tmp = s.write(s.tmp, s.spans[base:])
	return made(begin, len(s.tmp)), true
}

func (s *Scanner) write(out []byte, members []span) []byte {
	out = append(out, '{')
	for i := range members {
		if i > 0 {
			out = append(out, ',')
		}
		out = s.writeMember(out, &members[i])
	}
	return append(out, '}')
}

func (s *Scanner) writeMember(out []byte, m *span) []byte {
	if !m.name.own() && !m.value.own() && m.value.from == m.name.to+1 {
		return append(out, s.in[m.name.from:m.value.to]...)
	}
	return append(append(append(out, s.bytes(m.name)...), ':'), s.bytes(m.value)...)
}

// part is a part of out.
type part struct{ from, to int }

func (p part) empty() bool { return p.from == p.to }

// image passes an item and writes it to out. An item without attributes is no item, as the service has no such items.
func (s *Scanner) image() (part, bool) {
	s.peek()
	from, begin := s.i, len(s.out)
	tidy, ok := s.members(0)
	switch {
	case !ok || len(s.spans) == 0:
	case tidy:
		s.out = append(s.out, s.in[from:s.i]...)
	case s.rank(s.spans):
		s.out = s.writeRanked(s.out, s.spans)
	default:
		if ok = s.arrange(s.spans); ok {
			s.out = s.write(s.out, s.spans)
		}
	}
	s.spans, s.tmp = s.spans[:0], s.tmp[:0]
	return part{begin, len(s.out)}, ok
}

// key passes the attributes of an item's key and writes it to out as text, see record.Change.
func (s *Scanner) key() (part, bool) {
	at := len(s.out)
	tidy, ok := s.members(0)
	ok = ok && (tidy || s.arrange(s.spans)) && s.writeKey()
	s.spans, s.tmp = s.spans[:0], s.tmp[:0]
	return part{at, len(s.out)}, ok
}

// writeKey writes the text of the key that the spans hold.
func (s *Scanner) writeKey() bool {
	for i, name := range s.keys {
		if i > 0 {
			s.out = append(s.out, '/')
		}
		at := slices.IndexFunc(s.spans, func(m span) bool { return string(s.plain(m.name)) == name })
		if at < 0 {
			return s.refuse("no attribute " + label(name))
		}
		value := s.bytes(s.spans[at].value)
		if tag := value[len(`{"`)]; tag != 'S' && tag != 'N' && tag != 'B' || value[len(`{"S`)] != '"' {
			return s.refuse("attribute " + label(name) + " is of a type that no key has")
		}
		value = value[len(`{"S":`) : len(value)-1]
		text := value[1 : len(value)-1]
		if bytes.IndexByte(text, '\\') >= 0 {
			inner := Scanner{in: value}
			text, _ = inner.unescaped(nil)
		}
		if len(s.keys) == 1 {
			s.out = append(s.out, text...)
			continue
		}
		for _, c := range text { // so that the slash between the two is the only one
			switch c {
			case '%':
				s.out = append(s.out, "%25"...)
			case '/':
				s.out = append(s.out, "%2F"...)
			default:
				s.out = append(s.out, c)
			}
		}
	}
	return true
}
