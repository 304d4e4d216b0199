package health_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"parallax/internal/audit"
	lab "parallax/internal/lab/health"
	"parallax/internal/record"
	"parallax/sources/health"
)

const id = "0f3d2c1b-check"

var (
	asOf     = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	window   = audit.Window{From: at(13, 0, 0), To: at(16, 0, 0)}
	degrades = at(14, 7, 12)
	recovers = at(14, 40, 0)
)

func at(hour, minute, second int) time.Time {
	return time.Date(2026, 11, 18, hour, minute, second, 0, time.UTC)
}

// outage is a check of Dublin that failed from 14:07:12 to 14:40.
func outage(page int) *lab.Server {
	s := lab.New(lab.Options{Clock: func() time.Time { return asOf }, Page: page})
	s.Add(id, at(0, 0, 0).AddDate(0, 0, -100))
	s.Set(id, degrades, false)
	s.Set(id, recovers, true)
	return s
}

// impatient retries as the SDK does, without its pauses.
func impatient() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = time.Millisecond })
}

func sourceAt(url string) health.Source {
	login := credentials.NewStaticCredentialsProvider("lab", "lab", "")
	return health.Source{
		ID: id, Name: "dublin-api", Of: "eu-west-1", AsOf: asOf,
		Metrics: cloudwatch.New(cloudwatch.Options{
			Region: "us-east-1", BaseEndpoint: aws.String(url), Retryer: impatient(), Credentials: login,
		}),
		Checkers: route53.New(route53.Options{
			Region: "us-east-1", BaseEndpoint: aws.String(url), Retryer: impatient(), Credentials: login,
		}),
	}
}

func source(t *testing.T, server *lab.Server) health.Source {
	t.Helper()
	url, stop, err := server.Serve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return sourceAt(url)
}

func read(t *testing.T, s health.Source, w audit.Window) record.Batch[record.Event] {
	t.Helper()
	var all record.Batch[record.Event]
	for batch, err := range s.Read(t.Context(), w, audit.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = batch
	}
	return all
}

// said is each event as "time type".
func said(b record.Batch[record.Event]) []string {
	out := []string{}
	for _, e := range b.Records {
		out = append(out, e.At.Format("15:04:05 ")+string(e.Type))
	}
	return out
}

func wantSaid(t *testing.T, b record.Batch[record.Event], want ...string) {
	t.Helper()
	if got := said(b); !slices.Equal(got, want) {
		t.Errorf("events %q, want %q; gaps %+v", got, want, b.Gaps)
	}
}

func TestOutage(t *testing.T) {
	for _, page := range []int{500, 7} {
		b := read(t, source(t, outage(page)), window)
		wantSaid(t, b, "14:07:30 health_failed", "14:39:30 health_recovered", "14:39:50 health_reason")
		if len(b.Gaps) > 0 || b.Region != "eu-west-1" || !b.Watermark.Equal(window.To) {
			t.Errorf("gaps %+v, region %s, watermark %s", b.Gaps, b.Region, b.Watermark)
		}
		for i, truth := range []time.Time{degrades, recovers} {
			if e := b.Records[i]; e.At.Sub(truth).Abs() > time.Minute || !strings.Contains(e.Message, "give or take 1m0s") || e.Source != "dublin-api" {
				t.Errorf("event %+v, truth %s", e, truth)
			}
		}
		if m := b.Records[2].Message; !strings.Contains(m, "could not establish a connection") || !strings.Contains(m, "eu-west-1") {
			t.Errorf("the checkers' words: %q", m)
		}
	}
}

// Whatever the second at which it fails, the truth lies within the minute that the event states.
func TestTruthLiesInsideTheBounds(t *testing.T) {
	for second := range 60 {
		s := lab.New(lab.Options{Clock: func() time.Time { return asOf }})
		s.Add(id, at(0, 0, 0))
		s.Set(id, at(14, 7, second), false)
		s.Set(id, at(14, 9, 59-second), true)
		b := read(t, source(t, s), window)
		if len(b.Records) < 2 || b.Records[0].At.Sub(at(14, 7, second)).Abs() > time.Minute || b.Records[1].At.Sub(at(14, 9, 59-second)).Abs() > time.Minute {
			t.Errorf("second %d: %q", second, said(b))
		}
	}
}

func TestEveryReadTellsTheSame(t *testing.T) {
	src := source(t, outage(500))
	whole := read(t, src, window)
	seen := map[string]bool{}
	for _, e := range whole.Records {
		seen[fmt.Sprint(e)] = true
	}
	for minute := range 170 { // windows that begin and end anywhere
		from := window.From.Add(time.Duration(minute)*time.Minute + time.Duration(minute%60)*time.Second)
		for _, e := range read(t, src, audit.Window{From: from, To: from.Add(10 * time.Minute)}).Records {
			if !seen[fmt.Sprint(e)] {
				t.Fatalf("a window from %s tells %+v, which the whole does not", from, e)
			}
		}
	}
}

func TestWhatFailsIsAGapWithItsRemedy(t *testing.T) {
	fail := func(action, code string, status int) func(*lab.Server) {
		return func(s *lab.Server) {
			s.Fault(func(asked string, _ int) lab.Fault {
				if asked != action {
					return lab.Fault{}
				}
				return lab.Fault{Status: status, Code: code, Message: "no"}
			})
		}
	}
	for name, c := range map[string]struct {
		break_ func(*lab.Server)
		reason string
		remedy string
	}{
		"denied":               {fail("GetMetricData", "AccessDenied", 403), "AccessDenied", "allow the action cloudwatch:GetMetricData"},
		"throttled":            {fail("GetMetricData", "Throttling", 400), "Throttling", "aws.retries"},
		"expired":              {fail("GetMetricData", "ExpiredToken", 403), "ExpiredToken", "renew the AWS credentials"},
		"broken":               {fail("GetMetricData", "InternalServiceError", 500), "InternalServiceError", "run again"},
		"checkers are denied":  {fail("GetHealthCheckLastFailureReason", "AccessDenied", 403), "AccessDenied", "allow the action route53:GetHealthCheckLastFailureReason"},
		"disabled all the day": {func(s *lab.Server) { s.Disable(id, at(0, 0, 0), at(23, 0, 0)) }, "no status of health check dublin-api", "enabled"},
		"disabled for a while": {func(s *lab.Server) { s.Disable(id, at(15, 0, 0), at(15, 10, 0)) }, "15:00:00Z to 2026-11-18T15:10:00Z", "disabled"},
		"disabled at the end":  {func(s *lab.Server) { s.Disable(id, at(15, 50, 0), at(17, 10, 0)) }, "15:50:00Z to 2026-11-18T16:00:00Z", "disabled"},
		"disabled at first":    {func(s *lab.Server) { s.Disable(id, at(12, 0, 0), at(13, 10, 0)) }, "13:00:00Z to 2026-11-18T13:10:00Z", "disabled"},
	} {
		t.Run(name, func(t *testing.T) {
			server := outage(500)
			c.break_(server)
			b := read(t, source(t, server), window)
			if len(b.Gaps) != 1 || !strings.Contains(b.Gaps[0].Reason, c.reason) || !strings.Contains(b.Gaps[0].Remedy, c.remedy) {
				t.Errorf("gaps %+v, want one with %q and %q", b.Gaps, c.reason, c.remedy)
			}
		})
	}
}

func TestUnknownHealthCheck(t *testing.T) {
	s := source(t, outage(500))
	s.ID = "no-such-check"
	b := read(t, s, window)
	if len(b.Gaps) != 1 || !strings.Contains(b.Gaps[0].Reason, "NoSuchHealthCheck") || !strings.Contains(b.Gaps[0].Remedy, "topology.health_checks") {
		t.Errorf("gaps %+v", b.Gaps)
	}
}

func TestCalculatedHealthCheckHasNoCheckers(t *testing.T) {
	server := outage(500)
	server.Derive(id)
	b := read(t, source(t, server), window)
	wantSaid(t, b, "14:07:30 health_failed", "14:39:30 health_recovered")
	if len(b.Gaps) > 0 || len(b.Excluded) != 1 {
		t.Errorf("gaps %+v, excluded %+v", b.Gaps, b.Excluded)
	}
}

func TestHungEndpoint(t *testing.T) {
	server := outage(500)
	server.Fault(func(string, int) lab.Fault { return lab.Fault{Delay: time.Minute} })
	s := source(t, server)
	s.Settings.Timeout = 50 * time.Millisecond
	b := read(t, s, window)
	if len(b.Gaps) != 1 || !strings.Contains(b.Gaps[0].Reason, "no answer within 50ms") {
		t.Errorf("gaps %+v", b.Gaps)
	}
}

// A healthy day costs one request, and asks no checker.
func TestHealthyDayIsCheap(t *testing.T) {
	server := lab.New(lab.Options{Clock: func() time.Time { return asOf }})
	server.Add(id, at(0, 0, 0))
	b := read(t, source(t, server), window)
	wantSaid(t, b)
	if server.Calls("GetMetricData") != 1 || server.Calls("GetHealthCheckStatus")+server.Calls("GetHealthCheckLastFailureReason") > 0 || len(b.Gaps) > 0 {
		t.Errorf("gaps %+v, %d requests", b.Gaps, server.Calls("GetMetricData"))
	}
}

// An audit speaks for its moment: what came later is not told, and the minutes that CloudWatch shows late are no gap.
func TestNothingAfterTheMomentOfTheAudit(t *testing.T) {
	server := outage(500)
	s := source(t, server)
	s.AsOf = at(14, 20, 30)
	b := read(t, s, audit.Window{From: window.From, To: at(14, 20, 30)})
	wantSaid(t, b, "14:07:30 health_failed")
	server.Disable(id, at(14, 17, 0), at(14, 30, 0))
	if b := read(t, s, audit.Window{From: window.From, To: at(14, 20, 30)}); len(b.Gaps) > 0 {
		t.Errorf("minutes that come late: %+v", b.Gaps)
	}
}

// After 15 days CloudWatch has points of five minutes left; the events say so.
func TestOldOutage(t *testing.T) {
	server := outage(500)
	server.Add("old", at(0, 0, 0).AddDate(0, 0, -80))
	server.Set("old", at(14, 7, 12).AddDate(0, 0, -30), false)
	server.Set("old", at(14, 40, 0).AddDate(0, 0, -30), true)
	s := source(t, server)
	s.ID = "old"
	for _, now := range []time.Time{asOf, at(16, 0, 0).AddDate(0, 0, -29)} { // the second by the service's clock alone
		s.AsOf = now
		b := read(t, s, audit.Window{From: window.From.AddDate(0, 0, -30), To: window.To.AddDate(0, 0, -30)})
		if len(b.Gaps) > 0 || len(b.Records) < 2 || !strings.Contains(b.Records[0].Message, "give or take 5m0s") {
			t.Errorf("gaps %+v, events %+v", b.Gaps, b.Records)
		}
	}
}

func TestCancelledReadReturnsTheReason(t *testing.T) {
	server := outage(500)
	server.Fault(func(string, int) lab.Fault { return lab.Fault{Delay: time.Minute} })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	var last error
	for _, err := range source(t, server).Read(ctx, window, audit.Cursor{}) {
		last = err
	}
	if !errors.Is(last, context.DeadlineExceeded) {
		t.Errorf("error %v", last)
	}
}

func TestMalformedAnswers(t *testing.T) {
	for name, body := range map[string]string{"nothing": "", "text": "<html>", "half a document": "\xa1\x71MetricDataResults\x81"} {
		t.Run(name, func(t *testing.T) {
			url, stop, err := serveBytes([]byte(body))
			if err != nil {
				t.Fatal(err)
			}
			defer stop()
			if b := read(t, sourceAt(url), window); len(b.Gaps) == 0 || len(b.Records) > 0 {
				t.Errorf("gaps %+v, events %+v", b.Gaps, b.Records)
			}
		})
	}
}
