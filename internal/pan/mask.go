// Package pan finds card numbers in text and truncates them. It imports the standard library only, so that every source and
// every sink can keep to the same rule.
package pan

import (
	"strings"
	"unicode/utf8"
)

// hidden stands in the place of the digits that are taken away, however many they were.
const hidden = "******"

const (
	shortest = 13
	longest  = 19
)

// Mask replaces every card number in a text by its first six and last four digits, the most that PCI DSS 4.0.1 (requirement
// 3.4.1) lets be kept. Text without one is returned as it is.
//
// A card number is a run of 13 to 19 digits of any script that begins as the networks' numbers do (ISO/IEC 7812) and whose
// check digit agrees (Luhn). It may be in groups: any, with one space or dash between them, or those that cards are printed
// with, with a separator of another kind (see groupsAt). Whatever else stands next to it does not hide it. Zeros may
// precede it in a field of 20 digits at most, and an expiry date follow it: they go with it. It may be written in base64.
//
// A part of a longer run of digits is something else: an acquirer reference has 23 digits, a stream's sequence number 21
// and more.
func Mask(text string) string {
	for { // what is left of a number, together with what follows it, may look like one: it then goes too
		next := maskCodes(maskDigits(text))
		if next == text {
			return text
		}
		text = next
	}
}

// maskDigits masks the numbers that are written in digits.
func maskDigits(text string) string {
	if !enough(text) {
		return text
	}
	var out strings.Builder
	done := 0
	for i := nextDigit(text, 0); i < len(text); {
		groups := groupsAt(text, i)
		for g := 0; g < len(groups); {
			number, n := firstNumber(groups[g:])
			if n == 0 {
				g++
				continue
			}
			out.WriteString(text[done:groups[g].from])
			out.WriteString(truncated(number))
			done = groups[g+n-1].to
			g += n
		}
		end := groups[len(groups)-1].to
		if i+2 < end && done <= i && escape(text[max(i-1, 0):]) == 3 {
			end = i + 2 // the digits of %20 do not belong to the number behind it
		}
		i = nextDigit(text, end)
	}
	if done == 0 {
		return text
	}
	out.WriteString(text[done:])
	return out.String()
}

// enough reports whether a text may have digits enough for a number: most have not.
func enough(text string) bool {
	n := 0
	for i := range len(text) {
		if digit(text[i]) || text[i] >= utf8.RuneSelf {
			n++
		}
	}
	return n >= shortest
}

func truncated(number string) string { return number[:6] + hidden + number[len(number)-4:] }

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

// firstNumber finds the card number that the most groups make, from the first on; n is zero where none does.
func firstNumber(groups []group) (number string, n int) {
	if number := padded(groups[0].digits); number != "" {
		return number, 1
	}
	b := make([]byte, 0, longest)
	loose := false
	for i, g := range groups {
		if len(b)+len(g.digits) > longest {
			break
		}
		b = append(b, g.digits...)
		loose = loose || i > 0 && g.loose
		if (!loose || printed(groups[:i+1])) && cardNumber(b) {
			number, n = string(b), i+1
		}
	}
	return number, n
}

// printed reports whether groups are those that cards are printed with: fours, or 4, 6 and 5 or 4 digits.
func printed(groups []group) bool {
	if len(groups) == 3 && len(groups[0].digits) == 4 && len(groups[1].digits) == 6 {
		return len(groups[2].digits) == 5 || len(groups[2].digits) == 4
	}
	for _, g := range groups[:len(groups)-1] {
		if len(g.digits) != 4 {
			return false
		}
	}
	return len(groups[len(groups)-1].digits) <= 4
}

// paddedRun is the longest run in which something else may stand with a number: sequence numbers have 21 digits and more, and
// one in forty of them would begin with what looks like a card number.
const paddedRun = 20

// padded is the number in a run that has more digits than it: zeros before it, or an expiry date behind it; "" if there is
// none.
func padded(run string) string {
	if rest := strings.TrimLeft(run, "0"); len(rest) < len(run) && len(run) <= paddedRun && len(rest) <= longest && cardNumber([]byte(rest)) {
		return rest
	}
	for _, n := range [...]int{16, 15} {
		if len(run) != n+4 || len(run) <= longest && cardNumber([]byte(run)) {
			continue
		}
		if expiry(run[n:n+4]) && cardNumber([]byte(run[:n])) {
			return run[:n]
		}
	}
	return ""
}

// expiry reports whether four digits are a month and a year of this half of the century, in either order.
func expiry(date string) bool {
	month := func(s string) bool { return s >= "01" && s <= "12" }
	year := func(s string) bool { return s >= "20" && s <= "49" }
	return month(date[:2]) && year(date[2:]) || year(date[:2]) && month(date[2:])
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
