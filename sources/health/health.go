// Package health reads what Amazon Route 53 health checks said of the regions: when each went from healthy to failing and
// back, and what its checkers saw.
//
// Route 53 publishes the status of every health check to Amazon CloudWatch in us-east-1, whatever region the endpoint is in:
// namespace AWS/Route53, metric HealthCheckStatus, dimension HealthCheckId, 1 healthy and 0 not (Amazon Route 53 Developer
// Guide, "Monitoring health checks using CloudWatch"). CloudWatch keeps points of one minute for 15 days, of five for 63 and
// of an hour for 455 (CloudWatch API reference, "GetMetricData"). The minimum of a minute tells that it failed in it, not
// when: a moment that is read from it is uncertain by a minute either way, and no measure rests on it.
package health

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/smithy-go"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Region is where Route 53 publishes its metrics, and whose endpoint answers for Route 53, which is global.
const Region audit.Region = "us-east-1"

// Metrics is the part of *cloudwatch.Client that is used. Every call is a read.
type Metrics interface {
	GetMetricData(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error)
}

// Checkers is the part of *route53.Client that is used. Every call is a read.
type Checkers interface {
	GetHealthCheckStatus(context.Context, *route53.GetHealthCheckStatusInput, ...func(*route53.Options)) (*route53.GetHealthCheckStatusOutput, error)
	GetHealthCheckLastFailureReason(context.Context, *route53.GetHealthCheckLastFailureReasonInput, ...func(*route53.Options)) (*route53.GetHealthCheckLastFailureReasonOutput, error)
}

// Settings bound a read.
type Settings struct {
	Timeout time.Duration // of one request with its retries; 30 s where zero
	Late    time.Duration // how late CloudWatch may show a minute; 5 minutes where zero
}

// Source asks about one health check.
type Source struct {
	ID       string       // of the health check
	Name     string       // what people call it
	Of       audit.Region // the region whose health it tells
	Metrics  Metrics
	Checkers Checkers
	AsOf     time.Time // the moment the audit speaks for
	Settings Settings
}

// Read yields one batch: HealthFailed and HealthRecovered at each change of the status inside w, up to AsOf, and where the
// check failed, a HealthReason for what its checkers saw last. What was refused, or is not there, is a gap with its remedy.
// The cursor is not used: every read sees the whole window again, and the same change always as the same event. The only
// error is that of ctx.
func (s Source) Read(ctx context.Context, w audit.Window, _ audit.Cursor) iter.Seq2[record.Batch[record.Event], error] {
	return func(yield func(record.Batch[record.Event], error) bool) {
		w.To = earlier(w.To, s.AsOf).UTC()
		r := &reading{Source: s, window: w, now: s.AsOf}
		if !w.Empty() {
			r.history(ctx)
		}
		if err := ctx.Err(); err != nil {
			yield(record.Batch[record.Event]{}, err)
			return
		}
		yield(r.batch(), nil)
	}
}

// reading is the state of one Read.
type reading struct {
	Source
	window    audit.Window
	now       time.Time // the later of AsOf and the services' own clock
	found     []record.Event
	extents   []audit.Extent
	excluded  []audit.Exclusion
	gaps      []audit.Gap
	watermark time.Time
}

func (r *reading) batch() record.Batch[record.Event] {
	slices.SortStableFunc(r.found, func(a, b record.Event) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Message, b.Message))
	})
	return record.Batch[record.Event]{
		Records: r.found, Region: r.Of, Extents: r.extents, Excluded: r.excluded, Gaps: r.gaps, Watermark: r.watermark,
	}
}

func (r *reading) add(kind record.EventType, at time.Time, message string) {
	if r.window.Holds(at) {
		r.found = append(r.found, record.Event{Region: r.Of, Type: kind, Source: r.Name, At: at.UTC(), Message: message})
	}
}

func (r *reading) gap(w audit.Window, reason, remedy string) {
	r.gaps = append(r.gaps, audit.Gap{Window: w, Reason: reason, Remedy: remedy})
}

func (r *reading) late() time.Duration { return cmp.Or(r.Settings.Late, 5*time.Minute) }

// history reads the status minute by minute and turns it into events. What the checkers say is asked for only where there
// is something to explain, for Route 53 answers five requests a second for a whole account.
func (r *reading) history(ctx context.Context) {
	points, period, ok := r.points(ctx)
	if !ok {
		return
	}
	if len(points) == 0 {
		r.silent(ctx)
		return
	}
	r.changes(points, period)
	r.holes(points, period)
	if outage := lastOutage(points, period); !outage.Empty() {
		r.checkersSaid(ctx, outage)
	}
	r.extents = append(r.extents, audit.Extent{
		Name: "status of health check " + r.ID, Records: int64(len(points)),
		From: points[0].at.Format(time.RFC3339), To: points[len(points)-1].at.Add(period).Format(time.RFC3339),
	})
	r.watermark = points[len(points)-1].at.Add(period)
}

// silent finds out why there is no history at all: a health check that does not exist, or one that was disabled or made later.
func (r *reading) silent(ctx context.Context) {
	err := r.ask(ctx, func(ctx context.Context) error {
		_, err := r.Checkers.GetHealthCheckStatus(ctx, &route53.GetHealthCheckStatusInput{HealthCheckId: &r.ID})
		return err
	})
	var answer smithy.APIError
	if errors.As(err, &answer) && answer.ErrorCode() == "NoSuchHealthCheck" {
		r.refused(err, "GetHealthCheckStatus", r.window)
		return
	}
	if r.window.To.Sub(r.window.From) > r.late() {
		r.gap(r.window, "CloudWatch has no status of health check "+r.called()+" in this time",
			"check that the health check was there and enabled then, and that its id in topology.health_checks is right")
	}
}

// called names the check as people and Route 53 do.
func (r *reading) called() string {
	if r.Name == r.ID {
		return r.ID
	}
	return r.Name + " (" + r.ID + ")"
}

// ask makes one request under the timeout.
func (r *reading) ask(ctx context.Context, do func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, r.timeout())
	defer cancel()
	return do(bounded)
}

func (r *reading) timeout() time.Duration { return cmp.Or(r.Settings.Timeout, 30*time.Second) }

// refused leaves a gap that says why a request failed; not where the caller has gone.
func (r *reading) refused(err error, action string, w audit.Window) {
	if errors.Is(err, context.Canceled) {
		return
	}
	reason, remedy := explain(err, action, r.called(), r.timeout())
	r.gap(w, reason, remedy)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
