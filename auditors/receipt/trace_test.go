package receipt_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/record"
)

func TestTraceTellsOfEachPaymentByItself(t *testing.T) {
	noon := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	scan := noon.Add(12 * time.Hour)
	object := func(region audit.Region, payment string, deleted, latest bool) record.Object {
		return record.Object{
			Region: region, Bucket: "b-" + string(region), Key: "r/" + payment, VersionID: "v1", IsLatest: latest, DeleteMarker: deleted,
			LastModified: noon, SeenAt: scan, Size: 1, ETag: "e", ReplicationStatus: "COMPLETED",
		}
	}
	objects := []record.Object{
		object("eu-west-1", "both", false, true), object("eu-west-2", "both", false, true),
		object("eu-west-2", "one", false, true), object("eu-west-1", "one", true, true),
	}
	in := receipt.Input{
		Window: audit.Window{From: noon, To: noon.Add(time.Hour)}, AsOf: scan, Trace: true, Entries: []record.Entry{},
		Complete: map[audit.Region]bool{"eu-west-1": true, "eu-west-2": true},
	}
	a := receipt.Auditor{Rules: receipt.Rules{
		Scope: "receipts", Grace: 15 * time.Minute, KeyPattern: regexp.MustCompile(`r/(?P<payment_id>.+)`), Regions: [2]audit.Region{"eu-west-1", "eu-west-2"},
	}}
	in.Pairs = slices.Values([]receipt.Pair{{Key: "r/one", Sides: [2][]record.Object{objects[3:], objects[2:3]}}})
	in.Scanned = map[audit.Region]time.Time{"eu-west-1": scan, "eu-west-2": scan}
	in.Ties = receipt.NewTies(a.Rules, []record.Entry{{PaymentID: "both"}, {PaymentID: "none"}}, noon, 10)
	in.Ties.See(objects)
	check := func(t *testing.T, in receipt.Input, payment string, taken time.Time, state audit.LinkState, note string) {
		t.Helper()
		if l := a.Audit(in).Trace.Of(payment, taken); l.State != state || l.Note != note || l.Layer != "receipt" {
			t.Errorf("%s: %+v, want %s, %q", payment, l, state, note)
		}
	}
	check(t, in, "both", noon, audit.LinkPresent, "in eu-west-1 and eu-west-2")
	check(t, in, "one", noon, audit.LinkPresent, "in eu-west-2, deleted in eu-west-1")
	check(t, in, "none", noon, audit.LinkAbsent, "in neither region's list of 2026-11-19T00:00:00Z or later")
	check(t, in, "none", scan.Add(-14*time.Minute), audit.LinkExpected, "too young at the scan of 2026-11-19T00:00:00Z")

	in.Complete = map[audit.Region]bool{"eu-west-1": true}
	check(t, in, "none", noon, audit.LinkUnknown, "the buckets were not read completely")
	in.Complete["eu-west-2"], in.NoReceipts = true, true
	check(t, in, "none", noon, audit.LinkUnknown, "the buckets were not read completely")
	in.Trace = false
	if a.Audit(in).Trace != nil {
		t.Error("a trace that nobody asked for")
	}
}
