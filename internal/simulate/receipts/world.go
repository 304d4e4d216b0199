package receipts

import (
	"fmt"
	"math/rand/v2"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Dublin and London are the regions, in this order.
const (
	Dublin = audit.Region("eu-west-1")
	London = audit.Region("eu-west-2")
)

// The patience of every world, and its storage policy: STANDARD, and GLACIER_IR from 30 days on, within three more.
const (
	Grace       = 15 * time.Minute
	MarkerGrace = time.Hour
	Settle      = 15 * time.Minute
	Cold        = 30 * 24 * time.Hour
	Slack       = 72 * time.Hour
)

// Now is the moment that everything is judged at, and that the buckets themselves are asked.
func Now() time.Time { return time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC) }

// World is two buckets with their rules and all that happened in them.
type World struct {
	Seed    uint64
	Regions [2]audit.Region
	Buckets [2]record.Bucket
	Scans   [2]time.Time // when each inventory was made
	Window  audit.Window // of the payments
	Column  bool         // the inventories tell how objects are encrypted
	Policy  bool         // a storage policy is declared
	Markers string       // what is declared of delete markers: rule, replicated, kept
	Entries []record.Entry
	Objects []*Object

	ways   [2]way // by the side that is copied from
	outage audit.Window
	rng    *rand.Rand
	serial int
}

// way is the replication from one bucket to the other: a rule, since when it is there, and when it was switched off.
type way struct {
	rule   *record.ReplicationRule
	since  time.Time
	off    audit.Window
	others bool // the bucket has a rule to a third bucket, for everything, from the beginning
}

// New makes the world of a seed.
func New(seed uint64) *World {
	w := &World{
		Seed: seed, Regions: [2]audit.Region{Dublin, London}, Markers: "rule",
		rng: rand.New(rand.NewPCG(seed, 6)), //nolint:gosec // a world must come out the same every time
	}
	w.Column, w.Policy = !w.chance(0.25), w.chance(0.5)
	for i := range w.Scans {
		w.Scans[i] = Now().Add(-time.Hour - w.upTo(30*time.Hour))
	}
	if w.chance(0.2) {
		w.Scans[1] = w.Scans[0]
	}
	w.Window = audit.Window{From: Now().Add(-48 * time.Hour), To: Now()}
	if w.chance(0.6) {
		from := Now().Add(-w.upTo(36 * time.Hour))
		w.outage = audit.Window{From: from, To: from.Add(w.upTo(8 * time.Hour))}
	}
	if w.chance(0.2) {
		w.Markers = []string{"replicated", "kept"}[w.rng.IntN(2)]
	}
	w.rules()
	w.play()
	return w
}

// rules draws how the buckets replicate.
func (w *World) rules() {
	for i := range w.Buckets {
		w.Buckets[i] = record.Bucket{Region: w.Regions[i], Name: "receipts-" + string(w.Regions[i]), Versioning: "Enabled", RulesKnown: true}
	}
	plain := w.chance(0.3)
	for i := range w.ways {
		if !plain {
			w.ways[i] = w.way(i)
		} else {
			w.ways[i].rule = &record.ReplicationRule{ID: "all", Enabled: true, DeleteMarkers: true, KMS: true}
		}
		if w.ways[i].rule == nil {
			continue
		}
		w.ways[i].rule.Destination = w.Buckets[1-i].Name
		w.Buckets[i].Rules = append(w.Buckets[i].Rules, *w.ways[i].rule)
		if w.ways[i].others {
			w.Buckets[i].Rules = append(w.Buckets[i].Rules, record.ReplicationRule{ID: "third", Enabled: true, Destination: "receipts-archive"})
		}
	}
	if plain && w.chance(0.3) { // what is not known covers everything, as in such a world it does
		w.Buckets[0].RulesKnown, w.Buckets[1].RulesKnown = false, false
		w.Buckets[0].Rules, w.Buckets[1].Rules = nil, nil
	}
}

// way draws one direction.
func (w *World) way(side int) way {
	if side == 1 && w.chance(0.2) {
		return way{} // one way only
	}
	out := way{rule: &record.ReplicationRule{ID: fmt.Sprintf("rule-%d", side), Enabled: true, DeleteMarkers: w.chance(0.6), KMS: w.chance(0.6)}}
	if w.chance(0.3) {
		out.since = Now().Add(-w.upTo(30 * 24 * time.Hour))
	}
	switch w.rng.IntN(6) {
	case 0:
		out.rule.Prefix = "receipts/2026/11/"
	case 1:
		out.rule.Tagged, out.rule.DeleteMarkers = true, false
	case 2:
		if out.since.After(Now().Add(-96 * time.Hour)) {
			out.since = time.Time{} // it has copied something before
		}
		from := Now().Add(-w.upTo(40 * time.Hour))
		out.off = audit.Window{From: from, To: Now().Add(24 * time.Hour)}
		if w.chance(0.5) {
			out.off.To = from.Add(w.upTo(10 * time.Hour))
		}
		out.rule.Enabled = !out.off.Holds(Now())
	case 3:
		out.others = true
		if out.since.After(Now().Add(-96 * time.Hour)) {
			out.since = time.Time{}
		}
	}
	return out
}

// at reports whether a version written at a moment is copied, and whether it should be but for a rule that was switched off.
func (y way) at(v *Version, key string) (copied, owed bool) {
	r := y.rule
	if r == nil || v.created.Before(y.since) || len(key) < len(r.Prefix) || key[:len(r.Prefix)] != r.Prefix {
		return false, false
	}
	if v.marker && !r.DeleteMarkers || r.Tagged && !v.tagged || v.kms && !v.marker && !r.KMS {
		return false, false
	}
	off := y.off.Holds(v.created)
	return !off, true
}

func (w *World) chance(p float64) bool { return w.rng.Float64() < p }

func (w *World) upTo(d time.Duration) time.Duration {
	return time.Duration(w.rng.Int64N(int64(d))).Truncate(time.Millisecond)
}
