package calendar

import (
	"time"
	_ "time/tzdata" // a container may come without time zones
)

// Network is the calendar that is assumed of a network where the configuration says nothing else. The cut-offs are as one
// processor publishes them, in the time of New York; what your acquirer agreed with you is what counts. An unknown network
// has UTC days.
func Network(name string) Calendar {
	cutOff, known := map[string]time.Duration{
		"mastercard": 2 * time.Hour, "amex": time.Hour, "visa": 6 * time.Hour, "discover": 6 * time.Hour,
	}[name]
	if !known {
		return Calendar{}
	}
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		return Calendar{CutOff: cutOff}
	}
	return Calendar{Zone: zone, CutOff: cutOff}
}
