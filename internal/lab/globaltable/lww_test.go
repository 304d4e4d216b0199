package globaltable_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"parallax/internal/lab/globaltable"
)

const stockholm = "eu-north-1"

// schedule makes random writes of a few items in all regions, with pauses of replication between.
func schedule(t *testing.T, c *globaltable.Cluster, seed uint64, regions []string) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 99))
	at := start
	for i := range 120 {
		at = at.Add(time.Duration(r.IntN(900)) * time.Millisecond)
		region, key := regions[r.IntN(len(regions))], fmt.Sprintf("order-%d", r.IntN(4))
		var err error
		switch n := r.IntN(100); {
		case n < 5:
			c.Pause()
		case n < 12:
			c.Resume()
		case n < 30:
			err = c.Delete(region, at, key, globaltable.Condition{})
		case n < 60:
			err = c.Update(region, at, key, globaltable.Item{"state": text(fmt.Sprint(i))}, globaltable.Condition{})
		default:
			err = c.Put(region, at, item(key, fmt.Sprint(i%7)), globaltable.Condition{})
		}
		must(t, err)
	}
	c.Resume()
	c.Advance(at.Add(time.Minute))
}

func differing(c *globaltable.Cluster, regions []string) (keys []string) {
	for i := range 4 {
		key := fmt.Sprintf("order-%d", i)
		first, _ := c.Get(regions[0], key)
		for _, other := range regions[1:] {
			if held, _ := c.Get(other, key); !held.Equal(first) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// Whatever the schedule, the skew and the coalescing, replicas are equal once all has arrived; unless local writes keep
// timestamps below what they overwrite.
func TestReplicasConverge(t *testing.T) {
	diverged := 0
	for seed := range uint64(200) {
		o := options(seed)
		o.Regions = []string{dublin, london}
		if seed%2 == 1 {
			o.Regions = append(o.Regions, stockholm)
		}
		o.Skew = map[string]time.Duration{london: time.Duration(seed%5) * 400 * time.Millisecond, dublin: -time.Second}
		o.Coalesce = float64(seed%3) / 2
		c := globaltable.New(o)
		schedule(t, c, seed, o.Regions)
		if keys := differing(c, o.Regions); len(keys) > 0 {
			t.Errorf("seed %d: replicas differ in %v", seed, keys)
		}
		o.NoRaise = true
		c = globaltable.New(o)
		schedule(t, c, seed, o.Regions)
		diverged += len(differing(c, o.Regions))
	}
	if diverged == 0 {
		t.Error("without raised timestamps no replica ever differed, so the option does nothing")
	}
}

// The same seed and writes give the same streams, also when somebody reads and the clock goes in smaller steps.
func TestSeedDecidesAll(t *testing.T) {
	run := func(seed uint64, watch bool) []string {
		o := options(seed)
		o.Coalesce, o.Throttle, o.EmptyPage, o.ShardRoll = 0.5, 0.3, 0.3, 20*time.Second
		c := globaltable.New(o)
		r := rand.New(rand.NewPCG(5, 5))
		var client clients
		if watch {
			client = serve(t, c, london)
		}
		for i := range 200 {
			at := c.Now().Add(time.Duration(r.IntN(700)) * time.Millisecond)
			if watch {
				c.Advance(c.Now().Add(at.Sub(c.Now()) / 2))
			}
			if watch && i%20 == 0 {
				client.records(t)
			}
			must(t, c.Put(o.Regions[r.IntN(2)], at, item(fmt.Sprint(r.IntN(5)), fmt.Sprint(i)), globaltable.Condition{}))
		}
		c.Advance(c.Now().Add(time.Hour))
		return lines(t, serve(t, c, london))
	}
	quiet, watched := run(7, false), run(7, true)
	if !slices.Equal(quiet, watched) {
		t.Error("a reader or smaller steps changed the world")
	}
	if slices.Equal(quiet, run(8, false)) {
		t.Error("another seed gives the same world")
	}
}

// lines show a region's records as text.
func lines(t *testing.T, client clients) (out []string) {
	t.Helper()
	for _, r := range client.records(t) {
		d := r.Dynamodb
		out = append(out, fmt.Sprintf("%s %s %s %s %q->%q", *d.SequenceNumber, *r.EventID, d.ApproximateCreationDateTime, r.EventName,
			attribute(d.OldImage["state"]), attribute(d.NewImage["state"])))
	}
	return out
}

// Delays lie within their bounds, before and after a pause, and differ by seed.
func TestReplicationDelay(t *testing.T) {
	const seeds = 50
	short := 0
	for seed := range uint64(seeds) {
		o := options(seed)
		c := globaltable.New(o)
		arrives := func(from time.Time, state string) {
			t.Helper()
			c.Advance(from.Add(o.MinDelay - 1))
			if held, _ := c.Get(london, "order-1"); held["state"].Text == state {
				t.Errorf("seed %d: %s arrived before the least delay", seed, state)
			}
			c.Advance(from.Add((o.MinDelay + o.MaxDelay) / 2))
			if held, _ := c.Get(london, "order-1"); held["state"].Text == state {
				short++
			}
			c.Advance(from.Add(o.MaxDelay))
			if held, _ := c.Get(london, "order-1"); held["state"].Text != state {
				t.Errorf("seed %d: %s had not arrived after the longest delay", seed, state)
			}
		}
		must(t, c.Put(dublin, start, item("order-1", "a"), globaltable.Condition{}))
		arrives(start, "a")
		must(t, c.Put(dublin, start.Add(time.Minute), item("order-1", "b"), globaltable.Condition{}))
		c.Pause()
		c.Advance(start.Add(time.Hour))
		c.Resume()
		arrives(start.Add(time.Hour), "b")
	}
	if short < seeds/2 || short > seeds*3/2 {
		t.Errorf("%d of %d messages took less than the mean delay", short, 2*seeds)
	}
}

// Conditions see the region of the write alone, so one new key can be accepted in both.
func TestConditions(t *testing.T) {
	c := globaltable.New(options(1))
	absent := globaltable.Condition{Absent: true}
	refused := func(err error) {
		t.Helper()
		if !errors.Is(err, globaltable.ErrCondition) {
			t.Errorf("error is %v, want ErrCondition", err)
		}
	}
	must(t, c.Put(dublin, start, item("order-1", "a"), absent))
	refused(c.Put(dublin, start, item("order-1", "b"), absent))
	must(t, c.Put(london, start, item("order-1", "c"), absent))
	at := start.Add(10 * time.Second)
	refused(c.Put(london, at, item("order-1", "d"), absent))
	refused(c.Update(dublin, at, "order-1", globaltable.Item{"x": text("y")}, globaltable.Condition{Attr: "state", Equals: "a"}))
	must(t, c.Update(dublin, at, "order-1", globaltable.Item{"x": text("y")}, globaltable.Condition{Attr: "state", Equals: "c"}))
	refused(c.Delete(dublin, at, "order-2", globaltable.Condition{Attr: "state", Equals: "c"}))
	must(t, c.Delete(dublin, at, "order-1", globaltable.Condition{Attr: "x", Equals: "y"}))
	must(t, c.Put(dublin, at, item("order-1", "e"), absent))
	if held, ok := c.Get(dublin, "order-1"); !ok || !held.Equal(item("order-1", "e")) {
		t.Errorf("the item is %v", held)
	}
}

func TestWritesRefused(t *testing.T) {
	c := globaltable.New(options(1))
	c.Advance(start.Add(time.Minute))
	now, none := c.Now(), globaltable.Condition{}
	for name, err := range map[string]error{
		"past":           c.Put(dublin, now.Add(-1), item("order-1", "a"), none),
		"unknown region": c.Put("us-east-1", now, item("order-1", "a"), none),
		"no key":         c.Put(dublin, now, globaltable.Item{"state": text("a")}, none),
		"empty key":      c.Put(dublin, now, item("", "a"), none),
		"key updated":    c.Update(dublin, now, "order-1", item("order-1", "a"), none),
		"no number":      c.Update(dublin, now, "order-1", globaltable.Item{"n": {Type: "N", Text: "1,5"}}, none),
		"no type":        c.Update(dublin, now, "order-1", globaltable.Item{"n": {Text: "1"}}, none),
		"no base64":      c.Update(dublin, now, "order-1", globaltable.Item{"n": {Type: "B", Text: "?"}}, none),
		"empty set":      c.Update(dublin, now, "order-1", globaltable.Item{"n": {Type: "SS", Raw: []byte(`[]`)}}, none),
		"no map":         c.Update(dublin, now, "order-1", globaltable.Item{"n": {Type: "M", Raw: []byte(`[]`)}}, none),
	} {
		if err == nil {
			t.Errorf("%s: the write was accepted", name)
		}
	}
	if _, ok := c.Get(dublin, "order-1"); ok {
		t.Error("a refused write left an item")
	}
}
