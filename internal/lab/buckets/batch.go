package buckets

import "time"

// Replicate is what S3 Batch Replication does with one version named in a manifest: it arrives in the other region, whatever
// kept it from there before. It reports whether there was anything to do; an id that the region does not have is nothing.
func (p *Pair) Replicate(region, key, id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.sides[region].find(key, id)
	if v == nil || p.sides[p.other(region)].find(key, id) != nil {
		return false
	}
	delete(p.stuck, place{region, key})
	delete(p.failing, place{region, key})
	p.arrive(transfer{from: region, key: key, v: v})
	return true
}

// Copy is what S3 Batch Copy does with one version named in a manifest: the other region's bucket gets a version of its own
// with the same content, which is replicated like any other write. It reports whether the version is there to be copied.
func (p *Pair) Copy(region, key, id string, at time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	from, to := p.sides[region].find(key, id), p.other(region)
	if from == nil || from.marker {
		return false
	}
	v := p.newVersion(key, at)
	v.body, v.size, v.etag, v.class = from.body, from.size, from.etag, from.class
	p.write(to, key, v)
	return true
}
