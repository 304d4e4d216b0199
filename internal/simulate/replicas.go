package simulate

import (
	"slices"
	"time"

	"parallax/internal/record"
)

// message is a version on its way.
type message struct {
	due time.Time
	v   *Version
}

// replicas is the table as each region holds one key, with what is on its way between them. It applies last writer wins
// and writes the streams.
type replicas struct {
	*History
	held  []*Version
	queue [][][]message // from a region, towards a region; in order
}

func newReplicas(h *History) *replicas {
	n := len(h.World.Regions)
	r := &replicas{History: h, held: make([]*Version, n), queue: make([][][]message, n)}
	for i := range r.queue {
		r.queue[i] = make([][]message, n)
	}
	return r
}

// write makes a version on top of what the region holds.
func (r *replicas) write(region int, at time.Time, it *item) *Version {
	v := &Version{Serial: len(r.Versions), Parent: r.held[region], Region: region, At: at, Stamp: at.Add(r.offset[region])}
	if it != nil {
		v.item, v.Image = *it, it.image()
	}
	if old := v.Parent; r.World.Profile.Raise && old != nil && !v.Stamp.After(old.Stamp) {
		v.Stamp = old.Stamp.Add(1)
	}
	r.Versions = append(r.Versions, v)
	return v
}

// send puts a version on its way; it never overtakes one of the same region. A combined one takes the place of the one before it.
func (r *replicas) send(v *Version, to int, due time.Time, combine bool) {
	q := &r.queue[v.Region][to]
	if n := len(*q); n > 0 {
		due = later(due, (*q)[n-1].due)
		if combine {
			*q = (*q)[:n-1]
		}
	}
	*q = append(*q, message{due, v})
}

// deliver applies every message that is due by a moment, the earliest first.
func (r *replicas) deliver(by time.Time) {
	for {
		var first *[]message
		at := 0
		for from := range r.queue {
			for to := range r.queue[from] {
				q := &r.queue[from][to]
				if len(*q) > 0 && !(*q)[0].due.After(by) && (first == nil || (*q)[0].due.Before((*first)[0].due)) {
					first, at = q, to
				}
			}
		}
		if first == nil {
			return
		}
		m := (*first)[0]
		*first = (*first)[1:]
		r.apply(at, m)
	}
}

// apply lets a message win or be dropped. A dropped one leaves no trace; a winner destroys what it does not descend from.
func (r *replicas) apply(region int, m message) {
	old := r.held[region]
	if old != nil && (old.Stamp.After(m.v.Stamp) || (old.Stamp.Equal(m.v.Stamp) && old.Region >= m.v.Region)) {
		return
	}
	r.destroy(region, old, m)
	r.put(region, m.v, m.due)
}

// put makes a region hold a version, and its stream say so if the item changes.
func (r *replicas) put(region int, v *Version, at time.Time) {
	before, after := image(r.held[region]), image(v)
	r.held[region] = v
	if before == after {
		r.stand(region, v.Serial)
		return
	}
	event := "MODIFY"
	switch {
	case before.Absent():
		event = "INSERT"
	case after.Absent():
		event = "REMOVE"
	}
	local := at.Add(r.offset[region])
	r.Changes = append(r.Changes, record.Change{
		Table: Table, Region: r.World.Regions[region], Shard: r.World.shard(r.Key, local),
		Seq: sequence(r.World, r.Key, local, len(r.Changes)), Event: event, At: local.Truncate(time.Second), Key: r.Key,
		Old: before, New: after, ByTTL: v.TTL && v.Region == region,
	})
	r.stands = append(r.stands, []int{v.Serial})
	r.newest[region] = len(r.Changes) - 1
}

// stand notes that a region's newest record stands for one more version, which looks the same.
func (r *replicas) stand(region, serial int) {
	if i, ok := r.newest[region]; ok && !slices.Contains(r.stands[i], serial) {
		r.stands[i] = append(r.stands[i], serial)
	}
}

func image(v *Version) record.Image {
	if v == nil {
		return ""
	}
	return v.Image
}
