package lww_test

import (
	"fmt"
	"testing"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/internal/simulate"
)

// class is what the audit says of one loss, from nothing to the strongest.
type class int

const (
	missed      class = iota // nothing at all
	unread                   // nothing, and what shows it had been trimmed: the caller's gap says so
	withheld                 // nothing, but the result counts something of this very key as not judged
	apart                    // named by a finding about what the regions hold in the end
	undecidable              // named as possibly lost
	probable                 // named as lost, with a doubt
	oneOfTwo                 // one of two that the audit names, of which one was lost
	proven                   // named as lost
	classes
)

// score counts what the auditor said against what the oracle knows.
type score struct {
	histories, losses, falseProofs  int
	by                              [classes]int // losses
	removals                        [classes]int // removals that were undone
	apart, unseen, alarms, expected int          // keys whose regions end apart, those without a word, words without a cause, and those said to be in flight
}

func (s *score) add(o score) {
	s.histories += o.histories
	s.losses += o.losses
	s.falseProofs += o.falseProofs
	for i := range classes {
		s.by[i] += o.by[i]
		s.removals[i] += o.removals[i]
	}
	s.apart += o.apart
	s.unseen += o.unseen
	s.alarms += o.alarms
	s.expected += o.expected
}

// undone is how many removals were undone in all.
func (s *score) undone() (n int) {
	for _, k := range s.removals {
		n += k
	}
	return n
}

// rulesOf are the rules of a simulated table.
func rulesOf(w *simulate.World) lww.Rules {
	r := rules()
	r.Regions = w.Regions
	r.Clock = max(r.Clock, 2*w.Profile.Skew+100*time.Millisecond)
	if w.Profile.Believed > 0 {
		r.Clock = w.Profile.Believed
	}
	return r
}

// inputOf is everything that is left of a world's streams.
func inputOf(w *simulate.World, changes []record.Change) lww.Input {
	in := lww.Input{
		Window: audit.Window{From: w.Begin.Add(-24 * time.Hour), To: w.End.Add(24 * time.Hour)}, AsOf: w.End,
		Changes: changes, Read: map[audit.Region]lww.Reach{},
	}
	for _, r := range w.Regions {
		from, through, gaps := w.Read(r)
		in.Read[r] = lww.Reach{From: from, Through: through, Gaps: gaps}
	}
	return in
}

// keys plays n keys of one world.
func keys(w *simulate.World, from, n int) (map[string]*simulate.History, []record.Change) {
	histories, changes := make(map[string]*simulate.History, n), []record.Change(nil)
	for i := range n {
		h := w.Play(fmt.Sprintf("order-%07d", from+i))
		histories[h.Key] = h
		changes = append(changes, h.Changes...)
	}
	return histories, changes
}

// measure plays n histories of a profile and scores what the auditor says of them.
func measure(t *testing.T, p simulate.Profile, n int, seed uint64) score {
	t.Helper()
	var total score
	const batch = 500
	for done := 0; done < n; done += batch {
		w := simulate.NewWorld(p, seed+uint64(done/batch))
		histories, changes := keys(w, done, min(batch, n-done))
		a := lww.Auditor{Rules: rulesOf(w)}
		got := a.Audit(inputOf(w, changes))
		if len(got.Breaks) != 0 && p.Trim == 0 {
			t.Fatalf("breaks in unbroken streams: %+v", got.Breaks[0])
		}
		said := map[string][]audit.Finding{}
		for _, f := range got.Findings {
			said[f.Key] = append(said[f.Key], f)
		}
		for key, h := range histories {
			total.add(judge(t, a, h, said[key]))
		}
	}
	return total
}
