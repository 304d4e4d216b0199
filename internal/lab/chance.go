package lab

import (
	"math/rand/v2"
	"time"
)

// chance is the world's only source of accident. Each purpose has a stream of its own, so that one more payment does
// not move the moment of the cut.
type chance struct{ *rand.Rand }

func newChance(seed uint64, purpose uint64) chance {
	return chance{rand.New(rand.NewPCG(seed, purpose))} //nolint:gosec // a repeatable world, not a secret
}

// between is a moment in [from, to), to the millisecond.
func (c chance) between(from, to time.Time) time.Time {
	return from.Add(c.duration(0, to.Sub(from))).Truncate(time.Millisecond)
}

// duration is one in [low, high), to the millisecond.
func (c chance) duration(low, high time.Duration) time.Duration {
	return low + time.Duration(c.Int64N(int64((high-low)/time.Millisecond)))*time.Millisecond
}

// text is n characters out of an alphabet.
func (c chance) text(alphabet string, n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[c.IntN(len(alphabet))]
	}
	return string(out)
}

// timetable holds the moments that vary with the seed.
type timetable struct {
	cut      time.Time // 0.7 to 1.0 s before Dublin degrades
	promoted time.Time // 43 to 47 s after
}

func newTimetable(seed uint64) timetable {
	c := newChance(seed, 1)
	return timetable{
		cut:      degrades.Add(-c.duration(700*time.Millisecond, time.Second)),
		promoted: degrades.Add(c.duration(43*time.Second, 47*time.Second)),
	}
}
