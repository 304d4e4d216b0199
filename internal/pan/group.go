package pan

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// group is a run of digits, text[from:to].
type group struct {
	from, to int
	digits   string // in ASCII
	loose    bool   // more than one space or dash parts it from the one before
}

// groupsAt are the runs of digits from a place on that separators part. One space or dash is a separator, and so are up to
// three of: white space, dashes, characters without a width, the punctuation that stands in paths and lists, and any of
// these as an escape of URLs or JSON.
func groupsAt(text string, i int) []group {
	var groups []group
	loose := false
	for {
		g := runAt(text, i)
		if g.to == i {
			return groups
		}
		g.loose = loose
		groups = append(groups, g)
		n := separator(text[g.to:])
		if n == 0 {
			return groups
		}
		i = g.to + n
		loose = n > 1 || text[g.to] != ' ' && text[g.to] != '-'
	}
}

// runAt is the run of digits at a place, empty if there is none.
func runAt(text string, i int) group {
	end, ascii := i, true
	for end < len(text) {
		_, n := digitAt(text[end:])
		if n == 0 {
			break
		}
		ascii = ascii && n == 1
		end += n
	}
	g := group{from: i, to: end}
	if ascii {
		g.digits = text[i:end]
		return g
	}
	var b strings.Builder
	for at := i; at < end; {
		d, n := digitAt(text[at:])
		b.WriteByte(d)
		at += n
	}
	g.digits = b.String()
	return g
}

// nextDigit is the place of the first digit from a place on, len(text) if there is none.
func nextDigit(text string, i int) int {
	for i < len(text) {
		if c := text[i]; c < utf8.RuneSelf && !digit(c) {
			i++
			continue
		}
		if _, n := digitAt(text[i:]); n > 0 {
			return i
		}
		i++
		for i < len(text) && !utf8.RuneStart(text[i]) {
			i++
		}
	}
	return i
}

// digitAt is the decimal digit of any script that a text begins with, in ASCII, and its length; 0 if it begins with none.
func digitAt(text string) (d byte, n int) {
	if text == "" {
		return 0, 0
	}
	if text[0] < utf8.RuneSelf {
		if digit(text[0]) {
			return text[0], 1
		}
		return 0, 0
	}
	r, n := utf8.DecodeRuneInString(text)
	if !unicode.Is(unicode.Nd, r) {
		return 0, 0
	}
	zero := r // Unicode keeps the digits of a script together, from zero to nine (The Unicode Standard, 4.6)
	for unicode.Is(unicode.Nd, zero-1) {
		zero--
	}
	return '0' + byte((r-zero)%10), n //nolint:gosec // 0 to 9
}

// separators is how many characters may part two groups.
const separators = 3

// separator is the length of the separator that a text begins with, 0 if it begins with none.
func separator(text string) int {
	end := 0
	for range separators {
		n := escape(text[end:])
		if n == 0 {
			r, size := utf8.DecodeRuneInString(text[end:])
			if size == 0 || !parts(r) {
				break
			}
			n = size
		}
		end += n
	}
	return end
}

// parts reports whether a character may stand between two groups.
func parts(r rune) bool {
	return unicode.IsSpace(r) || unicode.In(r, unicode.Pd, unicode.Cf) || strings.ContainsRune("._/,:;|+\\", r)
}

// escape is the length of the escape that a text begins with: %2F as in URLs, \n as in JSON. 0 if it begins with none.
func escape(text string) int {
	switch {
	case len(text) >= 3 && text[0] == '%' && hexDigit(text[1]) && hexDigit(text[2]):
		return 3
	case len(text) >= 2 && text[0] == '\\' && strings.IndexByte("nrt/", text[1]) >= 0:
		return 2
	}
	return 0
}

func hexDigit(c byte) bool { return digit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
