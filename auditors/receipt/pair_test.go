package receipt_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/record"
)

var day = audit.Window{From: time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC)}

// apart is what an auditor is given of some pairs, by inventories of the day after.
func apart(pairs ...receipt.Pair) receipt.Input {
	scan := day.To.Add(12 * time.Hour)
	return receipt.Input{
		Window: day, AsOf: scan.Add(time.Hour), Pairs: slices.Values(pairs), Suspects: 10,
		Complete: map[audit.Region]bool{dublin: true, london: true}, Scanned: map[audit.Region]time.Time{dublin: scan, london: scan},
	}
}

// copyOf is a receipt as a list tells of it.
func copyOf(region audit.Region, etag string) record.Object {
	o := receiptOf("pay-1", region, day.From.Add(time.Hour))
	o.SeenAt, o.Size, o.ETag, o.Encryption = day.To.Add(12*time.Hour), 10, etag, "SSE-S3"
	return o
}

// TestOneListSaysTwoThings: where one list contradicts itself nothing is found and nothing clears, until the buckets were asked.
func TestOneListSaysTwoThings(t *testing.T) {
	const good, bad = "0123456789abcdef0123456789abcdef", "00000000000000000000000000000bad"
	living := audit.NewFingerprint(audit.ReceiptMismatch, rules().Scope, keyOf("pay-1"))
	auditor := receipt.Auditor{Rules: rules()}
	for name, twice := range map[string]func(o *record.Object){
		"etag":   func(o *record.Object) { o.ETag = bad },
		"size":   func(o *record.Object) { o.ETag, o.Size = bad, 7 },
		"marker": func(o *record.Object) { o.ETag, o.Size, o.DeleteMarker = "", 0, true },
	} {
		other := copyOf(dublin, good)
		twice(&other)
		replica := copyOf(london, bad)
		replica.Size = other.Size
		for _, rows := range [][]record.Object{{copyOf(dublin, good), other}, {other, copyOf(dublin, good)}} {
			in := apart(receipt.Pair{Key: replica.Key, Sides: [2][]record.Object{rows, {replica}}})
			in.Living = map[audit.Fingerprint]bool{living: true}
			got := auditor.Audit(in)
			if len(got.Findings) != 0 || got.Matched != 0 || got.Torn != 1 || !slices.Equal(got.Held, []audit.Fingerprint{living}) ||
				len(got.Excluded) != 1 || !strings.Contains(got.Excluded[0].Reason, "says two things") ||
				len(got.Suspects) != 1 || got.Suspects[0].Key != replica.Key {
				t.Errorf("%s: %+v", name, got)
			}
			in.Live = map[string][2][]record.Object{replica.Key: {{copyOf(dublin, good)}, {replica}}}
			if got = auditor.Audit(in); len(got.Findings) != 1 || got.Findings[0].Kind != audit.ReceiptMismatch || len(got.Suspects) != 0 {
				t.Errorf("%s, asked: %+v", name, got)
			}
		}
	}
}

// TestRowsTwiceThatAgree: a row that a list names twice, and an ETag that says nothing, are no contradiction.
func TestRowsTwiceThatAgree(t *testing.T) {
	const good, bad = "0123456789abcdef0123456789abcdef", "00000000000000000000000000000bad"
	silent := copyOf(dublin, bad)
	silent.Encryption = "SSE-KMS"
	for name, twice := range map[string]record.Object{"the same": copyOf(dublin, good), "silent": silent} {
		rows := []record.Object{twice, copyOf(dublin, good)}
		got := receipt.Auditor{Rules: rules()}.Audit(apart(receipt.Pair{Key: twice.Key, Sides: [2][]record.Object{rows, {copyOf(london, good)}}}))
		if got.Matched != 1 || len(got.Findings)+len(got.Excluded) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestManyVersions: a key with very many versions takes time in proportion to them, not to their square.
func TestManyVersions(t *testing.T) {
	const versions = 50_000
	p := receipt.Pair{Key: keyOf("pay-1")}
	for side, region := range rules().Regions {
		for i := range versions {
			o := copyOf(region, "x")
			o.VersionID, o.IsLatest = fmt.Sprintf("v%d-%d", side, i), i == versions-1
			o.LastModified = day.From.Add(time.Duration(i) * time.Second)
			p.Sides[side] = append(p.Sides[side], o)
		}
	}
	start := time.Now()
	got := receipt.Auditor{Rules: rules()}.Audit(apart(p))
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("%d versions a side took %s", versions, took)
	}
	if len(got.Findings) != 1 {
		t.Errorf("%d findings", len(got.Findings))
	}
	for _, e := range got.Excluded {
		if e.Records != 2*(versions-1) {
			t.Errorf("%+v", e)
		}
	}
}
