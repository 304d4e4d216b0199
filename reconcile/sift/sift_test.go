package sift

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/money"
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

// filled sets every field of a row to something, so that a field that is added later is not forgotten.
func filled[T any](t *testing.T) T {
	t.Helper()
	var row T
	n := 0
	fill(t, reflect.ValueOf(&row).Elem(), &n)
	return row
}

func fill(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	*n++
	if at, yes := v.Addr().Interface().(*time.Time); yes {
		*at = time.Date(2026, 11, 18, 9, 30, 0, *n*1001, time.UTC)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("text ", *n))
	case reflect.Int, reflect.Int64:
		v.SetInt(-int64(*n) << 33)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(t, field, n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(t, v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"arn": "1", "batch": "", "": "x"}))
	default:
		t.Fatalf("a field of kind %s", v.Kind())
	}
}

func TestCodecsKeepEveryField(t *testing.T) {
	throughLog(t, Entries, []record.Entry{filled[record.Entry](t), {}, {ID: "last", Extra: map[string]string{"a": "b"}}})
	zoned := filled[record.SettlementLine](t)
	throughLog(t, Lines, []record.SettlementLine{zoned, {}, {Note: strings.Repeat("x", 1<<20), Fees: []record.LineFee{{Kind: record.Tax, Amount: money.Amount{Minor: -1, Currency: "EUR"}}}}})

	local := time.Date(2026, 11, 18, 9, 0, 0, 0, time.FixedZone("somewhere", -4*3600))
	l, err := Lines.Read(Lines.Append(nil, &record.SettlementLine{TransactionAt: local}))
	if err != nil || !l.TransactionAt.Equal(local) || l.TransactionAt.Format(time.RFC3339) != local.Format(time.RFC3339) {
		t.Errorf("%s became %s, %v", local, l.TransactionAt, err)
	}
}

// throughLog holds that rows come back from a log as they were, more than once, and that no row is read from part of its bytes.
func throughLog[T any](t *testing.T, codec Codec[T], rows []T) {
	t.Helper()
	dir := t.TempDir()
	log, err := NewLog(dir, codec)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := log.Add(row); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		var got []T
		if err := log.Stream(t.Context(), func(row T) error { got = append(got, row); return nil }); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, rows) || log.Rows() != int64(len(rows)) {
			t.Errorf("%T: %+v came back as %+v", rows, rows, got)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", err, left)
	}
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	if err := log.Stream(t.Context(), func(T) error { return nil }); err == nil {
		t.Error("a closed log was read")
	}
	b := codec.Append(nil, &rows[0])
	for n := range b {
		if row, err := codec.Read(b[:n]); err == nil {
			t.Errorf("%d of %d bytes were read as %+v", n, len(b), row)
		}
	}
}

func FuzzCodecs(f *testing.F) {
	f.Add(Entries.Append(nil, &record.Entry{ID: "1", Extra: map[string]string{"a": "b"}}))
	f.Add(Lines.Append(nil, &record.SettlementLine{Fees: make([]record.LineFee, 2)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := Entries.Read(b); err == nil {
			if again, err := Entries.Read(Entries.Append(nil, &e)); err != nil || !reflect.DeepEqual(again, e) {
				t.Errorf("%+v, %v", again, err)
			}
		}
		if l, err := Lines.Read(b); err == nil {
			if again, err := Lines.Read(Lines.Append(nil, &l)); err != nil || !reflect.DeepEqual(again, l) {
				t.Errorf("%+v, %v", again, err)
			}
		}
	})
}
