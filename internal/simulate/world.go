package simulate

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Table is the name of the table in every record.
const Table = "idempotency-keys"

// Dublin, London and Paris are the regions, in the order in which a profile uses them.
const (
	Dublin = audit.Region("eu-west-1")
	London = audit.Region("eu-west-2")
	Paris  = audit.Region("eu-west-3")
)

// Start is when every world begins.
func Start() time.Time { return time.Date(2026, 11, 18, 13, 0, 0, 0, time.UTC) }

// World is what all keys of one profile and seed have in common.
type World struct {
	Profile Profile
	Seed    uint64
	Regions []audit.Region
	Begin   time.Time // nothing happens before
	End     time.Time // reading stops

	Down   audit.Window                  // the outage; empty where there is none
	down   int                           // the region that is cut off in it
	gaps   map[audit.Region]audit.Window // what was trimmed
	from   map[audit.Region]time.Time    // what was trimmed at the beginning
	offset []time.Duration               // how far each region's clock is off; of a key, where skew is below a second
}

// NewWorld makes the world of a profile and a seed.
func NewWorld(p Profile, seed uint64) *World {
	rng := rand.New(rand.NewPCG(seed, hash(p.Name))) //nolint:gosec // a world must come out the same every time
	w := &World{
		Profile: p, Seed: seed, Regions: []audit.Region{Dublin, London, Paris}[:max(2, p.Regions)],
		Begin: Start(), gaps: map[audit.Region]audit.Window{}, from: map[audit.Region]time.Time{},
	}
	w.End = w.Begin.Add(p.Span + p.span() + p.Outage + p.Tail)
	for range w.Regions {
		w.offset = append(w.offset, between(rng, p.Skew))
	}
	active := p.Span + p.span()
	w.down = rng.IntN(len(w.Regions))
	if p.Outage > 0 {
		from := w.Begin.Add(part(rng, max(active/2, time.Second))).Truncate(time.Second)
		w.Down = audit.Window{From: from, To: from.Add(p.Outage)}
	}
	if p.Trim > 0 {
		to := w.Begin.Add(part(rng, active))
		if p.Outage > 0 {
			to = w.Down.To.Add(part(rng, p.Trim))
		}
		to = to.Truncate(time.Second)
		w.gaps[w.Regions[w.down]] = audit.Window{From: to.Add(-p.Trim), To: to}
	}
	for _, r := range w.Regions {
		w.from[r] = w.Begin.Add(-time.Hour - p.Skew)
		if p.Late > 0 {
			w.from[r] = w.Begin.Add(part(rng, p.Late)).Truncate(time.Second)
		}
	}
	return w
}

// Read is how much of a region's stream is left: all of [from, through) but the gaps.
func (w *World) Read(r audit.Region) (from, through time.Time, gaps []audit.Window) {
	if gap, ok := w.gaps[r]; ok {
		gaps = append(gaps, gap)
	}
	return w.from[r], w.End, gaps
}

// readable reports whether a record is still there when the stream is read.
func (w *World) readable(c record.Change) bool {
	return !c.At.Before(w.from[c.Region]) && c.At.Before(w.End) && !w.gaps[c.Region].Holds(c.At)
}

// due is when a message sent at one moment over a way that takes a while arrives: not while either end is cut off.
func (w *World) due(from, to int, sent time.Time, way time.Duration) time.Time {
	at := sent.Add(way)
	if (from == w.down || to == w.down) && !w.Down.Empty() && at.After(w.Down.From) && sent.Before(w.Down.To) {
		return later(at, w.Down.To.Add(way))
	}
	return at
}

// shard is the shard of a region's stream that holds a key's records of a moment.
func (w *World) shard(key string, at time.Time) string {
	generation := int64(0)
	if w.Profile.Split > 0 {
		generation = int64(at.Sub(w.Begin) / w.Profile.Split)
	}
	return fmt.Sprintf("shardId-%020d-%08x", generation, hash(key)%4)
}

// sequence is a number that grows along a key's records in a region; its length grows as well.
func sequence(w *World, key string, at time.Time, n int) string {
	micros := int64(1e9) + at.Sub(w.Begin.Add(-time.Hour)).Microseconds()/10
	return fmt.Sprintf("%d%08d%04d", micros, hash(key)%1e8, n)
}

func hash(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // never fails
	return h.Sum64()
}

// part is a random part of a duration.
func part(rng *rand.Rand, d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(rng.Int64N(int64(d)))
}

// between is a random duration from -d to d.
func between(rng *rand.Rand, d time.Duration) time.Duration { return part(rng, 2*d) - d }

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
