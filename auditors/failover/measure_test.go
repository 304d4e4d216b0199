package failover_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parallax/auditors/failover"
	"parallax/internal/audit"
	"parallax/internal/record"
)

func clockAt(hour, minute, second int) time.Time {
	return time.Date(2026, time.November, 18, hour, minute, second, 0, time.UTC)
}

// story is a failover from r1 to r2 of a ledger that is written to every two seconds.
type story struct{ inForce, old []record.Entry }

// write puts payments into the ledger in force, the old primary, or both.
func (s *story) write(from, until time.Time, inForce, old bool) {
	for at := from; at.Before(until); at = at.Add(2 * time.Second) {
		row := paid(fmt.Sprint("p", len(s.inForce), "-", len(s.old)), at)
		row.ID = fmt.Sprint(len(s.inForce) + len(s.old) + 1)
		if inForce {
			s.inForce = append(s.inForce, row)
		}
		if old {
			s.old = append(s.old, row)
		}
	}
}

func told(kind record.EventType, of audit.Region, at time.Time) record.Event {
	return record.Event{Region: of, Type: kind, Source: "c" + string(of), At: at, Member: of}
}

// measured is the one failover of the events, measured from the layers.
func measured(t *testing.T, l failover.Layers, known []audit.Failover, events ...record.Event) (audit.Failover, audit.Finding) {
	t.Helper()
	a := failover.Auditor{Rules: failover.Rules{Scope: "global", RTO: time.Minute, Around: time.Hour}}
	in := failover.Input{Window: audit.Window{From: clockAt(13, 0, 0), To: clockAt(16, 0, 0)}, AsOf: clockAt(18, 0, 0), Events: events, Known: known}
	all := a.Detect(in)
	if len(all) != 1 {
		t.Fatalf("failovers %+v", all)
	}
	l.Of, l.Around, l.Missing = all[0], a.Surroundings(in, all[0]), map[string]string{}
	in.Layers = []failover.Layers{l}
	j := a.Audit(in)
	return j.Failovers[0], j.Findings[0]
}

func figure(f audit.Failover, name string) (audit.Measure, bool) {
	for _, m := range f.Measures {
		if m.Layer == failover.LayerLedger && m.Figure == name {
			return m, true
		}
	}
	return audit.Measure{}, false
}

// holds checks that a figure's bar holds the truth.
func holds(t *testing.T, f audit.Failover, name string, truth time.Duration) audit.Measure {
	t.Helper()
	m, found := figure(f, name)
	if !found || truth < m.Value-m.Error || truth > m.Value+m.Error {
		t.Errorf("%s %s +/- %s (%s), in truth %s; unmeasured %q", name, m.Value, m.Error, m.Basis, truth, f.Unmeasured)
	}
	return m
}

// RDS dates an event when it posts it, which may be minutes after the new writer's first write.
func TestRecoveryTimeHoldsThoughTheEventIsLate(t *testing.T) {
	var s story
	s.write(clockAt(13, 30, 0), clockAt(14, 5, 0), true, false)
	s.write(clockAt(14, 8, 0), clockAt(14, 40, 0), true, false)
	for _, late := range []time.Duration{-5 * time.Second, time.Second, 3 * time.Second, 90 * time.Second, 4 * time.Minute} {
		completed := told(record.FailoverCompleted, "r2", clockAt(14, 8, 0).Add(late))
		for _, events := range [][]record.Event{{completed}, {told(record.FailoverStarted, "r2", clockAt(14, 5, 30)), completed}} {
			f, finding := measured(t, failover.Layers{Entries: s.inForce}, nil, events...)
			if m := holds(t, f, "rto", 182*time.Second); m.Value+m.Error > 5*time.Minute || len(events) == 2 && !m.Broken() {
				t.Errorf("event %s late, %d events: %+v", late, len(events), m)
			}
			for _, e := range finding.Evidence {
				if e.Field == "rto" && strings.Contains(e.Note, " met;") {
					t.Errorf("event %s late: %s", late, e.Note)
				}
			}
		}
	}
}

// A pause of a later time that is longer than the failover does not hide it: without the old primary the bar reaches to nothing.
func TestRecoveryTimeHoldsBesideALongerPause(t *testing.T) {
	var s story
	s.write(clockAt(13, 30, 0), clockAt(14, 5, 0), true, false)
	s.write(clockAt(14, 5, 20), clockAt(14, 8, 0), true, false)
	s.write(clockAt(14, 9, 0), clockAt(14, 40, 0), true, false)
	f, _ := measured(t, failover.Layers{Entries: s.inForce}, nil, told(record.FailoverCompleted, "r2", clockAt(14, 5, 10)))
	holds(t, f, "rto", 22*time.Second)
}

// A backup of some minutes before the failover is no witness: the ledger in force has writes of the old primary that it does not.
func TestBackupIsNoOldPrimary(t *testing.T) {
	var s story
	s.write(clockAt(13, 30, 0), clockAt(14, 3, 0), true, true)
	s.write(clockAt(14, 3, 0), clockAt(14, 5, 0), true, false)
	s.write(clockAt(14, 8, 0), clockAt(14, 40, 0), true, false)
	l := failover.Layers{Entries: s.inForce, Copies: []failover.Copy{{Region: "r1", Entries: s.old}}}
	f, _ := measured(t, l, nil, told(record.WriterShutDown, "r1", clockAt(14, 7, 0)), told(record.FailoverCompleted, "r2", clockAt(14, 7, 30)))
	if m, found := figure(f, "rpo"); found || !strings.Contains(strings.Join(f.Unmeasured, "\n"), "the snapshot was taken before the failover") {
		t.Errorf("rpo %+v, unmeasured %q", m, f.Unmeasured)
	}
	holds(t, f, "rto", time.Minute)
}

// The old primary's copy is a witness whatever follows: here another silence after the failover, longer than it.
func TestLaterSilenceMakesNoBackup(t *testing.T) {
	var s story
	s.write(clockAt(13, 30, 0), clockAt(14, 5, 0), true, true)
	s.write(clockAt(14, 6, 0), clockAt(14, 8, 0), true, false)
	s.write(clockAt(14, 11, 0), clockAt(14, 40, 0), true, false)
	l := failover.Layers{Entries: s.inForce, Copies: []failover.Copy{{Region: "r1", Entries: s.old}}}
	f, _ := measured(t, l, nil, told(record.FailoverCompleted, "r2", clockAt(14, 6, 30)))
	holds(t, f, "rpo", 0)
	holds(t, f, "rto", 62*time.Second)
}

// Where nobody could compare the clocks of the regions, no objective is met by them.
func TestClocksThatCannotBeCompared(t *testing.T) {
	for _, off := range []time.Duration{-3 * time.Minute, -50 * time.Second, 0, 50 * time.Second, 3 * time.Minute} {
		var s story
		s.write(clockAt(13, 30, 0), clockAt(14, 6, 30), true, true)
		s.write(clockAt(14, 6, 30), clockAt(14, 7, 0), false, true)
		s.write(clockAt(14, 8, 0).Add(off), clockAt(14, 40, 0).Add(off), true, false)
		events := []record.Event{told(record.WriterShutDown, "r1", clockAt(14, 7, 0)), told(record.FailoverCompleted, "r2", clockAt(14, 7, 30))}
		for _, copies := range [][]failover.Copy{nil, {{Region: "r1", Entries: s.old}}} {
			f, _ := measured(t, failover.Layers{Entries: s.inForce, Copies: copies, ClocksUnknown: true}, nil, events...)
			m := holds(t, f, "rto", 62*time.Second)
			if m.Value+m.Error <= m.Objective || !strings.Contains(m.Basis, "could not be compared") {
				t.Errorf("off by %s: %+v", off, m)
			}
		}
	}
}

// An old primary that nobody fenced writes past the event: the clocks are not to blame.
func TestUnfencedOldPrimaryIsNamed(t *testing.T) {
	var s story
	s.write(clockAt(13, 30, 0), clockAt(14, 5, 0), true, true)
	s.write(clockAt(14, 5, 0), clockAt(14, 15, 0), false, true)
	s.write(clockAt(14, 8, 0), clockAt(14, 40, 0), true, false)
	l := failover.Layers{Entries: s.inForce, Copies: []failover.Copy{{Region: "r1", Entries: s.old}}}
	f, _ := measured(t, l, nil, told(record.FailoverCompleted, "r2", clockAt(14, 8, 3)))
	if why := strings.Join(f.Unmeasured, "\n"); !strings.Contains(why, "was not fenced and took writes until 14:14:58") {
		t.Errorf("unmeasured %q, measures %+v", why, f.Measures)
	}
}

// A loss measured against a wrong copy gives way to what the right one says, and stands, as not measured any more, while there is
// none. Against the same copy, a loss that was made good stays.
func TestAnotherCopyCorrectsAnEarlierFigure(t *testing.T) {
	var s story
	s.write(clockAt(13, 30, 0), clockAt(14, 7, 0), true, true)
	s.write(clockAt(14, 8, 0), clockAt(14, 40, 0), true, false)
	right := s.old
	s.write(clockAt(14, 6, 0), clockAt(14, 6, 20), false, true)
	events := []record.Event{told(record.WriterShutDown, "r1", clockAt(14, 7, 0)), told(record.FailoverCompleted, "r2", clockAt(14, 7, 30))}
	layers := func(copies ...[]record.Entry) failover.Layers {
		l := failover.Layers{Entries: s.inForce}
		for _, c := range copies {
			l.Copies = append(l.Copies, failover.Copy{Region: "r1", Entries: c})
		}
		return l
	}
	first, _ := measured(t, layers(s.old), nil, events...)
	lost, found := figure(first, "rpo")
	if !found || lost.Value == 0 || lost.Copy == "" {
		t.Fatalf("rpo %+v", lost)
	}
	gone, _ := measured(t, layers(), []audit.Failover{first}, events...)
	if m, found := figure(gone, "rpo"); !found || m.Value != lost.Value || !strings.Contains(strings.Join(gone.Unmeasured, "\n"), "ledger rpo:") {
		t.Errorf("without a copy: %+v, unmeasured %q", m, gone.Unmeasured)
	}
	for _, known := range []audit.Failover{first, gone} {
		now, _ := measured(t, layers(right), []audit.Failover{known}, events...)
		if m := holds(t, now, "rpo", 0); m.Error != 0 {
			t.Errorf("by the right copy: %+v", m)
		}
	}
	s.inForce = append(s.inForce, s.old[len(right):]...)
	mended, _ := measured(t, layers(s.old), []audit.Failover{first}, events...)
	if m, _ := figure(mended, "rpo"); m.Value != lost.Value || !strings.Contains(m.Basis, "stands in the ledger again") {
		t.Errorf("made good: %+v", m)
	}
}
