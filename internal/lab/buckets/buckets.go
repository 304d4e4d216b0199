// Package buckets stands in for two S3 buckets linked by two-way cross-region replication, and for the inventories
// S3 writes of them. It answers the read half of the S3 protocol over HTTP to the real SDK, one endpoint a region,
// and has a clock of its own. It knows nothing of the product.
//
// What it keeps from S3, because an auditor stumbles over it: replicas carry the version id and the creation time of
// their source; creation times are whole seconds; a source says PENDING, COMPLETED or FAILED while its replica says
// REPLICA; a delete is a marker with a version id of its own; inventories name the moment the scan began.
// Source: Amazon S3 User Guide, "Replicating objects", "Getting replication status information", "Amazon S3 Inventory".
package buckets

import (
	"crypto/md5" //nolint:gosec // S3's ETag of a single-part object is its MD5
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"time"
)

// Inventory formats, as manifest.json spells them.
const (
	CSV     = "CSV"
	Parquet = "Parquet"
	ORC     = "ORC"
)

// Options describe the pair. Only Regions and Buckets are needed.
type Options struct {
	Regions            [2]string
	Buckets            map[string]string // audited bucket, by region
	InventoryBuckets   map[string]string // where the region's inventory is written, by region
	Prefix, ConfigID   string            // inventory destination prefix and configuration id
	Seed               uint64            // of replication delays and version ids
	Start              time.Time         // the clock's beginning
	MinDelay, MaxDelay time.Duration     // of one object's replication
	Formats            map[string]string // inventory format by region: CSV for the first, Parquet for the second where empty
	FileRows           int               // rows of one inventory file; 5,000 where zero
	PageSize           int               // most keys a listing answers with; 1,000 where zero, as S3
	Rules              map[string][]Rule // replication rules by the region written in; one for everything where a region is not named
	Versioning         map[string]string // of the audited bucket by region: Enabled where not named; "Suspended", or "" for never
	Checksum           string            // CRC64NVME where empty, or SHA256
	Lifecycle          []Step            // of both buckets, by rising age
	InventoryDelay     time.Duration     // an inventory is delivered this long after its scan began
}

// Pair is the two buckets. Its methods may be called at any time, also while it serves.
type Pair struct {
	options Options

	mu       sync.Mutex
	now      time.Time
	paused   bool
	sequence int64
	sides    map[string]*side
	waiting  []transfer
	stuck    map[place]bool
	failing  map[place]bool
	damage   map[place][]byte // what a replica holds instead of its source's body
	classes  map[place]string // the storage class a replica ends up in
	retagged map[place]bool   // its replica has another ETag for the same content
	fault    func(Request) Fault
	calls    map[string]int
}

// place is a key in a region.
type place struct{ region, key string }

// side is one region: the audited bucket and the plain objects of its inventory bucket.
type side struct {
	region    string
	bucket    string
	inventory string
	versions  map[string][]*version // by key, oldest first
	files     map[string]file       // inventory bucket
}

type file struct {
	body     []byte
	modified time.Time // it is not to be seen before
}

// version is one version of an object, or a delete marker.
type version struct {
	id         string
	body       []byte
	size       int64
	etag       string // without quotes; empty for a marker
	marker     bool
	multipart  bool
	class      string
	drifted    bool // the lifecycle leaves its class alone
	status     string
	encryption string    // as inventories name it; empty for a marker
	at         time.Time // precise; S3 shows whole seconds
	order      int64     // which of two in one instant came first
}

// New returns a pair of empty buckets.
func New(o Options) *Pair {
	o.Buckets, o.InventoryBuckets, o.Formats = maps.Clone(o.Buckets), maps.Clone(o.InventoryBuckets), maps.Clone(o.Formats)
	if o.Formats == nil {
		o.Formats = map[string]string{o.Regions[0]: CSV, o.Regions[1]: Parquet}
	}
	if o.FileRows == 0 {
		o.FileRows = 5000
	}
	if o.PageSize == 0 {
		o.PageSize = 1000
	}
	p := &Pair{
		options: o, now: o.Start, sides: map[string]*side{},
		stuck: map[place]bool{}, failing: map[place]bool{}, damage: map[place][]byte{}, classes: map[place]string{},
		retagged: map[place]bool{},
		calls:    map[string]int{},
	}
	for _, region := range o.Regions {
		p.sides[region] = &side{
			region: region, bucket: o.Buckets[region], inventory: o.InventoryBuckets[region],
			versions: map[string][]*version{}, files: map[string]file{},
		}
	}
	return p
}

// Put writes an object in a region at a moment; its replica is on its way from then on.
func (p *Pair) Put(region string, at time.Time, key string, body []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.newVersion(key, at)
	v.fill(body)
	p.write(region, key, v)
}

// PutEncrypted writes an object that SSE-KMS encrypts: its ETag is not the MD5 of its body, and its replica, under the other
// region's key, has another one.
func (p *Pair) PutEncrypted(region string, at time.Time, key string, body []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.newVersion(key, at)
	v.fill(body)
	v.encryption, v.etag = KMS, p.sealed(region, v)
	p.write(region, key, v)
}

// fill makes a version one of an ordinary upload.
func (v *version) fill(body []byte) {
	v.body, v.size, v.etag, v.class, v.encryption = body, int64(len(body)), etagOf(body), "STANDARD", SSES3
}

// Delete puts a delete marker on a key in a region; the marker is replicated too.
func (p *Pair) Delete(region string, at time.Time, key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.newVersion(key, at)
	v.marker = true
	p.write(region, key, v)
}

// PutMultipart writes an object as a multipart upload: its ETag is not the MD5 of its body and is not the same in both
// regions when the parts were not.
func (p *Pair) PutMultipart(region string, at time.Time, key string, body []byte, parts int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.newVersion(key, at)
	v.fill(body)
	v.multipart, v.etag = true, fmt.Sprintf("%s-%d", etagOf(body), parts)
	p.write(region, key, v)
}

// PutUnversioned writes an object as it was before versioning was switched on: its version id is null and no rule
// replicates it.
func (p *Pair) PutUnversioned(region string, at time.Time, key string, body []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.newVersion(key, at)
	v.fill(body)
	v.id = ""
	p.sides[region].add(key, v)
}

// newVersion gives the version id: the same seed and order of writes give the same ids.
func (p *Pair) newVersion(key string, at time.Time) *version {
	p.sequence++
	return &version{id: p.token(32, fmt.Sprintf("version %d %s", p.sequence, key)), at: at.UTC(), order: p.sequence}
}

// write stores a version in its region and sends it on its way.
func (p *Pair) write(region, key string, v *version) {
	p.sides[region].add(key, v)
	here := place{region, key}
	rule, covered := p.replicates(region, key, v)
	switch {
	case !covered: // S3 gives it no status
	case p.failing[here]:
		v.status = "FAILED"
	case p.stuck[here]:
		v.status = "PENDING"
	default:
		v.status = "PENDING"
		p.waiting = append(p.waiting, transfer{from: region, key: key, v: v, class: rule.StorageClass, due: v.at.Add(p.delay(v.id))})
	}
}

func (p *Pair) delay(id string) time.Duration {
	spread := p.options.MaxDelay - p.options.MinDelay
	if spread <= 0 {
		return p.options.MinDelay
	}
	return p.options.MinDelay + time.Duration(p.random("delay "+id).Int64N(int64(spread)))
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._"

// token is text of n letters that depends on the seed and the purpose only.
func (p *Pair) token(n int, purpose string) string {
	r := p.random(purpose)
	out := make([]byte, n)
	for i := range out {
		out[i] = letters[r.IntN(len(letters))]
	}
	return string(out)
}

func (p *Pair) random(purpose string) *rand.Rand {
	var h uint64 = 14695981039346656037 // FNV-1a
	for i := range len(purpose) {
		h = (h ^ uint64(purpose[i])) * 1099511628211
	}
	return rand.New(rand.NewPCG(p.options.Seed, h))
}

// add keeps the versions of a key in the order of their creation.
func (s *side) add(key string, v *version) {
	list := s.versions[key]
	i := len(list)
	for i > 0 && list[i-1].after(v) {
		i--
	}
	list = append(list, nil)
	copy(list[i+1:], list[i:])
	list[i] = v
	s.versions[key] = list
}

func (v *version) after(o *version) bool {
	if !v.at.Equal(o.at) {
		return v.at.After(o.at)
	}
	return v.order > o.order
}

// modified is the creation time as S3 shows it.
func (v *version) modified() time.Time { return v.at.Truncate(time.Second) }

func (s *side) find(key, id string) *version {
	for _, v := range s.versions[key] {
		if v.id == id {
			return v
		}
	}
	return nil
}

func (s *side) latest(key string) *version {
	list := s.versions[key]
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

func (p *Pair) other(region string) string {
	if region == p.options.Regions[0] {
		return p.options.Regions[1]
	}
	return p.options.Regions[0]
}

func etagOf(body []byte) string {
	sum := md5.Sum(body) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}
