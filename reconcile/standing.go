package reconcile

import (
	"fmt"
	"time"

	"parallax/internal/audit"
)

// Standing tells where a payment taken at a moment would stand if no file carried it: expected, overdue or open, and how sure
// that is. It serves payments that are not in the ledger, which Match cannot judge. Its error is what Rules.Check says.
func (a Auditor) Standing(in Input, taken time.Time) (audit.Status, audit.Verdict, error) {
	law, err := a.Rules.compile()
	if err != nil {
		return "", "", fmt.Errorf("match %s: %w", a.Rules.Feed, err)
	}
	m := &matching{law: law, in: in, days: newDays(law.Calendar)}
	status, verdict := m.lateness(taken)
	return status, verdict, nil
}
