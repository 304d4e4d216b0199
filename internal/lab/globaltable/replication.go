package globaltable

import (
	"cmp"
	"container/heap"
	"slices"
	"time"
)

// message carries one version of an item from one region to another.
type message struct {
	link    link
	version version
	due     time.Time
	order   uint64 // in which it was sent, unique
	index   int    // in the heap
}

// link is the way of an item between two regions. Its messages never overtake one another.
type link struct{ from, to, key string }

// delay draws how long a message takes.
func (c *Cluster) delay() time.Duration {
	spread := c.options.MaxDelay - c.options.MinDelay
	if spread <= 0 {
		return c.options.MinDelay
	}
	return c.options.MinDelay + time.Duration(c.world.Int64N(int64(spread)+1))
}

// ship sends a version just written in a region to all others.
func (c *Cluster) ship(from, key string, v version) {
	lost := false
	if n := c.lose[place{from, key}]; n > 0 {
		lost = true
		if c.lose[place{from, key}] = n - 1; n == 1 {
			delete(c.lose, place{from, key})
		}
	}
	for _, to := range c.links[from] {
		l := link{from, to, key}
		// The draws do not depend on whether the message is lost, so losing one leaves the rest of the world alone.
		delay := c.delay()
		coalesce := c.options.Coalesce > 0 && c.world.Float64() < c.options.Coalesce
		if lost {
			continue
		}
		if waiting := c.queue.last(l); waiting != nil && coalesce {
			c.queue.remove(waiting)
		}
		c.sent++
		c.queue.push(&message{link: l, version: v, due: c.now.Add(delay), order: c.sent})
	}
}

// deliver applies a message in the region it is for, unless a later writer was there: then nothing shows.
func (c *Cluster) deliver(m *message) {
	r := c.replicas[m.link.to]
	if held, ok := r.items[m.link.key]; ok && !held.stamp.before(m.version.stamp) {
		return
	}
	c.apply(r, m.link.key, m.version)
}

// apply puts a version in place and writes the stream record, if the item changed by it.
func (c *Cluster) apply(r *replica, key string, v version) {
	before := r.items[key]
	r.items[key] = v
	switch {
	case before.item == nil && v.item != nil:
		r.live++
	case before.item != nil && v.item == nil:
		r.live--
	}
	if !before.item.Equal(v.item) {
		r.stream.append(c.now, key, before.item, v.item)
	}
}

// queue holds the messages under way, the earliest first, and those of each link in the order sent. The zero queue is
// empty.
type queue struct {
	heap  messages
	links map[link][]*message
}

func (q *queue) first() *message {
	if len(q.heap) == 0 {
		return nil
	}
	return q.heap[0]
}

// last is the newest message waiting on a link, or nil.
func (q *queue) last(l link) *message {
	waiting := q.links[l]
	if len(waiting) == 0 {
		return nil
	}
	return waiting[len(waiting)-1]
}

// push adds a message; it waits for those before it on its link.
func (q *queue) push(m *message) {
	if before := q.last(m.link); before != nil {
		m.due = later(m.due, before.due)
	}
	if q.links == nil {
		q.links = map[link][]*message{}
	}
	q.links[m.link] = append(q.links[m.link], m)
	heap.Push(&q.heap, m)
}

func (q *queue) pop() {
	q.remove(q.heap[0])
}

func (q *queue) remove(m *message) {
	heap.Remove(&q.heap, m.index)
	waiting := slices.DeleteFunc(q.links[m.link], func(other *message) bool { return other == m })
	if len(waiting) == 0 {
		delete(q.links, m.link)
		return
	}
	q.links[m.link] = waiting
}

// drain empties the queue and returns what was in it in the order sent.
func (q *queue) drain() []*message {
	all := []*message(q.heap)
	q.heap, q.links = nil, nil
	slices.SortFunc(all, func(a, b *message) int { return cmp.Compare(a.order, b.order) })
	return all
}

// messages is a heap by due time, ties in the order sent.
type messages []*message

func (h messages) Len() int { return len(h) }

func (h messages) Less(i, j int) bool {
	if !h[i].due.Equal(h[j].due) {
		return h[i].due.Before(h[j].due)
	}
	return h[i].order < h[j].order
}

func (h messages) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *messages) Push(x any) {
	m, _ := x.(*message) // container/heap hands back what Push was given
	m.index = len(*h)
	*h = append(*h, m)
}

func (h *messages) Pop() any {
	last := len(*h) - 1
	m := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return m
}
