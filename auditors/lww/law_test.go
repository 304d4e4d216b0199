package lww_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parallax/auditors/lww"
	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/internal/simulate"
)

// longWorlds are profiles that go on for days, with an outage longer than the streams are kept.
func longWorlds(t *testing.T) []simulate.Profile {
	t.Helper()
	var out []simulate.Profile
	for _, p := range simulate.Traps() {
		if p.Span >= 24*time.Hour {
			out = append(out, p)
		}
	}
	if len(out) < 4 {
		t.Fatalf("only %d profiles last for days", len(out))
	}
	return out
}

// cuts divides a span of time at random into windows, whole seconds or not.
func cuts(rng *rand.Rand, span audit.Window, n int) []audit.Window {
	at := []time.Time{span.From, span.To}
	for range n {
		at = append(at, span.From.Add(time.Duration(rng.Int64N(int64(span.To.Sub(span.From))))).Truncate(time.Microsecond))
	}
	slices.SortFunc(at, time.Time.Compare)
	var out []audit.Window
	for i := range len(at) - 1 {
		out = append(out, audit.Window{From: at[i], To: at[i+1]})
	}
	return out
}

// interleaved reads shards in any order, each from its beginning; some pages twice.
func interleaved(rng *rand.Rand, changes []record.Change) []record.Change {
	shards := map[string][]record.Change{}
	for _, c := range changes {
		name := string(c.Region) + c.Shard
		shards[name] = append(shards[name], c)
	}
	var names []string
	for name, s := range shards {
		names = append(names, name)
		slices.SortStableFunc(s, func(a, b record.Change) int { return a.At.Compare(b.At) })
	}
	slices.Sort(names)
	var out []record.Change
	for len(names) > 0 {
		i := rng.IntN(len(names))
		s := shards[names[i]]
		n := 1 + rng.IntN(len(s))
		out = append(out, s[:n]...)
		if rng.IntN(4) == 0 {
			out = append(out, s[:n]...)
		}
		if shards[names[i]] = s[n:]; n == len(s) {
			names = slices.Delete(names, i, i+1)
		}
	}
	return out
}

// books are findings by fingerprint, as a store keeps them.
type books map[audit.Fingerprint]audit.Finding

// enter adds what a run found; one fingerprint with two contents breaks the law.
func (b books) enter(t *testing.T, findings []audit.Finding) {
	t.Helper()
	for _, f := range findings {
		if before, known := b[f.Fingerprint]; known {
			if diff := cmp.Diff(before, f); diff != "" {
				t.Fatalf("%s of %s has two contents:\n%s", f.Kind, f.Key, diff)
			}
		}
		b[f.Fingerprint] = f
	}
}

// same compares the books with one run over all of time.
func (b books) same(t *testing.T, whole []audit.Finding) {
	t.Helper()
	want := books{}
	for _, f := range whole {
		want[f.Fingerprint] = f
	}
	for fp, f := range want {
		if _, found := b[fp]; !found {
			t.Errorf("not found in parts: %s of %s, %s", f.Kind, f.Key, f.Reason)
		}
	}
	for fp, f := range b {
		if _, found := want[fp]; !found {
			t.Errorf("found in parts only: %s of %s, %s", f.Kind, f.Key, f.Reason)
		}
	}
	if diff := cmp.Diff(want, b); !t.Failed() && diff != "" {
		t.Errorf("differs in content:\n%s", diff)
	}
}

// TestWindowsDoNotMatter cuts time at random, runs the parts in any order, some of them again, and reads shards in any
// order: together the runs find what one run over all of time finds.
func TestWindowsDoNotMatter(t *testing.T) {
	for _, p := range longWorlds(t) {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(4) {
				rng := rand.New(rand.NewPCG(seed, 5))
				w := simulate.NewWorld(p, seed)
				_, changes := keys(w, 0, 60)
				a, in := lww.Auditor{Rules: rulesOf(w)}, inputOf(w, changes)
				whole := a.Audit(in)
				if len(whole.Findings) < 20 {
					t.Fatalf("only %d findings", len(whole.Findings))
				}
				found, matched, unjudged := books{}, int64(0), int64(0)
				windows := cuts(rng, in.Window, 12)
				rng.Shuffle(len(windows), func(i, j int) { windows[i], windows[j] = windows[j], windows[i] })
				for i, window := range windows {
					in.Window, in.Changes = window, interleaved(rng, changes)
					got := a.Audit(in)
					matched, unjudged = matched+got.Matched, unjudged+got.Unjudged
					found.enter(t, got.Findings)
					if i%3 == 0 {
						in.Changes = shuffled(rng, changes)
						found.enter(t, a.Audit(in).Findings) // it crashed before it was committed
					}
				}
				found.same(t, whole.Findings)
				if matched != whole.Matched || unjudged != whole.Unjudged {
					t.Errorf("seed %d: the parts match %d records and leave %d unjudged, the whole %d and %d", seed, matched, unjudged, whole.Matched, whole.Unjudged)
				}
			}
		})
	}
}

// TestOrderAndRepetitionOfReadingDoNotMatter reads records in any order whatever, and some of them twice.
func TestOrderAndRepetitionOfReadingDoNotMatter(t *testing.T) {
	for _, p := range append(simulate.Reference(), simulate.Traps()...) {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(3, 3))
			w := simulate.NewWorld(p, 3)
			_, changes := keys(w, 0, 100)
			a := lww.Auditor{Rules: rulesOf(w)}
			want := a.Audit(inputOf(w, changes))
			if len(want.Findings)+int(want.Unjudged) < 10 {
				t.Fatalf("only %d findings", len(want.Findings))
			}
			for range 3 {
				got := a.Audit(inputOf(w, append(shuffled(rng, changes), changes[:50]...)))
				if diff := cmp.Diff(plain(want), plain(got)); diff != "" {
					t.Fatalf("another order of reading gives another result:\n%s", diff)
				}
			}
		})
	}
}

// plain is a result without the count of what was read twice.
func plain(r lww.Result) lww.Result {
	var left []audit.Exclusion
	for _, e := range r.Excluded {
		if e.Reason != "read more than once" {
			left = append(left, e)
		}
	}
	r.Excluded = left
	return r
}
