package app

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab/cardfile"
)

// dress is one format that the same settlement can be written in.
type dress struct {
	name      string
	format    string
	write     func(w io.Writer, lines []cardfile.Line, wrong bool) error // wrong: with totals that do not agree
	totals    bool                                                       // it has totals that can be wrong
	paymentID bool                                                       // its lines carry our payment id
	refunds   bool                                                       // and refunds and chargebacks
}

// oracle is a ledger and the settlement of it with faults, and what is true of them. It computes nothing with product code.
type oracle struct {
	rng    *rand.Rand
	rows   [][]string // of the ledger
	lines  []cardfile.Line
	truth  []string // kind, key, money
	number int
	dress  dress
}

func newOracle(seed uint64, d dress) *oracle {
	o := &oracle{rng: rand.New(rand.NewPCG(seed, 4)), dress: d} //nolint:gosec // a seed, so that a failure can be seen again
	for range 20 + o.rng.IntN(60) {
		steps := o.steps()
		steps[o.rng.IntN(len(steps))]()
	}
	return o
}

func (o *oracle) steps() []func() {
	steps := []func(){
		o.agree, o.agree, o.agree, o.missingInNetwork, o.missingInLedger, o.otherAmount, o.otherCurrency, o.duplicateInNetwork, o.duplicateInLedger, o.declinedButSettled, o.declined,
	}
	if o.dress.refunds {
		steps = append(steps, o.refundedInPart, o.refundedInFull, o.refundUnknownToLedger, o.chargeback, o.refundOfUnknown)
	}
	return steps
}

// next is a payment and its line, which agree.
func (o *oracle) next() cardfile.Line {
	o.number++
	minor := int64(100 + o.rng.IntN(1_000_000))
	return cardfile.Line{
		Kind: cardfile.Capture, Issuer: "555555", Reference: fmt.Sprintf("MCC%06d1118", o.number), RRN: fmt.Sprintf("%012d", o.number), Auth: fmt.Sprintf("A%05d", o.number),
		ARN: fmt.Sprintf("%023d", o.number), Minor: minor, Currency: []string{"EUR", "GBP", "JPY"}[o.rng.IntN(3)], At: time.Date(2026, 11, 18, 14, o.number/60%60, o.number%60, 0, time.UTC),
		PaymentID: fmt.Sprintf("pay_%06d", o.number), Batch: "7",
	}
}

// row is the payment's row of the ledger.
func (o *oracle) row(l cardfile.Line, status string) {
	o.rows = append(o.rows, []string{
		l.PaymentID, strconv.FormatInt(l.Minor, 10), l.Currency, status, l.Reference, l.RRN, l.Auth, l.At.Format(time.RFC3339),
	})
}

func (o *oracle) settled(lines ...cardfile.Line) { o.lines = append(o.lines, lines...) }

func (o *oracle) true(kind audit.Kind, key string, minor int64, currency string) {
	o.truth = append(o.truth, fmt.Sprintf("%s %s %d %s", kind, key, minor, currency))
}

func (o *oracle) agree() {
	l := o.next()
	o.row(l, "captured")
	o.settled(l)
}

func (o *oracle) missingInNetwork() {
	l := o.next()
	o.row(l, "captured")
	o.true(audit.SettlementMissingInNetwork, l.PaymentID, l.Minor, l.Currency)
}

func (o *oracle) missingInLedger() {
	l := o.next()
	o.settled(l)
	o.true(audit.SettlementMissingInLedger, l.Reference, l.Minor, l.Currency)
}

func (o *oracle) otherAmount() {
	l := o.next()
	o.row(l, "captured")
	l.Minor += int64(1 + o.rng.IntN(99))
	o.settled(l)
	o.true(audit.SettlementAmountMismatch, l.Reference, l.Minor-ledgerMinor(o), l.Currency)
}

func ledgerMinor(o *oracle) int64 {
	n, _ := strconv.ParseInt(o.rows[len(o.rows)-1][1], 10, 64)
	return n
}

func (o *oracle) otherCurrency() {
	l := o.next()
	l.Currency = "EUR"
	o.row(l, "captured")
	l.Currency = "GBP"
	o.settled(l)
	o.true(audit.SettlementCurrencyMismatch, l.Reference, l.Minor, "EUR")
}

func (o *oracle) duplicateInNetwork() {
	l := o.next()
	o.row(l, "captured")
	o.settled(l, l)
	o.true(audit.SettlementDuplicateInNetwork, l.Reference, l.Minor, l.Currency)
}

// duplicateInLedger books one transaction of the network twice, under two payments: a format that carries payment ids says
// which of them it settles.
func (o *oracle) duplicateInLedger() {
	l := o.next()
	o.row(l, "captured")
	o.settled(l)
	twin := l
	twin.PaymentID += "b"
	o.row(twin, "captured")
	if o.dress.paymentID {
		o.true(audit.SettlementMissingInNetwork, twin.PaymentID, l.Minor, l.Currency)
		return
	}
	o.true(audit.SettlementDuplicateInLedger, l.Reference, l.Minor, l.Currency)
}

func (o *oracle) declined() { o.row(o.next(), "declined") }

func (o *oracle) declinedButSettled() {
	l := o.next()
	o.row(l, "declined")
	o.settled(l)
	o.true(audit.SettlementStatusMismatch, l.Reference, l.Minor, l.Currency)
}

// back is money given back for a line.
func (o *oracle) back(kind cardfile.Kind, l cardfile.Line, minor int64) cardfile.Line {
	l.Kind, l.Original, l.Minor = kind, l.Reference, minor
	l.At = l.At.Add(3 * time.Hour)
	return l
}

func (o *oracle) refundedInPart() {
	l := o.next()
	o.row(l, "captured")
	o.settled(l, o.back(cardfile.Refund, l, l.Minor/2))
}

func (o *oracle) refundedInFull() {
	l := o.next()
	o.row(l, "refunded")
	o.settled(l, o.back(cardfile.Refund, l, l.Minor))
}

func (o *oracle) refundUnknownToLedger() {
	l := o.next()
	o.row(l, "captured")
	o.settled(l, o.back(cardfile.Refund, l, l.Minor))
	o.true(audit.SettlementStatusMismatch, l.Reference, l.Minor, l.Currency)
}

func (o *oracle) chargeback() {
	l := o.next()
	o.row(l, "captured")
	o.settled(l, o.back(cardfile.Chargeback, l, l.Minor))
	o.true(audit.SettlementStatusMismatch, l.Reference, l.Minor, l.Currency)
}

func (o *oracle) refundOfUnknown() {
	l := o.next()
	o.settled(o.back(cardfile.Refund, l, l.Minor))
	o.true(audit.SettlementMissingInLedger, l.Reference, -l.Minor, l.Currency)
}

// write writes both files, shuffled.
func (o *oracle) write(t *testing.T, wrong bool) MatchOptions {
	t.Helper()
	o.rng.Shuffle(len(o.rows), func(i, j int) { o.rows[i], o.rows[j] = o.rows[j], o.rows[i] })
	o.rng.Shuffle(len(o.lines), func(i, j int) { o.lines[i], o.lines[j] = o.lines[j], o.lines[i] })
	dir := t.TempDir()
	var ledger bytes.Buffer
	out := csv.NewWriter(&ledger)
	header := []string{"payment_id", "amount_minor", "currency", "status", "network_reference", "rrn", "auth_code", "created_at"}
	if err := out.WriteAll(append([][]string{header}, o.rows...)); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := o.dress.write(&file, o.lines, wrong); err != nil {
		t.Fatalf("write %s: %v", o.dress.name, err)
	}
	options := MatchOptions{
		Ledger: filepath.Join(dir, "ledger.csv"), Settlement: filepath.Join(dir, "settled-20261118"), AsOf: time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC),
		Output: "json", Format: o.dress.format,
	}
	for path, data := range map[string][]byte{options.Ledger: ledger.Bytes(), options.Settlement: file.Bytes()} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return options
}

// found runs the match and returns how it ended, its findings as the oracle writes them, and what it noted.
func found(t *testing.T, options MatchOptions) (verdict string, findings []string, notes string) {
	t.Helper()
	var out, err bytes.Buffer
	verdict, failed := Match(context.Background(), options, &out, &err)
	if failed != nil {
		t.Fatalf("match: %v", failed)
	}
	var all []struct {
		Kind    string
		Key     string
		Amounts []audit.Money
	}
	if failed := json.Unmarshal(out.Bytes(), &all); failed != nil {
		t.Fatal(failed)
	}
	for _, f := range all {
		text := []string{f.Kind, f.Key}
		for _, m := range f.Amounts {
			text = append(text, strconv.FormatInt(m.Minor, 10), m.Currency)
		}
		findings = append(findings, strings.Join(text, " "))
	}
	slices.Sort(findings)
	return verdict, findings, err.String()
}

// TestEveryFormatTellsTheTruth writes 200 settlements with known faults in every format, and wants the breaks to be the
// truth, and nothing but a refusal of a file whose totals are wrong.
func TestEveryFormatTellsTheTruth(t *testing.T) {
	for _, d := range dresses() {
		t.Run(d.name, func(t *testing.T) {
			for seed := range uint64(200) {
				o := newOracle(seed, d)
				want := slices.Sorted(slices.Values(o.truth))
				verdict, findings, notes := found(t, o.write(t, false))
				if !slices.Equal(findings, want) {
					t.Fatalf("seed %d: breaks\n%s\nwant\n%s\n%s", seed, strings.Join(findings, "\n"), strings.Join(want, "\n"), notes)
				}
				if (verdict == "clean") != (len(want) == 0) || verdict == "inconclusive" {
					t.Fatalf("seed %d: %d breaks and %s: %s", seed, len(want), verdict, notes)
				}
			}
		})
		if d.totals {
			t.Run(d.name+" with wrong totals", func(t *testing.T) {
				for seed := range uint64(20) {
					verdict, findings, notes := found(t, newOracle(seed, d).write(t, true))
					if verdict != "inconclusive" || !strings.Contains(notes, "control total does not agree") {
						t.Fatalf("seed %d: %s, %s", seed, verdict, notes)
					}
					if slices.ContainsFunc(findings, func(f string) bool { return strings.Contains(f, "amount_mismatch") }) {
						t.Fatalf("seed %d: a line of the file was used: %v", seed, findings)
					}
				}
			})
		}
	}
}
