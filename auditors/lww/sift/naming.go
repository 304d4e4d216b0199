package sift

import (
	"bytes"
	"hash/crc32"
	"strconv"

	"parallax/auditors/lww"
	"parallax/internal/audit"
	"parallax/internal/record"
)

// Naming reads from images what they say of their own write. It is safe for concurrent use.
type Naming struct {
	attr    lww.Attributes
	regions []audit.Region
	last    string // the greatest name looked for: members of an image are sorted
}

// NewNaming takes the names from the rules of a table.
func NewNaming(rules lww.Rules) *Naming {
	a := rules.Attr
	return &Naming{attr: a, regions: rules.Regions, last: max(a.WriteID, a.Origin, a.Version)}
}

// Fill enters into a trace what the images say. The old image may be nil where it is at hand only at a cost: a key whose
// first record has one is then suspect unless nothing but its removal was read.
func (n *Naming) Fill(t *Trace, before, after []byte) {
	t.Flags &^= Known | Foreign
	if t.Old == (Hash{}) {
		t.Before, t.Flags = 0, t.Flags|Known
	} else if before != nil {
		a := n.Author(before)
		t.Before, t.Flags = a.Writer, t.Flags|Known
		if a.Origin == Elsewhere {
			t.Flags |= Foreign
		}
	}
	a := n.Author(after)
	t.Writer, t.Count, t.Origin = a.Writer, a.Count, a.Origin
}

// Author reads an image, which must be written as record.Image is. No image, no author.
func (n *Naming) Author(image []byte) Author {
	if len(image) == 0 || n.last == "" {
		return Author{}
	}
	t, ok := n.scan(image)
	if !ok {
		t = n.parse(image)
	}
	return n.author(t)
}

// texts are the attributes looked for.
type texts struct{ id, origin, version []byte }

func (n *Naming) author(t texts) Author {
	var a Author
	if len(t.origin) > 0 {
		a.Origin = Elsewhere
		for i, r := range n.regions {
			if string(t.origin) == string(r) {
				a.Origin = uint8(i + 1) //nolint:gosec // New refuses more regions than that
				break
			}
		}
	}
	// What a write id without an origin says, that two images are different writes, their hashes say as well.
	if a.Origin != 0 && a.Origin != Elsewhere && len(t.id) > 0 {
		a.Writer = digest(a.Origin, t.id)
	}
	if len(t.version) == 0 { // an error costs more than all the rest
		return a
	}
	if v, err := strconv.ParseInt(string(t.version), 10, 64); err == nil && v > 0 {
		a.Count = uint32(min(v, Uncounted)) //nolint:gosec // bounded
	}
	return a
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// digest is never 0. Two writers of one digest make a key suspect, no more.
func digest(origin uint8, id []byte) uint32 {
	return max(1, crc32.Update(uint32(origin), castagnoli, id))
}

// scan walks over an image as record.Image has it, without allocation. It gives up (false) on anything but the plain case:
// what it looks for is an S, N, B, BOOL or NULL, and no name and no text of it has an escape.
func (n *Naming) scan(m []byte) (t texts, ok bool) {
	for i := 1; i < len(m) && m[i] == '"'; {
		end := bytes.IndexByte(m[i+1:], '"')
		if end < 0 {
			return t, false
		}
		name, rest := m[i+1:i+1+end], m[i+end+2:]
		if bytes.IndexByte(name, '\\') >= 0 {
			return t, false
		}
		if string(name) > n.last {
			return t, true
		}
		text, length := value(rest)
		if length < 0 {
			return t, false
		}
		wanted := false
		for _, w := range [...]struct {
			name string
			text *[]byte
		}{{n.attr.WriteID, &t.id}, {n.attr.Origin, &t.origin}, {n.attr.Version, &t.version}} {
			if w.name == string(name) && w.name != "" {
				*w.text, wanted = text, true
			}
		}
		if wanted && text == nil {
			return t, false
		}
		if i += end + 2 + length; i >= len(m) || m[i] != ',' {
			return t, i == len(m)-1 && m[i] == '}'
		}
		i++
	}
	return t, len(m) == len("{}")
}

// value measures a member's value with the colon before it, -1 if it is not as expected. The text is nil unless it is
// plain: a string without an escape, or true or false.
func value(m []byte) (text []byte, length int) {
	if len(m) < len(`:{"N":"`) || string(m[:3]) != `:{"` {
		return nil, -1
	}
	tag := bytes.IndexByte(m[3:min(len(m), 8)], '"')
	if tag < 1 || len(m) < tag+7 || m[tag+4] != ':' {
		return nil, -1
	}
	at := tag + 5
	switch m[at] {
	case '"':
		end, plain := closing(m[at+1:])
		if end < 0 || at+end+2 >= len(m) || m[at+end+2] != '}' {
			return nil, -1
		}
		if plain {
			text = m[at+1 : at+1+end]
		}
		return text, at + end + 3
	case 't', 'f':
		end := bytes.IndexByte(m[at:], '}')
		if end < 0 {
			return nil, -1
		}
		return m[at : at+end], at + end + 1
	case '[', '{':
		return nil, nested(m)
	default:
		return nil, -1
	}
}

// closing is the place of the quote that ends a text, and whether there is no escape before it.
func closing(m []byte) (end int, plain bool) {
	end = bytes.IndexByte(m, '"')
	if end < 0 || bytes.IndexByte(m[:end], '\\') < 0 {
		return end, true
	}
	for i := 0; i < len(m); i++ {
		switch m[i] {
		case '\\':
			i++
		case '"':
			return i, false
		}
	}
	return -1, false
}

// nested measures a value with lists or maps in it, and the colon before it.
func nested(m []byte) int {
	depth := 0
	for i := 1; i < len(m); i++ {
		switch m[i] {
		case '"':
			end, _ := closing(m[i+1:])
			if end < 0 {
				return -1
			}
			i += end + 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// parse reads any image, at the cost of copying it.
func (n *Naming) parse(image []byte) texts {
	m := record.Image(image)
	return texts{id: []byte(m.Text(n.attr.WriteID)), origin: []byte(m.Text(n.attr.Origin)), version: []byte(m.Text(n.attr.Version))}
}
