package ddbstream_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"parallax/internal/audit"
	"parallax/internal/lab/globaltable"
	"parallax/sources/ddbstream"
)

// All that a reading starts is joined before its iterator returns: no request comes after.
func TestStopsWhenTheConsumerOrTheContextStops(t *testing.T) {
	l := newLab(t, func(o *globaltable.Options) { o.PageRecords = 1 })
	l.write(40)
	var calls, open atomic.Int64
	l.source.Streams = &watched{Streams: l.source.Streams, calls: &calls, open: &open}
	n := 0
	for range l.source.Read(t.Context(), audit.Window{From: start, To: l.now}, audit.Cursor{}) {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 || calls.Load() == 0 {
		t.Fatalf("%d batches by %d calls", n, calls.Load())
	}
	after := calls.Load()
	if left := open.Load(); left != 0 {
		t.Errorf("%d calls are under way behind the end of the reading", left)
	}
	var last error
	for _, err := range l.source.Read(cancelled(t), audit.Window{From: start, To: l.now}, audit.Cursor{}) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("the last error is %v", last)
	}
	if n := calls.Load() - after; n != 0 {
		t.Errorf("%d calls after the consumer stopped, or for a context that was over", n)
	}
}

// watched counts the calls for pages, and those under way.
type watched struct {
	ddbstream.Streams

	calls, open *atomic.Int64
}

func (w *watched) GetRecords(ctx context.Context, in *dynamodbstreams.GetRecordsInput, o ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error) {
	w.calls.Add(1)
	w.open.Add(1)
	defer w.open.Add(-1)
	return w.Streams.GetRecords(ctx, in, o...)
}
