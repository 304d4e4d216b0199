package sift

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"

	"parallax/internal/audit"
	"parallax/internal/calendar"
	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/reconcile"
)

func of[T any](rows []T) Stream[T] {
	return func(ctx context.Context, yield func(T) error) error {
		for _, row := range rows {
			if err := yield(row); err != nil {
				return err
			}
		}
		return ctx.Err()
	}
}

// world is random rows in which keys meet by design: most payments are settled as they should be, many share something with
// others, and every column may name what another one names.
type world struct {
	rng     *rand.Rand
	rules   reconcile.Rules
	in      reconcile.Input
	entries []record.Entry
	lines   []record.SettlementLine
}

func newWorld(seed uint64) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 5))}
	w.rules = reconcile.Defaults([]string{"mastercard", "stripe", "acme"}[w.rng.IntN(3)])
	w.rules.Scope, w.rules.Charged, w.rules.Refused = "payments", []string{"captured", "refunded"}, []string{"declined"}
	w.rules.Exponent = func(string) int { return 2 }
	w.rules.WrongPeriod, w.rules.FX.Check = w.rng.IntN(2) == 0, w.rng.IntN(2) == 0
	if w.rng.IntN(3) == 0 {
		w.rules.Tolerances = map[string]int64{"EUR": 2}
	}
	if w.rng.IntN(3) == 0 {
		w.rules.Fees = []reconcile.FeeRule{{Name: "all", BasisPoints: "100"}}
	}
	if w.rng.IntN(3) == 0 {
		w.rules.Calendar = calendar.Calendar{}
	}
	if w.rng.IntN(4) == 0 {
		w.rules.Tiers = []reconcile.Tier{
			{Name: "till", Key: []reconcile.Field{{Ledger: "till", Line: "batch"}, {Ledger: "auth_code"}}, Sure: reconcile.Probable, WithinBusinessDays: 2},
			{Name: "reference", Key: []reconcile.Field{{Ledger: "reference"}}, Sure: reconcile.Proven},
			{Name: "order", Key: []reconcile.Field{{Ledger: "payment_id", Line: "batch"}, {Ledger: "amount"}}, Sure: reconcile.Proven},
			{Name: "card", Key: []reconcile.Field{{Ledger: "last4"}, {Ledger: "auth_code"}}, Sure: reconcile.Suggest},
		}
	}
	day := time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)
	w.in.Window = audit.Window{From: day.AddDate(0, 0, -2), To: day.AddDate(0, 0, 2)}
	w.in.AsOf, w.in.FilesThrough = day.AddDate(0, 0, 3), "2026-11-19"
	w.in.AllFiles, w.in.LinesIncomplete = w.rng.IntN(4) == 0, w.rng.IntN(8) == 0
	return w
}

// rarely is true once in n times.
func (w *world) rarely(n int) bool { return w.rng.IntN(n) == 0 }

// id is an identifier that another row may carry too, if the world is crowded.
func (w *world) id(kind string, own, pool int) string {
	if w.rarely(pool) {
		return fmt.Sprint(kind, w.rng.IntN(own+1))
	}
	return fmt.Sprint(kind, own)
}

func (w *world) fill(payments, pool int) {
	for n := range payments {
		at := time.Date(2026, 11, 15+w.rng.IntN(6), w.rng.IntN(24), n%60, n/60%60, 0, time.UTC)
		e := record.Entry{
			ID: fmt.Sprint(n), PaymentID: w.id("pay", n, pool), IdempotencyKey: w.id("idem", n, pool), NetworkReference: w.id("ref", n, pool), RRN: w.id("rrn", n, pool), AuthCode: w.id("auth", n, pool),
			Amount: money.Amount{Minor: 100 + w.rng.Int64N(9000), Currency: []string{"EUR", "GBP"}[w.rng.IntN(2)]}, Status: "captured", CreatedAt: at,
			Extra: map[string]string{"last4": "4242", "arn": w.id("arn", n, pool), "till": fmt.Sprint(w.rng.IntN(9))},
		}
		l := record.SettlementLine{
			Feed: "f", File: fmt.Sprint("file", n%3), Record: int64(n), Type: record.Presentment, Reference: w.id("ref", n, pool), RRN: e.RRN, AuthCode: e.AuthCode, ARN: w.id("arn", n, pool),
			MaskedPAN: "424242******4242", Amount: e.Amount, TransactionAt: at, BusinessDate: at.Format(time.DateOnly), Batch: fmt.Sprint(w.rng.IntN(9)),
		}
		w.vary(&e, &l, n, pool)
		if !w.rarely(20) {
			w.entries = append(w.entries, e)
		}
		if !w.rarely(20) {
			w.lines = append(w.lines, l)
		}
		for w.rarely(max(pool/2, 2)) {
			again := l
			again.Record = int64(10_000 + len(w.lines))
			again.Type = record.LineTypes()[w.rng.IntN(len(record.LineTypes()))]
			again.Reversal, again.Original = w.rarely(4), l.Reference
			if w.rarely(2) {
				again.Reference = w.id("ref", n, 2)
			}
			if again.Type != record.Presentment && again.Type != record.Representment {
				again.Amount.Minor = -again.Amount.Minor / int64(1+w.rng.IntN(3))
			}
			w.oneTie(&again, n)
			if again.Reversal { // copies of reversals are not in this world
				again.TransactionAt = at.Add(time.Duration(len(w.lines)+1) * time.Millisecond)
			}
			w.lines = append(w.lines, again)
		}
	}
	w.rng.Shuffle(len(w.entries), func(i, j int) { w.entries[i], w.entries[j] = w.entries[j], w.entries[i] })
	w.rng.Shuffle(len(w.lines), func(i, j int) { w.lines[i], w.lines[j] = w.lines[j], w.lines[i] })
	w.carry()
}

// oneTie leaves a line one thing alone that leads to its payment, or to another.
func (w *world) oneTie(l *record.SettlementLine, n int) {
	if !w.rarely(2) {
		return
	}
	tie := *l
	l.PaymentID, l.Reference, l.Original, l.ARN, l.RRN = "", fmt.Sprint("new", len(w.lines)), "", "", ""
	switch w.rng.IntN(7) {
	case 0:
		l.Original = tie.Original
	case 1:
		l.ARN = tie.ARN
	case 2:
		l.RRN = tie.RRN
	case 3:
		l.PaymentID = fmt.Sprint("pay", n)
	case 4:
		l.PaymentID = fmt.Sprint("idem", n)
	case 5:
		l.Original = fmt.Sprint("pay", n)
	default:
		l.Reference = tie.Reference
	}
}

// vary puts in what the judge has something to say of, and what it has not.
func (w *world) vary(e *record.Entry, l *record.SettlementLine, n, pool int) {
	for _, one := range []func(){
		func() { l.Amount.Minor++ },
		func() { l.Amount.Currency = "USD" },
		func() { e.Status = []string{"declined", "pending", "refunded"}[w.rng.IntN(3)] },
		func() { l.BusinessDate = "2026-11-27" },
		func() { e.NetworkReference, l.PaymentID = "", w.id("pay", n, pool) },
		func() { e.NetworkReference = "" },
		func() { e.NetworkReference, e.RRN = "", "" },
		func() { l.PaymentID = e.IdempotencyKey },
		func() { l.PaymentID = fmt.Sprintf("pay%d,pay%d", n, w.rng.IntN(n+1)) },
		func() { l.Part, l.Parts = 1, 1+w.rng.IntN(2) },
		func() { e.Amount.Minor, l.Amount.Minor = -e.Amount.Minor, -l.Amount.Minor },
		func() { e.CreatedAt = time.Time{} },
		func() { l.TransactionAt, l.BusinessDate = time.Time{}, "" },
		func() { e.Extra["batch"], l.Batch = "7", "7" },
		func() { l.Amount = money.Amount{} },
		func() {
			l.Fee = money.Amount{Minor: l.Amount.Minor / 100, Currency: l.Amount.Currency}
			l.Net = money.Amount{Minor: l.Amount.Minor - l.Fee.Minor + int64(w.rng.IntN(2)), Currency: l.Amount.Currency}
		},
		func() {
			l.Settlement, l.Rate = money.Amount{Minor: 2*l.Amount.Minor + int64(w.rng.IntN(2))*9, Currency: "USD"}, []string{"2", "2", ""}[w.rng.IntN(3)]
		},
	} {
		if w.rarely(25) {
			one()
		}
	}
}

// carry makes some rows open ones of earlier windows, which may be among the others or not.
func (w *world) carry() {
	for i := range w.entries {
		if w.rarely(40) {
			w.in.Open = append(w.in.Open, w.entries[i])
		}
	}
	for i := range w.lines {
		if w.rarely(40) {
			w.in.OpenLines = append(w.in.OpenLines, w.lines[i])
		}
	}
	if n := len(w.entries); n > 1 && w.rarely(2) {
		w.entries = w.entries[:n-1]
	}
	w.in.Rejected = map[string]reconcile.Sum{"EUR": {Count: 1, Minor: 5}}
	for range 3 {
		w.in.Others = append(w.in.Others, record.Entry{ID: "o", PaymentID: w.id("pay", 9, 2), NetworkReference: w.id("ref", 9, 2), Network: "other"})
	}
}

// together is what the judge says of everything.
func (w *world) together(t *testing.T) reconcile.Result {
	t.Helper()
	in := w.in
	in.Entries, in.Lines = slices.Clone(w.entries), slices.Clone(w.lines)
	result, err := reconcile.Auditor{Rules: w.rules}.Match(in)
	if err != nil {
		t.Fatal(err)
	}
	return ordered(result, nil)
}

func (w *world) sifted(t *testing.T, s Sieve) (reconcile.Result, Stats) {
	t.Helper()
	var matches []audit.Match
	s.Auditor.Rules, s.Small, s.Dir = w.rules, -1, t.TempDir()
	s.Matches = func(some []audit.Match) error {
		matches = append(matches, some...)
		return nil
	}
	result, stats, err := s.Match(t.Context(), w.in, of(w.entries), of(w.lines))
	if err != nil {
		t.Fatal(err)
	}
	return ordered(result, matches), stats
}

// ordered brings what has no order into one.
func ordered(r reconcile.Result, matches []audit.Match) reconcile.Result {
	r.Matches = append(append([]audit.Match{}, r.Matches...), matches...)
	r.Excluded, r.Gaps = append([]audit.Exclusion{}, r.Excluded...), append([]audit.Gap{}, r.Gaps...)
	slices.SortFunc(r.Matches, func(a, b audit.Match) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.PaymentID, b.PaymentID), cmp.Compare(a.Rule, b.Rule))
	})
	slices.SortFunc(r.Excluded, func(a, b audit.Exclusion) int { return cmp.Compare(a.Reason, b.Reason) })
	return r
}

// TestTheLaw holds that sifting changes nothing: findings, totals, counts and matches are those of the judge over everything.
func TestTheLaw(t *testing.T) {
	seeds := uint64(400)
	if n, err := strconv.ParseUint(os.Getenv("SIFT_SEEDS"), 10, 64); err == nil {
		seeds = n
	}
	if testing.Short() {
		seeds = 100
	}
	var pairs, residual int64
	for seed := range seeds {
		w := newWorld(seed)
		w.fill(1+w.rng.IntN(120), 2+w.rng.IntN(60))
		want := w.together(t)
		got, stats := w.sifted(t, Sieve{})
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: sifting changes what is said: %s", seed, diff.Diff(want, got))
		}
		if stats.Entries != int64(len(w.entries)) || stats.Lines != int64(len(w.lines)) || 2*stats.Pairs+stats.Residual != stats.Entries+stats.Lines {
			t.Fatalf("seed %d: %+v of %d and %d rows", seed, stats, len(w.entries), len(w.lines))
		}
		pairs, residual = pairs+stats.Pairs, residual+stats.Residual
	}
	t.Logf("%d pairs put aside, %d rows judged together", pairs, residual)
	if pairs < residual/10 {
		t.Errorf("only %d pairs were put aside, %d rows judged together: the test says little", pairs, residual)
	}
}

// TestSums64Bits: sums that do not fit are the same gap as the judge's own.
func TestSumsBeyond64Bits(t *testing.T) {
	w := newWorld(1)
	w.rules.Tiers, w.rules.Fees, w.in.AllFiles = nil, nil, true
	for n := range 40 {
		w.fillOne(n, math.MaxInt64/16)
	}
	want := w.together(t)
	got, stats := w.sifted(t, Sieve{})
	if !reflect.DeepEqual(got, want) || len(got.Gaps) != 1 {
		t.Errorf("sifted %+v\nwant %+v", got, want)
	}
	if stats.Pairs == 0 {
		t.Error("no pair was put aside")
	}
}
