package ddbjson

import (
	"encoding/binary"
	"math/bits"
)

// beginning is how the members of one attribute begin that was seen before: `"name":{"S":"`. Items of a table have the same
// attributes over and over, and comparing is cheaper than scanning.
type beginning struct {
	text []byte
	name int32 // length of the name with its quotes
	head uint64
	kind byte // S or N
}

const beginnings = 64 // the upper six bits of the hash; and the bits of a word, see ranking

// simple passes members as long as they are canonical as they stand and their values are strings or numbers, as most are.
// It reports whether it has passed the end of the object; where it does not, it stands before a member of another kind or
// the comma before it, or before what is no member at all.
func (s *Scanner) simple(first bool, base int, tidy *bool) bool {
	in := s.in
	for {
		i := s.i
		if !first || len(s.spans) > base {
			if i >= len(in) || in[i] != ',' {
				break
			}
			i++
		}
		b, slot, end := s.recognise(i)
		if end == 0 {
			break
		}
		n := len(s.spans)
		s.spans = append(s.spans, span{}) // filled in its place, which is quicker than copying it there
		m := &s.spans[n]
		m.head, m.name, m.value, m.slot = b.head, at(i, i+int(b.name)), at(i+int(b.name)+1, end+1), slot
		if *tidy && n > base && s.order(&s.spans[n-1], m) >= 0 {
			*tidy = false
		}
		s.i = end + 1
	}
	if s.i < len(in) && in[s.i] == '}' {
		s.i++
		return true
	}
	return false
}

// recognise looks at the member that begins at a place and returns how it begins, the span's slot, and the place behind
// its value's closing quote; 0 where it is not simple.
func (s *Scanner) recognise(i int) (*beginning, uint8, int) {
	in := s.in
	if i+len(`"":{"S":"`)+8 > len(in) || in[i] != '"' {
		return nil, 0, 0
	}
	slot := binary.LittleEndian.Uint64(in[i+1:]) * 0x9E3779B97F4A7C15 >> 58
	b := &s.known[slot]
	v := i + len(b.text)
	if len(b.text) == 0 || v > len(in) || string(in[i:v]) != string(b.text) {
		if !s.learn(i, b) {
			return nil, 0, 0
		}
		v = i + len(b.text)
	}
	var end int
	if b.kind == 'S' {
		for end = v; end+8 <= len(in); end += 8 { // plain, without a call
			if m := special(binary.LittleEndian.Uint64(in[end:])); m != 0 {
				end += bits.TrailingZeros64(m) >> 3
				break
			}
		}
		if end+8 > len(in) {
			end = plain(in, end)
		}
		end++
	} else {
		end = normal(in, v)
	}
	if end == 0 || end >= len(in) || in[end-1] != '"' || in[end] != '}' {
		return nil, 0, 0
	}
	return b, uint8(slot) + 1, end
}

// learn takes down how a member begins, if it is of a simple kind.
func (s *Scanner) learn(from int, b *beginning) bool {
	in := s.in
	colon := plain(in, from+1) + 1
	v := colon + len(`:{"S":"`)
	if v > len(in) || in[colon-1] != '"' || string(in[colon:colon+3]) != `:{"` || string(in[colon+4:v]) != `":"` || in[colon+3] != 'S' && in[colon+3] != 'N' {
		return false
	}
	name := at(from, colon)
	s.ranking.good = false
	*b = beginning{text: append(b.text[:0], in[from:v]...), name: name.to - name.from, head: s.head(name), kind: in[colon+3]}
	return true
}
