package app

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"parallax/internal/lab/cardfile"
)

// adyen writes an Adyen report of one batch: a payment for each name, EUR 10.00 with 20 cents of fees, and the payout, which
// may be off by some cents.
func (w *ledgerWorld) adyen(day time.Time, batch string, off int64, names ...string) {
	w.Helper()
	var lines []cardfile.Line
	for _, name := range names {
		lines = append(lines, cardfile.Line{
			Kind: cardfile.Capture, Issuer: "411111", Reference: "V" + name, PaymentID: "pay_" + name, Minor: 1000, Currency: "EUR", Batch: batch,
			At: day.Add(12 * time.Hour), Booked: day.Add(20 * time.Hour), Costs: cardfile.Costs{Commission: 20},
		})
	}
	lines = append(lines, cardfile.Line{
		Kind: cardfile.Payout, Reference: "PO" + batch, Minor: int64(len(names))*980 + off, Currency: "EUR", Batch: batch, At: day.Add(21 * time.Hour), Booked: day.Add(21 * time.Hour),
	})
	var out bytes.Buffer
	if err := cardfile.WriteAdyen(&out, cardfile.AdyenFile{Account: "Shop", Zone: time.UTC, Lines: lines}); err != nil {
		w.Fatal(err)
	}
	w.put("files/visa-"+day.Format("20060102")+".csv", out.String())
}

// statement writes a bank statement of a day with credits, each with a text and cents.
func (w *ledgerWorld) statement(day time.Time, credits map[string]int64) {
	w.Helper()
	f := cardfile.Camt{ID: day.Format("20060102"), Sequence: day.YearDay(), Account: "GB00TEST0000000000000001", Date: day, Opening: 10_000}
	for text, minor := range credits {
		f.Lines = append(f.Lines, cardfile.Line{Kind: cardfile.Payout, Reference: text, Note: adyenNote(text), Minor: minor, Currency: "EUR", At: day.Add(9 * time.Hour), Booked: day.Add(9 * time.Hour)})
	}
	var out bytes.Buffer
	if err := cardfile.WriteCamt(&out, f); err != nil {
		w.Fatal(err)
	}
	w.put(fmt.Sprintf("statements/%s.xml", day.Format("20060102")), out.String())
}

const bankConfig = `statements:
  - {name: barclays, path: statements/*.xml, settle: 0s, from: 2026-11-03}
`

// TestPayoutsAreHeldAgainstTheBank follows four payouts: one arrives, one is short, one does not come, and one is not what its
// batch is made of.
func TestPayoutsAreHeldAgainstTheBank(t *testing.T) {
	w := newLedgerWorld(t, "    from: 2026-11-02\n    bank: {statement: barclays, pattern: ADYEN, days: 2}\n", bankConfig)
	w.format("adyen")
	day := func(n int) time.Time { return time.Date(2026, 11, 2+n, 0, 0, 0, 0, time.UTC) } // a Monday
	morning := func(n int) time.Time { return day(n).Add(13 * time.Hour) }
	name := func(n int) string { return day(n).Format("0102") }
	for n := range 10 {
		w.pay(day(n).Add(12*time.Hour), name(n))
	}
	w.adyen(day(0), "1", 0, name(0))
	w.adyen(day(1), "2", 0, name(1))
	w.statement(day(1), map[string]int64{"PO1": 980})
	w.run(morning(2))
	w.stand("one has arrived", "settlement.payout_missing Shop/2 expected")
	w.adyen(day(2), "3", 0, name(2))
	w.adyen(day(3), "4", 5, name(3))
	w.statement(day(2), map[string]int64{"PO2": 970})
	w.statement(day(3), map[string]int64{"RENT": 5, "PO99": 100})
	w.statement(day(4), map[string]int64{"PO4": 985})
	w.run(morning(4))
	w.stand("one is short, one is not what its batch is made of, one is of nothing",
		"settlement.payout_mismatch Shop/2 open", "settlement.batch_unbalanced Shop/4 open", "settlement.payout_unknown PO99 expected",
		"settlement.payout_missing Shop/3 open")
}

// adyenNote is the remittance text of a credit: everything but the rent is of the acquirer.
func adyenNote(text string) string {
	if text == "RENT" {
		return "rent"
	}
	return "ADYEN " + text
}
