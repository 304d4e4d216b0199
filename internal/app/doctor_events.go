package app

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/sources/s3events"
)

// events asks every queue of S3 events about itself; it takes no message out of it.
func (d *doctor) events(ctx context.Context) {
	queues := d.app.queues()
	for _, q := range slices.SortedFunc(maps.Keys(queues), func(a, b queueOf) int { return strings.Compare(a.stream(), b.stream()) }) {
		src := s3events.Source{Region: q.region, Queue: q.url, Client: d.aws.sqs(q.region), Settings: s3events.Settings{Timeout: d.cfg.AWS.Timeout, Budget: d.cfg.AWS.Timeout}}
		gaps, deadLetters := src.Check(ctx, audit.Window{From: d.asOf.Add(-time.Second), To: d.asOf})
		for _, g := range gaps {
			d.missing("replication events", q.url, g.Reason, g.Remedy)
		}
		switch {
		case len(gaps) > 0:
		case deadLetters:
			d.ok("replication events", q.url, "reachable; whether messages may be received and deleted shows only when they are")
		default:
			d.warn("replication events", q.url, "reachable, without a dead-letter queue: a message that is not understood makes every run inconclusive",
				"give the queue a redrive policy")
		}
	}
}
