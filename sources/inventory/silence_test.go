package inventory

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// hanging answers GETs of data with some bytes, and then with nothing until the request is given up.
type hanging struct{ *depot }

type hung struct{ ctx context.Context } //nolint:containedctx // a body has no other way to it

func (h hung) Read([]byte) (int, error) { <-h.ctx.Done(); return 0, h.ctx.Err() }

func (h hanging) GetObject(ctx context.Context, in *s3.GetObjectInput, o ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	out, err := h.depot.GetObject(ctx, in, o...)
	if err == nil && strings.Contains(*in.Key, "/data/") {
		out.Body = io.NopCloser(io.MultiReader(io.LimitReader(out.Body, 10), hung{ctx}))
	}
	return out, err
}

// TestSilentServer: of many files that a server does not give, only a few are waited for; the rest is one gap.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	d := newDepot()
	var bodies [][]byte
	for i := range 60 {
		bodies = append(bodies, sheetOf(fullNames, 3+i).csv(t))
	}
	d.publish(t, midnight, formatCSV, joined(fullNames), bodies...)
	s := d.source()
	s.Client, s.Settings.Timeout = hanging{d}, 50*time.Millisecond
	got := readAll(t, s)
	if n := d.fetched("/data/"); n != inARow || len(got.gaps) != inARow+1 || len(got.rows) != 0 {
		t.Errorf("%d requests, %d rows, gaps %+v", n, len(got.rows), got.gaps)
	}
	last := got.gaps[len(got.gaps)-1]
	if !strings.Contains(got.gaps[0].Reason, "no answer within") || !strings.Contains(last.Reason, "55 more files of d/b/daily/") ||
		!strings.Contains(last.Reason, "was not asked for: 5 files in a row could not be fetched") || last.Remedy != got.gaps[0].Remedy {
		t.Errorf("%+v", got.gaps)
	}
}

// TestManyFiles: files that are gone are answers, of which the first are named; many that are read are one extent.
func TestManyFiles(t *testing.T) {
	t.Parallel()
	d := newDepot()
	s := sheetOf(fullNames, 300)
	var bodies [][]byte
	for i := range s.rows {
		bodies = append(bodies, sheet{s.names, s.rows[i : i+1]}.csv(t))
	}
	d.publish(t, midnight, formatCSV, joined(fullNames), bodies...)
	for i := range 120 {
		delete(d.objects, fmt.Sprintf("b/daily/data/%s-%d", midnight.Format(stampLayout), 2*i))
	}
	got := readAll(t, d.source())
	if len(got.rows) != 180 || len(got.gaps) != maxGaps+1 || !strings.Contains(got.gaps[maxGaps].Reason, "100 more files of") {
		t.Errorf("%d rows, gaps %+v", len(got.rows), got.gaps)
	}
	if len(got.extents) != 2 || got.extents[1].Records != 180 || !strings.Contains(got.extents[1].Name, "180 files of d/b/daily/") {
		t.Errorf("extents %+v", got.extents)
	}
}

// rangeless is a server that knows no ranges: it gives the whole file, and breaks off once.
type rangeless struct {
	*depot

	broken bool
}

func (r *rangeless) GetObject(ctx context.Context, in *s3.GetObjectInput, o ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	whole := *in
	whole.Range = nil
	out, err := r.depot.GetObject(ctx, &whole, o...)
	if err == nil && in.Range != nil && !r.broken {
		r.broken = true
		out.Body = io.NopCloser(io.MultiReader(io.LimitReader(out.Body, 3000), failing{}))
	}
	return out, err
}

// TestServerWithoutRanges: the whole of a file is taken where the server gives it.
func TestServerWithoutRanges(t *testing.T) {
	t.Parallel()
	d := newDepot()
	body := sheetOf(fullNames, 500).csv(t)
	d.publish(t, midnight, formatCSV, joined(fullNames), body)
	s := d.source()
	s.Client, s.Settings.Range = &rangeless{depot: d}, 1000
	if got := readAll(t, s); len(got.gaps) != 0 || len(got.rows) != 500 || d.fetched("/data/") != 2 {
		t.Errorf("%d rows in %d requests, gaps %+v", len(got.rows), d.fetched("/data/"), got.gaps)
	}
	d.put("b/daily/data/"+midnight.Format(stampLayout)+"-0", bytes.Repeat([]byte("x"), len(body)))
	gapOf(t, readAll(t, s), "has MD5")
}
