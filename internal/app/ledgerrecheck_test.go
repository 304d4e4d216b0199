package app

import (
	"testing"

	"parallax/auditors/ledger"
	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/aurora"
)

// A suspect whose rows changed between two readings is on its way; one that stood still is not, and what a snapshot witnesses
// does not hang on whether the writer goes on changing the row.
func TestSuspectsThatMoveAreNotReported(t *testing.T) {
	row := func(id string, minor int64) []record.Entry {
		return []record.Entry{{PaymentID: id, Status: "captured", Amount: money.Amount{Minor: minor, Currency: "EUR"}}}
	}
	live := &ledgerPair{other: &ledgerCopy{src: aurora.Source{Witness: record.Reader}}}
	r := recheck{ledgerAudit: &ledgerAudit{}, pairs: []*ledgerPair{live}, suspects: []audit.Finding{
		{Key: "hot", Evidence: []audit.Evidence{{Note: "as the reader holds it"}}},
		{Key: "still", Evidence: []audit.Evidence{{Note: "as the reader holds it"}}},
		{Key: "hot", Evidence: []audit.Evidence{{Note: "as the snapshot holds it"}}},
	}}
	for minor := range int64(2) {
		live.copy = ledger.Copy{Writer: append(row("hot", minor), row("still", 5)...), Rows: append(row("hot", 7), row("still", 6)...)}
		r.remember()
	}
	got := r.confirmed()
	if len(got) != 2 || got[0].Key != "still" || got[1].Key != "hot" {
		t.Errorf("confirmed: %+v", got)
	}
	var j audit.Judgement
	r.gone = 3
	r.exclude(&j)
	if len(j.Excluded) != 2 || j.Excluded[0].Records != 3 || j.Excluded[1].Records != 1 {
		t.Errorf("excluded: %+v", j.Excluded)
	}
}
