package kinesis

import (
	"context"
	"errors"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

var (
	errBudget = errors.New("the time allowed for reading the stream is over")
	errSilent = errors.New("nothing came within the time allowed for a request")
)

// slowest bounds the delay between two attempts.
const slowest = 10 * time.Second

// retry repeats a call that was throttled or cut off, beyond what the client itself does, with a doubling delay. Each call
// is given up after Timeout, and an endpoint that was silent for so long once is not asked again in this run: silence
// costs one timeout for each worker, not one for each shard.
func (r *run) retry(ctx context.Context, call func(context.Context) (middleware.Metadata, error)) error {
	delay := r.Backoff
	for attempt := 0; ; attempt++ {
		switch {
		case r.silent.Load():
			return errSilent
		case time.Since(r.began) > r.Budget:
			return errBudget
		}
		err := r.bounded(ctx, call)
		if err == nil || attempt >= r.Retries || !transient(err) || ctx.Err() != nil {
			return err
		}
		if err := sleep(ctx, delay); err != nil {
			return err
		}
		delay = min(2*delay, slowest)
	}
}

func (r *run) bounded(ctx context.Context, call func(context.Context) (middleware.Metadata, error)) error {
	within, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	metadata, err := call(within)
	if err == nil {
		r.clock(metadata)
	} else if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		r.silent.Store(true)
		return errSilent
	}
	return err
}

// clock takes the moment of the first answer for the one at which the stream is read: by the service's clock, or by this
// machine's where the answer does not tell.
func (r *run) clock(metadata middleware.Metadata) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.now.IsZero() {
		return
	}
	at, ok := awsmiddleware.GetServerTime(metadata)
	if !ok {
		at, ok = awsmiddleware.GetResponseAt(metadata)
	}
	if ok {
		r.now = at.UTC()
	}
}

// readAt is the moment at which the stream is read. No audit for an earlier moment brings back what was trimmed by then.
func (r *run) readAt() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ReadAt.IsZero() && r.now.IsZero() {
		return r.window.To
	}
	return later(r.ReadAt, r.now)
}

// horizon is the moment before which arrivals may have been trimmed.
func (r *run) horizon() time.Time { return r.readAt().Add(-r.setup.Retention) }

// reached is how far time has come: nothing later than the service's own clock has been read.
func (r *run) reached() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.now.IsZero() && r.now.Before(r.window.To) {
		return r.now
	}
	return r.window.To
}

func sleep(ctx context.Context, d time.Duration) error {
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

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
