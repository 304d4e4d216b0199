package decode

import "strings"

// MaskPAN truncates a card number to what may be kept: the first six and the last four digits of a number of 15 digits
// or more, the last four alone of a shorter one. Amex numbers have 15 digits, so five are removed. What is masked already
// keeps at most that much; spaces and dashes are dropped. Source: PCI DSS 4.0.1, requirement 3.4.1, and PCI SSC FAQ 1091.
func MaskPAN(text string) string {
	digits := make([]byte, 0, 19)
	masked := -1 // number of digits in front of the first mask character
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			digits = append(digits, c)
		case c == ' ' || c == '-':
		default:
			if masked < 0 {
				masked = len(digits)
			}
		}
	}
	switch {
	case len(digits) == 0:
		return ""
	case masked >= 0:
		return digitsAround(digits[:min(masked, 6)], tail(digits[masked:], 4), 6)
	case len(digits) >= 15:
		return digitsAround(digits[:6], tail(digits, 4), len(digits)-10)
	case len(digits) > 4:
		return digitsAround(nil, tail(digits, 4), len(digits)-4)
	default:
		return digitsAround(nil, digits, 6)
	}
}

func digitsAround(first, last []byte, hidden int) string {
	return string(first) + strings.Repeat("*", hidden) + string(last)
}

func tail(digits []byte, n int) []byte { return digits[max(0, len(digits)-n):] }
