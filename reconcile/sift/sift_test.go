package sift

import (
	"context"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/reconcile"
)

// large is a world of n payments that are settled as they should be.
func large(n int) *world {
	w := newWorld(2)
	w.rules = reconcile.Defaults("mastercard")
	w.rules.Scope, w.rules.Charged, w.rules.Exponent = "payments", []string{"captured"}, func(string) int { return 2 }
	for i := range n {
		w.fillOne(i, int64(100+i%5000))
	}
	return w
}

func (w *world) sieve(t *testing.T) Sieve {
	t.Helper()
	return Sieve{Auditor: reconcile.Auditor{Rules: w.rules}, Dir: t.TempDir(), Small: -1}
}

// Several blocks, a spill file, and what differs is found among what does not.
func TestSeveralBlocks(t *testing.T) {
	w := large(3*blockRows + 5)
	for i := range 200 {
		w.lines[i*97].Amount.Minor += int64(i%2) + 1
		w.lines[i*101].BusinessDate = "2026-11-26"
	}
	want := w.together(t)
	got, stats := w.sifted(t, Sieve{Memory: 1})
	if !reflect.DeepEqual(got, want) {
		t.Error("sifting changes what is said")
	}
	if len(want.Findings) < 300 || stats.Residual > 200*2*2*fewPairs || stats.Pairs < 2*blockRows || stats.Spilled == 0 {
		t.Errorf("%d findings, %+v", len(want.Findings), stats)
	}
}

func TestFewRowsGoToTheJudge(t *testing.T) {
	w := large(10)
	s := w.sieve(t)
	for small, pairs := range map[int]int64{0: 0, 20: 0, 19: 10, -1: 10} {
		s.Small = small
		if _, stats, err := s.Match(t.Context(), w.in, of(w.entries), of(w.lines)); err != nil || stats.Pairs != pairs {
			t.Errorf("with %d as few: %+v, %v, want %d pairs", small, stats, err, pairs)
		}
	}
}

func TestTooManyLeftOver(t *testing.T) {
	w := large(100)
	for i := range 30 {
		w.lines[i].Amount.Minor++
	}
	s := w.sieve(t)
	s.MaxResidual = 59
	_, stats, err := s.Match(t.Context(), w.in, of(w.entries), of(w.lines))
	if !errors.Is(err, ErrTooManyResidual) || !strings.Contains(err.Error(), ": 60 of them, at most 59") || stats.Pairs != 70 {
		t.Errorf("%v, %+v", err, stats)
	}
	s.MaxResidual = 60
	if _, _, err = s.Match(t.Context(), w.in, of(w.entries), of(w.lines)); err != nil {
		t.Error(err)
	}
}

// A stream that is not the same when it is read again would break the law unseen.
func TestStreamsThatChange(t *testing.T) {
	w := large(50)
	moved := append(append([]record.Entry(nil), w.entries[1:]...), w.entries[0])
	for name, again := range map[string]Stream[record.Entry]{
		"fewer": of(w.entries[1:]), "more": of(append(moved, w.entries[0])), "moved": of(moved), "none": of[record.Entry](nil),
	} {
		reading := 0
		ledger := func(ctx context.Context, yield func(record.Entry) error) error {
			if reading++; reading == 1 {
				return of(w.entries)(ctx, yield)
			}
			return again(ctx, yield)
		}
		if _, _, err := w.sieve(t).Match(t.Context(), w.in, ledger, of(w.lines)); !errors.Is(err, errChanged) || !strings.HasPrefix(err.Error(), "read the ledger again: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestErrorsOfStreamsAndMatches(t *testing.T) {
	w := large(50)
	broken := errors.New("the disk is gone")
	for n := range 4 { // the ledger's readings, then the files'
		reading := [2]int{}
		failing := func(side int) error {
			if reading[side]++; n/2 == side && reading[side] == n%2+1 {
				return broken
			}
			return nil
		}
		_, _, err := w.sieve(t).Match(t.Context(), w.in,
			func(ctx context.Context, yield func(record.Entry) error) error {
				return errors.Join(of(w.entries[:20])(ctx, yield), failing(0), of(w.entries[20:])(ctx, yield))
			},
			func(ctx context.Context, yield func(record.SettlementLine) error) error {
				return errors.Join(of(w.lines)(ctx, yield), failing(1))
			})
		if !errors.Is(err, broken) {
			t.Errorf("failure %d: %v", n, err)
		}
	}
	s := w.sieve(t)
	s.Matches = func([]audit.Match) error { return broken }
	if _, _, err := s.Match(t.Context(), w.in, of(w.entries), of(w.lines)); !errors.Is(err, broken) {
		t.Errorf("matches that cannot be handed over: %v", err)
	}
	s.Matches, s.Dir = nil, "/nowhere/at/all"
	if _, _, err := s.Match(t.Context(), w.in, of(w.entries), of(w.lines)); err == nil || !strings.Contains(err.Error(), "/nowhere/at/all") {
		t.Errorf("a folder that is not there: %v", err)
	}
	s.Auditor.Rules.Holidays = []string{"tomorrow"}
	if _, _, err := s.Match(t.Context(), w.in, of(w.entries), of(w.lines)); err == nil {
		t.Error("wrong rules passed")
	}
	w.in.Entries = w.entries
	if _, _, err := w.sieve(t).Match(t.Context(), w.in, of(w.entries), of(w.lines)); err == nil {
		t.Error("rows in the input passed")
	}
}

// Wherever it is stopped, it ends soon, with the context's error, and leaves no file.
func TestCancel(t *testing.T) {
	w := large(2*blockRows + 10)
	for _, after := range []int{0, 1, 20_000, 40_000, 70_000, 100_000, 125_000} {
		ctx, cancel := context.WithCancel(t.Context())
		rows := 0
		s := w.sieve(t)
		_, _, err := s.Match(ctx, w.in, countdown(of(w.entries), &rows, after, cancel), of(w.lines))
		cancel()
		if after < 2*len(w.entries) && !errors.Is(err, context.Canceled) {
			t.Errorf("stopped after %d rows: %v", after, err)
		}
		if left, err := os.ReadDir(s.Dir); err != nil || len(left) > 0 {
			t.Errorf("stopped after %d rows: %v, %v is left", after, err, left)
		}
	}
}

func countdown[T any](rows Stream[T], n *int, after int, cancel func()) Stream[T] {
	return func(ctx context.Context, yield func(T) error) error {
		return rows(ctx, func(row T) error {
			if *n == after {
				cancel()
			}
			*n++
			return yield(row)
		})
	}
}

// A batch brings rows together that nothing else has settled: whether it does cannot be told from one pair alone.
func TestABatchIsNoReasonToPutAside(t *testing.T) {
	w := large(2)
	for i := range 2 {
		e, l := &w.entries[i], &w.lines[i]
		e.NetworkReference, e.RRN, e.Extra = "", "", map[string]string{"batch": "7"}
		l.Batch, l.Original = "7", e.PaymentID
	}
	w.lines[1].Amount.Minor++
	want := w.together(t)
	got, stats := w.sifted(t, Sieve{})
	if !reflect.DeepEqual(got, want) || stats.Pairs != 0 || len(want.Findings) == 0 {
		t.Errorf("%+v\nsifted %+v\nwant %+v", stats, got, want)
	}
}

// Pairs outside of the window are put aside too.
func TestPairsOutsideOfTheWindow(t *testing.T) {
	w := large(40)
	for i := range 20 {
		w.entries[i].CreatedAt = w.entries[i].CreatedAt.AddDate(0, 0, -7)
		w.lines[i].TransactionAt, w.lines[i].BusinessDate = w.entries[i].CreatedAt, "2026-11-11"
	}
	want := w.together(t)
	got, stats := w.sifted(t, Sieve{})
	if !reflect.DeepEqual(got, want) || stats.Pairs != 40 || got.Matched != 20 {
		t.Errorf("%+v\nsifted %+v\nwant %+v", stats, got, want)
	}
}
