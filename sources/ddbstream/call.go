package ddbstream

import (
	"context"
	"errors"
	"time"

	"parallax/internal/awscall"
)

var errBudget = errors.New("the time allowed for reading the stream is over")

// begin is a reading of the stream that starts now.
func (s *Source) begin() *run {
	r := &run{Source: s.withDefaults()}
	r.calls = awscall.Begin(awscall.Limits{
		Retries: r.Retries, Backoff: r.Backoff, Slowest: slowest, Timeout: r.Timeout, Budget: r.Budget, Over: errBudget,
	}, r.answered)
	return r
}

// retry makes a call, again if need be.
func (r *run) retry(ctx context.Context, call awscall.Call) error { return r.calls.Do(ctx, call) }

// answered takes the moment of the first answer for the one at which the stream is read.
func (r *run) answered(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now.IsZero() {
		r.now = at
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

// horizon is the moment before which the stream may have been trimmed.
func (r *run) horizon() time.Time { return r.readAt().Add(-Retention) }

// reached is how far time has come: nothing later than the service's own clock has been read.
func (r *run) reached(to time.Time) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.now.IsZero() && r.now.Before(to) {
		return r.now
	}
	return to
}
