package health

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// point is the status over one period: healthy all the time, or failing at some moment of it.
type point struct {
	at      time.Time // the beginning of the period
	healthy bool
}

// periodFor is the finest resolution that CloudWatch still has of a moment so long ago.
func periodFor(age time.Duration) time.Duration {
	const day = 24 * time.Hour
	switch {
	case age < 15*day:
		return time.Minute
	case age < 63*day:
		return 5 * time.Minute
	default:
		return time.Hour
	}
}

// points reads the status from one period before the window, so that a change at its beginning is seen, to its end. Only
// periods that were over at AsOf count, for the minimum of one that goes on may still fall.
func (r *reading) points(ctx context.Context) ([]point, time.Duration, bool) {
	period := periodFor(r.now.Sub(r.window.From))
	byTime, ok := r.pages(ctx, period)
	if coarser := periodFor(r.now.Sub(r.window.From)); ok && coarser > period { // by the service's own clock it is longer ago
		period = coarser
		byTime, ok = r.pages(ctx, period)
	}
	if !ok {
		return nil, 0, false
	}
	out := make([]point, 0, len(byTime))
	for at, value := range byTime {
		if begins := time.Unix(at, 0).UTC(); !begins.Add(period).After(r.AsOf) && begins.Before(r.window.To) {
			out = append(out, point{at: begins, healthy: value >= 1})
		}
	}
	slices.SortFunc(out, func(a, b point) int { return a.at.Compare(b.at) })
	return out, period, true
}

// pages reads every page of the answer. A page may come twice, so the values are kept by their time.
func (r *reading) pages(ctx context.Context, period time.Duration) (map[int64]float64, bool) {
	in := r.query(period)
	values, tokens := map[int64]float64{}, map[string]bool{}
	ctx, cancel := context.WithTimeout(ctx, allPages*r.timeout())
	defer cancel()
	for range maxPages {
		var out *cloudwatch.GetMetricDataOutput
		err := r.ask(ctx, func(ctx context.Context) (err error) {
			out, err = r.Metrics.GetMetricData(ctx, in)
			return err
		})
		if err != nil {
			r.refused(err, "GetMetricData", r.window)
			return nil, false
		}
		if at, told := awsmiddleware.GetServerTime(out.ResultMetadata); told && at.After(r.now) {
			r.now = at
		}
		next := aws.ToString(out.NextToken)
		if !r.take(out, values, next != "") {
			return nil, false
		}
		if next == "" {
			return values, true
		}
		if tokens[next] {
			r.gap(r.window, "GetMetricData repeats a page token for health check "+r.called(), "run again")
			return nil, false
		}
		tokens[next], in.NextToken = true, &next
	}
	r.gap(r.window, fmt.Sprintf("GetMetricData gives more than %d pages for health check %s", maxPages, r.called()), "run again with a shorter window")
	return nil, false
}

const (
	maxPages = 100 // a page holds 100,800 values (CloudWatch API reference, "GetMetricData"): two months of minutes
	allPages = 10  // the time for all of them, in times for one request
)

// query asks for the minimum of each period. Times on whole periods give points that begin where earlier reads have seen
// them begin.
func (r *reading) query(period time.Duration) *cloudwatch.GetMetricDataInput {
	from, to := r.window.From.Truncate(period).Add(-period), r.window.To.Add(period-1).Truncate(period)
	return &cloudwatch.GetMetricDataInput{
		StartTime: &from, EndTime: &to, ScanBy: types.ScanByTimestampAscending,
		MetricDataQueries: []types.MetricDataQuery{{
			Id: aws.String("status"),
			MetricStat: &types.MetricStat{
				Metric: &types.Metric{
					Namespace: aws.String("AWS/Route53"), MetricName: aws.String("HealthCheckStatus"),
					Dimensions: []types.Dimension{{Name: aws.String("HealthCheckId"), Value: &r.ID}},
				},
				Period: aws.Int32(int32(period / time.Second)), Stat: aws.String("Minimum"), //nolint:gosec // an hour at most
			},
		}},
	}
}

// take keeps the values of one page; it reports false where CloudWatch says that they are not all.
func (r *reading) take(out *cloudwatch.GetMetricDataOutput, values map[int64]float64, more bool) bool {
	for _, result := range out.MetricDataResults {
		switch status := result.StatusCode; {
		case status == types.StatusCodeForbidden:
			r.gap(r.window, "GetMetricData refuses the metric of health check "+r.called(), "allow the action cloudwatch:GetMetricData for the role Parallax runs as")
			return false
		case status == types.StatusCodeInternalError, status == types.StatusCodePartialData && !more:
			r.gap(r.window, fmt.Sprintf("GetMetricData answers %s for health check %s", status, r.called()), "run again")
			return false
		case len(result.Timestamps) != len(result.Values):
			r.gap(r.window, fmt.Sprintf("GetMetricData gives %d times and %d values for health check %s", len(result.Timestamps), len(result.Values), r.called()), "run again")
			return false
		}
		for i, at := range result.Timestamps {
			values[at.Unix()] = result.Values[i]
		}
	}
	return true
}

// changes turns the statuses into events. From one period to the next a change lies within the two; where periods are
// missing between, within all of them.
func (r *reading) changes(points []point, period time.Duration) {
	for i := 1; i < len(points); i++ {
		before, after := points[i-1], points[i]
		switch {
		case before.healthy && !after.healthy: // the period before was healthy to its end
			from, to := before.at.Add(period), after.at.Add(period)
			at, give := between(from, to, period)
			r.add(record.HealthFailed, at, fmt.Sprintf("failing since %s, give or take %s; healthy until %s", clock(at), give, clock(from)))
		case !before.healthy && after.healthy: // the period after was healthy from its beginning
			from, to := before.at, after.at
			at, give := between(from, to, period)
			r.add(record.HealthRecovered, at, fmt.Sprintf("healthy since %s, give or take %s; still failing in the period from %s", clock(at), give, clock(from)))
		}
	}
}

// between is the middle of a span and how far the change may lie from it: a period at least, for Route 53 counts several
// failures of several checkers before it changes a status.
func between(from, to time.Time, period time.Duration) (at time.Time, give time.Duration) {
	half := to.Sub(from) / 2
	return from.Add(half), max(half, period)
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05") }

// holes reports parts of the window without a status: a health check was disabled, or the metric was lost. The last minutes
// before AsOf may still come.
func (r *reading) holes(points []point, period time.Duration) {
	const missing = 2 // periods that may be missing: Route 53 skips one now and then
	told := r.window.From.Truncate(period)
	report := func(to time.Time) {
		if to.Sub(told) > missing*period {
			r.gap(audit.Window{From: told, To: to}, fmt.Sprintf("CloudWatch has no status of health check %s from %s to %s",
				r.called(), told.Format(time.RFC3339), to.Format(time.RFC3339)), "check whether the health check was disabled then")
		}
	}
	for _, p := range points {
		report(p.at)
		if ends := p.at.Add(period); ends.After(told) {
			told = ends
		}
	}
	report(earlier(r.window.To, r.AsOf.Add(-r.late())))
}

// lastOutage is the newest span of failing periods that has ended; empty while there is none. One that goes on has no last
// failure yet.
func lastOutage(points []point, period time.Duration) audit.Window {
	var w audit.Window
	ended := false
	for _, p := range slices.Backward(points) {
		switch {
		case p.healthy && !w.Empty():
			return w
		case p.healthy:
			ended = true
		case ended && w.Empty():
			w = audit.Window{From: p.at, To: p.at.Add(period)}
		case ended:
			w.From = p.at
		}
	}
	return w
}
