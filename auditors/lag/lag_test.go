package lag_test

import (
	"testing"
	"time"

	"parallax/auditors/lag"
	"parallax/internal/audit"
	"parallax/internal/golden"
)

// sample is the short form of the golden files: a clock time of one day, and durations as text.
type sample struct{ Layer, From, To, At, Lag, Error string }

func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAudit(t *testing.T) {
	golden.Run(t, func(t *testing.T, s map[string][]byte) audit.Judgement {
		in := lag.Input{Window: audit.Window{From: golden.Clock(t, "14:00:00"), To: golden.Clock(t, "18:00:00")}, AsOf: golden.Clock(t, "18:00:00")}
		for _, v := range golden.Lines[sample](t, s["samples"]) {
			in.Samples = append(in.Samples, audit.LagSample{
				Layer: v.Layer, Scope: "x", From: audit.Region(v.From), To: audit.Region(v.To), At: golden.Clock(t, v.At),
				Lag: duration(t, v.Lag), Error: duration(t, v.Error), Method: "test",
			})
		}
		for _, v := range golden.Lines[sample](t, s["unmeasured"]) {
			in.Unmeasured = append(in.Unmeasured, lag.Unmeasured{Path: lag.Path{Layer: v.Layer, Scope: "x", From: audit.Region(v.From), To: audit.Region(v.To)}, Reason: "access denied"})
		}
		a := lag.Auditor{Rules: lag.Rules{Objectives: map[string]time.Duration{"dynamodb": 5 * time.Second, "aurora": time.Second}, Merge: time.Hour}}
		return a.Audit(in)
	})
}
