package ddbjson

import (
	"bytes"
	"encoding/base64"
	"slices"
)

// deepestItem bounds how deep lists and maps may lie in one another. DynamoDB allows 32 levels; whether the attribute
// itself counts is not said, so there is one to spare.
const deepestItem = 33

// attr passes one attribute value, {"S":"text"}, and returns it in canonical text.
func (s *Scanner) attr(depth int) (frag, bool) {
	if s.peek() != '{' {
		return frag{}, s.refuse("not an attribute value")
	}
	from, loose := s.i, s.loose
	s.i++
	var v frag
	var kind string
	for first := true; ; first = false {
		tag, more := s.member(first)
		if !more {
			break
		}
		name := known(tag)
		if s.null() {
			continue
		}
		if s.bad != nil {
			return v, false
		}
		if name == "" {
			return v, s.refuse("an unknown type of value")
		}
		if kind != "" {
			return v, s.refuse("more than one value")
		}
		kind = name
		var ok bool
		if v, ok = s.typed(kind, depth); !ok {
			return v, false
		}
	}
	switch {
	case s.bad != nil:
		return v, false
	case kind == "":
		return v, s.refuse("no value")
	case !v.own() && s.loose == loose && int(v.from)-from == len(kind)+len(`{"":`):
		return at(from, s.i), true
	}
	begin := len(s.tmp)
	s.tmp = append(append(append(s.tmp, `{"`...), kind...), `":`...)
	s.tmp = append(append(s.tmp, s.bytes(v)...), '}')
	return made(begin, len(s.tmp)), true
}

// known is the type that a tag stands for, "" if none.
func known(tag []byte) string {
	switch string(tag) {
	case "S":
		return "S"
	case "N":
		return "N"
	case "B":
		return "B"
	case "M":
		return "M"
	case "L":
		return "L"
	case "SS":
		return "SS"
	case "NS":
		return "NS"
	case "BS":
		return "BS"
	case "BOOL":
		return "BOOL"
	case "NULL":
		return "NULL"
	default:
		return ""
	}
}

// typed passes the value behind a type's tag.
func (s *Scanner) typed(kind string, depth int) (frag, bool) {
	switch kind {
	case "S":
		return s.text()
	case "N":
		return s.number()
	case "B":
		return s.binary()
	case "BOOL", "NULL":
		return s.boolean()
	case "M":
		return s.nested(depth + 1)
	case "L":
		return s.list(depth + 1)
	default:
		return s.set(kind)
	}
}

func (s *Scanner) boolean() (frag, bool) {
	s.peek()
	from, ok := s.i, false
	switch {
	case bytes.HasPrefix(s.in[from:], []byte("true")):
		ok = s.word("true")
	case bytes.HasPrefix(s.in[from:], []byte("false")):
		ok = s.word("false")
	default:
		s.refuse("neither true nor false")
	}
	return at(from, s.i), ok
}

// binary passes base64 text and returns it, checked, with quotes.
func (s *Scanner) binary() (frag, bool) {
	f, ok := s.text()
	if !ok {
		return f, false
	}
	quoted := s.bytes(f)
	text := quoted[1 : len(quoted)-1]
	if plainBase64(text) {
		return f, true
	}
	raw := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(raw, text)
	if err != nil {
		return f, s.refuse("not base64")
	}
	begin := len(s.tmp)
	s.tmp = append(base64.StdEncoding.AppendEncode(append(s.tmp, '"'), raw[:n]), '"')
	return made(begin, len(s.tmp)), true
}

// plainBase64 reports whether text is base64 without padding, which has one form only. What is padded is decoded, as bits
// behind the last byte may differ.
func plainBase64(text []byte) bool {
	for _, c := range text {
		if !(c|0x20 >= 'a' && c|0x20 <= 'z' || c-'0' <= 9 || c == '+' || c == '/') {
			return false
		}
	}
	return len(text)%4 == 0
}

// set passes the elements of a set and returns them sorted by what they say. DynamoDB refuses a set that holds an element
// twice, so an answer with one is not understood.
func (s *Scanner) set(kind string) (frag, bool) {
	element := s.text
	switch kind {
	case "NS":
		element = s.number
	case "BS":
		element = s.binary
	}
	return s.array(element, func(elements []frag) bool {
		if slices.IsSortedFunc(elements, s.compare) {
			return s.distinct(elements)
		}
		s.loose++
		slices.SortFunc(elements, s.compare)
		return s.distinct(elements)
	})
}

func (s *Scanner) distinct(elements []frag) bool {
	for i := 1; i < len(elements); i++ {
		if s.compare(elements[i-1], elements[i]) == 0 {
			return s.refuse("a set with an element twice")
		}
	}
	return true
}

// list passes the values of a list.
func (s *Scanner) list(depth int) (frag, bool) {
	if depth > deepestItem {
		return frag{}, s.refuse("nested too deep")
	}
	return s.array(func() (frag, bool) { return s.attr(depth) }, func([]frag) bool { return true })
}

// array passes the elements of a JSON array, lets arrange have them, and returns the array.
func (s *Scanner) array(element func() (frag, bool), arrange func([]frag) bool) (frag, bool) {
	if s.peek() != '[' {
		return frag{}, s.refuse("not a list")
	}
	from, loose, base, own := s.i, s.loose, len(s.frags), false
	defer func() { s.frags = s.frags[:base] }()
	s.i++
	for first := true; s.element(first); first = false {
		f, ok := element()
		if !ok {
			return f, false
		}
		own = own || f.own()
		s.frags = append(s.frags, f)
	}
	if s.bad != nil || !arrange(s.frags[base:]) {
		return frag{}, false
	}
	if !own && s.loose == loose {
		return at(from, s.i), true
	}
	begin := len(s.tmp)
	s.tmp = append(s.tmp, '[')
	for i, f := range s.frags[base:] {
		if i > 0 {
			s.tmp = append(s.tmp, ',')
		}
		s.tmp = append(s.tmp, s.bytes(f)...)
	}
	s.tmp = append(s.tmp, ']')
	return made(begin, len(s.tmp)), true
}
