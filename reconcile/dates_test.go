package reconcile

import (
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/calendar"
)

// TestLatenessKeepsTheNetworksClock: 18 November 2026, 06:59:59 UTC, is 01:59:59 in New York and belongs to the 17th. Files
// are due at 06:00 there, which is 11:00 UTC.
func TestLatenessKeepsTheNetworksClock(t *testing.T) {
	rules := testRules()
	rules.Calendar = calendar.Network("mastercard")
	before := time.Date(2026, 11, 18, 6, 59, 59, 0, time.UTC)
	for _, tc := range []struct {
		taken         time.Time
		asOf, through string
		want          audit.Status
	}{
		{before, "2026-11-19T10:59:59Z", "2026-11-17", audit.Expected}, // the file of the 18th is due
		{before, "2026-11-19T11:00:00Z", "2026-11-17", audit.Overdue},
		{before, "2026-11-19T10:59:59Z", "2026-11-18", audit.Overdue}, // it came, and the payment is missing from the 19th, 11:00, on
		{before, "2026-11-19T11:00:00Z", "2026-11-18", audit.Open},
		{before.Add(time.Second), "2026-11-20T10:59:59Z", "2026-11-18", audit.Expected},
		{before.Add(time.Second), "2026-11-20T11:00:00Z", "2026-11-19", audit.Open},
	} {
		m := ready(t, rules, Input{AsOf: parseTime(t, tc.asOf), FilesThrough: tc.through})
		if got, _ := m.lateness(tc.taken); got != tc.want {
			t.Errorf("taken %s, as of %s, files through %s: %s, want %s", tc.taken, tc.asOf, tc.through, got, tc.want)
		}
	}
}

func ready(t *testing.T, rules Rules, in Input) *matching {
	t.Helper()
	law, err := rules.compile()
	if err != nil {
		t.Fatal(err)
	}
	m, err := newMatching(law, in)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
