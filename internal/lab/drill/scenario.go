package drill

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Move is one change of the writing region.
type Move string

// The moves. A failover loses what was not replicated, a switchover nothing; a promotion by hand is a failover that nobody
// announced.
const (
	Failover   Move = "failover"
	Switchover Move = "switchover"
	ByHand     Move = "promotion by hand"
)

// Scenario is everything that happens in a drill but for the accidents of its seed.
type Scenario struct {
	Seed        uint64
	Moves       []Move        // one or two
	Apart       time.Duration // of two moves
	LostRows    int           // rows that a failover loses
	LostUpdates int           // changes that a failover loses
	Split       int           // writes that the old primary goes on taking after the promotion
	Retries     int           // lost payments that are paid again on the new writer
	Collide     bool          // the new writer gives the lost ids out again
	Paused      int           // rows of the end that the reader has not replayed
	Deletes     int           // rows deleted, before and after
	Spacing     time.Duration // usual pause between two writes
	Disorder    time.Duration // a row may say that it was written that much earlier than it was committed
	Skew        time.Duration // the second region's clock is ahead by this
	Wording     int           // of RDS events: 0 to 2
}

// New draws a scenario. The first seeds are one of each sort, so that a few drills already show all of them.
func New(seed uint64) Scenario {
	c := newChance(seed, 1)
	s := Scenario{
		Seed: seed, Moves: []Move{Failover}, Spacing: pick(c, 2*time.Second, 10*time.Second, 20*time.Second),
		Collide: c.IntN(2) == 0, Wording: c.IntN(3), Apart: c.duration(20*time.Minute, 50*time.Minute),
	}
	if c.IntN(3) == 0 {
		s.Disorder = pick(c, 300*time.Millisecond, 2*time.Second)
	}
	if c.IntN(4) == 0 {
		s.Deletes = 1 + c.IntN(3)
	}
	if c.IntN(3) == 0 {
		s.Paused = 1 + c.IntN(8)
	}
	switch seed % 10 {
	case 0: // nothing is lost
	case 1:
		s.LostRows = 1 + c.IntN(40)
	case 2:
		s.LostUpdates = 1 + c.IntN(12)
	case 3:
		s.LostRows, s.LostUpdates, s.Split = 1+c.IntN(20), c.IntN(6), 4+c.IntN(12)
		s.Retries = min(s.LostRows, c.IntN(5))
	case 4:
		s.Moves = []Move{Failover, Failover}
		s.LostRows, s.LostUpdates = 2+c.IntN(20), c.IntN(6)
	case 5:
		s.Moves = []Move{Switchover}
	case 6:
		s.Moves, s.Apart = []Move{Failover, Switchover}, c.duration(60*time.Minute, 80*time.Minute)
		s.LostRows, s.LostUpdates, s.Retries = 1+c.IntN(20), c.IntN(4), c.IntN(2)
	case 7:
		s.Spacing = c.duration(4*time.Minute, 8*time.Minute)
		s.LostRows = c.IntN(3)
	case 8:
		s.Moves = []Move{ByHand}
		s.LostRows, s.LostUpdates = 1+c.IntN(20), c.IntN(4)
	case 9:
		s.Paused = 0 // whether a row is settled would be a question of the clock
		s.Skew = pick(c, -3*time.Minute, -40*time.Second, 40*time.Second, 4*time.Minute)
		s.LostRows, s.LostUpdates = 1+c.IntN(20), c.IntN(6)
	}
	return s
}

// String tells what is special about the scenario.
func (s Scenario) String() string {
	words := []string{string(s.Moves[0])}
	if len(s.Moves) == 2 {
		words[0] += ", " + string(s.Moves[1]) + " after " + s.Apart.Round(time.Minute).String()
	}
	for _, part := range []struct {
		n    int
		what string
	}{
		{s.LostRows, "lost rows"}, {s.LostUpdates, "lost changes"}, {s.Split, "split-brain writes"},
		{s.Retries, "paid again"}, {s.Paused, "not replayed"}, {s.Deletes, "deleted"},
	} {
		if part.n > 0 {
			words = append(words, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	if s.Collide {
		words = append(words, "ids reused")
	}
	if s.Disorder > 0 {
		words = append(words, "disorder "+s.Disorder.String())
	}
	if s.Skew != 0 {
		words = append(words, "clock "+s.Skew.String())
	}
	return strings.Join(append(words, "a write every "+s.Spacing.Round(time.Second).String()), ", ")
}

// chance is a drill's only source of accident, one for each purpose.
type chance struct{ *rand.Rand }

func newChance(seed, purpose uint64) chance {
	return chance{rand.New(rand.NewPCG(seed, purpose))} //nolint:gosec // a repeatable world, not a secret
}

// duration is one in [low, high), to the millisecond.
func (c chance) duration(low, high time.Duration) time.Duration {
	return low + time.Duration(c.Int64N(int64((high-low)/time.Millisecond)))*time.Millisecond
}

// pause is one about as long as usual: exponentially distributed, as independent payers make it.
func (c chance) pause(usual time.Duration) time.Duration {
	return max(time.Duration(c.ExpFloat64()*float64(usual)).Truncate(time.Millisecond), time.Millisecond)
}

func pick[T any](c chance, of ...T) T { return of[c.IntN(len(of))] }
