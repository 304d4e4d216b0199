package orc

import "time"

// epoch is what seconds are counted from: 1 January 2015, in the time zone of the writer. Source: ORC v1, "Timestamp Columns".
func epoch(zone *time.Location) int64 {
	if zone == nil {
		zone = time.UTC
	}
	return time.Date(2015, 1, 1, 0, 0, 0, 0, zone).Unix()
}

// tens are the powers that trailing zeros stand for.
var tens = [8]int64{1, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000}

// moments turns seconds since the epoch and packed nanoseconds into milliseconds since 1970.
//
// A timestamp of ORC is what a clock on the wall of the writer showed, and means nothing else; it is taken for UTC, in which
// S3 gives its times. So the distance of the writer's zone is added to the instant that was stored.
//
// Before 1970 the seconds are those that a second cut off towards zero leaves, if there is a millisecond or more beside them.
// Therefore writers store the last second before 1970 as the first after it; that is lost. The writer of Apache Arrow gives
// nanoseconds below zero instead.
func moments(seconds, nanos []int64, epoch int64, zone *time.Location) error {
	for i, s := range seconds {
		scale, n := tens[nanos[i]&7], nanos[i]>>3
		if n <= -1e9 || n >= 1e9 || n*scale <= -1e9 || n*scale >= 1e9 {
			return damaged("has a number of nanoseconds that is none")
		}
		if s > maxSeconds || s < -maxSeconds {
			return damaged("has a time that does not fit")
		}
		n *= scale
		s += epoch
		if s < 0 && n > 999_999 || n < 0 {
			s--
		}
		if n < 0 {
			n += 1e9
		}
		if zone != nil {
			_, ahead := time.Unix(s, 0).In(zone).Zone()
			s += int64(ahead)
		}
		seconds[i] = s*1000 + n/1_000_000
	}
	return nil
}
