package receipt_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/record"
)

// naming is a day of charged payments and of receipts in both buckets, all an hour old or more.
type naming struct {
	rules   receipt.Rules
	in      receipt.Input
	objects []record.Object
}

var noon = time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)

func newNaming() *naming {
	w := audit.Window{From: noon.Add(-time.Hour), To: noon.Add(time.Hour)}
	return &naming{rules: rules(), in: receipt.Input{
		Window: w, AsOf: noon.Add(24 * time.Hour), Cover: w.Around(24 * time.Hour), Suspects: 1000, Live: map[string][2][]record.Object{},
		Complete: map[audit.Region]bool{dublin: true, london: true},
		Scanned:  map[audit.Region]time.Time{dublin: noon.Add(12 * time.Hour), london: noon.Add(12 * time.Hour)},
	}}
}

// paid charges payments at a moment.
func (n *naming) paid(at time.Time, prefix string, count int) {
	for i := range count {
		n.in.Entries = append(n.in.Entries, record.Entry{PaymentID: fmt.Sprintf("%s%03d", prefix, i), CreatedAt: at, Status: "captured"})
	}
}

// stored puts objects into both buckets.
func (n *naming) stored(at time.Time, key string, count int) {
	for i := range count {
		for _, region := range []audit.Region{dublin, london} {
			o := receiptOf("", region, at)
			o.Key, o.ETag = fmt.Sprintf(key, i), "aa"
			n.objects = append(n.objects, o)
		}
	}
}

// tell answers for each payment's key what the buckets hold there.
func (n *naming) tell() {
	for _, e := range n.in.Entries {
		told := [2][]record.Object{{}, {}}
		for _, o := range n.objects {
			if o.Key == n.rules.KeyOf(e) {
				side := 0
				if o.Region == london {
					side = 1
				}
				told[side] = append(told[side], o)
			}
		}
		n.in.Live[n.rules.KeyOf(e)] = told
	}
}

func (n *naming) template() {
	n.rules.KeyOf = func(e record.Entry) string { return keyOf(e.PaymentID) }
}

// audit tells the findings by kind and verdict, what is excluded, and the misfit.
func (n *naming) audit() (string, receipt.Result) {
	n.in.Ties = receipt.NewTies(n.rules, n.in.Entries, n.in.Cover.From, 1000).Within(n.in.Window).Around(n.in.Cover)
	n.in.Ties.See(n.objects)
	n.in.Trace = true
	r := receipt.Auditor{Rules: n.rules}.Audit(n.in)
	var out []string
	count := map[string]int{}
	for _, f := range r.Findings {
		count[fmt.Sprintf("%s %s", f.Verdict, f.Kind)]++
	}
	for _, kind := range []string{"proven receipt.missing", "probable receipt.missing", "proven receipt.orphan"} {
		if count[kind] > 0 {
			out = append(out, fmt.Sprintf("%d %s", count[kind], kind))
		}
	}
	for _, e := range r.Excluded {
		out = append(out, fmt.Sprintf("%d %s", e.Records, e.Reason))
	}
	if r.Misfit != nil {
		out = append(out, "misfit: "+r.Misfit.Reason)
	}
	return strings.Join(out, "\n"), r
}

const (
	ours  = "receipts/2026/11/18/pay-%03d.json"
	other = "receipts/2026/11/18/ord-%03d.json"
	thumb = "receipts/2026/11/18/thumb/%03d.png"
)

// TestNamesThatDoNotFit: what is wrong with the names is said once and nothing is called missing for it; what is really gone is.
func TestNamesThatDoNotFit(t *testing.T) {
	for name, c := range map[string]struct {
		play func(n *naming)
		want string
	}{
		"a pattern that takes too much": {func(n *naming) {
			n.rules.KeyPattern = regexp.MustCompile(`receipts/\d{4}/\d{2}/\d{2}/(?P<payment_id>[^/]+)`)
			n.paid(noon, "pay-", 30)
			n.stored(noon, ours, 30)
		}, "30 payment without a receipt, not judged: receipts and payments do not fit one another\n" +
			"30 receipt without a payment, not judged: receipts and payments do not fit one another\n" +
			"misfit: 30 of 30 charged payments have no receipt, and 30 of 30 receipts fit no payment"},
		"a pattern that fits some of the template's keys": {func(n *naming) {
			n.template()
			n.rules.KeyPattern = regexp.MustCompile(`receipts/\d{4}/\d{2}/\d{2}/(?P<payment_id>pay-00\d)\.json`)
			n.paid(noon, "pay-", 30)
			n.stored(noon, ours, 29)
		}, "1 payment without a receipt, from whose key the pattern does not take it back: it may have one that was not recognised"},
		"as above, in no inventory yet": {func(n *naming) {
			n.template()
			n.rules.KeyPattern = regexp.MustCompile(`receipts/\d{4}/\d{2}/\d{2}/(?P<payment_id>pay-00\d)\.json`)
			n.paid(noon, "pay-", 30)
			n.stored(noon, ours, 30)
			n.tell()
			n.objects = nil
		}, "30 payment whose receipt only the buckets themselves told of: no inventory lists it yet"},
		"a pattern that fits none, nor are receipts there": {func(n *naming) {
			n.template()
			n.rules.KeyPattern = regexp.MustCompile(`receipts/(?P<payment_id>[^/]+)\.json`)
			n.paid(noon, "pay-", 30)
			n.tell()
		}, "30 payment without a receipt, from whose key the pattern does not take it back: it may have one that was not recognised\n" +
			"misfit: 30 of 30 charged payments have no receipt, and key_pattern does not take them back out of the keys they should have"},
		"another ledger": {func(n *naming) {
			n.paid(noon, "pay-", 3)
			n.stored(noon, ours, 3)
			n.stored(noon, other, 30)
		}, "30 receipt without a payment, not judged: receipts and payments do not fit one another\nmisfit: 30 of 33 receipts fit no payment"},
		"a new layout of keys": {func(n *naming) {
			n.paid(noon, "pay-", 30)
			n.stored(noon, "receipts/2026-11-18/pay-%03d.json", 30)
		}, "30 live object of the window whose key is not that of a receipt\n30 payment without a receipt, not judged: receipts and payments do not fit one another\n" +
			"misfit: 30 of 30 charged payments have no receipt, and 30 objects of the same time have keys that are not those of receipts"},
		"gone from beside other objects": {func(n *naming) {
			n.template()
			n.paid(noon, "pay-", 30)
			n.tell()
			n.stored(noon, thumb, 30)
		}, "30 probable receipt.missing\n30 live object of the window whose key is not that of a receipt"},
		"emptied buckets": {func(n *naming) {
			n.paid(noon, "pay-", 30)
		}, "30 proven receipt.missing"},
		"emptied buckets, asked": {func(n *naming) {
			n.template()
			n.paid(noon, "pay-", 30)
			n.tell()
		}, "30 proven receipt.missing"},
		"a ledger that has lost the window": {func(n *naming) {
			n.paid(noon.Add(-3*time.Hour), "pay-", 30)
			n.stored(noon.Add(-3*time.Hour), ours, 30)
			n.stored(noon, other, 30)
		}, "30 proven receipt.orphan"},
		"a few of each": {func(n *naming) {
			n.paid(noon, "pay-", 19)
			n.stored(noon, other, 19)
		}, "19 proven receipt.missing\n19 proven receipt.orphan"},
		"half of them": {func(n *naming) {
			n.paid(noon, "pay-", 60)
			n.stored(noon, ours, 30)
			n.stored(noon, other, 30)
		}, "30 proven receipt.missing\n30 proven receipt.orphan"},
		"one receipt of two payments": {func(n *naming) {
			n.rules.KeyOf = func(record.Entry) string { return fmt.Sprintf(other, 1) }
			n.paid(noon, "pay-", 2)
			n.stored(noon, other, 2)
		}, "1 proven receipt.orphan"},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNaming()
			c.play(n)
			if got, _ := n.audit(); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestMisfitHoldsWhatWasFound: nothing clears for names that do not fit, the chain of a payment is unknown, and the ledger can be asked
// for the payments of the receipts.
func TestMisfitHoldsWhatWasFound(t *testing.T) {
	n := newNaming()
	n.paid(noon, "pay-", 30)
	n.stored(noon, other, 30)
	missing := audit.NewFingerprint(audit.ReceiptMissing, n.rules.Scope, "pay-003")
	orphan := audit.NewFingerprint(audit.ReceiptOrphan, n.rules.Scope, fmt.Sprintf(other, 3))
	n.in.Living = map[audit.Fingerprint]bool{missing: true, orphan: true}
	_, r := n.audit()
	if len(r.Held) != 2 || r.Misfit == nil || len(r.Misfit.Payments) != 30 || r.Misfit.Payments[3] != "ord-003" {
		t.Fatalf("held %v, %+v", r.Held, r.Misfit)
	}
	if l := r.Trace.Of("pay-003", noon); l.State != audit.LinkUnknown || len(r.Trace.Found()) != 0 {
		t.Errorf("%+v, %d found", l, len(r.Trace.Found()))
	}
	for _, payment := range r.Misfit.Payments { // written again: the ledger knows them
		n.in.Entries = append(n.in.Entries, record.Entry{PaymentID: payment, CreatedAt: noon.Add(-1000 * time.Hour), Status: "captured"})
	}
	r = receipt.Auditor{Rules: n.rules}.Audit(n.in)
	if r.Misfit != nil || len(r.Findings) != 30 || r.Findings[0].Kind != audit.ReceiptMissing {
		t.Errorf("%+v, %d findings", r.Misfit, len(r.Findings))
	}
}

// TestAbsentCarriesTheTimeOfItsAnswer: a bucket without a version is known by when it was asked.
func TestAbsentCarriesTheTimeOfItsAnswer(t *testing.T) {
	n := newNaming()
	n.template()
	n.paid(noon, "pay-", 1)
	n.tell()
	n.in.Answered = map[string][2]time.Time{keyOf("pay-000"): {n.in.AsOf.Add(time.Minute), n.in.AsOf.Add(2 * time.Minute)}}
	_, r := n.audit()
	for i, want := range []string{"not in the live answer of 2026-11-19T12:01:00Z", "not in the live answer of 2026-11-19T12:02:00Z"} {
		if got := r.Findings[0].Evidence[1+i].Note; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
