// Package globaltable stands in for an Amazon DynamoDB global table, version 2019.11.21 with multi-region eventual
// consistency, and its streams. Applications write through its methods at moments of a virtual clock; readers speak the
// real JSON protocol to one endpoint a region. Everything that happens follows from the options, the seed and the order
// of the writes; reading never changes it. It knows nothing of the product.
package globaltable

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Account is the AWS account number in every ARN: one of those AWS reserves for examples.
const Account = "123456789012"

// Stream views: what a record shows of the item. None means the table has no stream.
const (
	ViewBoth = "NEW_AND_OLD_IMAGES"
	ViewNew  = "NEW_IMAGE"
	ViewOld  = "OLD_IMAGE"
	ViewKeys = "KEYS_ONLY"
	ViewNone = "NONE"
)

// Defaults of Options, those of the service: shards roll about every four hours, records stay for a day, a page holds a
// thousand records (developer guide, "Change data capture for DynamoDB Streams").
const (
	DefaultShardRoll   = 4 * time.Hour
	DefaultRetention   = 24 * time.Hour
	DefaultPageRecords = 1000
)

// Options describe a table and how it misbehaves. Zero values of ShardRoll, Retention, PageRecords and View take the
// defaults; all others mean what they say.
type Options struct {
	Regions  []string
	Table    string
	HashKey  string // name of the only key attribute, a string
	Seed     uint64
	Start    time.Time     // of the virtual clock, and of the table
	MinDelay time.Duration // replication delay, drawn evenly from here
	MaxDelay time.Duration // to here
	// Skew is a region's clock error. It shifts the timestamps by which the last writer is chosen and nothing else: no
	// time that a reader sees is touched by it.
	Skew        map[string]time.Duration
	Coalesce    float64       // probability that a version still queued is replaced by the next one of the item
	ShardRoll   time.Duration // age at which a shard is closed and gets a child
	Retention   time.Duration // of stream records
	Throttle    float64       // probability that a GetRecords is refused
	EmptyPage   float64       // probability that a GetRecords answers with no records though there are some
	PageRecords int           // most records a GetRecords answers with
	View        string        // StreamViewType, ViewBoth unless set
	// NoRaise keeps a local write's timestamp below the one it overwrites where the clocks say so. The service's
	// behaviour is undocumented; with NoRaise replicas can differ for ever.
	NoRaise bool
	// ListSelf makes DescribeTable name the region asked among its own Replicas. Reports about the service disagree.
	ListSelf bool
}

// Cluster is a table in all of its regions. All methods are safe for concurrent use, and so are the handlers.
type Cluster struct {
	options Options
	links   map[string][]string // the regions that one replicates to

	mu       sync.Mutex
	now      time.Time
	replicas map[string]*replica
	queue    queue // replication messages under way
	sent     uint64
	paused   bool
	lose     map[place]int
	world    *rand.Rand // delays and coalescing
	readers  *rand.Rand // throttling and empty pages: apart, so that readers do not change the world
	requests uint64
	fault    FaultFunc
}

// place is an item in a region.
type place struct{ region, key string }

// replica is what one region holds.
type replica struct {
	region string
	items  map[string]version // tombstones too
	live   int                // items that are no tombstones
	stream stream
}

// version is a state of an item, or its tombstone, with the moment and region that decide which writer was last.
type version struct {
	item  Item // nil for a tombstone
	stamp stamp
}

// stamp orders versions of one item: by moment, ties by region name.
type stamp struct {
	moment int64 // nanoseconds since 1970, with the skew of the region
	region string
}

func (s stamp) before(other stamp) bool {
	if s.moment != other.moment {
		return s.moment < other.moment
	}
	return s.region < other.region
}

// New returns an empty table. Regions are kept in order of name, so that the order given changes nothing.
func New(o Options) *Cluster {
	o = o.withDefaults()
	c := &Cluster{
		options:  o,
		links:    map[string][]string{},
		now:      o.Start.UTC(),
		replicas: map[string]*replica{},
		lose:     map[place]int{},
		world:    rand.New(rand.NewPCG(o.Seed, 1)),
		readers:  rand.New(rand.NewPCG(o.Seed, 2)),
	}
	for i, region := range o.Regions {
		r := &replica{region: region, items: map[string]version{}}
		r.stream = newStream(o, uint64(i), c.now)
		c.replicas[region] = r
		c.links[region] = slices.DeleteFunc(slices.Clone(o.Regions), func(other string) bool { return other == region })
	}
	return c
}

func (o Options) withDefaults() Options {
	o.Regions = slices.Clone(o.Regions)
	slices.Sort(o.Regions)
	o.Regions = slices.Compact(o.Regions)
	o.Skew = maps.Clone(o.Skew)
	if o.ShardRoll <= 0 {
		o.ShardRoll = DefaultShardRoll
	}
	if o.Retention <= 0 {
		o.Retention = DefaultRetention
	}
	if o.PageRecords <= 0 {
		o.PageRecords = DefaultPageRecords
	}
	if o.View == "" {
		o.View = ViewBoth
	}
	return o
}

// Now is the present of the virtual clock, in UTC.
func (c *Cluster) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the virtual clock: shards roll and replicated writes arrive in order of time. A moment that has passed
// already changes nothing.
func (c *Cluster) Advance(to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance(to.UTC())
}

func (c *Cluster) advance(to time.Time) {
	for c.step(to) {
	}
	if to.After(c.now) {
		c.now = to
	}
}

// step does the next thing due until a moment and reports whether there was one. What is due at the same moment comes
// in a fixed order: shards roll first, by region.
func (c *Cluster) step(to time.Time) bool {
	next, rolls := to, (*replica)(nil)
	for _, region := range c.options.Regions {
		r := c.replicas[region]
		if due := r.stream.nextRoll(); !due.After(to) && (rolls == nil || due.Before(next)) {
			next, rolls = due, r
		}
	}
	m := c.queue.first()
	if m != nil && !c.paused && !m.due.After(to) && (rolls == nil || m.due.Before(next)) {
		c.now = later(c.now, m.due)
		c.queue.pop()
		c.deliver(m)
		return true
	}
	if rolls == nil {
		return false
	}
	c.now = later(c.now, next)
	rolls.stream.roll(next)
	return true
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Pause stops replication in all directions, for messages under way too. Writes go on in every region.
func (c *Cluster) Pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paused = true
}

// Resume lets replication go on. What waits is sent in the order written, each with a fresh delay from now.
func (c *Cluster) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.paused {
		return
	}
	c.paused = false
	for _, m := range c.queue.drain() {
		m.due = c.now.Add(c.delay())
		c.queue.push(m)
	}
}

// LoseNext makes the next replication message of an item out of a region vanish, on its way to every other region.
// Called n times, it loses the next n.
func (c *Cluster) LoseNext(region, key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lose[place{region, key}]++
}

func (c *Cluster) replica(region string) (*replica, error) {
	r, ok := c.replicas[region]
	if !ok {
		return nil, fmt.Errorf("table %s: no replica in region %q", c.options.Table, region)
	}
	return r, nil
}
