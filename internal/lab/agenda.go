package lab

import (
	"container/heap"
	"context"
	"time"
)

// agenda holds what is going to happen, in the order of time and, at one moment, in the order of entry.
type agenda struct {
	items   items
	entered int
}

// step is something that happens, at the moment it is told.
type step func(ctx context.Context, at time.Time) error

type item struct {
	at    time.Time
	order int
	do    step
}

// add enters something to be done at a moment. What is done may enter more.
func (a *agenda) add(at time.Time, do step) {
	a.entered++
	heap.Push(&a.items, item{at: at, order: a.entered, do: do})
}

// next takes the earliest item; ok is false when none is left.
func (a *agenda) next() (it item, ok bool) {
	if len(a.items) == 0 {
		return item{}, false
	}
	return heap.Pop(&a.items).(item), true //nolint:forcetypeassert // only items are pushed
}

// items implements heap.Interface.
type items []item

func (x items) Len() int { return len(x) }

func (x items) Less(i, j int) bool {
	if !x[i].at.Equal(x[j].at) {
		return x[i].at.Before(x[j].at)
	}
	return x[i].order < x[j].order
}

func (x items) Swap(i, j int) { x[i], x[j] = x[j], x[i] }

func (x *items) Push(v any) { *x = append(*x, v.(item)) } //nolint:forcetypeassert // only items are pushed

func (x *items) Pop() any {
	last := len(*x) - 1
	it := (*x)[last]
	(*x)[last] = item{}
	*x = (*x)[:last]
	return it
}
