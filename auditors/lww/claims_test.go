package lww_test

import (
	"strings"
	"testing"

	"parallax/auditors/lww"
	"parallax/internal/audit"
	"parallax/internal/simulate"
)

// claims are the versions of one history that findings name, with the strongest class each is named in.
type claims struct {
	t      *testing.T
	h      *simulate.History
	named  map[int]class // as lost
	undone map[int]class // as a removal that was undone
	open   func() bool   // the result says that more is to be known of the key
	score
}

// judge scores the findings of one key.
func judge(t *testing.T, a lww.Auditor, h *simulate.History, findings []audit.Finding) score {
	t.Helper()
	open := func() bool { // the result itself says that this very key is not judged in full
		alone := a.Audit(inputOf(h.World, h.Changes))
		return alone.Unjudged > 0 || len(alone.Breaks) > 0 || len(alone.Shallow) > 0
	}
	c := &claims{t: t, h: h, open: open, named: map[int]class{}, undone: map[int]class{}}
	c.histories = 1
	for _, f := range findings {
		c.read(f)
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
	if h.Apart && h.ShownApart() {
		c.apart++
		if len(findings) == 0 && len(h.Changes) > 0 && !open() {
			c.unseen++
			t.Logf("lasting difference without a word: %s, seed %d", h.Key, h.World.Seed)
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
		case !c.h.Apart && f.Verdict == audit.Proven:
			c.wrong(f, "the regions hold the same")
		case !c.h.Apart && !c.open():
			c.alarms++
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
