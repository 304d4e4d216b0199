package pan

import (
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// shortestCode is how many characters of base64 13 digits take.
const shortestCode = 18

// maskCodes replaces runs of base64 in which a card number is written by what they say, masked.
func maskCodes(text string) string {
	var out strings.Builder
	done := 0
	for i := 0; i < len(text); i++ {
		end := i
		for end < len(text) && code(text[end]) {
			end++
		}
		if end-i >= shortestCode {
			if skipped, plain, found := decoded(text[i:end]); found {
				out.WriteString(text[done : i+skipped])
				out.WriteString(plain)
				end += padding(text[end:])
				done = end
			}
		}
		i = end
	}
	if done == 0 {
		return text
	}
	out.WriteString(text[done:])
	return out.String()
}

// padding is how many signs fill up a code.
func padding(text string) int {
	text = text[:min(2, len(text))]
	return len(text) - len(strings.TrimLeft(text, "="))
}

// decoded is what a run of base64 says, masked, if a card number is in it. Up to three characters before the code may be
// something else's.
func decoded(run string) (skipped int, plain string, found bool) {
	for skipped = range 4 {
		if !promising(run[skipped:]) {
			continue
		}
		if plain, found = decode(run[skipped:]); found {
			return skipped, plain, true
		}
	}
	return 0, "", false
}

// promising reports whether three groups of four in a row may be of digits.
func promising(run string) bool {
	row := 0
	for i := 0; i < len(run); i += 4 {
		row++
		if !likely(run[i]) {
			row = 0
		}
		if row == 3 {
			return true
		}
	}
	return false
}

// likely reports whether four characters of base64 may begin with this one if what they encode begins with a digit, a
// space, a dash or a dot. Of 13 digits, three at least begin such a group.
func likely(c byte) bool { return 'M' <= c && c <= 'O' || c == 'L' || c == 'I' }

func code(c byte) bool {
	return digit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '+' || c == '/' || c == '-' || c == '_'
}

var eitherAlphabet = strings.NewReplacer("-", "+", "_", "/")

// decode is what a run of base64 of either alphabet says, masked. What cannot be shown becomes a question mark.
func decode(run string) (plain string, found bool) {
	if len(run)%4 == 1 { // no code ends so: the last character is something else's
		run = run[:len(run)-1]
	}
	data, err := base64.RawStdEncoding.DecodeString(eitherAlphabet.Replace(run))
	if err != nil {
		return "", false
	}
	masked := maskDigits(string(data))
	if masked == string(data) {
		return "", false
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, masked), true
}
