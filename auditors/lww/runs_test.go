package lww_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/internal/simulate"
)

// service audits as the product does: window after window behind a growing archive, by the settle delay. A run reads a day
// of context, and more for the keys that want it; what is undecided is judged again in every run.
type service struct {
	auditor lww.Auditor
	all     lww.Input // the archive in the end
	open    books
	kept    []string // keys that a gap keeps from being judged again
}

// archived is what the archive holds at a moment, from another one on.
func (s *service) archived(from, asOf time.Time) lww.Input {
	in := s.all
	in.AsOf, in.Changes, in.Read = asOf, nil, map[audit.Region]lww.Reach{}
	for r, reach := range s.all.Read {
		reach.From, reach.Through = latest(reach.From, from), earliest(reach.Through, asOf)
		in.Read[r] = reach
	}
	for _, c := range s.all.Changes {
		if c.At.Before(in.Read[c.Region].Through) && !c.At.Before(in.Read[c.Region].From) {
			in.Changes = append(in.Changes, c)
		}
	}
	return in
}

// audit judges a window with a day of context, and twice as much for the keys that want more, until none does. Keys to be
// judged again are read in full.
func (s *service) audit(window audit.Window, asOf time.Time, again map[string]audit.Window) (found []audit.Finding, withheld []string) {
	more := slices.Sorted(maps.Keys(again))
	for back := 24 * time.Hour; ; back *= 2 {
		whole := back > 100*24*time.Hour
		from := window.From.Add(-back)
		if whole {
			from = time.Time{}
		}
		in := s.archived(from, asOf)
		in.Window = window
		if back > 24*time.Hour {
			in.Changes = slices.DeleteFunc(in.Changes, func(c record.Change) bool { return !slices.Contains(more, c.Key) })
			found = slices.DeleteFunc(found, func(f audit.Finding) bool { return slices.Contains(more, f.Key) })
			more = nil
		}
		if whole {
			in.Also = again
		}
		got := s.auditor.Audit(in)
		found = append(found, got.Findings...)
		if whole {
			return found, got.Withheld
		}
		more = append(more, got.Shallow...)
		for key := range again {
			more = append(more, key)
		}
	}
}

// undecided reports whether more records may change a finding.
func undecided(f audit.Finding) bool {
	return f.Status == audit.Expected || f.Kind == audit.LWWNotReplicated || f.Kind == audit.LWWDiverged ||
		f.Kind == audit.LWWUndecidable || f.Kind == audit.LWWDoubleAccept
}

// run audits one window at one moment, and with it the undecided findings. What is due and no longer found is cleared.
func (s *service) run(window audit.Window, asOf time.Time) {
	again := map[string]audit.Window{}
	for _, f := range s.open {
		if due := f.Due(); undecided(f) {
			if w, known := again[f.Key]; known {
				due = audit.Window{From: earliest(w.From, due.From), To: latest(w.To, due.To)}
			}
			again[f.Key] = due
		}
	}
	found, withheld := s.audit(window, asOf, again)
	maps.DeleteFunc(s.open, func(_ audit.Fingerprint, f audit.Finding) bool {
		w, asked := again[f.Key]
		return window.Covers(f.Due()) || asked && w.Covers(f.Due()) && !slices.Contains(withheld, f.Key)
	})
	s.kept = withheld
	for _, f := range found {
		s.open[f.Fingerprint] = f
	}
}

// TestADayOfContextIsEnough cuts time at random and reads a day before each part, and more only for the keys that ask for it.
func TestADayOfContextIsEnough(t *testing.T) {
	for _, p := range longWorlds(t) {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(2) {
				rng := rand.New(rand.NewPCG(seed, 7))
				w := simulate.NewWorld(p, seed)
				_, changes := keys(w, 0, 40)
				s := &service{auditor: lww.Auditor{Rules: rulesOf(w)}, all: inputOf(w, changes)}
				found := books{}
				for _, window := range cuts(rng, s.all.Window, 10) {
					part, _ := s.audit(window, s.all.AsOf, nil)
					found.enter(t, part)
				}
				found.same(t, s.auditor.Audit(s.all).Findings)
			}
		})
	}
}

// TestRunsFollowTheArchive lets the archive grow and windows follow it. After the last run the open findings are those of one run
// over everything, however time was cut, and whichever runs were abandoned and repeated. Only what a gap keeps from being judged
// again may stand besides.
func TestRunsFollowTheArchive(t *testing.T) {
	for _, p := range longWorlds(t) {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(2) {
				rng := rand.New(rand.NewPCG(seed, 6))
				w := simulate.NewWorld(p, seed)
				_, changes := keys(w, 0, 40)
				rules := rulesOf(w)
				s := &service{auditor: lww.Auditor{Rules: rules}, all: inputOf(w, changes), open: books{}}
				windows := cuts(rng, s.all.Window, 14)
				for i, window := range windows {
					asOf := window.To.Add(rules.Settle)
					if i == len(windows)-1 {
						asOf = s.all.AsOf
					}
					s.run(window, asOf)
					if rng.IntN(3) == 0 {
						s.run(window, asOf.Add(time.Duration(rng.Int64N(int64(time.Hour))))) // once more, and later
					}
				}
				s.run(windows[len(windows)-1], s.all.AsOf)
				whole := s.auditor.Audit(s.all).Findings
				maps.DeleteFunc(s.open, func(fp audit.Fingerprint, f audit.Finding) bool {
					said := slices.ContainsFunc(whole, func(g audit.Finding) bool { return g.Fingerprint == fp })
					return !said && slices.Contains(s.kept, f.Key) // found before the gap, which hides what became of it
				})
				s.open.same(t, whole)
			}
		})
	}
}

func earliest(a, b time.Time) time.Time {
	return slices.MinFunc([]time.Time{a, b}, time.Time.Compare)
}

func latest(a, b time.Time) time.Time {
	return slices.MaxFunc([]time.Time{a, b}, time.Time.Compare)
}
