package app

import (
	"fmt"
	"slices"
	"testing"
)

// TestProgressOfBothSides: the total is that of both sides from the beginning, in the unit that is shown.
func TestProgressOfBothSides(t *testing.T) {
	var told []string
	s := bothSides{unit: 1e6, progress: func(_ string, done, all int64) { told = append(told, fmt.Sprintf("%d/%d", done, all)) }}
	s.all = [2]int64{3_000_000, 1_500_000}
	s.at(0, 1, 2_000_000)
	s.at(1, 1_500_000, 1_500_000)
	s.at(0, 3_000_000, 3_000_000)
	if want := []string{"2/5", "5/5"}; !slices.Equal(told, want) {
		t.Errorf("%v, want %v", told, want)
	}
}
