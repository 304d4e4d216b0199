package app

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab/buckets"
)

// TestNothingClearsUnseen: what a run proves by asking the buckets, no run clears that could not ask, or that only had lists older
// than that proof.
func TestNothingClearsUnseen(t *testing.T) {
	w := newReceiptWorld(t)
	if _, err := w.pair.Writer().Exec(t.Context(), `alter table payments drop constraint payments_payment_id_key`); err != nil {
		t.Fatal(err)
	}
	for i, story := range []struct {
		name string
		play func(s *receiptScene)
	}{
		{"refused", heldRefused},
		{"too many requests", heldTooMany},
		{"executed late", heldLate},
		{"other suspects first", heldCrowded},
		{"next window", heldNextWindow},
		{"old list", heldOldList},
		{"declined first", declinedFirst},
	} {
		t.Run(story.name, func(t *testing.T) { story.play(w.scene(t, story.name, i+1, nil)) })
	}
}

// stuckYoung is a receipt that only the buckets themselves can say has not arrived: it was too young at the scans.
func (s *receiptScene) stuckYoung() (found string) {
	s.Helper()
	s.paid(s.clock(1), 5)
	keys := s.paid(s.clock(23.9), 2)
	s.s3.Stick(dublin, keys[0])
	s.inventories(s.clock(24))
	return "receipt.not_replicated " + keys[0]
}

func heldRefused(s *receiptScene) {
	found := s.stuckYoung()
	s.wants(s.at(s.clock(27), 24), audit.RunFindings, found)
	s.refuse("", "ListObjectVersions", "")
	r := s.at(s.clock(27.5), 24)
	s.wants(r, audit.RunFindings, found)
	s.tells(r, "excluded 1: finding of an earlier run that could not be judged anew")
}

func heldTooMany(s *receiptScene) {
	found := s.stuckYoung()
	s.wants(s.at(s.clock(27), 24), audit.RunFindings, found)
	s.s3.Fault(func(r buckets.Request) buckets.Fault {
		if r.Region == london && r.Action == "ListObjectVersions" {
			return buckets.Fault{Status: http.StatusServiceUnavailable, Code: "SlowDown"}
		}
		return buckets.Fault{}
	})
	s.wants(s.at(s.clock(27.5), 24), audit.RunFindings, found)
}

// heldLate: the run is executed more than an hour after the moment it speaks for.
func heldLate(s *receiptScene) {
	found := s.stuckYoung()
	none := s.charged(s.clock(23.8))
	missing := "receipt.missing " + strings.TrimSuffix(none[strings.LastIndex(none, "/")+1:], ".json")
	s.wants(s.at(s.clock(27), 24), audit.RunFindings, found, missing)
	s.s3.Advance(s.clock(27.5).Add(61 * time.Minute))
	s.wants(s.audit(s.clock(27.5), s.day, s.clock(24)), audit.RunInconclusive, found, missing) // the payment was not judged
}

// heldCrowded: graver suspects use up receipts[].live.max.
func heldCrowded(s *receiptScene) {
	c := &s.app.cfg.Receipts[0]
	old := c.Live.Max
	defer func() { c.Live.Max = old }()
	c.Live.Max = 2
	found := s.stuckYoung()
	s.wants(s.at(s.clock(27), 24), audit.RunFindings, found)
	want := []string{found}
	for range 3 {
		key := s.charged(s.clock(3))
		want = append(want, "receipt.missing "+strings.TrimSuffix(key[strings.LastIndex(key, "/")+1:], ".json"))
	}
	s.wants(s.at(s.clock(27.5), 24), audit.RunFindings, want...)
}

// heldNextWindow: the buckets are compared whole, so the run of the next window is the first that could clear it.
func heldNextWindow(s *receiptScene) {
	s.paid(s.clock(1), 5)
	keys := s.paid(s.clock(47.9), 2)
	s.s3.Stick(dublin, keys[0])
	s.inventories(s.clock(48))
	s.s3.Advance(s.clock(54))
	found := "receipt.not_replicated " + keys[0]
	s.wants(s.audit(s.clock(54), s.day, s.clock(24)), audit.RunFindings, found)
	s.refuse("", "ListObjectVersions", "")
	s.s3.Advance(s.clock(55))
	s.wants(s.audit(s.clock(55), s.clock(24), s.clock(48)), audit.RunFindings, found)
}

// heldOldList: a receipt was deleted in both regions after the scans, which list it still; the next inventories may clear it.
func heldOldList(s *receiptScene) {
	k := s.charged(s.clock(0.5))
	s.s3.Put(london, s.clock(0.5), k, []byte("London replicates too"))
	keys := s.paid(s.clock(1), 5)
	s.paid(s.clock(6), 3)
	s.s3.MarkDeleted(london, keys[0], s.clock(7))
	s.s3.Advance(s.clock(8))
	s.inventories(s.clock(24))
	s.s3.MarkDeleted(dublin, keys[0], s.clock(25))
	missing := "receipt.missing " + strings.TrimSuffix(keys[0][strings.LastIndex(keys[0], "/")+1:], ".json")
	s.wants(s.at(s.clock(27), 4), audit.RunFindings, missing)
	s.s3.Advance(s.clock(28))
	s.wants(s.audit(s.clock(28), s.clock(5), s.clock(8)), audit.RunClean, missing)
	s.s3.Put(dublin, s.clock(29), keys[0], []byte("written again"))
	s.s3.Advance(s.clock(30))
	s.inventories(s.clock(48))
	s.s3.Advance(s.clock(51))
	s.wants(s.audit(s.clock(51), s.clock(5), s.clock(8)), audit.RunClean)
}

// declinedFirst: of a payment's rows any that is charged calls for a receipt.
func declinedFirst(s *receiptScene) {
	s.paid(s.clock(1), 5)
	key := s.charged(s.clock(2))
	payment := strings.TrimSuffix(key[strings.LastIndex(key, "/")+1:], ".json")
	if _, err := s.pair.Writer().Exec(s.Context(), `insert into payments
		(payment_id, idempotency_key, region, amount_minor, currency, status, network, network_reference, created_at, updated_at)
		values ($1, $1 || '0', $2, 1000, 'EUR', 'declined', 'visa', $1 || '0', $3, $3)`, payment, dublin, s.clock(1.5)); err != nil {
		s.Fatal(err)
	}
	s.inventories(s.clock(24))
	s.wants(s.at(s.clock(27), 24), audit.RunFindings, "receipt.missing "+payment)
	s.paid(s.clock(30), 5)
	s.inventories(s.clock(48))
	s.s3.Advance(s.clock(51))
	s.wants(s.audit(s.clock(51), s.clock(24), s.clock(48)), audit.RunClean, "receipt.missing "+payment)
}
