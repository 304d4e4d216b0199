package record

import (
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Attr is one attribute value in canonical text, so that == is equality as DynamoDB means it: numbers are
// normalised ("1.0" and "1" are one number), sets are ordered, map members are sorted by name.
// Type is DynamoDB's own tag: S, N, B, BOOL, NULL, M, L, SS, NS, BS. Text is the plain string for S, the
// normalised number for N, base64 for B, "true"/"false" for BOOL and NULL, and canonical JSON otherwise.
type Attr struct {
	Type string
	Text string
}

// Image is an item as it stood at one moment, as canonical DynamoDB JSON: {"name":{"S":"text"},...} without blanks,
// names sorted by their bytes, values as Attr has them, and only what JSON requires escaped. One item has one image, so
// that == tells whether two images hold the same item. The empty image means that there was no item.
// Source of the notation: DynamoDB API reference, "AttributeValue".
type Image string

// Absent reports that there was no item.
func (m Image) Absent() bool { return m == "" }

// NewImage writes attributes as an image; a nil map is no item.
func NewImage(attrs map[string]Attr) Image {
	if attrs == nil {
		return ""
	}
	names := make([]string, 0, len(attrs))
	for name := range attrs {
		names = append(names, name)
	}
	slices.Sort(names)
	out := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		out = AppendAttr(append(AppendText(out, name), ':'), attrs[name])
	}
	return Image(append(out, '}'))
}

// AppendAttr writes an attribute value in the notation of an image.
func AppendAttr(out []byte, a Attr) []byte {
	out = append(AppendText(append(out, '{'), a.Type), ':')
	switch a.Type {
	case "S", "N", "B":
		out = AppendText(out, a.Text)
	default:
		out = append(out, a.Text...)
	}
	return append(out, '}')
}

// AppendText writes a JSON string in the one way that images use: a quote, a backslash and the control characters are
// escaped, nothing else is, and what is not UTF-8 becomes the replacement character.
func AppendText(out []byte, text string) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, string(utf8.RuneError))
	}
	for i := range len(text) {
		switch b := text[i]; {
		case b == '"' || b == '\\':
			out = append(out, '\\', b)
		case b < 0x20:
			out = append(out, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
		default:
			out = append(out, b)
		}
	}
	return append(out, '"')
}

// Attr is one attribute of the item; false if it has none of that name.
func (m Image) Attr(name string) (Attr, bool) {
	for n, value := range m.members() {
		switch unquoted := unquote(n); {
		case unquoted == name:
			return parseAttr(value)
		case unquoted > name:
			return Attr{}, false
		}
	}
	return Attr{}, false
}

// Text is the text of one attribute, "" where the item has none of that name or the name is empty.
func (m Image) Text(name string) string {
	if name == "" {
		return ""
	}
	a, _ := m.Attr(name)
	return a.Text
}

// All yields the attributes in the order of their names. An image that is not canonical ends early.
func (m Image) All() iter.Seq2[string, Attr] {
	return func(yield func(string, Attr) bool) {
		for name, value := range m.members() {
			if a, ok := parseAttr(value); !ok || !yield(unquote(name), a) {
				return
			}
		}
	}
}

// Canonical reports whether the image is written as the type says. It looks at form only: whether names are sorted and
// each value is an object of one known type.
func (m Image) Canonical() bool {
	if m == "" || m[0] != '{' {
		return false
	}
	length, last, first := len("{}"), "", true
	for name, value := range m.members() {
		if _, ok := parseAttr(value); !ok || !first && unquote(name) <= last {
			return false
		}
		length += len(name) + len(value) + len(":,")
		last, first = unquote(name), false
	}
	if !first {
		length-- // no comma after the last
	}
	return length == len(m)
}

// members yields name and value of each member as they are written.
func (m Image) members() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		rest, ok := strings.CutPrefix(string(m), "{")
		for ok && rest != "" && rest[0] == '"' {
			n := stringEnd(rest)
			if n >= len(rest) || rest[n] != ':' {
				return
			}
			name, after := rest[:n], rest[n+1:]
			v := valueEnd(after)
			if v == 0 || v >= len(after) || !yield(name, after[:v]) || after[v] != ',' {
				return
			}
			rest = after[v+1:]
		}
	}
}

// stringEnd is the length of the JSON string that text begins with, with its quotes; len(text)+1 if it has no end.
func stringEnd(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text) + 1
}

// valueEnd is the length of the object or list that text begins with; 0 if it is none or has no end.
func valueEnd(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			n := stringEnd(text[i:])
			if n > len(text)-i {
				return 0
			}
			i += n - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		if depth == 0 {
			return 0
		}
	}
	return 0
}

// parseAttr reads one value, {"S":"text"}.
func parseAttr(value string) (Attr, bool) {
	inner, ok := strings.CutPrefix(value, `{"`)
	if !ok || !strings.HasSuffix(inner, "}") {
		return Attr{}, false
	}
	tag, text, ok := strings.Cut(inner[:len(inner)-1], `":`)
	if !ok || text == "" {
		return Attr{}, false
	}
	switch tag {
	case "S", "N", "B":
		if text[0] != '"' || stringEnd(text) != len(text) {
			return Attr{}, false
		}
		return Attr{Type: tag, Text: unquote(text)}, true
	case "BOOL", "NULL":
		return Attr{Type: tag, Text: text}, text == "true" || text == "false"
	case "SS", "NS", "BS", "L":
		return Attr{Type: tag, Text: text}, text[0] == '[' && valueEnd(text) == len(text)
	case "M":
		return Attr{Type: tag, Text: text}, text[0] == '{' && valueEnd(text) == len(text)
	default:
		return Attr{}, false
	}
}

// unquote is the text of a JSON string as images write it.
func unquote(quoted string) string {
	text := quoted[1 : len(quoted)-1]
	if !strings.Contains(text, `\`) {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 >= len(text) {
			out.WriteByte(text[i])
			continue
		}
		i++
		if text[i] != 'u' || i+4 >= len(text) {
			out.WriteByte(text[i])
			continue
		}
		if n, err := strconv.ParseUint(text[i+1:i+5], 16, 16); err == nil {
			out.WriteRune(rune(n))
		}
		i += 4
	}
	return out.String()
}
