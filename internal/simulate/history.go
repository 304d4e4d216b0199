package simulate

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// History is the life of one key: what the streams show of it, and what is true.
type History struct {
	World    *World
	Key      string
	Changes  []record.Change // what is left to read, in the order in which it happened; times are whole seconds of each region's clock
	Versions []*Version      // by serial
	Lost     map[int]Loss    // accepted writes that were destroyed, by serial
	Undone   map[int]Loss    // removals that were undone, by serial
	Held     []*Version      // what each region holds in the end
	Apart    bool            // the regions end on different items
	InFlight []int           // serials on their way when reading stops

	offset []time.Duration
	stands [][]int          // of each record: the versions that stood in its region until the next one
	newest map[int]int      // region -> its newest record
	refs   map[string][]int // region and record -> versions
	names  map[int]struct{} // versions that a record which is left shows as its new image
}

// Play makes the history of one key in the world of a profile and a seed.
func Play(p Profile, seed uint64, key string) *History { return NewWorld(p, seed).Play(key) }

// Play makes the history of one key.
func (w *World) Play(key string) *History {
	h := newHistory(w, key)
	rng := rand.New(rand.NewPCG(w.Seed, hash(key))) //nolint:gosec // a history must come out the same every time
	for i := range h.offset {
		if w.Profile.Skew > 0 && w.Profile.Skew <= time.Second {
			h.offset[i] = between(rng, w.Profile.Skew) // storage nodes differ; a clock that is minutes off is so for every key
		}
	}
	p := &player{replicas: newReplicas(h), rng: rng, now: w.Begin.Add(part(rng, w.Profile.Span))}
	p.run()
	p.deliver(w.End.Add(w.Profile.Skew + time.Second)) // a clock that is ahead reads to a later moment
	p.settle()
	h.trim()
	return h
}

func newHistory(w *World, key string) *History {
	return &History{
		World: w, Key: key, Lost: map[int]Loss{}, Undone: map[int]Loss{}, newest: map[int]int{}, offset: slices.Clone(w.offset),
		refs: map[string][]int{}, names: map[int]struct{}{},
	}
}

// trim takes away what cannot be read any more, and names what is left.
func (h *History) trim() {
	var left []record.Change
	kept := make([]bool, len(h.Changes))
	for i, c := range h.Changes {
		if !h.World.readable(c) {
			continue
		}
		kept[i] = true
		left = append(left, c)
		h.refs[ref(c.Region, c.Shard+"/"+c.Seq)] = h.stands[i]
		for _, serial := range h.stands[i] {
			h.names[serial] = struct{}{}
		}
	}
	h.Changes = left
	for _, losses := range []map[int]Loss{h.Lost, h.Undone} {
		for serial, l := range losses {
			l.Seen = slices.ContainsFunc(l.records, func(i int) bool { return kept[i] })
			losses[serial] = l
		}
	}
}

func ref(r audit.Region, shardAndSeq string) string { return string(r) + " " + shardAndSeq }

// Names lists the versions that one record (its shard, a slash, its sequence number) brought to a region. They are several where one took
// the place of another with the same content, which makes no record.
func (h *History) Names(r audit.Region, shardAndSeq string) []int { return h.refs[ref(r, shardAndSeq)] }

// Shown reports whether a record that is left brought the version.
func (h *History) Shown(serial int) bool {
	_, ok := h.names[serial]
	return ok
}

// ShownApart reports whether the regions' last records that are left show different items. Where all show the same one,
// what sets the regions apart was written or arrived after reading stopped: nobody can know of it yet.
func (h *History) ShownApart() bool {
	last := map[audit.Region]record.Image{}
	for _, c := range h.Changes {
		last[c.Region] = c.New
	}
	for _, r := range h.World.Regions {
		if stands, read := last[r]; !read || stands != last[h.World.Regions[0]] {
			return true
		}
	}
	return false
}

// player is an application that writes one key.
type player struct {
	*replicas
	rng *rand.Rand
	now time.Time
}

// region is where the next write is made.
func (p *player) region() int {
	if p.World.Profile.Single {
		return int(hash(p.Key) % uint64(len(p.held))) //nolint:gosec // less than the number of regions
	}
	return p.rng.IntN(len(p.held))
}

func (p *player) run() {
	w := p.World.Profile
	writes := 2 + p.rng.IntN(max(1, w.Writes-1))
	if p.chance(w.Idle) {
		writes = 1
	}
	for range writes {
		if w.Rest > 0 && p.chance(0.3) {
			p.now = p.now.Add(part(p.rng, w.Rest))
		} else {
			p.now = p.now.Add(part(p.rng, w.Pause))
		}
		if p.now.After(p.World.End) {
			return
		}
		p.deliver(p.now)
		p.operate(p.region())
	}
}

func (p *player) chance(share float64) bool { return share > 0 && p.rng.Float64() < share }

// operate lets the application do one thing in a region.
func (p *player) operate(region int) {
	w := p.World.Profile
	if !p.held[region].Removal() {
		switch {
		case p.chance(w.Delete):
			p.accept(p.write(region, p.now, nil))
			return
		case p.chance(w.Expire):
			p.expire(region)
			return
		}
	}
	it := p.next(region)
	p.accept(p.write(region, p.now, &it))
}

// expire removes the item by its time to live, in one region or in every one that has it.
func (p *player) expire(region int) {
	for i := range p.held {
		if i != region && (!p.World.Profile.ExpireBoth || p.held[i].Removal()) {
			continue
		}
		v := p.write(i, p.now, nil)
		v.TTL = true
		p.accept(v)
	}
}

// accept makes a version stand in its region and sends it to the others.
func (p *player) accept(v *Version) {
	p.put(v.Region, v, v.At)
	w := p.World.Profile
	for to := range p.held {
		if to == v.Region || p.chance(w.Lose) {
			continue
		}
		p.send(v, to, p.World.due(v.Region, to, v.At, part(p.rng, w.Delay)), p.chance(w.Coalesce))
	}
}

// next is the item that the application writes over what a region holds.
func (p *player) next(region int) item {
	w, serial := p.World.Profile, len(p.Versions)
	old := p.held[region]
	if other := p.held[(region+1)%len(p.held)]; !other.Removal() && p.chance(w.Twin) {
		it := other.item
		if w.Origin {
			it.origin = string(p.World.Regions[region])
		}
		return it
	}
	if old.Removal() {
		return p.signed(item{
			key: p.Key, payment: p.vague("pay-"+p.Key, serial), status: "authorised", minor: p.amount(serial), hash: p.vague("h", serial),
		}, region, 1)
	}
	it := old.item
	if p.chance(w.NoOp) {
		return it
	}
	if back, ok := p.earlier(region); ok && p.chance(w.Replay) {
		return back
	}
	it.status = []string{"authorised", "captured", "refunded", "disputed"}[p.rng.IntN(4)]
	it.hash = p.vague("h", serial)
	switch {
	case p.chance(w.Stale):
		it.hash = "s" + strconv.Itoa(serial) // the content differs
		return it
	case p.chance(w.SoftDelete):
		it.status = "deleted"
	}
	return p.signed(it, region, old.item.counter+1)
}

// signed adds what names the write itself.
func (p *player) signed(it item, region int, counter int64) item {
	w := p.World.Profile
	if w.WriteID {
		it.writeID = "w" + strconv.Itoa(len(p.Versions))
	}
	if w.Origin {
		it.origin = string(p.World.Regions[region])
	}
	if w.Counter {
		it.counter = counter
	}
	if w.Expire > 0 {
		it.expires = p.now.Unix()
	}
	if !w.Vague && w.WriteID {
		it.written = p.now.Unix()
	}
	return it
}

// amount is what the payment takes, in minor units.
func (p *player) amount(serial int) int64 {
	if p.World.Profile.Vague {
		return 1250
	}
	return 1000 + 25*int64(serial)
}

// vague is a value of the write's own, or one that others have too.
func (p *player) vague(prefix string, serial int) string {
	if p.World.Profile.Vague {
		return prefix
	}
	return prefix + "-" + strconv.Itoa(serial)
}

// earlier is an item that this region wrote before.
func (p *player) earlier(region int) (item, bool) {
	var own []*Version
	for _, v := range p.Versions {
		if v.Region == region && !v.Removal() {
			own = append(own, v)
		}
	}
	if len(own) == 0 {
		return item{}, false
	}
	return own[p.rng.IntN(len(own))].item, true
}
