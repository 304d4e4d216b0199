package app

import (
	"context"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/sinks/store"
)

// mendedWithin is how long after a window what was captured is read for findings that may have been mended since.
const mendedWithin = 14 * 24 * time.Hour

// knownBefore reports whether an audit of a window found what earlier runs have found already, and how far around the window
// the archive has to be read to see what has become of it: the window of a failover is audited again for days, and a loss that
// was mended after two of them would come back with every audit that reads one.
func (a *App) knownBefore(ctx context.Context, table config.Table, t task, found []audit.Finding) (around time.Duration, known bool, err error) {
	around = min(t.asOf.Sub(t.window.To), mendedWithin)
	mayMend := func(f audit.Finding) bool { return slices.Contains(unsettledKinds, f.Kind) }
	if around <= historyContext || !slices.ContainsFunc(found, mayMend) {
		return 0, false, nil
	}
	stored, _, err := a.store.Findings(ctx, store.Filter{Kinds: unsettledKinds, Scope: table.Name})
	if err != nil {
		return 0, false, err
	}
	earlier := map[audit.Fingerprint]bool{}
	for _, f := range stored {
		earlier[f.Fingerprint] = true
	}
	return around, slices.ContainsFunc(found, func(f audit.Finding) bool { return mayMend(f) && earlier[f.Fingerprint] }), nil
}
