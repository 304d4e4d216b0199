package ddbtable

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"parallax/internal/audit"
)

// Eight pages of 50 units at 100 units a second take four seconds, but for the last.
func TestPaceKeepsWithinItsUnits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, began := newPacer(100), time.Now()
		for range 9 {
			charged, err := p.charge(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			p.read(charged, 50, 100)
		}
		if took := time.Since(began).Round(time.Millisecond); took != 4*time.Second {
			t.Errorf("took %s", took)
		}
		if n := p.items(); n != 200 {
			t.Errorf("asks for %d items of half a unit at 100 units a second", n)
		}
	})
}

// Segments that read at the same time share one pace.
func TestPaceIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, began := newPacer(100), time.Now()
		p.read(1, 100, 100)
		done := make(chan struct{})
		for range 4 {
			go func() {
				for range 5 {
					charged, _ := p.charge(t.Context())
					p.read(charged, 100, 100)
				}
				done <- struct{}{}
			}()
		}
		for range 4 {
			<-done
		}
		if took := time.Since(began); took < 19*time.Second || took > 21*time.Second {
			t.Errorf("20 pages of 100 units took %s", took)
		}
	})
}

// Throttled, it slows down by halves to a floor, and recovers page by page to what it may use.
func TestPaceAdapts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(128)
		p.throttled()
		if p.rate != 64 {
			t.Errorf("rate %f", p.rate)
		}
		for range 20 {
			p.throttled()
		}
		if p.rate != 2 {
			t.Errorf("rate %f at the floor", p.rate)
		}
		for range 200 {
			p.read(1, 1, 1)
		}
		if p.rate != 128 {
			t.Errorf("rate %f after 200 good pages", p.rate)
		}
	})
}

func TestPaceAsksForFewWhenItemsAreLarge(t *testing.T) {
	p := newPacer(10)
	if n := p.items(); n != firstItems {
		t.Errorf("asks for %d items first", n)
	}
	p.read(1, 100, 1)
	if n := p.items(); n != 1 {
		t.Errorf("asks for %d items of 100 units each", n)
	}
	p.read(1, 0.5, 10_000)
	if n := p.items(); n != mostItems {
		t.Errorf("asks for %d items", n)
	}
}

// A scan that is throttled gives way to whoever needs the capacity more.
func TestThrottledScanSlowsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := (&Source{Units: 64}).begin(audit.Window{})
		refused := 2
		err := r.retry(t.Context(), func(context.Context) (m middleware.Metadata, err error) {
			if refused--; refused >= 0 {
				err = &types.ProvisionedThroughputExceededException{}
			}
			return m, err
		})
		if err != nil || r.pace.rate != 16 {
			t.Errorf("rate %f, err %v", r.pace.rate, err)
		}
	})
}
