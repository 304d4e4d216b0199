package app

import (
	"testing"

	"parallax/auditors/ledger"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/sources/aurora"
)

// The finding and the database write one moment in two ways; only another moment is a change since the audit.
func TestAMomentIsUnlikeOnlyAnotherMoment(t *testing.T) {
	l := config.Ledger{Columns: config.Columns{UpdatedAt: "changed"}}
	f := audit.StoredFinding{Finding: audit.Finding{Evidence: []audit.Evidence{
		{Field: "updated_at", Value: "2026-11-18T14:02:00.5Z", Note: ledger.NoteInForce},
	}}}
	for text, same := range map[string]bool{
		"2026-11-18 14:02:00.5+00": true, "2026-11-18 16:02:00.5+02": true, "2026-11-18 14:02:00.5": true,
		"2026-11-18 14:02:00.6+00": false, "2026-11-18 14:02:00.5+02": false, "infinity": false,
	} {
		now := aurora.FullRow{Columns: []aurora.FullColumn{{Name: "changed", Value: &text}}}
		if why := unlikeSeen(l, f, now); (why == "") != same {
			t.Errorf("%s: %q", text, why)
		}
	}
}
