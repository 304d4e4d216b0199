package app

import (
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/sources/ddbstream"
)

// A first capture speaks for what the stream still held when it was read, whatever moment it was asked for.
func TestAFirstCaptureSpeaksForWhatWasLeft(t *testing.T) {
	for name, tc := range map[string]struct {
		history int // minutes past noon
		want    audit.Window
	}{
		"the stream is younger":                {-30, minutes(-30, 60)},
		"trimmed up to within the window":      {45, minutes(45, 60)},
		"trimmed up to beyond the window":      {90, minutes(60, 60)},
		"older than the stream keeps anything": {-48 * 60, minutes(-23*60, 60)},
	} {
		t.Run(name, func(t *testing.T) {
			begin := noon.Add(time.Duration(tc.history) * time.Minute)
			got := spokenFor(&ddbstream.Source{Table: "keys", Region: "r1"}, audit.Coverage{
				Window: minutes(-60, 60), Watermark: minutes(-60, 60).To,
				Extents: []audit.Extent{{Name: ddbstream.ExtentHistory, To: begin.Format(time.RFC3339)}},
			})
			if got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}
