package lab

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestAgendaKeepsTimeThenOrderOfEntry(t *testing.T) {
	var a agenda
	var done []string
	says := func(word string) step {
		return func(context.Context, time.Time) error {
			done = append(done, word)
			return nil
		}
	}
	a.add(clock(14, 0, 0), says("c"))
	a.add(clock(13, 0, 0), func(_ context.Context, at time.Time) error {
		done = append(done, "a")
		a.add(at, says("b")) // what a step enters for its own moment comes before what is later
		return nil
	})
	a.add(clock(14, 0, 0), says("d"))
	for it, ok := a.next(); ok; it, ok = a.next() {
		if err := it.do(t.Context(), it.at); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(done, ""); got != "abcd" {
		t.Errorf("order %q", got)
	}
}

func TestTimetableKeepsItsBounds(t *testing.T) {
	for seed := range uint64(500) {
		day := newTimetable(seed)
		if cut := degrades.Sub(day.cut); cut < 700*time.Millisecond || cut > time.Second {
			t.Fatalf("seed %d: cut %s before the outage", seed, cut)
		}
		if down := day.promoted.Sub(degrades); down < 43*time.Second || down > 47*time.Second {
			t.Fatalf("seed %d: promoted after %s", seed, down)
		}
	}
}
