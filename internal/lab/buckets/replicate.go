package buckets

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// transfer is a version on its way to the other region.
type transfer struct {
	from  string
	key   string
	v     *version
	class string // that the rule gives its replica; empty for the source's
	due   time.Time
}

// Advance moves the clock to a moment and lets everything arrive that is due by then. It never moves it back.
func (p *Pair) Advance(to time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.advance(to)
}

func (p *Pair) advance(to time.Time) {
	if to.After(p.now) {
		p.now = to.UTC()
	}
	if p.paused {
		return
	}
	p.waiting = slices.DeleteFunc(p.waiting, func(t transfer) bool {
		if t.due.After(p.now) {
			return false
		}
		p.arrive(t)
		return true
	})
}

// Pause stops replication in both directions: nothing arrives until Resume, whatever the clock says.
func (p *Pair) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused = true
}

// Resume lets replication go on; what is overdue arrives with the next Advance.
func (p *Pair) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused = false
}

// arrive puts the replica in place and completes its source, with whatever was ordered to be wrong about it.
func (p *Pair) arrive(t transfer) {
	to := p.other(t.from)
	there := place{to, t.key}
	replica := *t.v
	replica.status = "REPLICA"
	if body, wrong := p.damage[there]; wrong && !replica.marker {
		replica.spoil(body)
	}
	p.shape(&replica, there, t.class)
	t.v.status = "COMPLETED"
	p.sides[to].add(t.key, &replica)
}

// shape gives a replica its own ETag and storage class.
func (p *Pair) shape(replica *version, there place, class string) {
	if replica.marker {
		return
	}
	replica.class, replica.drifted = cmp.Or(class, replica.class), false
	if replica.encryption == KMS && !replica.multipart {
		replica.etag = p.sealed(there.region, replica)
	}
	if p.retagged[there] {
		replica.retag()
	}
	if moved, ordered := p.classes[there]; ordered {
		replica.class, replica.drifted = moved, true
	}
}

func (v *version) spoil(body []byte) {
	v.body, v.size, v.etag = body, int64(len(body)), etagOf(body)
}

// Stick keeps what is written under a key in a region PENDING for ever: it never arrives in the other region. A replica
// that is already there goes away again.
func (p *Pair) Stick(region, key string) { p.halt(region, key, p.stuck, "PENDING") }

// Fail is like Stick, but the source says FAILED, as it does when the rule's role lacks a permission.
func (p *Pair) Fail(region, key string) { p.halt(region, key, p.failing, "FAILED") }

func (p *Pair) halt(region, key string, mark map[place]bool, status string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	mark[place{region, key}] = true
	p.waiting = slices.DeleteFunc(p.waiting, func(t transfer) bool { return t.from == region && t.key == key })
	far := p.sides[p.other(region)]
	for _, v := range p.sides[region].versions[key] {
		if v.status == "" || v.status == "REPLICA" {
			continue
		}
		v.status = status
		far.versions[key] = slices.DeleteFunc(far.versions[key], func(o *version) bool { return o.id == v.id })
	}
	if len(far.versions[key]) == 0 {
		delete(far.versions, key)
	}
}

// Corrupt makes the copy of a key in a region hold another body, now or when it arrives there; the statuses go on
// saying that all is well.
func (p *Pair) Corrupt(region, key string, body []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.damage[place{region, key}] = body
	for _, v := range p.sides[region].versions[key] {
		if !v.marker {
			v.spoil(body)
		}
	}
}

// Drift makes the copy of a key in a region sit in another storage class, now or when it arrives there.
func (p *Pair) Drift(region, key, class string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.classes[place{region, key}] = class
	for _, v := range p.sides[region].versions[key] {
		if !v.marker {
			v.class, v.drifted = class, true
		}
	}
}

// MarkDeleted puts a delete marker on a key in one region only; it is not replicated.
func (p *Pair) MarkDeleted(region, key string, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.newVersion(key, at)
	v.marker = true
	p.sides[region].add(key, v)
}

// Retag gives the copy of a key in a region the ETag of an upload in other parts, now or when it arrives there. Its content
// stays what it is.
// Source: Amazon S3 User Guide, "Checking object integrity", on ETags of multipart uploads.
func (p *Pair) Retag(region, key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retagged[place{region, key}] = true
	for _, v := range p.sides[region].versions[key] {
		if !v.marker {
			v.retag()
		}
	}
}

func (v *version) retag() {
	v.etag, v.multipart = fmt.Sprintf("%s-%d", etagOf([]byte(v.etag)), 7), true
}
