package ddbtable

import (
	"context"
	"math"
	"sync"
	"time"

	"parallax/internal/awscall"
)

// unitBytes is what one read capacity unit reads, consistently. Source: Developer Guide, "Read capacity units".
const unitBytes = 4096

const (
	slowest    = 64   // a throttled scan does not fall below this part of what it may use
	recovery   = 1.05 // by this factor it becomes faster again with each page
	firstItems = 100  // of the first page, before it is known how large items are
	mostItems  = 10_000
)

// pacer spreads read capacity over time. A page's cost is known only when it has been read, so each one is first charged
// what the last one cost and put right afterwards. When throttled it halves its pace, and recovers page by page.
type pacer struct {
	mu      sync.Mutex
	ceiling float64   // units a second
	rate    float64   // units a second at present
	free    time.Time // when all that was charged will have been paid for
	page    float64   // units that the last page cost
	item    float64   // units that an item costs; 0 while unknown
}

func newPacer(units float64) *pacer { return &pacer{ceiling: units, rate: units, page: 1} }

// charge waits until a page may be read and returns what was charged for it.
func (p *pacer) charge(ctx context.Context) (float64, error) {
	p.mu.Lock()
	now := time.Now()
	start := p.free
	if start.Before(now) {
		start = now
	}
	units := p.page
	p.free = start.Add(p.lasts(units))
	p.mu.Unlock()
	return units, awscall.Sleep(ctx, start.Sub(now))
}

// read puts a charge right with what a page of so many items really cost.
func (p *pacer) read(charged, cost float64, items int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = p.free.Add(p.lasts(cost - charged))
	p.page = cost
	if items > 0 {
		p.item = cost / float64(items)
	}
	p.rate = math.Min(p.ceiling, p.rate*recovery)
}

// throttled slows down: others need the capacity.
func (p *pacer) throttled() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = math.Max(p.ceiling/slowest, p.rate/2)
}

// items is how many items to ask for, so that a page costs about what may be used in a second.
func (p *pacer) items() int32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.item <= 0 {
		return firstItems
	}
	return int32(math.Min(mostItems, math.Max(1, p.rate/p.item)))
}

func (p *pacer) lasts(units float64) time.Duration {
	return time.Duration(units / p.rate * float64(time.Second))
}
