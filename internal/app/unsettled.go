package app

import (
	"context"
	"fmt"
	"slices"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/history"
	"parallax/internal/pan"
	"parallax/sinks/store"
)

// unsettledKinds are the findings that what comes later may still decide, undo or mend.
var unsettledKinds = []audit.Kind{
	audit.LWWNotReplicated, audit.LWWDiverged, audit.LWWDoubleAccept, audit.LWWUndecidable, audit.LWWLostWrite, audit.LWWLostDelete,
}

// maxUnsettled bounds how many findings of earlier windows one run judges again.
const maxUnsettled = 10_000

// unsettled are the living findings of a table that were due before a window and may have been decided since, with their keys
// as the archive has them; gaps say of how many more nothing can be said.
type unsettled struct {
	findings []audit.StoredFinding
	gaps     []audit.Gap
}

// standing are the living findings of some kinds that a job has made of a scope, the gravest first and no more than one run
// judges again; total is how many there are.
func (a *App) standing(ctx context.Context, job, scope string, kinds []audit.Kind) (found []audit.StoredFinding, total int, err error) {
	return a.store.Findings(ctx, store.Filter{
		Kinds: kinds, Jobs: []string{job}, Scope: scope, Limit: maxUnsettled,
		Status: []audit.Status{audit.Open, audit.Acknowledged, audit.Expected, audit.Overdue},
	})
}

func (a *App) unsettled(ctx context.Context, table config.Table, w audit.Window) (unsettled, error) {
	var u unsettled
	found, total, err := a.standing(ctx, "lww", table.Name, unsettledKinds)
	if err != nil {
		return u, err
	}
	if more := total - len(found); more > 0 {
		u.gaps = append(u.gaps, audit.Gap{
			Window: w, Reason: fmt.Sprintf("%d unsettled findings of the table were not judged again: one run takes the gravest %d", more, maxUnsettled),
			Remedy: "run lww over the windows of the others; they stay open until then",
		})
	}
	found = slices.DeleteFunc(found, func(f audit.StoredFinding) bool { return !f.Due().From.Before(w.From) })
	earlier := len(found)
	if u.findings, err = a.unmasked(ctx, table, found); err != nil {
		return u, err
	}
	if blind := earlier - len(u.findings); blind > 0 {
		u.gaps = append(u.gaps, audit.Gap{
			Window: w, Reason: fmt.Sprintf("%d unsettled findings could not be judged again: their keys hold card numbers, which only the archive knows in full, and it cannot be asked", blind),
			Remedy: "see runbook coverage.gap if the archive is damaged; where it has forgotten their records they stay open",
		})
	}
	return u, nil
}

// keys are the keys to be judged again, each for the time from its first unsettled finding to its last.
func (u unsettled) keys() map[string]audit.Window {
	also := map[string]audit.Window{}
	for _, f := range u.findings {
		due := f.Due()
		if w, known := also[f.Key]; known {
			due = audit.Window{From: minTime(w.From, due.From), To: maxTime(w.To, due.To)}
		}
		also[f.Key] = due
	}
	return also
}

// resettle takes out of a result what earlier runs have found and what still stands as they found it. It returns the findings
// that were judged again and are gone or have changed; of a key that was withheld nothing is known.
func resettle(result *history.Result, unsettled []audit.StoredFinding) []audit.Fingerprint {
	var moved []audit.Fingerprint
	result.Findings, moved = news(result.Findings, unsettled, stands)
	withheld := map[audit.Fingerprint]bool{}
	for _, was := range unsettled {
		withheld[was.Fingerprint] = slices.Contains(result.Withheld, was.Key)
	}
	return slices.DeleteFunc(moved, func(f audit.Fingerprint) bool { return withheld[f] })
}

// news leaves out what earlier runs have found and what still stands as they found it: it is no news, and a quiet window stays
// clean. moved are the earlier findings that are gone or have changed.
func news(findings []audit.Finding, judged []audit.StoredFinding, stands func(audit.StoredFinding, audit.Finding) bool) (rest []audit.Finding, moved []audit.Fingerprint) {
	now := make(map[audit.Fingerprint]audit.Finding, len(findings))
	for _, f := range findings {
		now[f.Fingerprint] = f
	}
	old := map[audit.Fingerprint]bool{}
	for _, was := range judged {
		f, still := now[was.Fingerprint]
		if old[was.Fingerprint] = still && stands(was, f); !old[was.Fingerprint] {
			moved = append(moved, was.Fingerprint)
		}
	}
	return slices.DeleteFunc(findings, func(f audit.Finding) bool { return old[f.Fingerprint] }), moved
}

// stands reports whether a finding says what the store holds, which holds no card number.
func stands(was audit.StoredFinding, now audit.Finding) bool {
	return ranksAlike(was, now) && was.Reason == pan.Mask(now.Reason)
}

// ranksAlike reports whether a finding is as grave and as sure as the store has it. What a person has made of its status is
// no difference.
func ranksAlike(was audit.StoredFinding, now audit.Finding) bool {
	return was.Verdict == now.Verdict && was.Severity == now.Severity &&
		(was.Status == now.Status || was.Status == audit.Acknowledged && now.Status == audit.Open)
}
