package kinesis_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"parallax/internal/audit"
	labkinesis "parallax/internal/lab/kinesis"
	"parallax/sources/kinesis"
)

// What goes away by itself is waited for, and every record is read once all the same.
func TestTroubleThatPasses(t *testing.T) {
	for name, f := range map[string]labkinesis.Fault{
		"throttled":       {Type: "ProvisionedThroughputExceededException"},
		"limited":         {Type: "LimitExceededException"},
		"key throttled":   {Type: "KMSThrottlingException"},
		"server fault":    {Type: "InternalFailureException", Status: 500},
		"unavailable":     {Type: "ServiceUnavailable", Status: 503},
		"cut in mid-body": {Cut: true},
		"HTML":            {Body: "<html><body>proxy</body></html>"},
		"half a body":     {Body: `{"Records":[{"Data":`},
	} {
		for _, op := range []string{"DescribeTable", "DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords"} {
			t.Run(name+"/"+op, func(t *testing.T) {
				l := newLab(t, func(o *labkinesis.Options) { o.Page = 2 })
				l.write(9)
				l.faults(op, "", 3, f)
				r := l.read()
				r.whole(t)
				r.wants(t, 1, 9)
			})
		}
	}
}

func TestAnIteratorThatExpiresIsRenewed(t *testing.T) {
	l := newLab(t, func(o *labkinesis.Options) { o.Shards, o.Page = 1, 2 })
	l.write(9)
	pages := 0
	l.stream.Fault(func(op, _ string) *labkinesis.Fault {
		if pages++; op == "GetRecords" && pages%4 == 0 {
			l.tick(6 * time.Minute)
		}
		return nil
	})
	l.source.ReadAt = l.now
	r := l.read()
	r.whole(t)
	r.wants(t, 1, 9)
	l.faults("GetRecords", "", 1000, labkinesis.Fault{Type: "ExpiredIteratorException"})
	l.read().gap(t, "was refused: ExpiredIteratorException")
}

func TestTroubleThatStaysIsAGapAndNothingIsPassedOver(t *testing.T) {
	for kind, remedy := range map[string]string{
		"ProvisionedThroughputExceededException": "5 reads a second",
		"AccessDeniedException":                  "allow kinesis:GetRecords",
		"KMSAccessDeniedException":               "kms:Decrypt",
		"ExpiredTokenException":                  "valid AWS credentials",
		"InvalidArgumentException":               "run again",
	} {
		l := newLab(t, func(o *labkinesis.Options) { o.Shards, o.Page = 1, 2 })
		l.write(4)
		before := l.read()
		l.write(6)
		pages := 0
		l.stream.Fault(func(op, _ string) *labkinesis.Fault {
			if op != "GetRecords" {
				return nil
			}
			if pages++; pages > 2 {
				return &labkinesis.Fault{Type: kind}
			}
			return nil
		})
		r := l.read()
		r.wants(t, 5, 8)
		g := r.gap(t, "was refused: "+kind)
		if !strings.Contains(g.Remedy, remedy) || !r.mark.IsZero() || g.Lost {
			t.Errorf("%s: remedy %q, watermark %v, lost %t", kind, g.Remedy, r.mark, g.Lost)
		}
		if g.Window.From.Before(before.mark) || g.Window.From.After(start.Add(8*time.Minute)) || g.Window.To.Before(l.now) {
			t.Errorf("%s: gap %s", kind, g.Window)
		}
		if len(r.extents) > 3 { // what describes the feed
			t.Errorf("%s: it claims to have read %v", kind, r.extents)
		}
		l.stream.Fault(nil)
		r = l.read()
		r.whole(t)
		r.wants(t, 9, 10)
	}
}

// The service does not refuse to read on behind a record it has trimmed; it answers with empty pages.
func TestAReadingThatTheTrimHorizonOvertakesGoesOnBehindIt(t *testing.T) {
	l := newLab(t, func(o *labkinesis.Options) { o.Shards, o.Page, o.Retention = 1, 2, time.Hour })
	l.write(9)
	pages := 0
	l.stream.Fault(func(op, _ string) *labkinesis.Fault {
		if op != "GetRecords" {
			return nil
		}
		if pages++; pages == 2 { // after orders 1 and 2, orders 3 to 6 go
			l.stream.Advance(start.Add(66*time.Minute + 30*time.Second))
		}
		return nil
	})
	r := l.read()
	if got := strings.Join(r.keys(), " "); got != "order-0001 order-0002 order-0007 order-0008 order-0009" {
		t.Errorf("read %s", got)
	}
	g := r.gap(t, "may have been trimmed before it was read")
	if g.Window.From.After(start.Add(2*time.Minute)) || g.Window.To.Before(start.Add(6*time.Minute)) {
		t.Errorf("gap %s", g.Window)
	}
}

// answers overrules what GetRecords answers.
type answers struct {
	kinesis.Streams

	each  func(in *awskinesis.GetRecordsInput, out *awskinesis.GetRecordsOutput)
	quiet bool // GetRecords never answers
	calls atomic.Int64
}

func (a *answers) GetRecords(ctx context.Context, in *awskinesis.GetRecordsInput, o ...func(*awskinesis.Options)) (*awskinesis.GetRecordsOutput, error) {
	a.calls.Add(1)
	if a.quiet {
		<-ctx.Done()
		return nil, fmt.Errorf("get records: %w", ctx.Err())
	}
	out, err := a.Streams.GetRecords(ctx, in, o...)
	if err == nil && a.each != nil {
		a.each(in, out)
	}
	return out, err //nolint:wrapcheck // as the client has it
}

func TestAnswersThatGoRoundInACircleAreAGap(t *testing.T) {
	for reason, each := range map[string]func(*awskinesis.GetRecordsInput, *awskinesis.GetRecordsOutput){
		"its next iterator is the one that was asked": func(in *awskinesis.GetRecordsInput, out *awskinesis.GetRecordsOutput) {
			out.NextShardIterator = in.ShardIterator
		},
		"came after": func(_ *awskinesis.GetRecordsInput, out *awskinesis.GetRecordsOutput) {
			out.Records = append(out.Records, out.Records...)
		},
		`record "" came after`: func(_ *awskinesis.GetRecordsInput, out *awskinesis.GetRecordsOutput) {
			out.Records[0].SequenceNumber = nil
		},
	} {
		l := newLab(t, func(o *labkinesis.Options) { o.Shards = 1 })
		l.write(2)
		l.source.Streams = &answers{Streams: l.source.Streams, each: each}
		r := l.read()
		r.gap(t, reason)
		if !r.mark.IsZero() || len(r.changes) > 0 {
			t.Errorf("watermark %v, %d records", r.mark, len(r.changes))
		}
	}
}

func TestAShardThatNeverSaysItIsAtItsEndUsesUpTheBudget(t *testing.T) {
	for what, each := range map[string]func(*awskinesis.GetRecordsInput, *awskinesis.GetRecordsOutput){
		"behind": func(_ *awskinesis.GetRecordsInput, out *awskinesis.GetRecordsOutput) {
			out.MillisBehindLatest = aws.Int64(5000)
		},
		"does not say":   func(_ *awskinesis.GetRecordsInput, out *awskinesis.GetRecordsOutput) { out.MillisBehindLatest = nil },
		"without an end": nil,
	} {
		l := newLab(t, func(o *labkinesis.Options) { o.Shards = 1 })
		l.write(2)
		a := &answers{Streams: l.source.Streams, each: each}
		if each == nil {
			l.stream.Split("shardId-000000000000")
			a.each = func(in *awskinesis.GetRecordsInput, out *awskinesis.GetRecordsOutput) {
				if out.NextShardIterator == nil {
					out.NextShardIterator = aws.String(*in.ShardIterator + "\n") // which base64 passes over
				}
			}
		}
		l.source.Streams, l.source.Budget, l.source.Interval = a, 100*time.Millisecond, 5*time.Millisecond
		r := l.read()
		r.gap(t, "the time allowed for reading the stream is over")
		if !r.mark.IsZero() {
			t.Errorf("%s: watermark %v", what, r.mark)
		}
	}
}

func TestSilenceCostsOneTimeoutAWorker(t *testing.T) {
	l := newLab(t, func(o *labkinesis.Options) { o.Shards = 3 })
	a := &answers{Streams: l.source.Streams, quiet: true}
	l.source.Streams, l.source.Timeout, l.source.Workers = a, 300*time.Millisecond, 1
	r := l.read()
	for i := range 3 {
		r.gap(t, fmt.Sprintf("shard shardId-%012d got no answer: nothing came", i))
	}
	if n := a.calls.Load(); n != 1 {
		t.Errorf("%d calls", n)
	}
}

// A shard that throttles is asked less often, and others are not slowed down by it.
func TestThrottlingSlowsTheShardDown(t *testing.T) {
	l := newLab(t, func(o *labkinesis.Options) { o.Shards, o.Page = 1, 1 })
	l.write(6)
	l.source.Interval = 2 * time.Millisecond
	refused := 0
	l.stream.Fault(func(op, _ string) *labkinesis.Fault {
		if op == "GetRecords" {
			if refused++; refused%2 == 1 && refused < 12 {
				return &labkinesis.Fault{Type: "ProvisionedThroughputExceededException"}
			}
		}
		return nil
	})
	began := time.Now()
	r := l.read()
	r.whole(t)
	r.wants(t, 1, 6)
	if took := time.Since(began); took < (4+8+16+32+64)*time.Millisecond {
		t.Errorf("six throttled pages took %s", took)
	}
}

func TestMissingCredentialsReadAsSuch(t *testing.T) {
	l := newLab(t, nil)
	l.source.Streams = awskinesis.New(awskinesis.Options{Region: dublin, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, fmt.Errorf("no EC2 IMDS role found")
	})})
	if g := l.read().gap(t, "no AWS credentials were found"); !strings.Contains(g.Remedy, "AWS_PROFILE") {
		t.Errorf("%+v", g)
	}
}

func TestAnUnknownStreamOrTableIsNamed(t *testing.T) {
	l := newLab(t, nil)
	l.source.Stream = "nothing"
	l.read().gap(t, "DescribeStreamSummary of data stream nothing was refused: ResourceNotFoundException")
	l.source.Stream, l.source.Table = stream, "nothing"
	l.read().gap(t, "DescribeTable of table nothing was refused: ResourceNotFoundException")
	var none audit.Cursor
	for _, err := range l.source.Read(cancelled(t), audit.Window{From: start, To: l.now}, none) {
		if err == nil || !strings.Contains(err.Error(), "read data stream "+stream) {
			t.Errorf("%v", err)
		}
	}
}

func cancelled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
