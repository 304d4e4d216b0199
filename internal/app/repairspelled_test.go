package app

import (
	"strings"
	"testing"

	"parallax/internal/audit"
	"parallax/internal/config"
)

// A key that the store has spelled out is not the object's: no manifest may name it.
func TestSpelledOutKeysAreByHand(t *testing.T) {
	for key, real := range map[string]bool{`receipts/a\x00b`: false, `receipts/a\xffb`: false, `receipts/a\x41b`: true, `receipts/ab`: true} {
		_, _, why := objectOf(config.Receipts{}, audit.StoredFinding{Finding: audit.Finding{Key: key}})
		if strings.Contains(why, "spelled out") == real {
			t.Errorf("%s: %q", key, why)
		}
	}
}
