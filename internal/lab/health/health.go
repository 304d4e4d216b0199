// Package health stands in for Amazon Route 53 health checks and for the metric that tells their history. One endpoint
// speaks both protocols, as the SDK asks: CloudWatch's GetMetricData over Smithy RPC v2 with CBOR bodies, and Route 53's
// REST with XML answers, version 2013-04-01. It has a clock of its own and knows nothing of the product.
//
// Sources: Amazon CloudWatch API reference, "GetMetricData", "MetricDataResult"; Amazon Route 53 API reference,
// "GetHealthCheckStatus", "GetHealthCheckLastFailureReason", "HealthCheckObservation"; Amazon Route 53 Developer Guide,
// "Monitoring health checks using CloudWatch"; Smithy 2.0 specification, "Smithy RPC v2 CBOR protocol".
package health

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"parallax/internal/lab/loopback"
)

// Options describe the stand-in.
type Options struct {
	Clock func() time.Time // the lab's present; time.Now where nil
	Page  int              // points on one page of GetMetricData; 500 where zero
}

// Fault is what a request gets instead of an answer. The zero Fault lets it through.
type Fault struct {
	Status  int           // HTTP status
	Code    string        // error code: "AccessDenied", "Throttling", ...
	Message string        // error message
	Delay   time.Duration // before anything is said; with no Status the normal answer follows
}

// Server holds the health checks. Its methods may be called at any time, also while it serves.
type Server struct {
	options Options

	mu     sync.Mutex
	checks map[string]*check
	fault  func(action string, nth int) Fault
	calls  map[string]int
}

// check is the life of one health check: it is there and healthy from its beginning, until it changes.
type check struct {
	began   time.Time
	changes []change // in order of time
	hidden  []span   // disabled: no metric
	reason  string   // of its failures, as checkers put it
	derived bool     // calculated from others: it has no checkers
}

type change struct {
	at      time.Time
	healthy bool
}

type span struct{ from, to time.Time }

// New returns a stand-in without health checks.
func New(o Options) *Server {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Page == 0 {
		o.Page = 500
	}
	return &Server{options: o, checks: map[string]*check{}, calls: map[string]int{}}
}

// Add makes a health check that is healthy from a moment on.
func (s *Server) Add(id string, from time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checks[id] = &check{began: from.UTC(), reason: "Failure: The health checker could not establish a connection within the timeout limit."}
}

// Derive makes a check a calculated one, of which Route 53 tells no checkers.
func (s *Server) Derive(id string) { s.with(id, func(c *check) { c.derived = true }) }

// Set changes the status of a check at a moment.
func (s *Server) Set(id string, at time.Time, healthy bool) {
	s.with(id, func(c *check) {
		c.changes = append(c.changes, change{at.UTC(), healthy})
		slices.SortStableFunc(c.changes, func(a, b change) int { return a.at.Compare(b.at) })
	})
}

// Disable takes the metric of a check away for a time.
func (s *Server) Disable(id string, from, to time.Time) {
	s.with(id, func(c *check) { c.hidden = append(c.hidden, span{from.UTC(), to.UTC()}) })
}

func (s *Server) with(id string, do func(*check)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.checks[id]; c != nil {
		do(c)
	}
}

// Fault sets what decides about each request before it is answered; nth counts the requests of that action, from 1. Nil
// lets everything through.
func (s *Server) Fault(decide func(action string, nth int) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = decide
}

// Calls tells how often an action was asked for.
func (s *Server) Calls(action string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[action]
}

// Serve opens the endpoint on a free port of 127.0.0.1; stop closes it and its connections.
func (s *Server) Serve() (url string, stop func(), err error) {
	url, stop, err = loopback.Serve(s.Handler())
	if err != nil {
		return "", nil, fmt.Errorf("serve health checks: %w", err)
	}
	return url, stop, nil
}

// at is the status at a moment.
func (c *check) at(t time.Time) bool {
	healthy := true
	for _, ch := range c.changes {
		if ch.at.After(t) {
			break
		}
		healthy = ch.healthy
	}
	return healthy
}

// minimum is the lowest status in [from, to); ok is false where the check tells none.
func (c *check) minimum(from, to time.Time) (value float64, ok bool) {
	if from.Before(c.began) {
		return 0, false
	}
	for _, h := range c.hidden {
		if from.Before(h.to) && to.After(h.from) {
			return 0, false
		}
	}
	if !c.at(from) {
		return 0, true
	}
	for _, ch := range c.changes {
		if !ch.healthy && !ch.at.Before(from) && ch.at.Before(to) {
			return 0, true
		}
	}
	return 1, true
}

// lastFailure is when its checkers saw it failing last: checkers look every ten seconds.
func (c *check) lastFailure(now time.Time) (time.Time, bool) {
	const every = 10 * time.Second
	if !c.at(now) {
		return now.Truncate(every), true
	}
	for _, ch := range slices.Backward(c.changes) {
		if ch.healthy && !ch.at.After(now) {
			return ch.at.Add(-time.Millisecond).Truncate(every), true
		}
	}
	return time.Time{}, false
}
