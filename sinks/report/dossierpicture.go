package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// picture is the timeline as shapes, in pixels; the template draws them.
type picture struct {
	Width, Height float64
	Bottom        float64 // of the lanes
	Lanes         []lane
	Ticks         []tick
	Guides        []guide
	Left, Right   float64 // of the even part
	Before, After bool    // the axis is broken there
	Begin, End    float64
	Hidden        int  // moments without a label
	Grouped       bool // a label speaks for several marks
}

type lane struct {
	Name   string
	Y      float64 // its upper edge
	Height float64
	Middle float64
	Bands  []band
	Points []point
	Labels []label
	Empty  bool

	Grouped bool
}

type band struct {
	X, Y, Width, Height float64
	Fill                string
	Title               string
}

type point struct {
	X, Y        float64
	Low, High   float64 // ends of the error bar
	Bar         bool
	Down, Major bool
	Title       string
}

type label struct {
	X, Y   float64
	Anchor string // "start", "middle" or "end"
	Text   string
	Bold   bool
}

type guide struct {
	X     float64
	Title string
}

const (
	pictureWidth = 742
	laneNames    = 94 // room of the lanes' names
	laneHeight   = 34.5
	laneEmpty    = 17
	axisHeight   = 20
	letter       = 6.0 // width of a letter of a label, generously
	lineHeight   = 10
	labelRow     = 11.5 // between two labels of a lane
	minBand      = 2.5  // width of the shortest stretch of time
)

// draw lays the timeline out.
func draw(d Dossier) picture {
	s := newScale(d, laneNames, pictureWidth-4)
	p := picture{
		Width: pictureWidth, Ticks: s.ticks(), Left: s.left, Right: s.right, Begin: s.start, End: s.end,
		Before: s.left > s.start, After: s.right < s.end,
	}
	if !d.Promoted.IsZero() {
		p.Guides = []guide{{s.x(d.Promoted), "promotion " + exact(d.Promoted)}}
	}
	var busy [][]Moment
	spare := 0.0
	for _, name := range Lanes() {
		moments := slices.DeleteFunc(slices.Clone(d.Timeline), func(m Moment) bool { return m.Lane != name || m.Weight < 0 })
		busy = append(busy, moments)
		if len(moments) == 0 {
			spare += laneHeight - laneEmpty
		}
	}
	y := 2.0
	for i, name := range Lanes() {
		l := newLane(name, y, laneHeight)
		if len(busy[i]) == 0 {
			l = newLane(name, y, laneEmpty)
			l.Empty = true
		}
		hidden := l.fill(busy[i], s)
		// What empty lanes leave is room for the labels of crowded ones.
		for hidden > 0 && spare >= 2*labelRow {
			spare -= 2 * labelRow
			l = newLane(name, y, l.Height+2*labelRow)
			hidden = l.fill(busy[i], s)
		}
		p.Hidden += hidden
		p.Grouped = p.Grouped || l.Grouped
		p.Lanes = append(p.Lanes, l)
		y += l.Height
	}
	p.Bottom = y + 3
	p.Height = p.Bottom + axisHeight
	return p
}

// rows is how many labels stand below one another in a lane.
func (l *lane) rows() int { return int((l.Height-labelRow)/(2*labelRow))*2 + 1 }

func newLane(name string, y, height float64) lane {
	return lane{Name: name, Y: y, Height: height, Middle: y + height/2}
}

// fills are how stretches of time are filled.
var fills = map[MomentState]string{MomentDown: "url(#down)", MomentLost: "#000", MomentLate: "#ccc", "": "#fff"}

// exact shows a moment to the millisecond, where it has any.
func exact(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.999") + " UTC" }

// fill draws the moments of a lane and labels them as far as there is room, the weightiest first. It returns how many are
// left without a label.
func (l *lane) fill(moments []Moment, s scale) (hidden int) {
	room := occupied{}
	for _, m := range moments {
		x := s.x(m.At)
		if m.Until.IsZero() {
			l.Points = append(l.Points, l.point(m, x, s))
			room.take(box{x - 4, x + 4, l.Middle})
			continue
		}
		b := band{X: x, Y: l.Middle - 6, Width: max(s.x(m.Until)-x, minBand), Height: 12, Fill: fills[m.State], Title: titleOf(m)}
		l.Bands = append(l.Bands, b)
		room.take(box{b.X - 2, b.X + b.Width + 2, l.Middle})
	}
	for _, g := range together(moments, s) {
		placed := room.place(l, g, s)
		if placed == nil {
			hidden += len(g)
			continue
		}
		l.Labels = append(l.Labels, *placed)
	}
	return hidden
}

// together groups the points that cannot be told apart, the weightiest first: one label speaks for a group.
func together(moments []Moment, s scale) [][]Moment {
	const apart = 5
	sorted := slices.Clone(moments)
	slices.SortStableFunc(sorted, func(a, b Moment) int { return cmp.Compare(b.Weight, a.Weight) })
	var out [][]Moment
	for _, m := range sorted {
		i := slices.IndexFunc(out, func(g []Moment) bool {
			return m.Weight < 2 && m.Until.IsZero() && g[0].Until.IsZero() && math.Abs(s.x(g[0].At)-s.x(m.At)) < apart
		})
		if i < 0 {
			out = append(out, []Moment{m})
			continue
		}
		out[i] = append(out[i], m)
	}
	return out
}

func (l *lane) point(m Moment, x float64, s scale) point {
	p := point{X: x, Y: l.Middle, Down: m.State == MomentDown, Major: m.Weight > 1, Title: titleOf(m)}
	if m.Error > 0 {
		p.Low, p.High = s.x(m.At.Add(-time.Duration(m.Error))), s.x(m.At.Add(time.Duration(m.Error)))
		p.Bar = p.High-p.Low > 8
	}
	return p
}

// titleOf is what a reader sees who points at a mark.
func titleOf(m Moment) string {
	text := exact(m.At)
	if !m.Until.IsZero() {
		text += " to " + exact(m.Until)
	}
	if m.Error > 0 {
		text += " ± " + m.Error.String()
	}
	return fmt.Sprintf("%s\n%s\nsource: %s", text, cmp.Or(m.Text, m.Name), m.Source)
}

// box is a part of a lane that is taken: from, to, and the height of its middle.
type box struct{ from, to, y float64 }

// touches reports whether two boxes are too near to one another to be read.
func (b box) touches(o box) bool {
	return b.from < o.to && b.to > o.from && math.Abs(b.y-o.y) < lineHeight
}

// occupied is what of a lane is taken.
type occupied struct{ boxes []box }

func (o *occupied) take(b box) { o.boxes = append(o.boxes, b) }

// free reports whether nothing is there but, perhaps, the band that a label is written on.
func (o *occupied) free(b box, on box) bool {
	return !slices.ContainsFunc(o.boxes, func(taken box) bool { return taken != on && b.touches(taken) })
}

// place finds room for a label: inside its band, beside its mark, or above or below it.
func (o *occupied) place(l *lane, g []Moment, s scale) *label {
	m, text := g[0], labelOf(g[0], s)
	if len(g) > 1 {
		text += fmt.Sprintf(" (+%d)", len(g)-1)
		l.Grouped = true
	}
	width := float64(len([]rune(text)))*letter + 4
	x, end := s.x(m.At), s.x(m.At)
	if !m.Until.IsZero() {
		end = s.x(m.Until)
	}
	if inside := (box{(x + end - width) / 2, (x + end + width) / 2, l.Middle}); end-x > width && o.free(inside, box{x - 2, x + max(end-x, minBand) + 2, l.Middle}) {
		o.take(inside)
		return &label{X: (x + end) / 2, Y: l.Middle + 3.5, Anchor: "middle", Text: text, Bold: m.Weight > 1}
	}
	for i := range l.rows() {
		row := float64((i+1)/2) * labelRow
		if i%2 == 1 {
			row = -row
		}
		y := l.Middle + row
		spots := []label{{X: end + 6, Anchor: "start"}, {X: x - 6, Anchor: "end"}}
		if row != 0 {
			spots = []label{{X: x - 3, Anchor: "start"}, {X: end + 3, Anchor: "end"}}
		}
		for _, spot := range spots {
			from := spot.X
			if spot.Anchor == "end" {
				from -= width
			}
			there := box{from, from + width, y}
			if there.from < s.start || there.to > s.end+4 || !o.free(there, box{}) {
				continue
			}
			o.take(there)
			spot.Y, spot.Text, spot.Bold = y+3.5, text, m.Weight > 1
			return &spot
		}
	}
	return nil
}

// maxLabel is how many letters of a moment's name the picture shows.
const maxLabel = 42

// labelOf is a moment's name and its time of day, with its day where it lies far away.
func labelOf(m Moment, s scale) string {
	name := []rune(visible(m.Name))
	if len(name) > maxLabel {
		name = append(name[:maxLabel-1], '…')
	}
	form := " 15:04:05"
	switch {
	case !m.Until.IsZero():
		return string(name)
	case m.At.Sub(s.to) > 12*time.Hour || s.from.Sub(m.At) > 12*time.Hour:
		form = ", 2 Jan 15:04"
	}
	return string(name) + m.At.UTC().Format(form)
}
