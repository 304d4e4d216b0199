// Package awscall makes calls of an AWS service as every source makes them: with a time for each call and one for all of
// them, again after what may pass, and by the service's clock. It tells why a call did not succeed, and whether a body is
// the one that was sent.
package awscall

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// ErrSilent is of an endpoint that let the time for a call pass without an answer.
var ErrSilent = errors.New("nothing came within the time allowed for a request")

// Call is one call of a client. The metadata are those of its answer.
type Call func(context.Context) (middleware.Metadata, error)

// Limits bound the calls of one reading.
type Limits struct {
	Retries int           // attempts of one call beyond the first, and beyond the client's own
	Backoff time.Duration // before the first of them, doubling
	Slowest time.Duration // between two attempts, however often it has doubled
	Timeout time.Duration // of one attempt with the client's own retries
	Budget  time.Duration // of the whole reading
	Over    error         // what a call comes to when the budget is used up
}

// Calls are the calls of one reading. They may be made at the same time.
type Calls struct {
	Limits
	Answered  func(at time.Time) // told of each good answer: when it was given
	Throttled func()             // told of each attempt that was refused for being too many; nil if nobody asks

	began  time.Time // by this machine's clock: for the budget alone
	silent atomic.Bool
}

// Begin starts the time of a reading.
func Begin(limits Limits, answered func(at time.Time)) *Calls {
	return &Calls{Limits: limits, Answered: answered, began: time.Now()}
}

// Do makes a call, and again after one that was throttled or cut off, beyond what the client itself does, with a doubling
// delay. Each attempt is given up after Timeout, and an endpoint that was silent for so long once is not asked again:
// silence costs one timeout for each worker, not one for each call.
func (c *Calls) Do(ctx context.Context, call Call) error {
	delay := c.Backoff
	for attempt := 0; ; attempt++ {
		switch {
		case c.silent.Load():
			return ErrSilent
		case time.Since(c.began) > c.Budget:
			return c.Over
		}
		err := c.bounded(ctx, call)
		if c.Throttled != nil && Throttled(err) {
			c.Throttled()
		}
		if err == nil || attempt >= c.Retries || !Transient(err) || ctx.Err() != nil {
			return err
		}
		if err := Sleep(ctx, delay); err != nil {
			return err
		}
		delay = min(2*delay, c.Slowest)
	}
}

func (c *Calls) bounded(ctx context.Context, call Call) error {
	within, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	metadata, err := call(within)
	if err == nil {
		if at, ok := moment(metadata); ok {
			c.Answered(at)
		}
	} else if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		c.silent.Store(true)
		return ErrSilent
	}
	return err
}

// moment is when an answer was given: by the service's clock, or by this machine's where the answer does not tell.
func moment(metadata middleware.Metadata) (time.Time, bool) {
	at, ok := awsmiddleware.GetServerTime(metadata)
	if !ok {
		at, ok = awsmiddleware.GetResponseAt(metadata)
	}
	return at.UTC(), ok
}

// Sleep waits, unless ctx is done first.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
