package lww_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/audit"
	"parallax/internal/record"
	sim "parallax/internal/simulate"
)

// TestWindowsAddUp cuts time at random, audits the windows in random order with all records at hand, and holds what they
// say together against one audit over all time: the same findings in every detail, and the same totals.
func TestWindowsAddUp(t *testing.T) {
	profiles := append(sim.Reference(), sim.Traps()...)
	findings := 0
	for n, p := range profiles {
		rng := rand.New(rand.NewPCG(17, uint64(n)))
		auditor, in := simulated(p, 5, 80)
		whole := auditor.Audit(in)
		findings += len(whole.Findings)
		var parts sum
		windows := cut(rng, in.Window, in.Changes)
		for _, k := range rng.Perm(len(windows)) {
			one := in
			one.Window, one.Changes = windows[k], mixed(rng, in.Changes)
			parts.add(t, auditor.Audit(one))
		}
		var all sum
		all.add(t, whole)
		if !reflect.DeepEqual(parts, all) {
			t.Errorf("%s: cut into %d windows: %s", p.Name, len(windows), parts.differs(all))
		}
	}
	if findings < 1000 {
		t.Errorf("only %d findings: the histories are too tame", findings)
	}
}

// TestKeysAreJudgedAgain audits an early window again from a later run, by Also: the findings are those of that window.
func TestKeysAreJudgedAgain(t *testing.T) {
	auditor, in := simulated(sim.Reference()[4], 6, 300)
	half := in.Window.From.Add(in.Window.To.Sub(in.Window.From) / 2)
	early, late := in, in
	early.Window.To, late.Window.From = half, in.Window.To
	want := auditor.Audit(early)
	if len(want.Findings) < 50 {
		t.Fatalf("only %d findings", len(want.Findings))
	}
	late.Also = map[string]audit.Window{}
	for _, f := range want.Findings {
		late.Also[f.Key] = early.Window
	}
	got := auditor.Audit(late)
	if !reflect.DeepEqual(got.Findings, want.Findings) {
		t.Errorf("%d findings, not %d", len(got.Findings), len(want.Findings))
	}
	if len(got.Withheld) > 0 || got.Unjudged > 0 || got.Matched > 0 {
		t.Errorf("withheld %v, unjudged %d, matched %d", got.Withheld, got.Unjudged, got.Matched)
	}
}

func simulated(p sim.Profile, seed uint64, keys int) (lww.Auditor, lww.Input) {
	w := sim.NewWorld(p, seed)
	r := rules()
	r.Table, r.Regions, r.Clock = sim.Table, w.Regions, p.Skew*2
	in := lww.Input{AsOf: w.End, Window: audit.Window{From: w.Begin.Add(-24 * time.Hour), To: w.End.Add(24 * time.Hour)}, Read: map[audit.Region]lww.Reach{}}
	for _, region := range w.Regions {
		from, through, gaps := w.Read(region)
		in.Read[region] = lww.Reach{From: from, Through: through, Gaps: gaps}
	}
	for k := range keys {
		in.Changes = append(in.Changes, w.Play(fmt.Sprintf("key-%04d", k)).Changes...)
	}
	return lww.Auditor{Rules: r}, in
}

// cut parts a window at the times of some records, which is where it hurts.
func cut(rng *rand.Rand, w audit.Window, changes []record.Change) []audit.Window {
	ends := []time.Time{w.To}
	for range 12 {
		ends = append(ends, changes[rng.IntN(len(changes))].At)
	}
	slices.SortFunc(ends, time.Time.Compare)
	var out []audit.Window
	for _, end := range ends {
		out = append(out, audit.Window{From: w.From, To: end})
		w.From = end
	}
	return out
}

func mixed(rng *rand.Rand, changes []record.Change) []record.Change {
	out := slices.Clone(changes)
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// sum is what several runs say together.
type sum struct {
	Findings map[audit.Fingerprint]audit.Finding
	Excluded map[string]int64
	Breaks   map[string]lww.Break
	Keys     []string // shallow
	Matched  int64
	Unjudged int64
}

func (s *sum) add(t *testing.T, r lww.Result) {
	t.Helper()
	if s.Findings == nil {
		*s = sum{Findings: map[audit.Fingerprint]audit.Finding{}, Excluded: map[string]int64{}, Breaks: map[string]lww.Break{}}
	}
	for _, f := range r.Findings {
		if _, twice := s.Findings[f.Fingerprint]; twice {
			t.Errorf("%s of %s is found twice", f.Kind, f.Key)
		}
		s.Findings[f.Fingerprint] = f
	}
	for _, e := range r.Excluded {
		s.Excluded[e.Reason] += e.Records
	}
	for _, b := range r.Breaks {
		s.Breaks[fmt.Sprint(b)] = b
	}
	s.Keys = slices.Compact(slices.Sorted(slices.Values(append(s.Keys, r.Shallow...))))
	s.Matched += r.Matched
	s.Unjudged += r.Unjudged
}

func (s *sum) differs(o sum) string {
	for _, f := range slices.SortedFunc(maps.Values(o.Findings), func(a, b audit.Finding) int { return cmp.Compare(a.Fingerprint, b.Fingerprint) }) {
		if g, ok := s.Findings[f.Fingerprint]; !ok || !reflect.DeepEqual(f, g) {
			return fmt.Sprintf("%+v\ninstead of\n%+v", g, f)
		}
	}
	return fmt.Sprintf("%d findings, excluded %v, %d breaks, shallow %v, matched %d, unjudged %d; not %d, %v, %d, %v, %d, %d",
		len(s.Findings), s.Excluded, len(s.Breaks), s.Keys, s.Matched, s.Unjudged,
		len(o.Findings), o.Excluded, len(o.Breaks), o.Keys, o.Matched, o.Unjudged)
}
