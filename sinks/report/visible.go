package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// visible spells out what a terminal would obey instead of show: control characters (C0, DEL and C1, with which escape
// sequences begin), line and paragraph separators, marks that turn the direction of text, and bytes that are no UTF-8. A
// line feed becomes \n, an escape \x1b; everything else stays as it is.
func visible(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, obeyed) < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case obeyed(r) && r <= 0xff:
			fmt.Fprintf(&b, `\x%02x`, r)
		case obeyed(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}

// obeyed reports whether a terminal acts on a character. Of the format characters those that join letters stay, for
// scripts need them.
func obeyed(r rune) bool {
	return unicode.Is(unicode.Cc, r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}

// sayf is fmt.Sprintf with every value made visible; all its verbs are %s.
func sayf(format string, values ...any) string {
	shown := make([]any, len(values))
	for i, v := range values {
		shown[i] = visible(fmt.Sprint(v))
	}
	return fmt.Sprintf(format, shown...)
}
