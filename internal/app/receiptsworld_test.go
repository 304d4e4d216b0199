package app

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab/buckets"
	"parallax/internal/lab/loopback"
	"parallax/sinks/report"
)

// receiptWorld is a ledger and two linked buckets, and an application that holds them against one another.
type receiptWorld struct {
	*ledgerWorld
	s3 atomic.Pointer[buckets.Pair]
}

func newReceiptWorld(t *testing.T) *receiptWorld {
	t.Helper()
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		t.Setenv(name, "test")
	}
	w := &receiptWorld{}
	var urls [2]string
	for i, region := range []string{dublin, london} {
		url, stop, err := loopback.Serve(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
			w.s3.Load().Handler(region).ServeHTTP(out, in)
		}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		urls[i] = url
	}
	w.ledgerWorld = newLedgerWorld(t, "", fmt.Sprintf(`aws: {endpoints: {%s: {s3: %q}, %s: {s3: %q}}, s3_path_style: true, timeout: 5s, retries: 1}
receipts:
  - name: receipts
    ledger: payments
    key: 'receipts/{created_at:YYYY/MM/DD}/{payment_id}.json'
    live: {rate: 5000}
    regions:
      %s: {bucket: receipts-1, inventory: {bucket: inventory-1, prefix: inv, id: daily}}
      %s: {bucket: receipts-2, inventory: {bucket: inventory-2, prefix: inv, id: daily}}
`, dublin, urls[0], london, urls[1], dublin, london))
	return w
}

// receiptScene is one story in a world: buckets, a day and a scope of its own.
type receiptScene struct {
	*receiptWorld
	*testing.T
	s3   *buckets.Pair
	name string
	day  time.Time
	n    int
}

// scene begins on a day of its own, at midnight, with empty buckets.
func (w *receiptWorld) scene(t *testing.T, name string, day int, with func(*buckets.Options)) *receiptScene {
	t.Helper()
	s := &receiptScene{receiptWorld: w, T: t, name: name, day: time.Date(2025, 1, 1+20*day, 0, 0, 0, 0, time.UTC)}
	o := buckets.Options{
		Regions: [2]string{dublin, london}, Buckets: map[string]string{dublin: "receipts-1", london: "receipts-2"},
		InventoryBuckets: map[string]string{dublin: "inventory-1", london: "inventory-2"}, Prefix: "inv", ConfigID: "daily",
		Start: s.day, MinDelay: time.Second, MaxDelay: 2 * time.Second,
	}
	if with != nil {
		with(&o)
	}
	s.s3 = buckets.New(o)
	w.s3.Store(s.s3)
	w.app.cfg.Receipts[0].Name = name
	return s
}

// paid charges payments at a moment and files their receipts in Dublin.
func (s *receiptScene) paid(at time.Time, n int) (keys []string) {
	s.Helper()
	for range n {
		key := s.charged(at)
		s.s3.Put(dublin, at.Add(time.Second), key, []byte("receipt of "+key))
		keys = append(keys, key)
	}
	s.s3.Advance(at.Add(time.Minute))
	return keys
}

// charged charges a payment and tells where its receipt belongs.
func (s *receiptScene) charged(at time.Time) (key string) {
	s.Helper()
	s.n++
	name := fmt.Sprintf("%s%d", strings.ReplaceAll(s.name, " ", ""), s.n)
	s.pay(at, name)
	return fmt.Sprintf("receipts/%s/pay_%s.json", at.Format("2006/01/02"), name)
}

// inventories are made of both buckets at a moment.
func (s *receiptScene) inventories(at time.Time) {
	s.Helper()
	if err := s.s3.WriteInventories(at); err != nil {
		s.Fatal(err)
	}
}

// at moves the buckets' clock and runs the job over the first hours of the scene's day.
func (s *receiptScene) at(asOf time.Time, hours int) report.Run {
	s.Helper()
	s.s3.Advance(asOf)
	return s.audit(asOf, s.day, s.day.Add(time.Duration(hours)*time.Hour))
}

func (s *receiptScene) audit(asOf, from, to time.Time) report.Run {
	s.Helper()
	result, err := s.app.Run(s.Context(), Request{Job: "receipts", AsOf: asOf, From: from, To: to})
	if err != nil {
		s.Fatal(err)
	}
	return result.Runs[0]
}

// wants holds a run's verdict, and the living findings of the scene: kind and key.
func (s *receiptScene) wants(r report.Run, verdict audit.RunVerdict, findings ...string) {
	s.Helper()
	if r.Verdict != verdict {
		s.Errorf("verdict %s, want %s\n%s", r.Verdict, verdict, strings.Join(certificate(r), "\n"))
	}
	var got []string
	for _, f := range s.living() {
		if f.Scope == s.name {
			got = append(got, fmt.Sprintf("%s %s", f.Kind, f.Key))
		}
	}
	slices.Sort(got)
	if slices.Sort(findings); !slices.Equal(got, findings) {
		s.Errorf("the store has\n%s\nwant\n%s\n%s", strings.Join(got, "\n"), strings.Join(findings, "\n"), strings.Join(certificate(r), "\n"))
	}
}

// tells wants some words in a run's certificate.
func (s *receiptScene) tells(r report.Run, words ...string) {
	s.Helper()
	all := strings.Join(certificate(r), "\n")
	for _, word := range words {
		if !strings.Contains(all, word) {
			s.Errorf("the certificate does not say %q:\n%s", word, all)
		}
	}
}

// certificate is a run's coverage in lines.
func certificate(r report.Run) []string {
	var out []string
	for _, c := range r.Coverage {
		c.Extents = slices.DeleteFunc(slices.Clone(c.Extents), func(e audit.Extent) bool { return strings.Contains(e.Name, "/data/") })
		line := fmt.Sprintf("%s %s %s: %d records, %d matched", c.Source, c.Scope, c.Region, c.Records, c.Matched)
		out = append(out, line)
		for _, e := range c.Extents {
			out = append(out, fmt.Sprintf("  extent %s: %d %v", e.Name, e.Records, e.Totals))
		}
		for _, e := range c.Excluded {
			out = append(out, fmt.Sprintf("  excluded %d: %s", e.Records, e.Reason))
		}
		for _, g := range c.Gaps {
			out = append(out, fmt.Sprintf("  gap %s: %s; %s", g.Window, g.Reason, g.Remedy))
		}
	}
	return out
}
