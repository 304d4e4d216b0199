package app

import (
	"slices"
	"testing"
	"time"

	"parallax/internal/audit"
)

var noon = time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)

// minutes is the window from a to b minutes past noon.
func minutes(a, b int) audit.Window {
	return audit.Window{From: noon.Add(time.Duration(a) * time.Minute), To: noon.Add(time.Duration(b) * time.Minute)}
}

func line(w audit.Window, gaps ...audit.Window) audit.Coverage {
	c := audit.Coverage{Source: "ddbstream", Region: "r1", Window: w}
	for _, g := range gaps {
		c.Gaps = append(c.Gaps, audit.Gap{Window: g, Reason: "trimmed"})
	}
	return c
}

func TestTimeline(t *testing.T) {
	for name, tc := range map[string]struct {
		lines []audit.Coverage
		w     audit.Window
		reach audit.Window
		gaps  []audit.Window
	}{
		"contiguous captures":          {[]audit.Coverage{line(minutes(0, 10)), line(minutes(10, 20))}, minutes(5, 15), minutes(0, 20), nil},
		"a hole before the window":     {[]audit.Coverage{line(minutes(0, 10)), line(minutes(20, 40))}, minutes(25, 30), minutes(20, 40), nil},
		"a hole in the window":         {[]audit.Coverage{line(minutes(0, 10)), line(minutes(20, 40))}, minutes(5, 30), minutes(0, 10), nil},
		"a gap inside":                 {[]audit.Coverage{line(minutes(0, 40), minutes(10, 20))}, minutes(15, 30), minutes(0, 40), []audit.Window{minutes(15, 20)}},
		"a gap read later":             {[]audit.Coverage{line(minutes(0, 20), minutes(10, 20)), line(minutes(10, 40))}, minutes(0, 30), minutes(0, 40), nil},
		"a gap reported again":         {[]audit.Coverage{line(minutes(0, 20), minutes(10, 20)), line(minutes(10, 40), minutes(10, 15))}, minutes(0, 30), minutes(0, 40), []audit.Window{minutes(10, 15)}},
		"a gap wider than its capture": {[]audit.Coverage{line(minutes(10, 20), minutes(0, 30))}, minutes(0, 30), minutes(10, 20), []audit.Window{minutes(10, 20)}},
		"nothing":                      {nil, minutes(0, 10), audit.Window{}, nil},
		"another region only":          {[]audit.Coverage{{Region: "r2", Window: minutes(0, 10)}}, minutes(0, 10), audit.Window{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := capturedIn("r1", tc.lines)
			if reach := got.around(tc.w); reach != tc.reach {
				t.Errorf("reach %s, want %s", reach, tc.reach)
			}
			gaps := got.gaps(tc.w)
			if len(gaps) != len(tc.gaps) {
				t.Fatalf("gaps %v, want %v", gaps, tc.gaps)
			}
			for i := range gaps {
				if gaps[i].Window != tc.gaps[i] {
					t.Errorf("gap %s, want %s", gaps[i].Window, tc.gaps[i])
				}
			}
		})
	}
}

// What is lost for good shows wherever a capture spoke for its time, before and after the one that noticed it, and makes
// nothing known that none spoke for.
func TestTimelineOfWhatIsLost(t *testing.T) {
	gap := func(w audit.Window, lost bool) audit.Gap { return audit.Gap{Window: w, Reason: "unread", Lost: lost} }
	holding := func(w audit.Window, gaps ...audit.Gap) audit.Coverage {
		return audit.Coverage{Region: "r1", Window: w, Gaps: gaps}
	}
	for name, tc := range map[string]struct {
		lines []audit.Coverage
		reach audit.Window
		gaps  []audit.Window
	}{
		"a later capture speaks over it": {[]audit.Coverage{holding(minutes(0, 20), gap(minutes(10, 15), true)), line(minutes(5, 40))}, minutes(0, 40), []audit.Window{minutes(10, 15)}},
		"it lies before its capture":     {[]audit.Coverage{line(minutes(0, 20)), holding(minutes(20, 40), gap(minutes(10, 15), true))}, minutes(0, 40), []audit.Window{minutes(10, 15)}},
		"it spans two captures":          {[]audit.Coverage{line(minutes(0, 20)), holding(minutes(20, 40), gap(minutes(10, 30), true))}, minutes(0, 40), []audit.Window{minutes(10, 20), minutes(20, 30)}},
		"none spoke for its time":        {[]audit.Coverage{holding(minutes(20, 40), gap(minutes(0, 10), true))}, minutes(20, 40), nil},
		"another region's":               {[]audit.Coverage{line(minutes(0, 40)), {Region: "r2", Window: minutes(0, 40), Gaps: []audit.Gap{gap(minutes(10, 15), true)}}}, minutes(0, 40), nil},
		"it was only refused":            {[]audit.Coverage{holding(minutes(0, 20), gap(minutes(10, 15), false)), line(minutes(5, 40))}, minutes(0, 40), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := capturedIn("r1", tc.lines)
			if reach := got.around(minutes(0, 40)); reach != tc.reach {
				t.Errorf("reach %s, want %s", reach, tc.reach)
			}
			var gaps []audit.Window
			for _, g := range got.gaps(minutes(0, 40)) {
				gaps = append(gaps, g.Window)
			}
			if !slices.Equal(gaps, tc.gaps) {
				t.Errorf("gaps %v, want %v", gaps, tc.gaps)
			}
		})
	}
}
