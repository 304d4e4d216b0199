// Package failover finds changes of the writing region in what RDS says and in which database accepts writes, and measures from
// the data what each cost: recovery point and recovery time per layer, with error bars, against the stated objectives.
//
// Sources: Amazon Aurora User Guide, "Amazon RDS event categories and event messages for Aurora" and "Using switchover or
// failover in Amazon Aurora Global Database".
package failover

import (
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Rules are the objectives and the alarm on the old primary's snapshot.
type Rules struct {
	Scope         string // the configured global cluster
	RPO, RTO      time.Duration
	SnapshotAlarm time.Duration // raise when less than this is left before the snapshot expires
	Origin        string        // the attribute of the keys that names the writing region; empty if none
	Around        time.Duration // how far before and after the promotion the data is looked at
	ClockError    time.Duration // how far apart the clocks of the two regions may be; widens what is measured across them
}

// Input is what is known of the databases, and the data of the layers around each failover.
type Input struct {
	Window audit.Window
	AsOf   time.Time
	Events []record.Event   // what RDS says now and said before, and which databases accepted writes
	Known  []audit.Failover // what earlier runs found
	Stated []time.Time      // when a person says that there was one
	Silent []audit.Region   // regions whose RDS did not tell all: what it does not show may be there all the same
	Layers []Layers         // of failovers that Detect has returned
}

// Layers is the data around one failover. Nil data is not measured, and Missing says why.
type Layers struct {
	Of       audit.Failover
	Around   audit.Window    // what was read
	Entries  []record.Entry  // the ledger in force
	Copies   []Copy          // restored old primaries, whichever failover they belong to
	Keys     []record.Change // of the table of keys, both regions
	Receipts []audit.Finding // receipt.missing findings
	Missing  map[string]string
	Further  []string // what else is configured and was not read, as Failover.Unmeasured says it

	Ahead, AheadError time.Duration // how far the clock of the new writer's database is ahead of the old one's
	ClocksUnknown     bool          // the two could not be compared
}

// Copy is the ledger of an old primary, restored from its snapshot.
type Copy struct {
	Region  audit.Region // where it was the primary, if that is known
	Entries []record.Entry
}

// The layers by name, as in Layers.Missing.
const (
	LayerLedger   = "ledger"
	LayerSnapshot = "snapshot"
	LayerKeys     = "keys"
	LayerReceipts = "receipts"
)

// Auditor applies Rules.
type Auditor struct{ Rules Rules }

// Audit returns failover.detected and failover.snapshot_expiring findings, and the failovers of the window with what was
// measured of those that have Layers.
func (a Auditor) Audit(in Input) audit.Judgement {
	var out audit.Judgement
	all := a.all(in)
	for i, c := range all {
		if !in.Window.Holds(c.Promoted) {
			continue
		}
		s := snapshotsOf(in, all, i)
		c.Snapshot, c.SnapshotExpires = s.name(c), s.expires(c)
		l, found := layersOf(in.Layers, c.Failover)
		if found && !c.Planned {
			a.measure(l, all, i, &c.Failover)
		}
		keep(c.earlier, l, &c.Failover)
		out.Failovers = append(out.Failovers, c.Failover)
		out.Findings = append(out.Findings, a.detected(in, all, i, c, s))
		if f, is := a.expiring(in, c, s); is {
			out.Findings = append(out.Findings, f)
		}
	}
	audit.Sort(out.Findings)
	return out
}

// Detect returns the failovers and switchovers of the window, oldest first, before anything is measured.
func (a Auditor) Detect(in Input) []audit.Failover {
	var out []audit.Failover
	for _, c := range a.all(in) {
		if in.Window.Holds(c.Promoted) {
			out = append(out, c.Failover)
		}
	}
	return out
}

// Surroundings is the time around one of the detected failovers in which its data lies: as far as Rules.Around, and not beyond
// the change of writer before or after it.
func (a Auditor) Surroundings(in Input, f audit.Failover) audit.Window {
	all := a.all(in)
	for i, c := range all {
		if same(c.Failover, f) {
			return a.surroundings(all, i)
		}
	}
	return audit.Window{From: f.Promoted.Add(-a.Rules.Around), To: f.Promoted.Add(a.Rules.Around)}
}

func (a Auditor) surroundings(all []change, i int) audit.Window {
	c := all[i]
	w := audit.Window{From: c.began.Add(-a.Rules.Around), To: c.Promoted.Add(c.PromotedError + a.Rules.Around)}
	if i > 0 && all[i-1].Promoted.After(w.From) {
		w.From = all[i-1].Promoted
	}
	if i+1 < len(all) && all[i+1].Promoted.Before(w.To) {
		w.To = all[i+1].Promoted
	}
	return w
}

func layersOf(all []Layers, f audit.Failover) (Layers, bool) {
	for _, l := range all {
		if same(l.Of, f) {
			return l, true
		}
	}
	return Layers{}, false
}

// same reports whether two are one failover by its identity.
func same(a, b audit.Failover) bool {
	return a.Cluster == b.Cluster && a.To == b.To && a.At.Equal(b.At)
}
