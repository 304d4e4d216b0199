package app

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"parallax/internal/audit"
	"parallax/internal/lab/buckets"
)

// TestWrongNames: where names are wrong the gaps say so and nothing is looked up, and the doctor has one line for one thing.
func TestWrongNames(t *testing.T) {
	w := newReceiptWorld(t)
	s := w.scene(t, "wrong id", 1, nil)
	s.paid(s.clock(1), 5)
	s.charged(s.clock(1))
	s.inventories(s.clock(24))
	regions := w.app.cfg.Receipts[0].Regions
	right := maps.Clone(regions)
	for region, at := range right {
		at.Inventory.ID = "dayly"
		regions[region] = at
	}
	var looked []string
	s.s3.Fault(func(r buckets.Request) buckets.Fault {
		if r.Action == "ListObjectVersions" || r.Action == "HeadObject" {
			looked = append(looked, r.Action)
		}
		return buckets.Fault{}
	})
	r := s.at(s.clock(27), 4)
	s.wants(r, audit.RunInconclusive)
	s.tells(r, "inventories of this bucket there have the ids: daily", "check receipts[].regions", "neither bucket has an inventory")
	if len(looked) > 0 {
		t.Errorf("%d live look-ups", len(looked))
	}
	maps.Copy(regions, right)

	s = w.scene(t, "no bucket", 2, func(o *buckets.Options) { o.Rules = map[string][]buckets.Rule{london: {}} })
	s.inventories(s.clock(24))
	s.s3.Advance(s.clock(100))
	said := s.doctor()
	wantLine(t, said, "missing inventory receipts-1 in eu-west-1: ", "76h old, 36h are allowed")
	wantLine(t, said, "ok bucket receipts-1 in eu-west-1: ", "1 to receipts-2")
	wantLine(t, said, "warn bucket receipts-2 in eu-west-2: ", "no replication rule leads to receipts-1")
	if slices.ContainsFunc(said, func(line string) bool { return strings.HasPrefix(line, "ok inventory") }) {
		t.Errorf("an old inventory is called ok:\n%s", strings.Join(said, "\n"))
	}
	s.s3.Fault(func(r buckets.Request) buckets.Fault {
		if r.Region == london && strings.HasPrefix(r.Action, "GetBucket") {
			return buckets.Fault{Status: http.StatusNotFound, Code: "NoSuchBucket"}
		}
		return buckets.Fault{}
	})
	wantLine(t, s.doctor(), "missing inventory receipts-2 in eu-west-2: ", "there is no bucket receipts-2")
}

// TestUnaskedSuspects: what live.max leaves unasked is counted, and the inventories' word stands for it.
func TestUnaskedSuspects(t *testing.T) {
	w := newReceiptWorld(t)
	s := w.scene(t, "many suspects", 1, nil)
	keys := s.paid(s.clock(1), 9)
	var want []string
	for _, key := range keys[:7] {
		s.s3.Stick(dublin, key)
		want = append(want, "receipt.not_replicated "+key)
	}
	s.inventories(s.clock(24))
	s.app.cfg.Receipts[0].Live.Max = 3
	r := s.at(s.clock(27), 4)
	s.wants(r, audit.RunFindings, want...)
	s.tells(r, "excluded 4: suspects left as the inventories have them: beyond the 3 that are looked up (receipts[].live.max)")
}

// doctor is what the doctor says of the scene's buckets now.
func (s *receiptScene) doctor() (said []string) {
	d := &doctor{cfg: s.app.cfg, aws: s.app.aws, app: s.app, asOf: s.clock(100)}
	d.receipts(s.Context())
	for _, c := range d.checks {
		said = append(said, c.State+" "+c.What+" "+c.Where+": "+c.Detail+"; "+c.Remedy)
	}
	return said
}

func wantLine(t *testing.T, said []string, start, part string) {
	t.Helper()
	if !slices.ContainsFunc(said, func(line string) bool { return strings.HasPrefix(line, start) && strings.Contains(line, part) }) {
		t.Errorf("no line %q ... %q:\n%s", start, part, strings.Join(said, "\n"))
	}
}
