package report

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestScaleKeepsTheOrder lays random moments out: what is later lies further right, and everything lies inside.
func TestScaleKeepsTheOrder(t *testing.T) {
	for seed := range uint64(200) {
		d := randomDossier(seed)
		s := newScale(d, laneNames, pictureWidth)
		slices.SortFunc(d.Timeline, func(a, b Moment) int { return a.At.Compare(b.At) })
		last := s.start
		for _, m := range d.Timeline {
			x := s.x(m.At)
			if x < last-0.01 || x > s.end+0.01 {
				t.Fatalf("seed %d: %s lies at %.1f, after %.1f, of %.1f to %.1f", seed, m.At, x, last, s.start, s.end)
			}
			last = x
		}
		if s.x(d.Outage.From) < s.left || s.x(d.Outage.To) > s.right {
			t.Fatalf("seed %d: the outage lies beyond the even part", seed)
		}
	}
}

// TestLabelsStandApart draws random timelines: no two labels of a lane touch, none leaves the picture, and what has none is
// counted.
func TestLabelsStandApart(t *testing.T) {
	for seed := range uint64(200) {
		d := randomDossier(seed)
		p := draw(d)
		told := p.Hidden
		for _, l := range p.Lanes {
			boxes := make([][3]float64, 0, len(l.Labels))
			for _, x := range l.Labels {
				width := float64(len([]rune(x.Text))) * letter
				from := map[string]float64{"start": x.X, "end": x.X - width, "middle": x.X - width/2}[x.Anchor]
				if from < laneNames-1 || from+width > pictureWidth+1 {
					t.Fatalf("seed %d: %q leaves the picture", seed, x.Text)
				}
				for _, b := range boxes {
					if from < b[1]-0.5 && b[0] < from+width-0.5 && max(b[2]-x.Y, x.Y-b[2]) < lineHeight {
						t.Fatalf("seed %d, lane %s: %q stands on another label", seed, l.Name, x.Text)
					}
				}
				if x.Y < l.Y || x.Y > l.Y+l.Height+2 {
					t.Fatalf("seed %d: %q leaves its lane", seed, x.Text)
				}
				boxes = append(boxes, [3]float64{from, from + width, x.Y})
			}
			told += len(l.Labels)
		}
		if p.Height > 7*laneHeight+axisHeight+6 {
			t.Fatalf("seed %d: the picture is %.0f high", seed, p.Height)
		}
		if told == 0 && slices.ContainsFunc(d.Timeline, func(m Moment) bool { return m.Weight >= 0 }) {
			t.Fatalf("seed %d: nothing is told", seed)
		}
	}
}

func randomDossier(seed uint64) Dossier {
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a test's world
	at := clockAt("14:07:00")
	within := func(d time.Duration) time.Time { return at.Add(time.Duration(random.Int64N(int64(d)))) }
	d := Dossier{At: at, Promoted: within(2 * time.Minute)}
	d.Outage.From, d.Outage.To = at.Add(-time.Second), d.Promoted.Add(time.Second)
	names := []string{"promoted", "first good write", "a longer note of what somebody did about it", "no", "old primary's snapshot"}
	for range random.IntN(60) {
		m := Moment{
			Lane: Lanes()[random.IntN(7)], Name: names[random.IntN(len(names))], Weight: random.IntN(4) - 1,
			At: at.Add(-time.Duration(random.Int64N(int64(40 * time.Minute)))),
		}
		switch random.IntN(3) {
		case 0:
			m.At = within(3 * time.Minute)
		case 1:
			m.At = within(30 * 24 * time.Hour)
		}
		if random.IntN(4) == 0 {
			m.Until = m.At.Add(time.Duration(random.Int64N(int64(time.Hour))))
		}
		d.Timeline = append(d.Timeline, m)
	}
	return d
}
