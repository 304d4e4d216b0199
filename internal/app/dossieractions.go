package app

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/sinks/repair"
	"parallax/sinks/report"
)

// actions are what is to be done now, the most urgent first: what would be gone soon, then money taken twice, then money lost
// or in between, then what is not known yet.
func (f *dossierFacts) actions(d report.Dossier) []report.Action {
	out := []report.Action{}
	for _, next := range []func(report.Dossier) (report.Action, bool){
		f.keepSnapshot, f.compareSnapshot, f.refund, f.reinsert, f.lookAt, f.read, f.rewriteKeys, f.copyReceipts, f.reissueReceipts,
		f.askNetworks, f.reconcile,
	} {
		if a, needed := next(d); needed {
			out = append(out, a)
		}
	}
	return out
}

// keepSnapshot is needed while the only witness of what was lost is about to be deleted.
func (f *dossierFacts) keepSnapshot(d report.Dossier) (report.Action, bool) {
	expires := d.Snapshot.ExpiresAt
	for _, x := range f.findings {
		if x.Kind == audit.FailoverSnapshotExpiring && slices.Contains(alive, x.Status) {
			return f.keep(d, x.Reason), true
		}
	}
	if f.copied() || expires.IsZero() || expires.Before(d.AsOf) || expires.Sub(d.AsOf) > f.rules.snapshotAlarm {
		return report.Action{}, false
	}
	return f.keep(d, fmt.Sprintf("It is the only copy of what was lost, and it is deleted in %s.", report.Spell(expires.Sub(d.AsOf)))), true
}

// copied reports whether a manual snapshot was made of the old primary's.
func (f *dossierFacts) copied() bool {
	return slices.ContainsFunc(f.events, func(e audit.TopologyEvent) bool {
		return e.Type == string(record.SnapshotCopied) && !f.stranger(e)
	})
}

func (f *dossierFacts) keep(d report.Dossier, why string) report.Action {
	name := cmp.Or(d.Snapshot.Name, "SNAPSHOT")
	if !d.Snapshot.ExpiresAt.IsZero() {
		why = "Copy it to a manual one before " + d.Snapshot.ExpiresAt.UTC().Format("2 Jan 15:04 UTC") + ". " + why
	}
	return report.Action{What: "Keep the old primary's snapshot", Why: why, Command: fmt.Sprintf(
		"aws rds copy-db-cluster-snapshot --region %s --source-db-cluster-snapshot-identifier %s --target-db-cluster-snapshot-identifier kept-%s",
		cmp.Or(string(d.From), "REGION"), name, strings.TrimPrefix(name, "rds:"))}
}

// compareSnapshot is needed while no loss can be proven.
func (f *dossierFacts) compareSnapshot(d report.Dossier) (report.Action, bool) {
	switch {
	case d.Snapshot.Compared || d.Planned:
		return report.Action{}, false
	case d.Snapshot.Name == "":
		return report.Action{
			What:    "Find a copy of the old primary",
			Why:     "Without one no loss can be proven. Restored, it goes under ledgers[].snapshot.",
			Command: "parallax runbook ledger.lost_row",
		}, true
	default:
		return report.Action{
			What:    "Restore the snapshot and compare it",
			Why:     "Until it is named under ledgers[].snapshot no loss can be proven: " + d.Snapshot.Name,
			Command: "parallax run failover --at " + d.At.UTC().Format(time.RFC3339),
		}, true
	}
}

// count is how much of a class still wants someone's attention.
func count(d report.Dossier, class string) (int, string) {
	for _, r := range d.Money {
		if r.Class == class {
			return r.Count, report.MoneyList(r.Amounts)
		}
	}
	return 0, ""
}

// ofClass are the findings that some rows of the money tell.
func (f *dossierFacts) ofClass(classes ...string) []audit.StoredFinding {
	return slices.DeleteFunc(slices.Clone(f.findings), func(x audit.StoredFinding) bool { return !slices.Contains(classes, classOf(x)) })
}

func (f *dossierFacts) refund(d report.Dossier) (report.Action, bool) {
	w := f.workOn("refunds", f.ofClass(report.ClassDouble))
	n, sum := w.size(nil)
	return w.action(f, d, report.Action{What: fmt.Sprintf("Refund %s charged twice", several(n, "order")), Why: sum}, func(n int) string {
		return fmt.Sprintf("Refund %s charged twice by hand", several(n, "order"))
	})
}

func (f *dossierFacts) reinsert(d report.Dossier) (report.Action, bool) {
	w := f.workOn("ledger-", f.ofClass(report.ClassLost, report.ClassChanged))
	lost, sum := w.size(func(s repair.Step) bool { return s.Kind == audit.LedgerLostRow })
	changed, _ := w.size(func(s repair.Step) bool { return s.Kind == audit.LedgerChangedRow })
	if len(w.steps) == 0 {
		lost, sum = size(onlyOf(w.left, audit.LedgerLostRow))
		changed, _ = size(onlyOf(w.left, audit.LedgerChangedRow))
	}
	a := report.Action{Why: sum}
	switch {
	case lost > 0 && changed > 0:
		a.What = fmt.Sprintf("Re-insert %s, mend %s", several(lost, "lost payment"), several(changed, "row"))
	case lost > 0:
		a.What = fmt.Sprintf("Re-insert %s in the ledger", several(lost, "lost payment"))
	default:
		a.What, a.Why = fmt.Sprintf("Mend %s of the ledger", several(changed, "changed row")), "An update of them was lost"
	}
	return w.action(f, d, a, func(n int) string { return fmt.Sprintf("Mend %s of the ledger by hand", several(n, "row")) })
}

// lookAt is needed while critical findings stand that no other action names.
func (f *dossierFacts) lookAt(report.Dossier) (report.Action, bool) {
	named := []string{report.ClassLost, report.ClassChanged, report.ClassDouble, report.ClassKeyWrites, report.ClassNoReceipt, report.ClassNotInNetwork}
	var left []audit.StoredFinding
	var kinds []string
	for _, x := range f.findings {
		class := classOf(x)
		if x.Severity != audit.Critical || !slices.Contains(alive, x.Status) || class == "" || slices.Contains(named, class) {
			continue
		}
		left = append(left, x)
		if !slices.Contains(kinds, string(x.Kind)) {
			kinds = append(kinds, string(x.Kind))
		}
	}
	slices.Sort(kinds)
	_, sum := size(left)
	return report.Action{
		What: fmt.Sprintf("Look at %s", several(len(left), "critical finding")), Why: sum + "; " + strings.Join(kinds, ", "),
		Command: "parallax findings list --severity critical",
	}, len(left) > 0
}

func (f *dossierFacts) read(d report.Dossier) (report.Action, bool) {
	if len(d.NotCovered) == 0 {
		return report.Action{}, false
	}
	first := d.NotCovered[0]
	a := report.Action{
		What: fmt.Sprintf("Have %s read that no run could", several(len(d.NotCovered), "thing")), Why: first.Reason,
		Command: "parallax run failover --at " + d.At.UTC().Format(time.RFC3339),
	}
	if first.Remedy != "" {
		a.Why += ". " + first.Remedy
	}
	return a, true
}

func (f *dossierFacts) rewriteKeys(d report.Dossier) (report.Action, bool) {
	w := f.workOn("keys-", f.ofClass(report.ClassKeyWrites))
	n, sum := w.size(nil)
	return w.action(f, d, report.Action{What: fmt.Sprintf("Write %s again", several(n, "key record")), Why: sum}, func(n int) string {
		return fmt.Sprintf("Decide %s by hand", several(n, "key record"))
	})
}

func (f *dossierFacts) copyReceipts(d report.Dossier) (report.Action, bool) {
	var found []audit.StoredFinding
	for _, x := range f.findings {
		if slices.Contains([]audit.Kind{audit.ReceiptNotReplicated, audit.ReceiptReplicationFailed, audit.ReceiptMismatch}, x.Kind) && slices.Contains(alive, x.Status) {
			found = append(found, x)
		}
	}
	w := f.workOn("receipts-", found)
	n, _ := w.size(nil)
	return w.action(f, d, report.Action{
		What: fmt.Sprintf("Copy %s to the other region", several(n, "receipt")), Why: "S3 has not copied them, or not whole",
	}, func(n int) string { return fmt.Sprintf("Copy %s by hand", several(n, "receipt")) })
}

func (f *dossierFacts) reissueReceipts(d report.Dossier) (report.Action, bool) {
	n, sum := count(d, report.ClassNoReceipt)
	return report.Action{
		What: fmt.Sprintf("Issue %s again", several(n, "missing receipt")), Why: "Neither region holds one: " + sum,
		Command: "parallax runbook " + string(audit.ReceiptMissing),
	}, n > 0
}

func (f *dossierFacts) askNetworks(d report.Dossier) (report.Action, bool) {
	n, sum := count(d, report.ClassNotInNetwork)
	return report.Action{
		What: fmt.Sprintf("Ask the networks for %s", several(n, "payment")), Why: "They were charged and not settled: " + sum,
		Command: "parallax runbook " + string(audit.SettlementMissingInNetwork),
	}, n > 0
}

// reconcile is needed while no case repeats the jobs.
func (f *dossierFacts) reconcile(d report.Dossier) (report.Action, bool) {
	return report.Action{
		What:    "Have it reconciled to the end",
		Why:     "No case is open: evidence that comes late, such as tomorrow's settlement file, is not looked at by itself.",
		Command: "parallax run failover --at " + d.At.UTC().Format(time.RFC3339),
	}, d.Case == nil && !d.Planned
}

func several(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
