package drill

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// says is the moment that a row written at a true moment tells: by the clock of the region, and perhaps taken somewhat
// before the commit.
func (w *World) says(h hand, at time.Time) time.Time {
	if d := w.Scenario.Disorder; d > 0 {
		at = at.Add(-w.traffic.duration(0, d))
	}
	return at.Add(h.skew)
}

// pay commits a new payment.
func (w *World) pay(ctx context.Context, h hand, at time.Time) (payment string, err error) {
	w.paid++
	payment = fmt.Sprintf("pay-%d-%04d", w.Scenario.Seed, w.paid)
	return payment, w.payAs(ctx, h, payment, at)
}

func (w *World) payAs(ctx context.Context, h hand, payment string, at time.Time) error {
	r := row{minor: 100 + w.traffic.Int64N(90_000), currency: pick(w.traffic, "EUR", "GBP", "JPY"), status: "captured"}
	return h.insert(ctx, payment, r, at, w.says(h, at))
}

// some is up to n payments that may be changed, in an order of the seed.
func (w *World) some(t table, n int, keep func(row) bool) []string {
	all := t.payments(func(r row) bool { return !r.protected && keep(r) })
	w.traffic.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(max(n, 0), len(all))]
}

func captured(r row) bool { return r.status == "captured" }

// ordinary writes as usual: mostly payments, and refunds of some.
func (w *World) ordinary(ctx context.Context, at time.Time) error {
	w.at = at
	if w.traffic.IntN(8) == 0 {
		for _, payment := range w.some(w.hand.rows, 1, captured) {
			return w.hand.restatus(ctx, payment, "refunded", at, w.says(w.hand, at), func(*row) {})
		}
	}
	_, err := w.pay(ctx, w.hand, at)
	return err
}

// forward writes n times from now on, as usual.
func (w *World) forward(ctx context.Context, n int, until time.Time) error {
	for range n {
		next := w.at.Add(w.traffic.pause(w.Scenario.Spacing))
		if !next.Before(until) {
			return nil
		}
		if err := w.ordinary(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

// upTo writes n times so that the last comes shortly before a moment. What would lie before the newest write is left out.
func (w *World) upTo(ctx context.Context, n int, end time.Time) error {
	times := make([]time.Time, 0, n)
	for at := end; len(times) < n; {
		at = at.Add(-w.traffic.pause(w.Scenario.Spacing))
		if !at.After(w.at) {
			break
		}
		times = append(times, at)
	}
	for _, at := range slices.Backward(times) {
		if err := w.ordinary(ctx, at); err != nil {
			return err
		}
	}
	return nil
}
