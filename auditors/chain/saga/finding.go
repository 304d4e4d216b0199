package saga

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// judge reports a transfer that is half done or stuck past its deadline.
func (w *walk) judge(t *transfer) {
	inForce := slices.ContainsFunc(t.steps, func(s step) bool { return !s.lost })
	if !inForce {
		w.left["command that only an old primary has, of a transfer of which the database in force has nothing"] += int64(len(t.steps))
		return
	}
	h, is := t.halves(w.rules.Sides)
	if is && w.in.Incomplete && slices.ContainsFunc(h.missing, func(side string) bool { return t.side(side) == absent }) {
		w.left["transfer without a side, which may be among the commands that were not read"]++
		return
	}
	if is && w.in.AsOf.After(t.due()) {
		w.out.Findings = append(w.out.Findings, w.halfDone(t, h))
		return
	}
	if stuck := t.stuck(w.in.AsOf); len(stuck) > 0 {
		w.out.Findings = append(w.out.Findings, w.pendingPast(t, stuck))
		return
	}
	w.out.Matched++
}

func (w *walk) halfDone(t *transfer, h half) audit.Finding {
	f := w.base(t, audit.Critical)
	f.Rule = "every side of a transfer takes effect, or none"
	what := make([]string, 0, len(h.missing))
	for _, side := range h.missing {
		if slices.Contains(h.lost, side) {
			what = append(what, side+" was lost in a failover: only the old primary has it done")
			continue
		}
		what = append(what, side+" "+t.side(side).String())
	}
	f.Reason = fmt.Sprintf("Transfer %s took effect on one side only: %s %s, but %s, past the deadline of %s.",
		t.id, strings.Join(h.moved, " and "), verb(len(h.moved)), strings.Join(what, " and "), stamp(t.due()))
	if len(h.beside) > 0 {
		f.Verdict = audit.Undecidable
		f.Reason += fmt.Sprintf(" Its %s is done too and may have undone it.", strings.Join(h.beside, " and "))
	}
	for _, side := range h.missing {
		if t.side(side) == absent && !slices.Contains(h.lost, side) {
			f.Evidence = append(f.Evidence, audit.Evidence{Source: "commands " + w.rules.Scope, Ref: "transfer " + t.id, Field: "side", Value: side, Note: "no command of this side"})
		}
	}
	return f
}

func verb(n int) string {
	if n == 1 {
		return "is done"
	}
	return "are done"
}

func (w *walk) pendingPast(t *transfer, stuck []step) audit.Finding {
	f := w.base(t, audit.High)
	f.Rule = "a command is finished by its deadline"
	names := make([]string, 0, len(stuck))
	due := stuck[0].due
	for _, s := range stuck {
		name := "command " + s.ID
		if s.Side != "" {
			name = s.Side + " (" + name + ")"
		}
		names = append(names, name)
		if s.due.Before(due) {
			due = s.due
		}
	}
	f.Reason = fmt.Sprintf("Transfer %s is stuck: %s still %s, %s past the deadline of %s.", t.id, strings.Join(names, " and "),
		stuck[0].Status, w.in.AsOf.Sub(due).Truncate(time.Second), stamp(due))
	return f
}

func (w *walk) base(t *transfer, severity audit.Severity) audit.Finding {
	f := audit.Finding{
		Fingerprint: audit.NewFingerprint(audit.ChainStuckCommand, w.rules.Scope, t.id),
		Kind:        audit.ChainStuckCommand, Severity: severity, Verdict: audit.Proven, Status: audit.Open,
		Scope: w.rules.Scope, Key: t.id, Region: t.region(), Amounts: t.amount(), Window: audit.At(t.first),
	}
	if w.in.Incomplete {
		f.Verdict = audit.Probable // what was not read may have made up for it
	}
	for _, s := range t.steps {
		if s.skewed {
			f.Verdict = audit.Probable // the deadline rests on clocks that contradict one another
		}
		f.Evidence = append(f.Evidence, w.evidence(s))
	}
	return f
}

func (w *walk) evidence(s step) audit.Evidence {
	source := "commands " + w.rules.Scope
	if s.Witness == record.Snapshot {
		source += " (snapshot)"
	}
	var notes []string
	if s.Side != "" {
		notes = append(notes, s.Side)
	}
	if s.PaymentID != "" {
		notes = append(notes, "payment "+s.PaymentID)
	}
	notes = append(notes, "due by "+stamp(s.due))
	if s.skewed {
		notes = append(notes, "its times contradict one another")
	}
	if s.lost {
		notes = append(notes, "only the old primary has it")
	}
	return audit.Evidence{
		Source: source, Region: s.Region, Ref: "command " + s.ID, At: s.CreatedAt, Field: "status", Value: s.Status, Note: strings.Join(notes, ", "),
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
