package ddbtable

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"

	"parallax/internal/audit"
	"parallax/internal/awscall"
)

const longestBackoff = 15 * time.Second

var errBudget = errors.New("the time allowed for reading the table is over")

// run is one reading of a table.
type run struct {
	Source
	window audit.Window
	out    chan batch
	schema schema
	pace   *pacer
	calls  *awscall.Calls

	drained []audit.Extent // of segments that were read to their end, each set by its own reader

	mu          sync.Mutex
	first, last time.Time // of the service's answers, by its own clock
	units       float64   // read capacity consumed
	pages       int64
	failures    []failure
}

func (s *Source) begin(w audit.Window) *run {
	c := s.withDefaults()
	r := &run{Source: c, window: w, out: make(chan batch), pace: newPacer(c.Units), drained: make([]audit.Extent, c.Segments)}
	r.calls = awscall.Begin(awscall.Limits{
		Retries: c.Retries, Backoff: c.Backoff, Slowest: longestBackoff, Timeout: c.Timeout, Budget: c.Budget, Over: errBudget,
	}, r.answered)
	r.calls.Throttled = r.pace.throttled
	return r
}

// send hands a batch to the consumer, unless nobody wants it any more.
func (r *run) send(ctx context.Context, b batch) {
	b.Region = r.Region
	select {
	case r.out <- b:
	case <-ctx.Done():
	}
}

// describe asks how the table's keys look.
func (r *run) describe(ctx context.Context) error {
	return r.retry(ctx, func(ctx context.Context) (middleware.Metadata, error) {
		out, err := r.Tables.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(r.Table)})
		if err != nil {
			return middleware.Metadata{}, err
		}
		r.schema, err = schemaOf(out.Table)
		return out.ResultMetadata, err
	})
}

// table reads every segment, then says what was read and what was not.
func (r *run) table(ctx context.Context) {
	if err := r.describe(ctx); err != nil {
		if ctx.Err() == nil {
			r.send(ctx, batch{Gaps: []audit.Gap{explain(err, "DescribeTable", r.Table, r.Region, r.window)}})
		}
		return
	}
	var readers sync.WaitGroup
	for i := range r.Segments {
		readers.Go(func() { r.segment(ctx, i) })
	}
	readers.Wait()
	if ctx.Err() == nil {
		read := slices.DeleteFunc(r.drained, func(x audit.Extent) bool { return x.Name == "" })
		r.send(ctx, batch{Extents: append(read, r.extent()), Gaps: r.gaps()})
	}
}

func (r *run) extent() audit.Extent {
	x := audit.Extent{Name: ExtentScan, Totals: map[string]string{
		"read capacity units": strconv.FormatFloat(r.units, 'f', -1, 64), "pages": strconv.FormatInt(r.pages, 10),
		"segments": strconv.Itoa(r.Segments), "consistent": "true",
	}}
	if !r.first.IsZero() {
		x.From, x.To = r.first.UTC().Format(time.RFC3339), r.last.UTC().Format(time.RFC3339)
	}
	return x
}

// retry makes a call, again if need be.
func (r *run) retry(ctx context.Context, call awscall.Call) error { return r.calls.Do(ctx, call) }

// answered notes when the service answered.
func (r *run) answered(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.first.IsZero() || at.Before(r.first) {
		r.first = at
	}
	if at.After(r.last) {
		r.last = at
	}
}

// paid notes what a page cost.
func (r *run) paid(charged, units float64, items int) {
	r.pace.read(charged, units, items)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.units += units
	r.pages++
}
