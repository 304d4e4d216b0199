// Package rdsapi stands in for the part of the Amazon RDS API that tells about Aurora global databases. It speaks the
// Query protocol (form-encoded requests, XML answers, version 2014-10-31) over HTTP to the real SDK, one endpoint a
// region, with a clock of its own. It knows nothing of the product.
package rdsapi

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"parallax/internal/lab/loopback"
)

// Account is the AWS account number in every ARN: one of those AWS reserves for examples.
const Account = "123456789012"

// Options describe the global cluster.
type Options struct {
	Global   string            // identifier of the global cluster
	Clusters map[string]string // identifier of the member cluster, by region
	Writer   string            // the region that writes first
	Clock    func() time.Time  // the lab's present; time.Now where nil
}

// Fault is what a request gets instead of an answer. The zero Fault lets it through.
type Fault struct {
	Status  int           // HTTP status
	Code    string        // error code: "AccessDenied", "Throttling", ...
	Message string        // error message
	Delay   time.Duration // before anything is said; with no Status the normal answer follows
}

// Server holds the state of all regions. Its methods may be called at any time, also while it serves.
type Server struct {
	options Options

	mu        sync.Mutex
	writer    string
	state     FailoverState
	detached  []string       // regions
	retention map[string]int // days, by region
	events    []event
	snapshots []snapshot
	fault     func(region, action string, nth int) Fault
	calls     map[string]int // by region and action
}

// FailoverState is an operation under way. The zero value is none, as it is most of the time.
type FailoverState struct {
	Status   string // "pending", "switching-over", "failing-over", "cancelling"
	From, To string // regions
	DataLoss bool
}

type event struct {
	region, sourceType, source string
	at                         time.Time
	message                    string
	categories                 []string
}

type snapshot struct {
	region, id, cluster string
	at                  time.Time
	kind, status        string
	source              string // ARN of the snapshot it was copied from
}

// New returns a server with no events and no snapshots, seven days of backup retention and one instance a cluster,
// named as the cluster with "-1" after it.
func New(o Options) *Server {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	o.Clusters = maps.Clone(o.Clusters)
	return &Server{options: o, writer: o.Writer, retention: map[string]int{}, calls: map[string]int{}}
}

// Event records that something happened to a source ("db-cluster", "db-instance") of a region. Like the service, the
// server keeps it to the millisecond, and for 14 days.
func (s *Server) Event(region, sourceType, source string, at time.Time, message string, categories ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, event{region, sourceType, source, at.UTC().Truncate(time.Millisecond), message, categories})
	slices.SortStableFunc(s.events, func(a, b event) int { return a.at.Compare(b.at) })
}

// SetWriter makes the region's cluster the one that writes.
func (s *Server) SetWriter(region string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writer = region
}

// SetFailoverState shows an operation as under way; the zero value ends it.
func (s *Server) SetFailoverState(state FailoverState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
}

// SetRetention sets the backup retention of a region's cluster in days.
func (s *Server) SetRetention(region string, days int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retention[region] = days
}

// AddSnapshot adds a cluster snapshot. Its type is "automated" for a name that begins with "rds:", else "manual"; its
// status is "available" unless another is given.
func (s *Server) AddSnapshot(region, id, cluster string, at time.Time, status ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	added := snapshot{region: region, id: id, cluster: cluster, at: at.UTC().Truncate(time.Millisecond), kind: "manual", status: "available"}
	if len(id) > 4 && id[:4] == "rds:" {
		added.kind = "automated"
	}
	if len(status) > 0 {
		added.status = status[0]
	}
	s.snapshots = append(s.snapshots, added)
}

// CopySnapshot adds a manual snapshot that was copied from another of the region, as CopyDBClusterSnapshot makes it.
func (s *Server) CopySnapshot(region, id, from string, at time.Time, status ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	added := snapshot{
		region: region, id: id, cluster: s.options.Clusters[region], at: at.UTC().Truncate(time.Millisecond), kind: "manual", status: "available",
		source: "arn:aws:rds:" + region + ":" + Account + ":cluster-snapshot:" + from,
	}
	if len(status) > 0 {
		added.status = status[0]
	}
	s.snapshots = append(s.snapshots, added)
}

// Detach takes the region's cluster out of the global cluster, as RemoveFromGlobalCluster does: it accepts writes of its own.
func (s *Server) Detach(region string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.detached = append(s.detached, region)
}

// Fault sets what decides about each request before it is answered; nth counts the requests of that action in that
// region, from 1. Nil lets everything through.
func (s *Server) Fault(decide func(region, action string, nth int) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = decide
}

// Calls tells how often an action was asked of a region.
func (s *Server) Calls(region, action string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[region+" "+action]
}

// Serve opens the endpoint of one region on a free port of 127.0.0.1; stop closes it and its connections.
func (s *Server) Serve(region string) (url string, stop func(), err error) {
	if _, ok := s.options.Clusters[region]; !ok {
		return "", nil, fmt.Errorf("serve rds: no cluster in region %q", region)
	}
	url, stop, err = loopback.Serve(s.Handler(region))
	if err != nil {
		return "", nil, fmt.Errorf("serve rds in %s: %w", region, err)
	}
	return url, stop, nil
}
