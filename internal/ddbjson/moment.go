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
	if len(text) < 12 && scale == 0 && decimal(text) { // as nearly all are
		for _, c := range text {
			sec = sec*10 + int64(c-'0')
		}
		return sec, 0, true
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
