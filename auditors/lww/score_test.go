package lww_test

import (
	"fmt"
	"strings"
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

// rulesOf are the rules of a simulated table.
func rulesOf(w *simulate.World) lww.Rules {
	r := rules()
	r.Regions = w.Regions
	r.Clock = max(r.Clock, 2*w.Profile.Skew+100*time.Millisecond)
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

// claims are the versions of one history that findings name, with the strongest class each is named in.
type claims struct {
	t      *testing.T
	h      *simulate.History
	named  map[int]class // as lost
	undone map[int]class // as a removal that was undone
	score
}

// judge scores the findings of one key.
func judge(t *testing.T, a lww.Auditor, h *simulate.History, findings []audit.Finding) score {
	t.Helper()
	c := &claims{t: t, h: h, named: map[int]class{}, undone: map[int]class{}}
	c.histories = 1
	for _, f := range findings {
		c.read(f)
	}
	open := func() bool {
		alone := a.Audit(inputOf(h.World, h.Changes))
		return alone.Unjudged > 0 || len(alone.Breaks) > 0
	}
	silent := func(l simulate.Loss) class {
		switch {
		case open():
			return withheld
		case !l.Seen || !h.Shown(l.Version.Serial):
			return unread
		default:
			return missed
		}
	}
	for serial, l := range h.Lost {
		if l.Regained {
			continue
		}
		c.losses++
		class := c.class(serial)
		if class == missed {
			class = silent(l)
		}
		c.by[class]++
		if class == missed {
			t.Logf("missed: write %d of %s, seed %d", serial, h.Key, h.World.Seed)
		}
	}
	for serial, l := range h.Undone {
		if l.Regained || l.Expired {
			continue
		}
		class := max(c.undone[serial], c.parent(serial))
		if class == missed {
			class = silent(l)
		}
		c.removals[class]++
		if class == missed {
			t.Logf("missed: removal %d of %s, seed %d", serial, h.Key, h.World.Seed)
		}
	}
	if h.Apart {
		c.apart++
		if len(findings) == 0 && !open() {
			c.unseen++
		}
	}
	return c.score
}

// parent is what is said of the version that a removal removed.
func (c *claims) parent(serial int) class {
	for v := c.h.Versions[serial].Parent; v != nil; v = v.Parent {
		if !v.Removal() {
			return min(c.named[v.Serial], undecidable)
		}
	}
	return missed
}

// class is what is said of a lost version: by its own name, or by the name of one written on top of it and lost with it,
// which proves nothing.
func (c *claims) class(serial int) class {
	best := c.named[serial]
	lost := c.h.Versions[serial]
	for other, said := range c.named {
		v := c.h.Versions[other]
		if v == lost || !v.Descends(lost) {
			continue
		}
		if _, too := c.h.Lost[other]; too {
			if said == proven {
				said = undecidable
			}
			best = max(best, said)
		}
	}
	return best
}

func (c *claims) read(f audit.Finding) {
	switch f.Kind {
	case audit.LWWLostWrite, audit.LWWDoubleAccept:
		c.lost(f)
	case audit.LWWLostDelete:
		said := verdict(f)
		for _, e := range f.Evidence {
			if strings.HasSuffix(e.Note, "the removal, lost") {
				c.say(f, e, c.undone, said, c.h.Undone)
			}
		}
	case audit.LWWFork:
		c.fork(f)
	case audit.LWWUndecidable:
		for _, e := range f.Evidence {
			c.say(f, e, c.named, undecidable, nil)
			c.say(f, e, c.undone, undecidable, nil)
		}
	case audit.LWWDiverged, audit.LWWNotReplicated:
		for _, e := range f.Evidence {
			c.say(f, e, c.named, apart, nil)
		}
		switch {
		case f.Status == audit.Expected:
			c.expected++
		case !c.h.Apart:
			c.alarms++
			if f.Verdict == audit.Proven {
				c.wrong(f, "the regions hold the same")
			}
		}
	default:
		c.t.Errorf("unexpected kind %s", f.Kind)
	}
}

func verdict(f audit.Finding) class {
	switch f.Verdict {
	case audit.Proven:
		return proven
	case audit.Probable:
		return probable
	default:
		return undecidable
	}
}

// say notes that a finding names what a record brought. Where the truth is given, a proof that names nothing lost is false.
func (c *claims) say(f audit.Finding, e audit.Evidence, in map[int]class, said class, truth map[int]simulate.Loss) {
	found := false
	for _, serial := range c.h.Names(e.Region, e.Ref) {
		in[serial] = max(in[serial], said)
		_, ok := truth[serial]
		found = found || ok
	}
	if said == proven && !found {
		c.wrong(f, e.Ref+" was not lost")
	}
}

func (c *claims) wrong(f audit.Finding, why string) {
	c.falseProofs++
	c.t.Logf("false proof: %s of %s, seed %d: %s", f.Kind, f.Key, c.h.World.Seed, why)
}

func (c *claims) lost(f audit.Finding) {
	var inserts [][]int
	for _, e := range f.Evidence {
		if strings.HasSuffix(e.Note, "lost") {
			c.say(f, e, c.named, verdict(f), c.h.Lost)
		}
		if strings.Contains(e.Note, "accepted here") {
			inserts = append(inserts, c.h.Names(e.Region, e.Ref))
		}
	}
	if f.Kind != audit.LWWDoubleAccept || f.Verdict != audit.Proven {
		return
	}
	for _, a := range inserts[0] {
		for _, b := range inserts[1] {
			if simulate.DoubleAccept(c.h.Versions[a], c.h.Versions[b]) {
				return
			}
		}
	}
	c.wrong(f, "one of the inserts had seen the other")
}

func (c *claims) fork(f audit.Finding) {
	lost := false
	for _, e := range f.Evidence {
		if !strings.HasSuffix(e.Note, "replaced here") {
			continue
		}
		for _, serial := range c.h.Names(e.Region, e.Ref) {
			_, ok := c.h.Lost[serial]
			lost = lost || ok
		}
		said := oneOfTwo
		if f.Verdict == audit.Undecidable {
			said = undecidable
		}
		c.say(f, e, c.named, said, nil)
	}
	if f.Verdict == audit.Proven && !lost {
		c.wrong(f, "neither was lost")
	}
}
