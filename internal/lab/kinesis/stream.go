// Package kinesis is a stand-in for one Kinesis data stream that a DynamoDB table sends its changes to: its shards split
// and merge, its records are trimmed, its clock is the test's. It answers what a reader of the stream asks of Kinesis and
// of DynamoDB, and can be told to fail.
package kinesis

import (
	"crypto/md5" //nolint:gosec // how Kinesis spreads partition keys over shards
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

// Options describe the stream and its table.
type Options struct {
	Region    string
	Name      string   // of the data stream
	Table     string   // whose changes it carries
	HashKey   string   // of the table
	RangeKey  string   // of the table, if it has one
	Replicas  []string // regions of the table's other replicas
	Shards    int      // open at first; default 1
	Start     time.Time
	Retention time.Duration // default 24 h
	Page      int           // records a page at most; default 10,000
	Sparse    int           // empty pages before each page with records
}

// Stream is the stand-in. Its methods may be called from many goroutines.
type Stream struct {
	mu          sync.Mutex
	options     Options
	now         time.Time
	made        time.Time
	status      string
	destination string
	elsewhere   string // ARN of the destination, if it is not this stream
	shards      []*shard
	count       uint64 // of everything that was ever put in order: a sequence number
	fault       FaultFunc
}

type shard struct {
	id         string
	parents    []string
	low, high  uint64 // of the upper half of the hashed partition keys, inclusive
	begin, end uint64 // sequence numbers; end is 0 while it is open
	closed     time.Time
	records    []entry
}

type entry struct {
	seq       uint64
	at        time.Time
	partition string
	data      []byte
}

// New makes a stream whose clock stands at the start.
func New(o Options) *Stream {
	if o.Shards <= 0 {
		o.Shards = 1
	}
	if o.Retention <= 0 {
		o.Retention = 24 * time.Hour
	}
	if o.Page <= 0 {
		o.Page = 10_000
	}
	s := &Stream{options: o, now: o.Start, destination: "ACTIVE"}
	s.make()
	return s
}

func (s *Stream) make() {
	s.made, s.status, s.shards = s.now, "ACTIVE", nil
	each := math.MaxUint64/uint64(s.options.Shards) + 1 //nolint:gosec // at least one shard
	for i := range uint64(s.options.Shards) {           //nolint:gosec // the same
		high := uint64(math.MaxUint64)
		if i+1 < uint64(s.options.Shards) { //nolint:gosec // the same
			high = (i+1)*each - 1
		}
		s.open(i*each, high)
	}
}

func (s *Stream) open(low, high uint64, parents ...string) {
	s.count++
	id := fmt.Sprintf("shardId-%012d", len(s.shards))
	s.shards = append(s.shards, &shard{id: id, parents: parents, low: low, high: high, begin: s.count})
}

// Advance moves the clock, unless it is past t.
func (s *Stream) Advance(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.After(s.now) {
		s.now = t
	}
}

// Now is the moment on the stream's clock.
func (s *Stream) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// Put lets a record arrive now, in the open shard of its partition key, and returns the shard's name.
func (s *Stream) Put(partition string, data []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := md5.Sum([]byte(partition)) //nolint:gosec // see the import
	hash := binary.BigEndian.Uint64(sum[:8])
	for _, sh := range s.shards {
		if sh.end == 0 && sh.low <= hash && hash <= sh.high {
			s.count++
			sh.records = append(sh.records, entry{s.count, s.now, partition, data})
			return sh.id
		}
	}
	return ""
}

// Split closes a shard and opens two in its place.
func (s *Stream) Split(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sh := s.shard(id); sh != nil && sh.end == 0 {
		middle := sh.low + (sh.high-sh.low)/2
		s.close(sh)
		s.open(sh.low, middle, id)
		s.open(middle+1, sh.high, id)
	}
}

// Merge closes two shards next to each other and opens one in their place.
func (s *Stream) Merge(left, right string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, b := s.shard(left), s.shard(right)
	if a != nil && b != nil && a.end == 0 && b.end == 0 {
		s.close(a)
		s.close(b)
		s.open(min(a.low, b.low), max(a.high, b.high), left, right)
	}
}

func (s *Stream) close(sh *shard) {
	s.count++
	sh.end, sh.closed = s.count, s.now
}

func (s *Stream) shard(id string) *shard {
	i := slices.IndexFunc(s.shards, func(sh *shard) bool { return sh.id == id })
	if i < 0 {
		return nil
	}
	return s.shards[i]
}

// Status sets the stream's status: ACTIVE, UPDATING, DELETING, ...
func (s *Stream) Status(status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

// Destination sets whether the table sends its changes: ACTIVE, DISABLED, ENABLE_FAILED, ...; "" as if it was never told to.
func (s *Stream) Destination(status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.destination = status
}

// Replace deletes the stream and makes another of the same name.
func (s *Stream) Replace() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.make()
}

// horizon is the moment before which arrivals are trimmed. A shard that was closed before it is not listed any more.
func (s *Stream) horizon() time.Time { return s.now.Add(-s.options.Retention) }

// ARN lets the table send its changes to another stream than this one: to a server that this stand-in is held against.
func (s *Stream) ARN(arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.elsewhere = arn
}
