package reconcile

import (
	"fmt"
	"slices"

	"parallax/internal/audit"
)

// maxCandidates bounds how many rows or lines a finding suggests.
const maxCandidates = 5

// hint are rows and lines that may belong together and that no key tells apart. Nothing is posted on it.
type hint struct {
	by       string
	payments []*payment
	lines    []*line
	final    bool // only those are left that nothing else has used
}

func newHint(by string, payments []*payment, lines []*line) *hint {
	return &hint{by: by, payments: slices.Clone(payments), lines: slices.Clone(lines)}
}

// hintAll gives a hint to those that have none.
func hintAll(by string, payments []*payment, lines []*line) {
	h := newHint(by, payments, lines)
	for _, p := range payments {
		if p.hint == nil {
			p.hint = h
		}
	}
	for _, l := range lines {
		if l.hint == nil {
			l.hint = h
		}
	}
}

// suggest looks with the weakest keys at what nothing has paired.
func (m *matching) suggest() {
	for i := range m.law.tiers {
		t := &m.law.tiers[i]
		if t.Sure != Suggest {
			continue
		}
		var payments []*payment
		for _, p := range m.payments {
			if p.fate == undecided && p.class == charged && p.hint == nil {
				payments = append(payments, p)
			}
		}
		var lines []*line
		for _, l := range m.lines {
			if l.fate == undecided && l.owner == nil && l.hint == nil && l.Amount.Minor >= 0 == settles(l) {
				lines = append(lines, l)
			}
		}
		group(payments, lines, t.entryKey, t.lineKey).both(func(ps []*payment, ls []*line) {
			m.apart(ps, ls, t.WithinBusinessDays, func(ps []*payment, ls []*line) { hintAll(t.Name, ps, ls) })
		})
	}
}

// left drops what has found its counterpart since, once for all who share the hint.
func (h *hint) left() *hint {
	if !h.final {
		h.final = true
		h.payments = slices.DeleteFunc(h.payments, func(p *payment) bool { return p.line != nil || p.twin })
		h.lines = slices.DeleteFunc(h.lines, func(l *line) bool { return l.owner != nil })
	}
	return h
}

// perhapsLines adds to a missing payment the lines that may settle it.
func (m *matching) perhapsLines(f *audit.Finding, p *payment) {
	if p.hint == nil || len(p.hint.left().lines) == 0 {
		return
	}
	h := p.hint
	f.Verdict = audit.Undecidable
	if !p.ambiguous {
		f.Reason += fmt.Sprintf(" Perhaps %s settles it: %s; nothing is taken for settled on that.", several(len(h.lines), "a line that is not matched", "lines that are not matched"), alike(h.by))
	}
	for i, l := range h.lines {
		if i == maxCandidates {
			f.Evidence = append(f.Evidence, notSuggested(len(h.lines)-i))
			break
		}
		f.Evidence = append(f.Evidence, m.lineEvidence(l, "reference", l.Reference, "perhaps: "+h.by+", "+m.show(l.Amount)))
	}
}

// perhapsPayments adds to an unknown reference the payments that it may settle.
func (m *matching) perhapsPayments(f *audit.Finding, lines []*line) {
	var seen []*hint
	for _, l := range lines {
		if l.hint == nil || len(l.hint.left().payments) == 0 || slices.Contains(seen, l.hint) {
			continue
		}
		seen = append(seen, l.hint)
		if len(seen) > maxCandidates {
			return
		}
		f.Verdict = audit.Undecidable
		if !l.ambiguous && len(seen) == 1 {
			f.Reason += fmt.Sprintf(" Perhaps it settles %s: %s; nothing is taken for settled on that.", several(len(l.hint.payments), "a payment that is not matched", "payments that are not matched"), alike(l.hint.by))
		}
		for i, p := range l.hint.payments {
			if i == maxCandidates {
				f.Evidence = append(f.Evidence, notSuggested(len(l.hint.payments)-i))
				break
			}
			f.Evidence = append(f.Evidence, m.entryEvidence(p, "payment_id", p.PaymentID, "perhaps: "+l.hint.by+", "+m.show(p.Amount)))
		}
	}
}

func alike(by string) string { return "they share " + by }

func several(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf("one of %d %s", n, many)
}

func notSuggested(n int) audit.Evidence {
	return audit.Evidence{Source: "this run", Field: "not listed", Value: fmt.Sprint(n), Note: "further candidates"}
}
