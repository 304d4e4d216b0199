package reconcile

import (
	"fmt"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Agrees returns a check whether a payment and a line that a safe key (payment id, reference) brings together settle each
// other without anything to say: judged alone they make one match, no finding and no exclusion. It says nothing of
// the window, and nothing of what else may carry their keys. The check must not be called from two goroutines at once. The
// error is what Rules.Check says.
func (a Auditor) Agrees() (func(*record.Entry, *record.SettlementLine) bool, error) {
	law, err := a.Rules.compile()
	if err != nil {
		return nil, fmt.Errorf("match %s: %w", a.Rules.Feed, err)
	}
	m := &matching{law: law, days: newDays(law.Calendar), reported: map[audit.Fingerprint]int{}}
	safe := &tier{verdict: audit.Proven}
	found := map[varianceKey]*variance{}
	return func(e *record.Entry, r *record.SettlementLine) bool {
		l := line{SettlementLine: r}
		p := payment{Entry: e, class: m.classOf(e.Status), ours: true, line: &l, tier: safe}
		l.owner = &p
		if p.class != charged || e.Amount.Minor < 0 || !settles(&l) || numbered(&l) || notOfPayments(r) || e.Amount != r.Amount {
			return false
		}
		m.judgePeriod(&p)
		m.judgeFX(&p)
		if earns(&l) {
			m.judgeTariff(&l, found)
			m.judgeNet(&l, found)
		}
		quiet := len(m.out.Findings) == 0 && m.unrated == 0 && m.unpriced == 0 && len(found) == 0
		if !quiet {
			m.out.Findings, m.unrated, m.unpriced = nil, 0, 0
			clear(m.reported)
			clear(found)
		}
		return quiet
	}, nil
}
