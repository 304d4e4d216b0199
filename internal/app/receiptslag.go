package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/config"
)

// How a receipt's lag is known from the buckets: as a candidate, for they tell that one had not arrived, and not when it did.
const (
	methodStuck = audit.NotArrived + " at the inventory's scan"
	methodAsked = audit.NotArrived + " when the buckets were asked"
)

// methodOf is what saw that a receipt had not arrived.
func methodOf(s receipt.Stuck) string {
	if s.Asked {
		return methodAsked
	}
	return methodStuck
}

// stuckSamples are the receipts that had not arrived, as measurements: those of one second and direction as one, the longest.
func stuckSamples(r config.Receipts, stuck []receipt.Stuck) []audit.LagSample {
	type moment struct {
		from, to audit.Region
		at       int64
	}
	worst := map[moment]audit.LagSample{}
	for _, s := range stuck {
		at := moment{s.From, s.To, s.Since.Unix()}
		now := audit.LagSample{
			Layer: "s3", Scope: r.Name, From: s.From, To: s.To, At: s.Since.Truncate(time.Second), Lag: s.Scanned.Sub(s.Since), Method: methodOf(s),
		}
		was, known := worst[at]
		if known {
			equal := was.Equal + 1
			if was.Lag > now.Lag {
				now = was
			}
			now.Equal = equal
		}
		worst[at] = now
	}
	out := make([]audit.LagSample, 0, len(worst))
	for _, s := range worst {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b audit.LagSample) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return out
}

// storedStuck are, by pair of buckets, the receipts of a window that the job receipts has found not to have arrived. No inventory
// is read for it again.
func (a *App) storedStuck(ctx context.Context, w audit.Window, t task) (map[string][]audit.LagSample, []audit.Coverage, error) {
	if len(a.cfg.Receipts) == 0 {
		return nil, nil, nil
	}
	stored, err := a.store.LagSamples(ctx, "s3", w)
	if err != nil {
		return nil, nil, err
	}
	runs, err := a.store.RunsOver(ctx, audit.Window{From: w.From, To: t.asOf})
	if err != nil {
		return nil, nil, err
	}
	stuck := map[string][]audit.LagSample{}
	for _, s := range stored {
		if strings.HasPrefix(s.Method, methodStuck) || strings.HasPrefix(s.Method, methodAsked) {
			stuck[s.Scope] = append(stuck[s.Scope], s)
		}
	}
	var lines []audit.Coverage
	for _, r := range a.cfg.Receipts {
		line := audit.Coverage{Source: "receipts that had not arrived", Scope: r.Name, Window: w, Records: int64(len(stuck[r.Name]))}
		if !comparedWhole(runs, r.Name, t.asOf, w.To) {
			line.Gaps = append(line.Gaps, audit.Gap{
				Window: w, Reason: fmt.Sprintf("no run of the job receipts has compared the buckets of %s whole as of %s", r.Name, w.To.Format(time.RFC3339)),
				Remedy: "schedule the job receipts daily, and see its gaps in parallax report coverage",
			})
		}
		lines = append(lines, line)
	}
	return stuck, lines, nil
}

// comparedWhole reports whether a complete run of the job receipts has compared a pair as it was at a moment or later.
func comparedWhole(runs []audit.RunRecord, scope string, asOf, to time.Time) bool {
	return slices.ContainsFunc(runs, func(r audit.RunRecord) bool {
		if r.Job != "receipts" || r.AsOf.After(asOf) {
			return false
		}
		whole := slices.ContainsFunc(r.Coverage, func(c audit.Coverage) bool {
			return c.Source == "receipts" && c.Scope == scope && !c.Watermark.Before(to)
		})
		return whole && !slices.ContainsFunc(r.Coverage, func(c audit.Coverage) bool { return c.Scope == scope && !c.Complete() })
	})
}
