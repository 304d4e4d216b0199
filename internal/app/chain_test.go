package app

import (
	"testing"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/audit"
)

func TestKeysAreKnownFromTheLaterRegionAndTheLastGap(t *testing.T) {
	noon := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	w := audit.Window{From: noon, To: noon.Add(time.Hour)}
	h := &tableArchive{reach: map[audit.Region]lww.Reach{
		"eu-west-1": {From: noon.Add(-3 * time.Hour)},
		"eu-west-2": {From: noon.Add(-2 * time.Hour)},
	}}
	if got := keysFrom(h, w); !got.Equal(noon.Add(-2 * time.Hour)) {
		t.Errorf("two regions: known from %s", got)
	}
	h.reach["eu-west-1"] = lww.Reach{From: noon.Add(-100 * time.Hour), Gaps: []audit.Window{
		{From: noon.Add(-time.Hour), To: noon.Add(-time.Minute)}, {From: w.To.Add(time.Hour), To: w.To.Add(2 * time.Hour)},
	}}
	if got := keysFrom(h, w); !got.Equal(noon.Add(-time.Minute)) {
		t.Errorf("a gap before the window: known from %s", got)
	}
	h.reach = map[audit.Region]lww.Reach{"eu-west-1": {From: noon.Add(-100 * time.Hour)}}
	if got := keysFrom(h, w); !got.Equal(noon.Add(-historyContext)) {
		t.Errorf("a long archive: known from %s", got)
	}
}
