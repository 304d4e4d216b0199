package report

import (
	"math"
	"slices"
	"time"
)

// scale lays the minutes around a failover out evenly and presses what lies before and after into the edges, where the
// distance grows with the logarithm of the time: minutes, hours and days all find their place.
type scale struct {
	from, to    time.Time // the even part
	left, right float64   // where it lies
	first, last time.Time // the whole
	start, end  float64   // where that lies
}

const (
	// minCore is how long the even part is at least.
	minCore = 2 * time.Minute
	// edgeNear is the time next to the even part that an edge still tells apart.
	edgeNear = 30 * time.Second
)

// newScale fits the moments between two positions. outage is what the even part must show.
func newScale(d Dossier, start, end float64) scale {
	s := scale{from: d.At, to: d.At, start: start, end: end, left: start, right: end}
	for _, t := range []time.Time{d.Promoted, d.Outage.From, d.Outage.To} {
		s.from, s.to = stretched(s.from, s.to, t)
	}
	for _, m := range d.Timeline {
		if m.Weight > 0 && m.At.Sub(d.At).Abs() < 10*time.Minute {
			s.from, s.to = stretched(s.from, s.to, m.At)
		}
	}
	margin := max(s.to.Sub(s.from)/3, (minCore-s.to.Sub(s.from))/2)
	s.from, s.to = s.from.Add(-margin), s.to.Add(margin)
	s.first, s.last = s.from, s.to
	for _, m := range d.Timeline {
		s.first, s.last = stretched(s.first, s.last, m.At)
		s.first, s.last = stretched(s.first, s.last, m.Until)
	}
	whole := end - start
	if s.first.Before(s.from) {
		s.left += whole * 0.14
	}
	if s.last.After(s.to) {
		s.right -= whole * 0.27
	}
	return s
}

// stretched widens a stretch of time so that it holds t; no time changes nothing.
func stretched(from, to, t time.Time) (time.Time, time.Time) {
	switch {
	case t.IsZero():
	case t.Before(from):
		from = t
	case t.After(to):
		to = t
	}
	return from, to
}

// x is where a moment lies.
func (s scale) x(t time.Time) float64 {
	switch {
	case t.Before(s.from):
		return s.left - edgeGap - (s.left-s.start-edgeGap)*logShare(s.from.Sub(t), s.from.Sub(s.first))
	case t.After(s.to):
		return s.right + edgeGap + (s.end-s.right-edgeGap)*logShare(t.Sub(s.to), s.last.Sub(s.to))
	default:
		return s.left + (s.right-s.left)*float64(t.Sub(s.from))/float64(s.to.Sub(s.from))
	}
}

// edgeGap is the room around a break of the axis.
const edgeGap = 14

func logShare(part, whole time.Duration) float64 {
	if whole <= 0 {
		return 0
	}
	return math.Log1p(float64(part)/float64(edgeNear)) / math.Log1p(float64(whole)/float64(edgeNear)) * 0.94
}

// tick is a mark of the axis.
type tick struct {
	X     float64
	Label string
}

var steps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute,
	2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour,
}

// ticks are marks at round times in the even part, and at round distances in the edges.
func (s scale) ticks() []tick {
	const room = 62 // of a label
	span := s.to.Sub(s.from)
	step := 2 * time.Hour
	for _, candidate := range steps {
		if float64(span/candidate)*room <= s.right-s.left {
			step = candidate
			break
		}
	}
	for step < span && float64(span/step)*room > s.right-s.left {
		step *= 2 // moments days and years apart
	}
	form := "15:04:05"
	switch {
	case step >= 12*time.Hour:
		form = "2 Jan"
	case step >= time.Minute:
		form = "15:04"
	}
	var out []tick
	for t := s.from.UTC().Truncate(step).Add(step); t.Before(s.to); t = t.Add(step) {
		out = append(out, tick{s.x(t), t.Format(form)})
	}
	return append(out, s.edgeTicks()...)
}

// distances are what an edge is marked with.
var distances = []struct {
	away time.Duration
	name string
}{
	{time.Minute, "1 min"}, {5 * time.Minute, "5 min"}, {30 * time.Minute, "30 min"}, {2 * time.Hour, "2 h"}, {12 * time.Hour, "12 h"},
	{24 * time.Hour, "1 d"}, {3 * 24 * time.Hour, "3 d"}, {7 * 24 * time.Hour, "7 d"}, {30 * 24 * time.Hour, "30 d"},
}

// edgeTicks mark distances from the even part, as many as there is room for, the farthest first.
func (s scale) edgeTicks() []tick {
	const room = 46
	var out []tick
	free := func(x float64) bool {
		return !slices.ContainsFunc(out, func(t tick) bool { return math.Abs(t.X-x) < room })
	}
	for _, d := range slices.Backward(distances) {
		if t := s.to.Add(d.away); !t.After(s.last) && free(s.x(t)) && s.x(t) > s.right+room {
			out = append(out, tick{s.x(t), "+" + d.name})
		}
		if t := s.from.Add(-d.away); !t.Before(s.first) && free(s.x(t)) && s.x(t) < s.left-room {
			out = append(out, tick{s.x(t), "−" + d.name})
		}
	}
	return out
}
