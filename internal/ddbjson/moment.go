package ddbjson

import (
	"bytes"
	"strconv"
)

// last is the latest second that can be written as a date: the end of the year 9999.
const last = 253_402_300_799

// moment passes a time, a JSON number of seconds, and returns it as whole seconds and nanoseconds. scale is how many
// decimal places its unit lies below the second: 3 for milliseconds. What is finer than a nanosecond is cut off.
func (s *Scanner) moment() ([]byte, bool) {
	if c := s.peek(); c != '-' && c-'0' > 9 {
		return nil, s.refuse("not a number")
	}
	return s.literal()
}

// seconds reads a number of units of 10^-scale seconds.
func seconds(text []byte, scale int) (sec, nsec int64, ok bool) {
	if sec, nsec, ok = shortSeconds(text, scale); ok { // as nearly all are
		return sec, nsec, sec <= last
	}
	mantissa, exponent, ok := splitNumber(text)
	if !ok || len(mantissa) > longestNumber {
		return 0, 0, false
	}
	exponent -= scale
	whole, frac, _ := bytes.Cut(mantissa, []byte("."))
	shifted := string(whole) + string(frac) + "e" + strconv.Itoa(exponent-len(frac)) // digits alone
	one, ok := appendNumber(nil, []byte(shifted))
	if !ok || one[0] == '-' {
		return 0, 0, false
	}
	whole, frac, _ = bytes.Cut(one, []byte("."))
	if sec, err := strconv.ParseInt(string(whole), 10, 64); err != nil || sec > last {
		return 0, 0, false
	} else if len(frac) > 9 {
		frac = frac[:9]
	}
	sec, _ = strconv.ParseInt(string(whole), 10, 64)
	for i := range 9 {
		nsec *= 10
		if i < len(frac) {
			nsec += int64(frac[i] - '0')
		}
	}
	return sec, nsec, true
}

// tens are the powers of ten that an int64 holds.
var tens = [...]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// shortSeconds is seconds for numbers of at most 18 digits with an exponent of at most two: 1732112000, 1.732112E9.
func shortSeconds(text []byte, scale int) (sec, nsec int64, ok bool) {
	i, shift, count, dot := 0, -scale, 0, false
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c-'0' <= 9:
			sec = sec*10 + int64(c-'0')
			count++
			if dot {
				shift--
			}
			continue
		case c == '.' && !dot:
			dot = true
			continue
		}
		break
	}
	if count == 0 || count >= len(tens) {
		return 0, 0, false
	}
	if exponent := text[i:]; len(exponent) > 0 {
		if exponent[0]|0x20 != 'e' || len(exponent) < 2 || len(exponent) > 3 || !decimal(exponent[1:]) {
			return 0, 0, false
		}
		e := int(exponent[1] - '0')
		if len(exponent) == 3 {
			e = e*10 + int(exponent[2]-'0')
		}
		shift += e
	}
	switch {
	case shift < -9 || shift > 0 && count+shift >= len(tens):
		return 0, 0, false
	case shift >= 0:
		return sec * tens[shift], 0, true
	}
	unit := tens[-shift]
	return sec / unit, sec % unit * (1e9 / unit), true
}
