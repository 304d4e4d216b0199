package receipt_test

import (
	"regexp"
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
	in := receipt.Input{
		Window: audit.Window{From: noon, To: noon.Add(time.Hour)}, AsOf: scan, Trace: true, Entries: []record.Entry{},
		Complete: map[audit.Region]bool{"eu-west-1": true, "eu-west-2": true},
		Objects: []record.Object{
			object("eu-west-1", "both", false, true), object("eu-west-2", "both", false, true),
			object("eu-west-2", "one", false, true), object("eu-west-1", "one", true, true),
			object("eu-west-1", "unread", false, false),
		},
	}
	a := receipt.Auditor{Rules: receipt.Rules{
		Scope: "receipts", Grace: 15 * time.Minute, KeyPattern: regexp.MustCompile(`r/(?P<payment_id>.+)`), Regions: [2]audit.Region{"eu-west-1", "eu-west-2"},
	}}
	check := func(t *testing.T, in receipt.Input, payment string, taken time.Time, state audit.LinkState, note string) {
		t.Helper()
		if l := a.Audit(in).Trace.Of(payment, taken); l.State != state || l.Note != note || l.Layer != "receipt" {
			t.Errorf("%s: %+v, want %s, %q", payment, l, state, note)
		}
	}
	check(t, in, "both", noon, audit.LinkPresent, "in eu-west-1 and eu-west-2")
	check(t, in, "one", noon, audit.LinkPresent, "in eu-west-2, deleted in eu-west-1")
	check(t, in, "unread", noon, audit.LinkUnknown, "its latest version was not read")
	check(t, in, "none", noon, audit.LinkAbsent, "in neither region's list of 2026-11-19T00:00:00Z or later")
	check(t, in, "none", scan.Add(-14*time.Minute), audit.LinkExpected, "too young at the scan of 2026-11-19T00:00:00Z")

	in.Complete = map[audit.Region]bool{"eu-west-1": true}
	check(t, in, "none", noon, audit.LinkUnknown, "the buckets were not read completely")
	in.Complete["eu-west-2"], in.Objects = true, []record.Object{{Region: "eu-west-1", Key: "x", IsLatest: true, SeenAt: scan}}
	check(t, in, "none", noon, audit.LinkUnknown, "the buckets were not read completely")
	in.Trace = false
	if a.Audit(in).Trace != nil {
		t.Error("a trace that nobody asked for")
	}
}
