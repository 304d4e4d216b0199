// Package queue stands in for an Amazon SQS standard queue, as far as a reader of S3 event notifications needs it: messages
// come in any order and more than once, a message that was received is hidden for a while and then comes again, one that was
// received too often goes to the dead-letter queue.
//
// Sources: Amazon SQS API reference, ReceiveMessage, DeleteMessageBatch, ChangeMessageVisibilityBatch, GetQueueAttributes and
// GetQueueUrl; Amazon SQS Developer Guide, "Amazon SQS standard queues", "Amazon SQS short and long polling", "Amazon SQS
// visibility timeout" and "Using dead-letter queues in Amazon SQS"; "AWS JSON protocol for Amazon SQS API requests".
package queue

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// account is the one in the names of queues.
const account = "123456789012"

// Options say what a queue is like.
type Options struct {
	Region    string
	Name      string
	Seed      uint64
	Start     time.Time     // what the service's clock shows at first
	Retention time.Duration // of messages; 4 days where zero
	Hidden    time.Duration // after a message was received, where the reader says nothing of it; 30 s where zero
	Receives  int           // after which a message goes to the dead-letter queue; zero: there is none
	Repeat    float64       // how often a message that was delivered comes again at once, though it is hidden
	Page      int           // messages in one answer at most; 10 where zero
}

// Queue is a queue and its service's endpoint. It is safe for use by many goroutines.
type Queue struct {
	options Options

	mu       sync.Mutex
	now      time.Time
	chance   *rand.Rand
	messages []*message
	dead     []*message
	sent     int
	polls    int // short ones
	fault    FaultFunc
	asked    []Asked
}

// message is one message of the queue.
type message struct {
	id, body string
	sum      string // MD5 as the service tells it, where that is not the body's
	sent     time.Time
	until    time.Time // hidden until then
	receives int
	handle   string // of the newest delivery
}

// Asked is one request that was carried out.
type Asked struct {
	Operation string
	Wait      int      // seconds, of ReceiveMessage
	Hidden    int      // seconds, of ReceiveMessage and ChangeMessageVisibility
	Messages  []string // ids of the messages that were delivered, deleted or changed
}

// New makes an empty queue.
func New(o Options) *Queue {
	if o.Retention == 0 {
		o.Retention = 4 * 24 * time.Hour
	}
	if o.Hidden == 0 {
		o.Hidden = 30 * time.Second
	}
	if o.Page == 0 {
		o.Page = 10
	}
	return &Queue{options: o, now: o.Start, chance: rand.New(rand.NewPCG(o.Seed, 5))} //nolint:gosec // order, not secrets
}

// URL is the name by which callers know the queue.
func (q *Queue) URL() string {
	return "https://sqs." + q.options.Region + ".amazonaws.com/" + account + "/" + q.options.Name
}

// Send puts messages into the queue and returns the id of the first.
func (q *Queue) Send(bodies ...string) (first string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, body := range bodies {
		q.sent++
		m := &message{id: fmt.Sprintf("%08x-0000-4000-8000-%012x", q.sent, q.sent), body: body, sent: q.now}
		if i == 0 {
			first = m.id
		}
		q.messages = append(q.messages, m)
	}
	return first
}

// Damage makes the service tell another checksum of a message than its body has.
func (q *Queue) Damage(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range q.messages {
		if m.id == id {
			m.sum = "d41d8cd98f00b204e9800998ecf8427e"
		}
	}
}

// Advance moves the service's clock.
func (q *Queue) Advance(d time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.now = q.now.Add(d)
	q.age()
}

// Left are the ids of the messages in the queue, hidden or not, and Dead those in its dead-letter queue, in order.
func (q *Queue) Left() []string { return q.ids(func() []*message { return q.messages }) }

// Dead are the ids of the messages in the dead-letter queue, in order.
func (q *Queue) Dead() []string { return q.ids(func() []*message { return q.dead }) }

func (q *Queue) ids(of func() []*message) []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := []string{}
	for _, m := range of() {
		out = append(out, m.id)
	}
	slices.Sort(out)
	return out
}

// Asked are the requests that were carried out, in order.
func (q *Queue) Asked() []Asked {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.asked)
}

// FaultFunc decides about a request before it is answered: op is the name of the operation ("ReceiveMessage"), body what it
// asks. Nil lets it through. It is called from many goroutines, with no lock held.
type FaultFunc func(op, body string) *Fault

// Fault spoils the answer to a request.
type Fault struct {
	Code    string        // "AccessDenied", "RequestThrottled", ...; as callers of the older protocol know it
	Type    string        // as callers of the JSON protocol know it; Code where empty
	Status  int           // HTTP status; 400 where 0
	Message string        // of the error
	Cut     bool          // the request is carried out, and the connection ends half-way through the answer
	Body    string        // sent instead of the answer, as it is
	Delay   time.Duration // before anything is done
}

func (f *Fault) status() int {
	if f.Status == 0 {
		return http.StatusBadRequest
	}
	return f.Status
}

// Fault sets what decides about requests; nil lets all through.
func (q *Queue) Fault(f FaultFunc) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.fault = f
}

// age forgets what is older than the retention. The lock is held.
func (q *Queue) age() {
	old := func(m *message) bool { return q.now.Sub(m.sent) > q.options.Retention }
	q.messages = slices.DeleteFunc(q.messages, old)
	q.dead = slices.DeleteFunc(q.dead, old)
}
