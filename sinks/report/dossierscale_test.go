package report

import (
	"testing"
	"time"

	"parallax/internal/audit"
)

// TestTicksAreFew however far apart the moments lie.
func TestTicksAreFew(t *testing.T) {
	at := time.Date(2026, 11, 18, 14, 0, 0, 0, time.UTC)
	for _, away := range []time.Duration{time.Minute, 48 * time.Hour, 720 * time.Hour, 2000000 * time.Hour} {
		s := newScale(Dossier{At: at, Outage: audit.Window{From: at.Add(-away), To: at}}, 0, 1000)
		if n := len(s.ticks()); n < 2 || n > 40 {
			t.Errorf("%s: %d ticks", away, n)
		}
	}
}
