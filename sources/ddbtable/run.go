package ddbtable

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"

	"parallax/internal/audit"
)

const longestBackoff = 15 * time.Second

var (
	errBudget = errors.New("the time allowed for reading the table is over")
	errSilent = errors.New("nothing came within the time allowed for a request")
)

// run is one reading of a table.
type run struct {
	Source
	window audit.Window
	out    chan batch
	schema schema
	pace   *pacer
	began  time.Time   // by this machine's clock: for the budget alone
	silent atomic.Bool // the endpoint gave no answer at all

	drained []audit.Extent // of segments that were read to their end, each set by its own reader

	mu          sync.Mutex
	first, last time.Time // of the service's answers, by its own clock
	units       float64   // read capacity consumed
	pages       int64
	failures    []failure
}

func (s *Source) begin(w audit.Window) *run {
	c := s.withDefaults()
	return &run{Source: c, window: w, out: make(chan batch), pace: newPacer(c.Units), began: time.Now(), drained: make([]audit.Extent, c.Segments)}
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

// retry repeats a call that was throttled or cut off, beyond what the client itself does. Each call is given up after
// Timeout, and an endpoint that was silent for so long once is not asked again in this run.
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
		if throttled(err) {
			r.pace.throttled()
		}
		if err == nil || attempt >= r.Retries || !transient(err) || ctx.Err() != nil {
			return err
		}
		if err := sleep(ctx, delay); err != nil {
			return err
		}
		delay = min(2*delay, longestBackoff)
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

// clock notes when the service answered, by its own clock, or by this machine's where the answer does not tell.
func (r *run) clock(metadata middleware.Metadata) {
	at, ok := awsmiddleware.GetServerTime(metadata)
	if !ok {
		at, ok = awsmiddleware.GetResponseAt(metadata)
	}
	if !ok {
		return
	}
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
