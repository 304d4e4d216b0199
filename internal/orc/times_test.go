package orc

import (
	"errors"
	"math"
	"testing"
	"time"
)

// TestMoments: seconds since 2015 in a zone and packed nanoseconds, as milliseconds since 1970.
func TestMoments(t *testing.T) {
	t.Parallel()
	const from1970 = 1_420_070_400 // 2015-01-01 in UTC
	at := func(text string) int64 {
		v, err := time.Parse("2006-01-02T15:04:05.000", text)
		if err != nil {
			t.Fatal(err)
		}
		return v.UnixMilli()
	}
	for _, c := range []struct {
		name           string
		zone           string
		seconds, nanos int64
		want           int64
	}{
		{"the epoch", "UTC", 0, 0, at("2015-01-01T00:00:00.000")},
		{"1000 ns, ORC v1", "UTC", 0, 0x0a, at("2015-01-01T00:00:00.000")},
		{"100000 ns, ORC v1", "UTC", 0, 0x0c, at("2015-01-01T00:00:00.000")},
		{"123 ms", "UTC", 1, 123<<3 | 5, at("2015-01-01T00:00:01.123")},
		{"what is finer is cut off", "UTC", 1, 123_999_999 << 3, at("2015-01-01T00:00:01.123")},
		{"1970", "UTC", -from1970, 0, 0},
		{"a second before 1970", "UTC", -from1970 - 1, 0, -1000},
		{"1.75 s before 1970, cut off towards zero", "UTC", -from1970 - 1, 25<<3 | 6, -1750},
		{"1 s before 1970 and less than a millisecond", "UTC", -from1970 - 1, 5 << 3, -1000},
		{"0.25 s before 1970, nanoseconds below zero", "UTC", -from1970, -25<<3 | 6, -250},
		{"1.75 s before 1970, nanoseconds below zero", "UTC", -from1970 - 1, -75<<3 | 6, -1750},
		{"what is finer is cut off downwards", "UTC", -from1970, -1 << 3, -1},
		{"winter in Los Angeles", "America/Los_Angeles", 3600, 0, at("2015-01-01T01:00:00.000")},
		{"summer in Los Angeles", "America/Los_Angeles", 181 * 86400, 0, at("2015-07-01T01:00:00.000")},
		{"summer in Dublin", "Europe/Dublin", 181*86400 - 3600, 0, at("2015-07-01T00:00:00.000")},
	} {
		zone, err := location(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		seconds := []int64{c.seconds}
		if err := moments(seconds, []int64{c.nanos}, epoch(zone), zone); err != nil || seconds[0] != c.want {
			t.Errorf("%s: %d, %v, want %d", c.name, seconds[0], err, c.want)
		}
	}
	for _, c := range [][2]int64{{0, 1_000_000_000 << 3}, {0, 10<<3 | 7}, {0, math.MaxInt64}, {0, math.MinInt64}, {math.MaxInt64, 0}, {math.MinInt64, 0}, {math.MaxInt64 / 1000, 0}} {
		if err := moments([]int64{c[0]}, []int64{c[1]}, epoch(nil), nil); !errors.Is(err, ErrDamaged) {
			t.Errorf("%d: %v", c, err)
		}
	}
}
