package fixedwidth

import (
	"errors"
	"strings"
	"time"

	"parallax/sources/settlement/decode"
)

// validateFormat accepts formats made of YYYY, YY or Y, and either MM and DD or DDD, each once at most.
func validateFormat(format string, length int) error {
	if len(format) != length {
		return errors.New("date needs a format of its own length, such as YYMMDD or YDDD")
	}
	seen := map[byte]int{}
	for i := 0; i < len(format); {
		n := run(format[i:])
		c := format[i]
		if seen[c] != 0 || c == 'Y' && n == 3 || c == 'M' && n != 2 || c == 'D' && n == 1 || c != 'Y' && c != 'M' && c != 'D' || n > 4 || c == 'D' && n > 3 {
			return errors.New("date format has other parts than YYYY, YY, Y, MM, DD and DDD, or one of them twice")
		}
		seen[c] = n
		i += n
	}
	if (seen['M'] == 2) != (seen['D'] == 2) || seen['D'] == 0 {
		return errors.New("date format names no day: it needs MM and DD, or DDD")
	}
	return nil
}

// run is how often the first character repeats.
func run(s string) int {
	n := 1
	for n < len(s) && s[n] == s[0] {
		n++
	}
	return n
}

var (
	errDate   = errors.New("is not a date in the layout's format")
	errNoYear = errors.New("has no full year, and the file's own date is not known")
)

// parseDate reads a date. A year of one digit, or none, is the latest that brings the date not more than a month behind
// the file's own; a year of two digits is in this century. Blanks and zeros alone are no date.
func parseDate(raw []byte, format string, fileDate time.Time) (time.Time, error) {
	var part [256]int
	zeros := true
	for i := range len(format) {
		d := raw[i] - '0'
		if d > 9 {
			return time.Time{}, decode.ErrNotNumeric
		}
		zeros = zeros && d == 0
		part[format[i]] = part[format[i]]*10 + int(d)
	}
	if zeros {
		return time.Time{}, nil
	}
	day := func(year int) (time.Time, bool) {
		if strings.Contains(format, "DDD") {
			t := time.Date(year, 1, part['D'], 0, 0, 0, 0, time.UTC)
			return t, part['D'] >= 1 && t.Year() == year
		}
		t := time.Date(year, time.Month(part['M']), part['D'], 0, 0, 0, 0, time.UTC)
		return t, t.Day() == part['D'] && int(t.Month()) == part['M']
	}
	digits := strings.Count(format, "Y")
	if digits >= 2 {
		year := part['Y']
		if digits == 2 {
			year += 2000
		}
		if t, ok := day(year); ok && year > 0 {
			return t, nil
		}
		return time.Time{}, errDate
	}
	if fileDate.IsZero() {
		return time.Time{}, errNoYear
	}
	latest := fileDate.AddDate(0, 0, 31)
	for year := latest.Year(); year > latest.Year()-10; year-- {
		if digits == 1 && year%10 != part['Y'] {
			continue
		}
		if t, ok := day(year); ok && !t.After(latest) {
			return t, nil
		}
	}
	return time.Time{}, errDate
}

// parseClock reads hhmm or hhmmss.
func parseClock(raw []byte) (time.Duration, error) {
	var part [3]int
	for i, c := range raw {
		d := c - '0'
		if d > 9 {
			return 0, decode.ErrNotNumeric
		}
		part[i/2] = part[i/2]*10 + int(d)
	}
	if part[0] > 23 || part[1] > 59 || part[2] > 59 {
		return 0, errors.New("is not a time of day")
	}
	return time.Duration(part[0])*time.Hour + time.Duration(part[1])*time.Minute + time.Duration(part[2])*time.Second, nil
}
