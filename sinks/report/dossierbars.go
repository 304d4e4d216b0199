package report

import "strings"

// bar is a figure as a picture: what was measured, its error bar, and the objective.
type bar struct {
	Figure

	Known            bool
	Black            bool    // what was measured is lost, or took too long; grey: within the objective, or late
	Length, Low, Top float64 // pixels from the left
	Goal             float64
	Text             string
}

// barGroup are the figures of one kind, on one scale.
type barGroup struct {
	Title     string
	Objective string
	Bars      []bar
	Height    float64 // of a bar's picture
	Width     float64
}

const (
	barWidth = 268
	maxBars  = 4 // of a kind: there are three layers
)

// bars groups the figures by kind.
func bars(figures []Figure) []barGroup {
	var out []barGroup
	for _, kind := range []struct{ figure, title string }{
		{"rpo", "RPO: data lost, or late"}, {"rto", "RTO: how long nothing could be written"},
	} {
		g := barGroup{Title: kind.title, Height: 9, Width: barWidth}
		var most Span
		for _, f := range figures {
			if f.Figure == kind.figure {
				g.Objective = f.Objective.String()
				most = max(most, f.Value+f.Error, f.Objective)
			}
		}
		for _, f := range figures {
			if f.Figure == kind.figure && len(g.Bars) < maxBars {
				g.Bars = append(g.Bars, newBar(f, most))
			}
		}
		if len(g.Bars) > 0 {
			out = append(out, g)
		}
	}
	return out
}

func newBar(f Figure, most Span) bar {
	at := func(s Span) float64 {
		if most == 0 {
			return 0
		}
		return float64(max(s, 0)) / float64(most) * (barWidth - 4)
	}
	b := bar{Figure: f, Known: f.State != FigureUnmeasured, Goal: at(f.Objective)}
	if !b.Known {
		return b
	}
	b.Length, b.Low, b.Top = max(at(f.Value), 1), at(f.Value-f.Error), at(f.Value+f.Error)
	b.Text = f.Measured()
	b.Black = f.State == FigureBroken && !f.Late
	return b
}

// stateText is how a figure stands, loud where the objective is missed.
func stateText(s FigureState) string {
	if s == FigureBroken {
		return strings.ToUpper(string(s))
	}
	return string(s)
}
