// Package pan finds card numbers in text and truncates them. It imports the standard library only, so that every source and
// every sink can keep to the same rule.
package pan

import "strings"

// hidden stands in the place of the digits that are taken away, however many they were.
const hidden = "******"

const (
	shortest = 13
	longest  = 19
)

// Mask replaces every card number in a text by its first six and last four digits, the most that PCI DSS 4.0.1 (requirement
// 3.4.1) lets be kept. Text without one is returned as it is.
//
// A card number is a run of 13 to 19 digits, whole or in groups with one space or dash between them, that begins as the
// networks' numbers do (ISO/IEC 7812) and whose check digit agrees (Luhn). Whatever else stands next to it does not hide it.
// A part of a longer run of digits is something else: an acquirer reference has 23 digits, a stream's sequence number 21
// and more.
func Mask(text string) string {
	var out strings.Builder
	done := 0
	for i := 0; i < len(text); {
		if !digit(text[i]) {
			i++
			continue
		}
		groups := groupsAt(text, i)
		for g := 0; g < len(groups); {
			number, n := firstNumber(text, groups[g:])
			if n == 0 {
				g++
				continue
			}
			out.WriteString(text[done:groups[g].from])
			out.WriteString(number[:6] + hidden + number[len(number)-4:])
			done = groups[g+n-1].to
			g += n
		}
		i = groups[len(groups)-1].to
	}
	if done == 0 {
		return text
	}
	out.WriteString(text[done:])
	return out.String()
}

// Masked reports whether a text holds what Mask leaves of a card number, so that it no longer tells two numbers apart.
func Masked(text string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], hidden)
		if i < 0 {
			return false
		}
		i += at
		after := i + len(hidden)
		if i >= 6 && len(text) >= after+4 && digits(text[i-6:i]) && digits(text[after:after+4]) {
			return true
		}
		at = i + 1
	}
}

// group is a run of digits, text[from:to].
type group struct{ from, to int }

// groupsAt are the runs of digits from a place on that one space or dash parts.
func groupsAt(text string, i int) []group {
	var groups []group
	for i < len(text) && digit(text[i]) {
		end := i
		for end < len(text) && digit(text[end]) {
			end++
		}
		groups = append(groups, group{i, end})
		if end == len(text) || text[end] != ' ' && text[end] != '-' {
			break
		}
		i = end + 1
	}
	return groups
}

// firstNumber takes as many groups, from the first on, as make the longest card number; n is zero where none does.
func firstNumber(text string, groups []group) (number string, n int) {
	var b []byte
	for i, g := range groups {
		b = append(b, text[g.from:g.to]...)
		if len(b) > longest {
			break
		}
		if cardNumber(b) {
			number, n = string(b), i+1
		}
	}
	return number, n
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func digits(text string) bool {
	for i := range len(text) {
		if !digit(text[i]) {
			return false
		}
	}
	return true
}

func cardNumber(run []byte) bool { return len(run) >= shortest && prefix(run) && luhn(run) }

// prefix: numbers begin with 3 to 6, or Mastercard's 2221 to 2720. Numbers of 14 and 15 digits are Diners Club's (30, 36, 38
// and 39) and American Express's (34 and 37) alone: a Visa transaction identifier has 15 digits too and is no secret.
func prefix(run []byte) bool {
	first, second := run[0], run[1]
	switch {
	case len(run) == 14 && first == '3':
		return second == '0' || second == '6' || second == '8' || second == '9'
	case len(run) == 15 && first >= '3' && first <= '5':
		return first == '3' && (second == '4' || second == '7')
	}
	series2 := string(run[:4]) >= "2221" && string(run[:4]) <= "2720"
	return first >= '3' && first <= '6' || series2
}

func luhn(run []byte) bool {
	sum := 0
	for i := range run {
		d := int(run[len(run)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
