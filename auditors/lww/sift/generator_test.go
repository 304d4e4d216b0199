package sift_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/audit"
	"parallax/internal/record"
)

// The generator makes histories of keys that are nearly quiet, or not at all. Two kinds take turns: keys played by a small
// model of replication, and walks over a handful of images that are copied from region to region with mistakes, where
// everything that can coincide does. Then the records are damaged as streams and archives are.

var epoch = time.Date(2026, 11, 18, 13, 0, 0, 0, time.UTC)

// dial is how often what happens, 0 to 1.
type dial struct {
	walk                                float64 // keys that are walks
	writeID, origin, counter            float64 // images that have the attribute
	irregular                           float64 // counters that do not count
	stale, replay, foreign, same        float64 // a write id or origin that stands on another image; equal content
	remove, again, ttl                  float64 // deletes, writes after them, by time to live
	elsewhere                           float64 // writes in another region than the one before
	coalesce, late, race                float64 // replication that merges, is slow, or has not arrived when the next write comes
	cut, hole, twice, block, swap, mute float64 // what streams lose, repeat and reorder
	skew                                float64
	blind, extra                        float64 // records without images, records of an unknown region
}

var clean = dial{writeID: 1, origin: 1, counter: 1, remove: 0.2, ttl: 0.3, elsewhere: 0.3}

func wild(rng *rand.Rand) dial {
	some := func(most float64) float64 {
		if rng.IntN(2) == 0 {
			return 0
		}
		return most * rng.Float64()
	}
	mostly := func() float64 { return 1 - some(0.5)*some(1) }
	return dial{
		walk: some(1), writeID: mostly(), origin: mostly(), counter: mostly(), irregular: some(0.5),
		stale: some(0.3), replay: some(0.3), foreign: some(0.2), same: some(0.3),
		remove: some(0.4), again: some(0.5), ttl: some(0.5), elsewhere: some(0.6),
		coalesce: some(0.6), late: some(0.3), race: some(0.3),
		cut: some(0.4), hole: some(0.1), twice: some(0.1), block: some(0.1), swap: some(0.1), mute: some(0.2), skew: some(0.3), blind: some(0.02), extra: some(0.05),
	}
}

type generator struct {
	rng     *rand.Rand
	dial    dial
	rules   lww.Rules
	shard   string
	seq     int
	changes []record.Change
}

func (g *generator) chance(p float64) bool { return g.rng.Float64() < p }

// image makes an item; nothing but its attributes distinguishes it.
func (g *generator) image(key string, content int, id, origin string, version int) record.Image {
	m := map[string]record.Attr{"pk": {Type: "S", Text: key}, "body": {Type: "S", Text: "content " + strconv.Itoa(content)}}
	if g.chance(g.dial.writeID) {
		m["write_id"] = record.Attr{Type: "S", Text: id}
	}
	if g.chance(g.dial.origin) {
		m["origin"] = record.Attr{Type: "S", Text: origin}
	}
	if g.chance(g.dial.counter) {
		m["version"] = record.Attr{Type: "N", Text: strconv.Itoa(version)}
	}
	return record.NewImage(m)
}

// version is the next image after some others, and what stands on it.
func (g *generator) version(key string, region, n int) record.Image {
	id, origin, content, count := key+"-"+strconv.Itoa(n), string(g.rules.Regions[region]), n, n
	if g.chance(g.dial.replay) {
		id = key + "-" + strconv.Itoa(g.rng.IntN(n+1))
	}
	if g.chance(g.dial.stale) {
		id, origin = key+"-"+strconv.Itoa(max(n-1, 0)), string(g.rules.Regions[g.rng.IntN(len(g.rules.Regions))])
	}
	if g.chance(g.dial.foreign) {
		origin = "ap-south-1"
	}
	if g.chance(g.dial.same) {
		content = g.rng.IntN(n + 1)
	}
	if g.chance(g.dial.irregular) {
		count = g.rng.IntN(n+3) - 1
		if g.chance(0.2) {
			count += math.MaxUint32 - 3
		}
	}
	return g.image(key, content, id, origin, count)
}

func (g *generator) emit(key string, region int, at time.Time, before, after record.Image) {
	g.seq++
	event := "MODIFY"
	switch {
	case before.Absent():
		event = "INSERT"
	case after.Absent():
		event = "REMOVE"
	}
	g.changes = append(g.changes, record.Change{
		Table: g.rules.Table, Region: g.rules.Regions[region], Shard: g.shard, Seq: fmt.Sprintf("%021d", g.seq), Event: event,
		At: at.Truncate(time.Second), Key: key, Old: before, New: after, ByTTL: after.Absent() && g.chance(g.dial.ttl),
	})
}

// key makes the records of one key.
func (g *generator) key(key string) {
	first := len(g.changes)
	if g.chance(g.dial.walk) {
		g.walk(key)
	} else {
		g.play(key)
	}
	g.damage(first)
}

// play writes in one region and then another, and lets each write arrive everywhere, or be merged with the next. With the
// dial race a region writes over what it has, whatever is on its way to it.
func (g *generator) play(key string) {
	held := make([]record.Image, len(g.rules.Regions))
	now := epoch.Add(time.Duration(g.rng.IntN(3600)) * time.Second)
	var ancient record.Image
	if g.chance(0.3) {
		ancient = g.version(key, g.rng.IntN(len(held)), 0)
		for r := range held {
			held[r] = ancient
		}
	}
	region := g.rng.IntN(len(held))
	for n := 1; n <= 1+g.rng.IntN(6); n++ {
		if g.chance(g.dial.elsewhere) {
			region = g.rng.IntN(len(held))
		}
		now = now.Add(time.Duration(g.rng.IntN(4000)) * time.Millisecond)
		next := g.version(key, region, n)
		gone := held[region].Absent() && n > 1
		if gone && !g.chance(g.dial.again) {
			break
		}
		if g.chance(g.dial.remove) && !held[region].Absent() {
			next = ""
		}
		g.emit(key, region, now, held[region], next)
		held[region] = next
		arrived := now
		for r := range held {
			switch {
			case r == region || held[r] == next || g.chance(g.dial.race) || g.chance(g.dial.coalesce):
			default:
				at := now.Add(time.Duration(g.rng.IntN(2000)) * time.Millisecond)
				if g.chance(g.dial.late) {
					at = at.Add(time.Minute)
				}
				if g.chance(g.dial.skew) {
					at = at.Add(-3 * time.Second)
				}
				g.emit(key, r, at, held[r], next)
				held[r] = next
				if !g.chance(g.dial.late) {
					arrived = later(arrived, at)
				}
			}
		}
		now = arrived
	}
	if g.chance(g.dial.race) {
		return
	}
	now = now.Add(5 * time.Second)
	for r := range held {
		if held[r] != held[region] {
			g.emit(key, r, now, held[r], held[region])
			held[r] = held[region]
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// walk goes over few images, and copies the walk to the other regions with mistakes.
func (g *generator) walk(key string) {
	images := []record.Image{""}
	for n := range 1 + g.rng.IntN(4) {
		images = append(images, g.version(key, g.rng.IntN(len(g.rules.Regions)), n))
	}
	states := []int{g.rng.IntN(len(images))}
	for range 1 + g.rng.IntN(5) {
		states = append(states, g.rng.IntN(len(images)))
	}
	if g.chance(0.5) {
		states = g.rng.Perm(len(images))
	}
	if g.chance(0.3) {
		states = append(states, states[0])
	}
	for r := range g.rules.Regions {
		own := slices.Clone(states)
		for i := range slices.Backward(own) {
			switch {
			case g.chance(g.dial.coalesce / 3):
				own = slices.Delete(own, i, i+1)
			case g.chance(g.dial.race / 5):
				own[i] = g.rng.IntN(len(images))
			case i > 0 && g.chance(g.dial.race/5):
				own[i], own[i-1] = own[i-1], own[i]
			}
		}
		now := epoch.Add(time.Duration(g.rng.IntN(3)) * time.Second)
		for i := 1; i < len(own); i++ {
			now = now.Add(time.Duration(g.rng.IntN(3000)) * time.Millisecond)
			if g.chance(g.dial.skew) {
				now = now.Add(time.Duration(g.rng.IntN(7)-3) * time.Second)
			}
			if own[i] != own[i-1] || g.chance(0.02) {
				g.emit(key, r, now, images[own[i-1]], images[own[i]])
			}
		}
	}
}

// damage does to the records of a key what streams do.
func (g *generator) damage(first int) {
	own := slices.Clone(g.changes[first:])
	g.changes = g.changes[:first]
	silent := audit.Region("")
	if g.chance(g.dial.mute) {
		silent = g.rules.Regions[g.rng.IntN(len(g.rules.Regions))]
	}
	if g.chance(g.dial.cut) { // history before a moment is not there
		from := epoch.Add(time.Duration(g.rng.IntN(3600)) * time.Second)
		own = slices.DeleteFunc(own, func(c record.Change) bool { return c.At.Before(from) })
	}
	for i := range own {
		if j := g.rng.IntN(len(own)); g.chance(g.dial.swap) && own[i].Region == own[j].Region {
			own[i].Seq, own[j].Seq = own[j].Seq, own[i].Seq
		}
	}
	if len(own) > 0 && g.chance(g.dial.extra) {
		c := own[0]
		c.Region = "us-east-1"
		own = append(own, c)
	}
	all := own
	for _, c := range own {
		if g.chance(g.dial.twice) {
			all = append(all, c)
		}
	}
	if g.chance(g.dial.block) {
		all = append(all, all...)
	}
	if g.chance(g.dial.blind) { // a view of the stream that has no images
		for i := range all {
			all[i].Old, all[i].New = "", ""
		}
	}
	for _, c := range all {
		if c.Region != silent && !g.chance(g.dial.hole) {
			g.changes = append(g.changes, c)
		}
	}
}
