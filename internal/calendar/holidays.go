package calendar

import (
	"maps"
	"slices"
	"time"
)

// Sets names the holidays that need not be listed one by one.
func Sets() []string { return slices.Sorted(maps.Keys(sets())) }

func sets() map[string]func(time.Time) bool {
	return map[string]func(time.Time) bool{"target": target, "fedwire": fedwire, "england": england}
}

// target are the closing days of the Eurosystem's T2. Source: European Central Bank, "TARGET closing days".
func target(day time.Time) bool {
	if isDate(day, time.January, 1) || isDate(day, time.May, 1) || isDate(day, time.December, 25) || isDate(day, time.December, 26) {
		return true
	}
	fromEaster := int(day.Sub(easter(day.Year())).Hours() / 24)
	return fromEaster == -2 || fromEaster == 1
}

// fedwire are the holidays of the Federal Reserve Banks: one on a Sunday is kept on Monday, one on a Saturday is not moved.
// Source: Federal Reserve, "Holiday Schedules".
func fedwire(day time.Time) bool {
	for _, fixed := range []struct {
		month time.Month
		day   int
	}{{time.January, 1}, {time.June, 19}, {time.July, 4}, {time.November, 11}, {time.December, 25}} {
		if isDate(day, fixed.month, fixed.day) || day.Weekday() == time.Monday && isDate(day.AddDate(0, 0, -1), fixed.month, fixed.day) {
			return true
		}
	}
	return isNth(day, time.January, time.Monday, 3) || isNth(day, time.February, time.Monday, 3) || isLast(day, time.May, time.Monday) ||
		isNth(day, time.September, time.Monday, 1) || isNth(day, time.October, time.Monday, 2) || isNth(day, time.November, time.Thursday, 4)
}

// england are the bank holidays of England and Wales as the Banking and Financial Dealings Act 1971 has them, with the days
// in lieu; holidays proclaimed for one year must be listed. Source: gov.uk, "UK bank holidays".
func england(day time.Time) bool {
	fromEaster := int(day.Sub(easter(day.Year())).Hours() / 24)
	switch {
	case fromEaster == -2 || fromEaster == 1:
		return true
	case isNth(day, time.May, time.Monday, 1) || isLast(day, time.May, time.Monday) || isLast(day, time.August, time.Monday):
		return true
	}
	for _, first := range []time.Time{date(day.Year(), time.January, 1), date(day.Year(), time.December, 25)} {
		if day.Equal(lieu(first)) {
			return true
		}
	}
	return day.Equal(boxingDay(day.Year()))
}

// lieu is the day itself, or the Monday after a weekend.
func lieu(day time.Time) time.Time {
	for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		day = day.AddDate(0, 0, 1)
	}
	return day
}

// boxingDay is the first day after the one kept for Christmas that is no weekend.
func boxingDay(year int) time.Time {
	christmas, boxing := lieu(date(year, time.December, 25)), lieu(date(year, time.December, 26))
	if !boxing.After(christmas) {
		return lieu(christmas.AddDate(0, 0, 1))
	}
	return boxing
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func isDate(day time.Time, month time.Month, n int) bool {
	return day.Month() == month && day.Day() == n
}

func isNth(day time.Time, month time.Month, weekday time.Weekday, n int) bool {
	return day.Month() == month && day.Weekday() == weekday && (day.Day()-1)/7 == n-1
}

func isLast(day time.Time, month time.Month, weekday time.Weekday) bool {
	return day.Month() == month && day.Weekday() == weekday && day.AddDate(0, 0, 7).Month() != month
}

// easter is Easter Sunday of the Gregorian calendar, by the rule of Meeus, Jones and Butcher.
func easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 19*l) / 433
	month := (h + l - 7*m + 90) / 25
	day := (h + l - 7*m + 33*month + 19) % 32
	return date(year, time.Month(month), day)
}
