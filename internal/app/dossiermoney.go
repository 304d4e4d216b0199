package app

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"parallax/internal/audit"
	"parallax/sinks/report"
)

// moneyClass is a class of the dossier's money: which kinds of finding it holds, and the job that looks for them.
type moneyClass struct {
	class, name string
	job         string
	kinds       []audit.Kind
}

// moneyClasses are the classes of proven findings. A finding is of one class, so that no row tells one payment twice.
func moneyClasses() []moneyClass {
	return []moneyClass{
		{report.ClassLost, "lost from the ledger", "ledger", []audit.Kind{audit.LedgerLostRow}},
		{report.ClassChanged, "changed in the ledger", "ledger", []audit.Kind{audit.LedgerChangedRow}},
		{report.ClassDouble, "charged twice, to refund", "chain", []audit.Kind{audit.ChainDoubleCharge}},
		{report.ClassKeyOnly, "key accepted, not in the ledger", "chain", []audit.Kind{audit.ChainKeyWithoutEntry}},
		{report.ClassKeyWrites, "key writes lost or overwritten", "lww", []audit.Kind{
			audit.LWWLostWrite, audit.LWWLostDelete, audit.LWWDoubleAccept, audit.LWWFork, audit.LWWNotReplicated, audit.LWWDiverged,
		}},
		{report.ClassNotInLedger, "settled, not in the ledger", "settlement", []audit.Kind{audit.SettlementMissingInLedger}},
		{report.ClassNotInNetwork, "in the ledger, not settled", "settlement", []audit.Kind{audit.SettlementMissingInNetwork}},
		{report.ClassStuck, "transfers stuck or half done", "chain", []audit.Kind{audit.ChainStuckCommand}},
		{report.ClassSettledTwice, "settled twice or against the ledger", "settlement", []audit.Kind{
			audit.SettlementDuplicateInNetwork, audit.SettlementDuplicateInLedger, audit.SettlementStatusMismatch,
		}},
		{report.ClassNoReceipt, "charged without a receipt", "receipts", []audit.Kind{audit.ReceiptMissing}},
	}
}

// untold are kinds without money of their own, and those that only say again what another finding says: a payment whose row id
// was given out anew is lost as well.
var untold = []string{"failover.", "coverage.", "lag.", "file.", string(audit.ChainBroken), string(audit.LedgerIDCollision)}

// money sums the findings of the window by class. Money is never added across currencies, and a payment counts once in a row.
func (f *dossierFacts) money(d report.Dossier) []report.MoneyRow {
	lost := map[string]bool{}
	for _, p := range d.Lost {
		lost[p.PaymentID] = true
	}
	tally := map[string]*tallied{}
	for _, finding := range f.findings {
		class := classOf(finding)
		if class == "" {
			continue
		}
		if tally[class] == nil {
			tally[class] = newTally()
		}
		payments := paymentsOf(finding)
		inside := f.inOutage(finding, d.Outage) || slices.ContainsFunc(payments, func(p string) bool { return lost[p] })
		tally[class].add(finding, payments, inside)
	}
	var rows []report.MoneyRow
	row := func(class, name string, complete bool, kinds []audit.Kind) {
		r := report.MoneyRow{Class: class, Name: name, Kinds: kinds, Complete: complete, Amounts: []audit.Money{}}
		if t := tally[class]; t != nil {
			r.Count, r.InOutage, r.Amounts = len(t.amounts), len(t.inside), t.sums()
			if len(kinds) == 0 {
				r.Kinds = slices.Sorted(maps.Keys(t.kinds))
			}
		}
		if r.Kinds == nil {
			r.Kinds = []audit.Kind{}
		}
		rows = append(rows, r)
	}
	all := len(d.NotCovered) == 0
	for _, c := range moneyClasses() {
		complete := f.complete(c.job) && (c.class != report.ClassLost || d.Snapshot.Compared)
		row(c.class, c.name, complete, c.kinds)
	}
	row(report.ClassOther, "other differences", all, nil)
	row(report.ClassAtRisk, "at risk: not proven or still due", all, nil)
	row(report.ClassExplained, "explained so far", true, nil)
	return rows
}

// classOf is the class that a finding is told in; none for a kind that carries no money of its own.
func classOf(f audit.StoredFinding) string {
	if slices.ContainsFunc(untold, func(prefix string) bool { return strings.HasPrefix(string(f.Kind), prefix) }) {
		return ""
	}
	switch {
	case slices.Contains([]audit.Status{audit.Cleared, audit.Resolved, audit.Suppressed}, f.Status):
		return report.ClassExplained
	case f.Verdict != audit.Proven || f.Status == audit.Expected || f.Status == audit.Overdue:
		return report.ClassAtRisk
	}
	for _, c := range moneyClasses() {
		if slices.Contains(c.kinds, f.Kind) {
			return c.class
		}
	}
	return report.ClassOther
}

// tallied is what a row has counted: the money of each payment or key by currency, and which of them lie in the outage.
type tallied struct {
	amounts map[string]map[string]int64
	inside  map[string]bool
	kinds   map[audit.Kind]bool
}

func newTally() *tallied {
	return &tallied{amounts: map[string]map[string]int64{}, inside: map[string]bool{}, kinds: map[audit.Kind]bool{}}
}

// add counts a finding. Of several findings about one payment the greatest amount stands.
func (t *tallied) add(f audit.StoredFinding, payments []string, inside bool) {
	about := f.Scope + "/" + f.Key
	if len(payments) == 1 {
		about = "payment/" + payments[0]
	}
	if class := classOf(f); class == report.ClassLost || class == report.ClassChanged {
		about = "row/" + string(f.Fingerprint) // also beside another one of its payment
	}
	t.count(about, f.Amounts)
	if inside {
		t.inside[about] = true
	}
	t.kinds[f.Kind] = true
}

// count counts the money of one payment or key.
func (t *tallied) count(about string, amounts []audit.Money) {
	if t.amounts[about] == nil {
		t.amounts[about] = map[string]int64{}
	}
	for _, m := range amounts {
		if have, found := t.amounts[about][m.Currency]; !found || m.Minor > have {
			t.amounts[about][m.Currency] = m.Minor
		}
	}
}

// sums adds up by currency. A sum beyond 64 bits is left out rather than told wrong, and hides no other currency's.
func (t *tallied) sums() []audit.Money {
	byCurrency := map[string][]audit.Money{}
	for _, amounts := range t.amounts {
		for currency, minor := range amounts {
			byCurrency[currency] = append(byCurrency[currency], audit.Money{Minor: minor, Currency: currency})
		}
	}
	out := []audit.Money{}
	for _, currency := range slices.Sorted(maps.Keys(byCurrency)) {
		if sum, err := report.Sums(byCurrency[currency]); err == nil {
			out = append(out, sum...)
		}
	}
	return out
}

// paymentsOf are the payments that a finding is about, as far as its key and evidence name them.
func paymentsOf(f audit.StoredFinding) []string {
	switch f.Kind {
	case audit.LedgerLostRow, audit.LedgerChangedRow, audit.LedgerNotReplicated, audit.ReceiptMissing, audit.SettlementMissingInNetwork,
		audit.ChainEntryWithoutKey, audit.ChainBroken:
		return []string{f.Key}
	}
	var out []string
	for _, e := range f.Evidence {
		id := e.Value
		switch {
		case e.Field != "payment_id":
			continue
		case id == "absent":
			id, _ = strings.CutPrefix(e.Ref, "payment id ")
		}
		if id != "" && id != "absent" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// doubles are the orders that were charged more than once, in the order of time.
func (f *dossierFacts) doubles() []report.Double {
	out := []report.Double{}
	for _, x := range f.findings {
		if x.Kind != audit.ChainDoubleCharge || x.Status == audit.Suppressed {
			continue
		}
		d := report.Double{
			Key: x.Key, Ledger: x.Scope, Region: x.Region, Refund: x.Amounts, Status: x.Status, Verdict: x.Verdict, Finding: x.Fingerprint,
			Charges: []report.Charge{},
		}
		for _, e := range x.Evidence {
			if e.Field == "payment_id" && e.Value != "absent" {
				d.Charges = append(d.Charges, report.Charge{PaymentID: e.Value, Source: e.Source, Region: e.Region, Ref: e.Ref, At: e.At, Note: e.Note})
			}
		}
		d.Note = f.against(d.Charges)
		out = append(out, d)
	}
	slices.SortStableFunc(out, func(a, b report.Double) int {
		return cmp.Or(firstCharge(a).Compare(firstCharge(b)), cmp.Compare(a.Key, b.Key))
	})
	return out
}
