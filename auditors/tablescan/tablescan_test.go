package tablescan_test

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"parallax/auditors/tablescan"
	"parallax/internal/audit"
	"parallax/internal/golden"
	"parallax/internal/record"
)

const (
	dublin = audit.Region("eu-west-1")
	london = audit.Region("eu-west-2")
)

func rules() tablescan.Rules {
	return tablescan.Rules{
		Table: "idempotency-keys", Regions: []audit.Region{dublin, london}, Settle: 15 * time.Minute,
		Attr: tablescan.Attributes{
			WriteID: "write_id", Version: "version", Origin: "origin", WrittenAt: "written_at",
			PaymentID: "payment_id", AmountMinor: "amount_minor", Currency: "currency", Status: "status", TTL: "ttl",
		},
		Financial: []string{"amount_minor", "currency", "status", "payment_id"},
	}
}

func sequence(prints []tablescan.Print) iter.Seq2[tablescan.Print, error] {
	return func(yield func(tablescan.Print, error) bool) {
		for _, p := range prints {
			if !yield(p, nil) {
				return
			}
		}
	}
}

func printOf(region int, key, content string) tablescan.Print {
	return tablescan.Print{Region: region, Key: key, Image: tablescan.NewPrint(record.Image(content))}
}

// The result does not depend on the order of prints or on how keys are put together.
func TestComparisonDoesNotDependOnParts(t *testing.T) {
	var all []tablescan.Print
	for i := range 300 {
		key := fmt.Sprintf("k%03d", i)
		all = append(all, printOf(0, key, "same"))
		switch i % 10 {
		case 3: // missing in the other region
		case 7:
			all = append(all, printOf(1, key, "other"))
		default:
			all = append(all, printOf(1, key, "same"))
		}
	}
	for _, parts := range []int{1, 2, 7} {
		c := tablescan.Comparison{Regions: 2}
		for part := range parts {
			var some []tablescan.Print
			for _, p := range all {
				if int(p.Key[3]-'0')%parts == part {
					some = append(some, p)
				}
			}
			slices.Reverse(some)
			if err := c.Add(sequence(some)); err != nil {
				t.Fatal(err)
			}
		}
		slices.Sort(c.Suspects)
		if c.Agreed != 240 || len(c.Suspects) != 60 || c.Suspects[0] != "k003" || c.Suspects[59] != "k297" || c.Dropped != 0 {
			t.Errorf("%d parts: agreed %d, suspects %v, dropped %d", parts, c.Agreed, c.Suspects, c.Dropped)
		}
		if !slices.Equal(c.Read, []int64{300, 270}) {
			t.Errorf("%d parts: read %v", parts, c.Read)
		}
	}
}

// A key that a scan gives twice was written meanwhile; if both are equal it was only read twice.
func TestComparisonOfAKeyReadTwice(t *testing.T) {
	c := tablescan.Comparison{Regions: 2}
	err := c.Add(sequence([]tablescan.Print{
		printOf(0, "a", "1"), printOf(0, "a", "2"), printOf(1, "a", "2"),
		printOf(0, "b", "1"), printOf(0, "b", "1"), printOf(1, "b", "1"),
		printOf(0, "c", "1"), printOf(0, "c", "2"), printOf(1, "c", "1"),
	}))
	if err != nil || c.Agreed != 1 || !slices.Equal(c.Suspects, []string{"a", "c"}) {
		t.Errorf("err %v, agreed %d, suspects %v", err, c.Agreed, c.Suspects)
	}
}

func TestComparisonHandsOnAnError(t *testing.T) {
	broken := errors.New("disk")
	c := tablescan.Comparison{Regions: 2}
	err := c.Add(func(yield func(tablescan.Print, error) bool) { yield(tablescan.Print{}, broken) })
	if !errors.Is(err, broken) {
		t.Errorf("err %v", err)
	}
}

// One reading alone can't tell what stands still from what is on its way.
func TestOneReadingJudgesNothing(t *testing.T) {
	c := tablescan.Comparison{Regions: 2}
	if err := c.Add(sequence([]tablescan.Print{printOf(0, "a", "1")})); err != nil {
		t.Fatal(err)
	}
	image := record.NewImage(map[string]record.Attr{"pk": {Type: "S", Text: "a"}})
	r := tablescan.Auditor{Rules: rules()}.Audit(tablescan.Input{Compared: c, Readings: []tablescan.Reading{{
		From: golden.Clock(t, "15:00:00"), Images: []map[string]record.Image{{"a": image}, {"a": ""}},
	}}})
	if r.Unjudged != 1 || len(r.Findings) > 0 {
		t.Errorf("%+v", r)
	}
}

// A difference that stays is the same finding in every run, whichever region is read first.
func TestFingerprintsAreOfTheVersions(t *testing.T) {
	version := func(id, origin, status string) record.Image {
		return record.NewImage(map[string]record.Attr{
			"pk": {Type: "S", Text: "a"}, "write_id": {Type: "S", Text: id}, "origin": {Type: "S", Text: origin}, "status": {Type: "S", Text: status},
		})
	}
	x, y := version("2", "eu-west-1", "refunded"), version("3", "eu-west-2", "disputed")
	for _, c := range []struct {
		here, there record.Image
		want        audit.Fingerprint
	}{
		{x, "", audit.NewFingerprint(audit.LWWNotReplicated, "idempotency-keys", "a", "scan: write eu-west-1/2")},
		{"", x, audit.NewFingerprint(audit.LWWNotReplicated, "idempotency-keys", "a", "scan: write eu-west-1/2")},
		{y, x, audit.NewFingerprint(audit.LWWDiverged, "idempotency-keys", "a", "scan: write eu-west-1/2", "scan: write eu-west-2/3")},
	} {
		held := []map[string]record.Image{{"a": c.here}, {"a": c.there}}
		at := golden.Clock(t, "15:00:00")
		r := tablescan.Auditor{Rules: rules()}.Audit(tablescan.Input{
			Compared: tablescan.Comparison{Regions: 2, Suspects: []string{"a"}},
			Readings: []tablescan.Reading{{From: at, To: at, Images: held}, {From: at.Add(time.Hour), To: at.Add(time.Hour), Images: held}},
		})
		if len(r.Findings) != 1 || r.Findings[0].Fingerprint != c.want {
			t.Errorf("%+v, want fingerprint %s", r.Findings, c.want)
		}
	}
}

// The certificate says what was compared, with counts that add up, and what can't be seen that way.
func TestCertificate(t *testing.T) {
	c := tablescan.Comparison{Regions: 2, MaxSuspects: 2}
	if err := c.Add(sequence([]tablescan.Print{
		printOf(0, "a", "1"), printOf(1, "a", "1"), printOf(0, "b", "1"), printOf(0, "c", "1"), printOf(1, "d", "1"),
	})); err != nil {
		t.Fatal(err)
	}
	at := golden.Clock(t, "15:00:00")
	held := []map[string]record.Image{{"b": "", "c": `{"pk":{"S":"c"}}`}, {"b": "", "c": ""}}
	r := tablescan.Auditor{Rules: rules()}.Audit(tablescan.Input{Compared: c, Readings: []tablescan.Reading{
		{From: at, To: at.Add(time.Second), Images: held}, {From: at.Add(time.Hour), To: at.Add(time.Hour + time.Second), Images: held},
	}})
	for name, want := range map[string]string{
		"items of eu-west-1": "3", "items of eu-west-2": "2", "agree": "1", "differed in the scan": "3",
		"agreed when read again": "1", "differ": "1", "not judged": "1", "cannot show": tablescan.CannotShow,
	} {
		if got := r.Extent.Totals[name]; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if r.Matched != 2 || r.Unjudged != 1 || r.Extent.From != "2026-11-18T15:00:00Z" || r.Extent.To != "2026-11-18T16:00:01Z" {
		t.Errorf("%+v", r)
	}
}

// What the audit of the streams reports of a key, with its history, is not reported again without it.
func TestReportedByTheStreamsAlready(t *testing.T) {
	image := record.NewImage(map[string]record.Attr{"pk": {Type: "S", Text: "a"}})
	held := []map[string]record.Image{{"a": image, "b": image}, {"a": "", "b": ""}}
	at := golden.Clock(t, "15:00:00")
	r := tablescan.Auditor{Rules: rules()}.Audit(tablescan.Input{
		Compared: tablescan.Comparison{Regions: 2, Suspects: []string{"a", "b"}}, Reported: map[string]bool{"a": true},
		Readings: []tablescan.Reading{{From: at, To: at, Images: held}, {From: at.Add(time.Hour), To: at.Add(time.Hour), Images: held}},
	})
	if len(r.Findings) != 1 || r.Findings[0].Key != "b" || len(r.Excluded) != 1 || r.Excluded[0].Records != 1 {
		t.Errorf("%+v", r)
	}
}
