package app

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
)

// TestReceiptsOfOtherTimes plays payments whose receipts, or rows, are of another time than the inventories and the ledger's rows
// that are read with a window.
func TestReceiptsOfOtherTimes(t *testing.T) {
	w := newReceiptWorld(t)
	for _, change := range []string{"drop constraint payments_payment_id_key", "alter column currency drop not null"} {
		if _, err := w.pair.Writer().Exec(t.Context(), "alter table payments "+change); err != nil {
			t.Fatal(err)
		}
	}
	for i, story := range []struct {
		name string
		play func(s *receiptScene)
	}{
		{"too young and not asked", youngAndNotAsked},
		{"listed by the pattern", listedByPattern},
		{"nothing written since", nothingWrittenSince},
		{"lost in a failover", lostInFailover},
		{"refund days later", refundDaysLater},
		{"written after midnight", writtenAfterMidnight},
		{"written elsewhere", writtenElsewhere},
		{"many written again", manyWrittenAgain},
		{"written again, one window", writtenAgainOneWindow},
		{"owner unusable", ownerUnusable},
		{"trace beyond the window", traceBeyondWindow},
	} {
		t.Run(story.name, func(t *testing.T) { story.play(w.scene(t, story.name, i+1, nil)) })
	}
}

func paymentOf(key string) string { return strings.TrimSuffix(path.Base(key), ".json") }

// row enters another row of the payment of a receipt.
func (s *receiptScene) row(key, status string, at time.Time) {
	s.Helper()
	_, err := s.pair.Writer().Exec(s.Context(), `insert into payments
		(payment_id, idempotency_key, region, amount_minor, currency, status, network, network_reference, created_at, updated_at)
		values ($1, $1 || $2, 'eu-west-1', 1000, 'EUR', $2, 'visa', $1 || $2, $3, $3)`, paymentOf(key), status, at)
	if err != nil {
		s.Fatal(err)
	}
}

// byPattern leaves only a pattern to tell of receipts.
func (s *receiptScene) byPattern() {
	c := &s.app.cfg.Receipts[0]
	key := c.Key
	s.Cleanup(func() { c.Key, c.KeyPattern = key, nil })
	c.Key, c.KeyPattern = nil, regexp.MustCompile(`^receipts/[0-9/]+/(?P<payment_id>[^/]+)\.json$`)
}

// onNextDay is a key under the date of the day after.
func (s *receiptScene) onNextDay(key string) string {
	return strings.Replace(key, s.day.Format("2006/01/02"), s.day.AddDate(0, 0, 1).Format("2006/01/02"), 1)
}

// youngAndNotAsked: no later window holds the payment, so a run that does not judge it is not clean.
func youngAndNotAsked(s *receiptScene) {
	s.paid(s.clock(1), 5)
	none := s.charged(s.clock(23.9))
	s.inventories(s.clock(24))
	s.refuse("", "ListObjectVersions", "")
	r := s.at(s.clock(27), 24)
	s.wants(r, audit.RunInconclusive)
	s.tells(r, "1 payments without a receipt were not judged", s.clock(23.9).Format(time.RFC3339))
	s.wants(s.at(s.clock(27), 20), audit.RunClean)
	s.s3.Fault(nil)
	s.wants(s.at(s.clock(27), 24), audit.RunFindings, "receipt.missing "+paymentOf(none))
}

// listedByPattern: what both buckets listed completely is judged as of then.
func listedByPattern(s *receiptScene) {
	s.byPattern()
	s.paid(s.clock(1), 5)
	s.inventories(s.clock(12))
	none := s.charged(s.clock(14))
	s.paid(s.clock(15), 3)
	r := s.at(s.clock(27), 24)
	s.wants(r, audit.RunFindings, "receipt.missing "+paymentOf(none))
	s.refuse(london, "ListObjectVersions", "")
	s.tells(s.at(s.clock(27), 24), "payments without a receipt were not judged")
}

// nothingWrittenSince: a listing without a single young object has its moment too.
func nothingWrittenSince(s *receiptScene) {
	s.byPattern()
	s.paid(s.clock(1), 5)
	s.inventories(s.clock(12))
	none := s.charged(s.clock(14))
	s.wants(s.at(s.clock(27), 24), audit.RunFindings, "receipt.missing "+paymentOf(none))
}

// lostInFailover: the dossier counts the receipts that were lost, or does not count at all.
func lostInFailover(s *receiptScene) {
	s.byPattern()
	s.paid(s.clock(1), 5)
	s.inventories(s.clock(12))
	for range 4 {
		s.charged(s.clock(14))
	}
	s.paid(s.clock(15), 3)
	s.s3.Advance(s.clock(27))
	result, lines := s.window(13, 15)
	if len(result) != 4 || !complete(lines) {
		s.Errorf("%d findings, complete %v", len(result), complete(lines))
	}
	s.refuse(london, "ListObjectVersions", "")
	if result, lines = s.window(13, 15); len(result) != 0 || complete(lines) {
		s.Errorf("not listed: %d findings, complete %v", len(result), complete(lines))
	}
}

// window holds the receipts of some hours against the ledger, as of the 27th, or later where the hours are.
func (s *receiptScene) window(from, to float64) ([]audit.Finding, []audit.Coverage) {
	s.Helper()
	asOf := max(27, to+3)
	result, lines, err := s.app.auditReceipts(s.Context(), s.app.cfg.Receipts[0], task{
		window: audit.Window{From: s.clock(from), To: s.clock(to)}, asOf: s.clock(asOf),
	})
	if err != nil {
		s.Fatal(err)
	}
	return result.Findings, lines
}

// refundDaysLater: a payment is judged where it was charged first; its receipt is of that day.
func refundDaysLater(s *receiptScene) {
	keys := s.paid(s.clock(1), 5)
	none := s.charged(s.clock(2))
	s.row(keys[0], "refunded", s.clock(74))
	s.row(none, "refunded", s.clock(74))
	s.paid(s.clock(75), 3)
	s.inventories(s.clock(96))
	s.s3.Advance(s.clock(99))
	s.wants(s.audit(s.clock(99), s.clock(72), s.clock(96)), audit.RunClean)
	s.wants(s.audit(s.clock(99), s.clock(0), s.clock(24)), audit.RunFindings, "receipt.missing "+paymentOf(none))
}

// writtenAfterMidnight: a receipt that is dated by its writing lies under the next day.
func writtenAfterMidnight(s *receiptScene) {
	s.paid(s.clock(1), 5)
	key := s.charged(s.clock(23.99))
	s.inventories(s.clock(24))
	s.s3.Put(dublin, s.clock(24.01), s.onNextDay(key), []byte("dated by its writing"))
	s.wants(s.at(s.clock(27), 24), audit.RunClean)
}

// writtenElsewhere: where receipts do not lie as the template says, that none is there proves nothing.
func writtenElsewhere(s *receiptScene) {
	s.paid(s.clock(1), 5)
	s.s3.Put(dublin, s.clock(2.1), s.onNextDay(s.charged(s.clock(2))), []byte("under another date"))
	key := s.charged(s.clock(23.9))
	s.inventories(s.clock(24))
	s.s3.Put(dublin, s.clock(24.01), "receipts/2099/12/31/"+paymentOf(key)+".json", []byte("under another date"))
	r := s.at(s.clock(27), 24)
	s.wants(r, audit.RunInconclusive)
	s.tells(r, "1 payments without a receipt were not judged")
}

// manyWrittenAgain: more receipts are written again than findings are kept.
func manyWrittenAgain(s *receiptScene) {
	kept := s.app.cfg.Limits.MaxFindings
	defer func() { s.app.cfg.Limits.MaxFindings = kept }()
	s.app.cfg.Limits.MaxFindings = 5
	for _, key := range s.paid(s.clock(1), 20) {
		s.s3.Put(dublin, s.clock(74), key, []byte("under a new key"))
	}
	s.s3.Advance(s.clock(80))
	s.inventories(s.clock(96))
	s.s3.Advance(s.clock(99))
	s.wants(s.audit(s.clock(99), s.clock(72), s.clock(96)), audit.RunClean)
}

// writtenAgainOneWindow: who asks for one window is told of no orphan that is none either.
func writtenAgainOneWindow(s *receiptScene) {
	s.s3.Put(dublin, s.clock(74), s.paid(s.clock(1), 5)[0], []byte("issued again"))
	s.s3.Advance(s.clock(80))
	s.inventories(s.clock(96))
	s.s3.Advance(s.clock(99))
	if found, lines := s.window(72, 96); len(found) > 0 || !complete(lines) {
		s.Errorf("%+v, complete %v", found, complete(lines))
	}
}

// ownerUnusable: a payment that cannot be looked up is not one that the ledger does not know.
func ownerUnusable(s *receiptScene) {
	key := s.paid(s.clock(1), 5)[0]
	set := func(currency any) {
		if _, err := s.pair.Writer().Exec(s.Context(), `update payments set currency = $2 where payment_id = $1`, paymentOf(key), currency); err != nil {
			s.Fatal(err)
		}
	}
	set(nil)
	defer set("EUR")
	s.s3.Put(dublin, s.clock(74), key, []byte("issued again"))
	s.s3.Advance(s.clock(80))
	s.inventories(s.clock(96))
	s.s3.Advance(s.clock(99))
	r := s.audit(s.clock(99), s.clock(72), s.clock(96))
	s.wants(r, audit.RunInconclusive)
	s.tells(r, "payments of receipts could not be looked up", "excluded 1: receipt whose payment could not be looked up in the ledger")
}

// traceBeyondWindow: the receipt of a payment of the window may be written after its end, also where the ledger has lost it.
func traceBeyondWindow(s *receiptScene) {
	again := s.paid(s.clock(-71), 1)[0]
	s.paid(s.clock(1), 5)
	end := s.clock(4)
	s.s3.Put(dublin, end.Add(5*time.Second), "receipts/"+end.Format("2006/01/02")+"/pay_lost.json", []byte("x"))
	s.s3.Put(dublin, s.clock(2), again, []byte("issued again"))
	s.inventories(s.clock(24))
	s.s3.Advance(s.clock(27))
	tk := task{window: audit.Window{From: s.day, To: end}, asOf: s.clock(27)}
	r := s.app.cfg.Receipts[0]
	l, _ := s.app.ledgerNamed(r.Ledger)
	copies, _, err := s.app.readReceiptLedger(s.Context(), l, tk)
	if err != nil {
		s.Fatal(err)
	}
	result, _, err := s.app.holdReceipts(s.Context(), r, l, copies, tk.window.Around(receiptContext), true, tk)
	if err != nil {
		s.Fatal(err)
	}
	if link := result.Trace.Of("pay_lost", end.Add(-20*time.Second)); link.State != audit.LinkPresent {
		s.Errorf("%+v", link)
	}
	if _, found := result.Trace.Found()[paymentOf(again)]; found {
		s.Error("a payment of another time is told of, for its receipt was written again")
	}
	if slices.ContainsFunc(result.Findings, func(f audit.Finding) bool { return f.Kind == audit.ReceiptOrphan }) {
		s.Errorf("%+v", result.Findings)
	}
}
