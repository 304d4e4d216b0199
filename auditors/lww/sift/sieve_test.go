package sift_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"parallax/auditors/lww"
	"parallax/auditors/lww/sift"
)

// answer is all that a sieve says.
type answer struct {
	counts   sift.Counts
	suspects []sift.Hash
	lags     []sift.Lag
}

func sieve(t *testing.T, rules lww.Rules, traces []sift.Trace, o sift.Options) answer {
	t.Helper()
	var out answer
	o.Lag = func(l sift.Lag) { out.lags = append(out.lags, l) }
	o.Dir = t.TempDir()
	s, err := sift.New(rules, inputFor(rules, nil).Window, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	workers := max(1, o.Workers)
	for i := range workers {
		w, err := s.Writer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for j := i; j < len(traces); j += workers {
			if err := w.Add(&traces[j]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	out.counts, err = s.Judge(t.Context(), func(h []sift.Hash) error {
		out.suspects = append(out.suspects, h...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(o.Dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	return out
}

func somewhatClean(t *testing.T, rules lww.Rules, keys int) []sift.Trace {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, 5))
	d := clean
	d.coalesce, d.late, d.race = 0.1, 0.05, 0.05
	g := &generator{rng: rng, dial: d, rules: rules}
	for k := range keys {
		g.key(fmt.Sprintf("order-%d", k))
	}
	x := newTracer(rules, rng, 1)
	var traces []sift.Trace
	for _, c := range g.changes {
		trace, _ := x.trace(c)
		traces = append(traces, trace)
	}
	return traces
}

// TestMemoryAndWorkersDoNotMatter: the answer is one, however little memory there is, and whoever does the work.
func TestMemoryAndWorkersDoNotMatter(t *testing.T) {
	t.Parallel()
	rules := rulesFor(2)
	traces := somewhatClean(t, rules, 3000)
	want := sieve(t, rules, traces, sift.Options{Memory: 64 << 20})
	if want.counts.Spilled != 0 || want.counts.Suspects < 40 || len(want.lags) < 400 {
		t.Fatalf("%+v, %d lags", want.counts, len(want.lags))
	}
	if !slices.IsSortedFunc(want.suspects, func(a, b sift.Hash) int { return bytes.Compare(a[:], b[:]) }) {
		t.Error("suspects are not ascending")
	}
	rng := rand.New(rand.NewPCG(6, 6))
	for _, o := range []sift.Options{
		{Memory: 64 << 20, Workers: 3}, {Memory: 1 << 20, Workers: 2}, {Memory: 100 << 10, Workers: 1}, {Memory: 30 << 10, Workers: 2}, {Memory: 4000, Workers: 1},
	} {
		rng.Shuffle(len(traces), func(i, j int) { traces[i], traces[j] = traces[j], traces[i] })
		got := sieve(t, rules, traces, o)
		if o.Memory < 2<<20 && got.counts.Spilled == 0 {
			t.Errorf("%d bytes: nothing was spilled", o.Memory)
		}
		got.counts.Spilled = 0
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d bytes, %d workers: %+v with %d lags, want %+v with %d", o.Memory, o.Workers, got.counts, len(got.lags), want.counts, len(want.lags))
		}
	}
}

// TestHotKey: a key with more traces than may be loaded is a suspect, and its neighbours are judged all the same.
func TestHotKey(t *testing.T) {
	t.Parallel()
	rules := rulesFor(2)
	traces := somewhatClean(t, rules, 500)
	want := sieve(t, rules, traces, sift.Options{Memory: 1 << 20})
	key := sift.Hash{0x80, 1}
	for i := range 3000 {
		traces = append(traces, sift.Trace{Key: key, New: fakeHash(1, uint64(i+1)), Order: uint64(i), Flags: sift.Known})
	}
	got := sieve(t, rules, traces, sift.Options{Memory: 2000})
	if !slices.Contains(got.suspects, key) || len(got.suspects) != len(want.suspects)+1 {
		t.Errorf("%d suspects, want the hot key and %d", len(got.suspects), len(want.suspects))
	}
	if got.counts.SuspectTraces != want.counts.SuspectTraces+3000 || got.counts.Traces != int64(len(traces)) {
		t.Errorf("%+v, was %+v", got.counts, want.counts)
	}
	if !reflect.DeepEqual(got.lags, want.lags) {
		t.Error("the lags of the neighbours differ")
	}
}

func TestFullMakesSuspect(t *testing.T) {
	t.Parallel()
	rules := rulesFor(2)
	pair := []sift.Trace{
		{Key: sift.Hash{1}, New: sift.Hash{9}, Region: 0, Flags: sift.Known},
		{Key: sift.Hash{1}, New: sift.Hash{9}, Region: 1, Flags: sift.Known},
	}
	if got := sieve(t, rules, pair, sift.Options{Memory: 1 << 20}); len(got.suspects) != 0 || got.counts.Context != 2 {
		t.Errorf("%+v", got.counts)
	}
	pair[1].Flags |= sift.Full
	if got := sieve(t, rules, pair, sift.Options{Memory: 1 << 20}); len(got.suspects) != 1 || got.counts.Context != 0 {
		t.Errorf("%+v", got.counts)
	}
}

func TestSieveRefuses(t *testing.T) {
	t.Parallel()
	window := inputFor(rulesFor(2), nil).Window
	for _, c := range []struct {
		rules lww.Rules
		o     sift.Options
		want  string
	}{
		{rulesFor(1), sift.Options{Memory: 1 << 20}, "1 regions, want 2 to"},
		{rulesFor(2), sift.Options{}, "0 bytes of memory are too few"},
	} {
		if _, err := sift.New(c.rules, window, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	s, err := sift.New(rulesFor(2), window, sift.Options{Memory: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w, err := s.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add(&sift.Trace{Region: 2}); err == nil || !strings.Contains(err.Error(), "region 2") {
		t.Errorf("a trace of no region: %v", err)
	}
	if _, err := s.Judge(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "not closed") {
		t.Errorf("judging what is not complete: %v", err)
	}
}

// TestJudgeEnds: with the consumer's error, and with the context.
func TestJudgeEnds(t *testing.T) {
	t.Parallel()
	rules := rulesFor(2)
	traces := somewhatClean(t, rules, 2000)
	fill := func() *sift.Sieve {
		s, err := sift.New(rules, inputFor(rules, nil).Window, sift.Options{Memory: 200 << 10, Dir: t.TempDir(), Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		w, err := s.Writer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := range traces {
			if err := w.Add(&traces[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return s
	}
	mine := errors.New("enough")
	if _, err := fill().Judge(t.Context(), func([]sift.Hash) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := fill().Judge(ctx, func([]sift.Hash) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
