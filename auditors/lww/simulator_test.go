package lww_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// The simulator plays one key in two regions with last-writer-wins replication and keeps the true tree of versions. It
// knows nothing of the auditor: what was lost is read from the tree at the moment a version is destroyed.

const (
	dublin = audit.Region("eu-west-1")
	london = audit.Region("eu-west-2")
)

var epoch = time.Date(2026, 11, 18, 13, 0, 0, 0, time.UTC)

type world struct {
	writeID, origin, counter bool
	deletes                  float64 // of the operations
	coalesce                 float64
	skew                     time.Duration // at most, either way
	raise                    bool          // a write's timestamp exceeds the one it overwrites
	lose                     float64       // replication messages lost for ever
}

type version struct {
	id      int
	parent  *version // nil: written where nothing had ever been
	region  int
	stamp   time.Time
	deleted bool
	number  int64
	payment string
}

// descends reports whether o is v or one of its ancestors.
func (v *version) descends(o *version) bool {
	for ; v != nil; v = v.parent {
		if v == o {
			return true
		}
	}
	return false
}

type message struct {
	due time.Time
	v   *version
}

type history struct {
	w       world
	rng     *rand.Rand
	key     string
	now     time.Time
	held    [2]*version
	queue   [2][]message // towards region i
	skew    [2]time.Duration
	changes []record.Change
	next    int
	lost    map[string]bool // write ids destroyed
	undone  map[string]bool // write ids whose removal was destroyed
	apart   bool
}

func play(w world, rng *rand.Rand, key string) *history {
	h := &history{w: w, rng: rng, key: key, now: epoch, lost: map[string]bool{}, undone: map[string]bool{}}
	for i := range h.skew {
		if w.skew > 0 {
			h.skew[i] = time.Duration(rng.Int64N(int64(2*w.skew))) - w.skew
		}
	}
	for range 2 + rng.IntN(9) {
		h.now = h.now.Add(time.Duration(rng.Int64N(int64(4 * time.Second))))
		h.deliver()
		h.operate(rng.IntN(2))
	}
	h.now = h.now.Add(time.Hour)
	h.deliver()
	h.apart = live(h.held[0]) != live(h.held[1])
	return h
}

func live(v *version) *version {
	if v == nil || v.deleted {
		return nil
	}
	return v
}

func (h *history) operate(region int) {
	old := h.held[region]
	v := &version{id: h.next, parent: old, region: region, stamp: h.now.Add(h.skew[region]), number: 1, payment: "pay-" + strconv.Itoa(h.next)}
	h.next++
	if l := live(old); l != nil {
		v.number, v.payment = l.number+1, l.payment
		v.deleted = h.rng.Float64() < h.w.deletes
	}
	if h.w.raise && old != nil && !v.stamp.After(old.stamp) {
		v.stamp = old.stamp.Add(1)
	}
	h.put(region, v)
	if h.rng.Float64() < h.w.lose {
		return
	}
	due := h.now.Add(time.Duration(h.rng.Int64N(int64(6 * time.Second))))
	to := 1 - region
	if n := len(h.queue[to]); n > 0 {
		if due.Before(h.queue[to][n-1].due) {
			due = h.queue[to][n-1].due // in order per item
		}
		if h.rng.Float64() < h.w.coalesce {
			h.queue[to] = h.queue[to][:n-1]
		}
	}
	h.queue[to] = append(h.queue[to], message{due, v})
}

func (h *history) deliver() {
	for {
		to := -1
		for i := range h.queue {
			if q := h.queue[i]; len(q) > 0 && !q[0].due.After(h.now) && (to < 0 || q[0].due.Before(h.queue[to][0].due)) {
				to = i
			}
		}
		if to < 0 {
			return
		}
		m := h.queue[to][0]
		h.queue[to] = h.queue[to][1:]
		h.apply(to, m)
	}
}

func (h *history) apply(region int, m message) {
	old := h.held[region]
	if old != nil && (old.stamp.After(m.v.stamp) || (old.stamp.Equal(m.v.stamp) && old.region >= m.v.region)) {
		return
	}
	for v := old; v != nil && !m.v.descends(v); v = v.parent {
		switch {
		case !v.deleted:
			h.lost[strconv.Itoa(v.id)] = true
		case v.parent != nil && v == old && !m.v.deleted:
			h.undone[strconv.Itoa(v.parent.id)] = true
		}
	}
	now := h.now
	h.now = m.due
	h.put(region, m.v)
	h.now = now
}

func (h *history) put(region int, v *version) {
	before, after := h.image(live(h.held[region])), h.image(live(v))
	h.held[region] = v
	if before == after {
		return
	}
	event := "MODIFY"
	switch {
	case before.Absent():
		event = "INSERT"
	case after.Absent():
		event = "REMOVE"
	}
	h.changes = append(h.changes, record.Change{
		Table: "idempotency-keys", Region: []audit.Region{dublin, london}[region], Shard: "shard", Seq: fmt.Sprintf("%021d", len(h.changes)+1),
		Event: event, At: h.now.Truncate(time.Second), Key: h.key, Old: before, New: after,
	})
}

func (h *history) image(v *version) record.Image {
	if v == nil {
		return ""
	}
	m := map[string]record.Attr{
		"pk": {Type: "S", Text: h.key}, "payment_id": {Type: "S", Text: v.payment},
		"body": {Type: "S", Text: "content " + strconv.Itoa(v.id)}, "amount_minor": {Type: "N", Text: "1250"}, "currency": {Type: "S", Text: "EUR"},
	}
	if h.w.writeID {
		m["write_id"] = record.Attr{Type: "S", Text: strconv.Itoa(v.id)}
	}
	if h.w.origin {
		m["origin"] = record.Attr{Type: "S", Text: string([]audit.Region{dublin, london}[v.region])}
	}
	if h.w.counter {
		m["version"] = record.Attr{Type: "N", Text: strconv.FormatInt(v.number, 10)}
	}
	return record.NewImage(m)
}

// shuffled is a copy in another order.
func shuffled(rng *rand.Rand, changes []record.Change) []record.Change {
	out := slices.Clone(changes)
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}
