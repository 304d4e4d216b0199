package ddbjson

import (
	"bytes"
	"strconv"
)

const (
	longestNumber = 200 // digits; DynamoDB keeps 38
	maxExponent   = 200 // DynamoDB's own range is 1E-130 to 9.99E+125; what is beyond is not written out
)

// number passes a number, which DynamoDB writes as a string, and returns it in its one form, with quotes: no exponent, no
// leading or trailing zeros, no sign on zero.
func (s *Scanner) number() (frag, bool) {
	if s.peek() != '"' {
		return frag{}, s.refuse("a number that is not written as a string")
	}
	if end := normal(s.in, s.i+1); end > 0 {
		f := at(s.i, end)
		s.i = end
		return f, true
	}
	var ok bool
	if s.name, ok = s.unescaped(s.name[:0]); !ok {
		return frag{}, false
	}
	begin := len(s.tmp)
	s.tmp = append(s.tmp, '"')
	if s.tmp, ok = appendNumber(s.tmp, s.name); !ok {
		return frag{}, s.refuse("not a number")
	}
	s.tmp = append(s.tmp, '"')
	return made(begin, len(s.tmp)), true
}

// normal is the place behind the closing quote of a number that has its one form already; 0 if it has another.
func normal(in []byte, i int) int {
	from := i
	negative := i < len(in) && in[i] == '-'
	if negative {
		i++
	}
	whole := i
	for i < len(in) && in[i]-'0' <= 9 {
		i++
	}
	if n := i - whole; n == 0 || i >= len(in) || n > 1 && in[whole] == '0' {
		return 0
	}
	switch in[i] {
	case '"':
		if negative && in[whole] == '0' || i-from > longestNumber {
			return 0
		}
		return i + 1
	case '.':
		frac := i + 1
		for i = frac; i < len(in) && in[i]-'0' <= 9; i++ { //nolint:revive // looks for the end of the digits
		}
		if i == frac || i >= len(in) || in[i] != '"' || in[i-1] == '0' || i-from > longestNumber {
			return 0
		}
		return i + 1
	default:
		return 0
	}
}

// appendNumber writes a decimal in its one form.
func appendNumber(out, text []byte) ([]byte, bool) {
	mantissa, exponent, ok := splitNumber(text)
	if !ok {
		return out, false
	}
	digits, negative := bytes.CutPrefix(mantissa, []byte("-"))
	if !negative {
		digits = bytes.TrimPrefix(digits, []byte("+"))
	}
	whole, frac, _ := bytes.Cut(digits, []byte("."))
	count := len(whole) + len(frac)
	if count == 0 || count > longestNumber || !decimal(whole) || !decimal(frac) {
		return out, false
	}
	all := append(append(make([]byte, 0, count), whole...), frac...)
	point := len(whole) + exponent // where the decimal point stands in all
	if point < 0 {
		all, point = append(bytes.Repeat([]byte("0"), -point), all...), 0
	}
	if point > len(all) {
		all = append(all, bytes.Repeat([]byte("0"), point-len(all))...)
	}
	whole, frac = bytes.TrimLeft(all[:point], "0"), bytes.TrimRight(all[point:], "0")
	if negative && len(whole)+len(frac) > 0 {
		out = append(out, '-')
	}
	if len(whole) == 0 {
		whole = []byte("0")
	}
	out = append(out, whole...)
	if len(frac) > 0 {
		out = append(append(out, '.'), frac...)
	}
	return out, true
}

func splitNumber(text []byte) (mantissa []byte, exponent int, ok bool) {
	i := bytes.IndexAny(text, "eE")
	if i < 0 {
		return text, 0, true
	}
	exponent, err := strconv.Atoi(string(text[i+1:]))
	return text[:i], exponent, err == nil && exponent <= maxExponent && exponent >= -maxExponent
}

func decimal(text []byte) bool {
	for _, c := range text {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}
