package lag_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"parallax/auditors/lag"
	"parallax/internal/audit"
	"parallax/internal/golden"
)

// sample is the short form of the golden files: a clock time of one day, and durations as text.
type sample struct{ Layer, From, To, At, Lag, Error, Method string }

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
		in := lag.Input{AsOf: golden.Clock(t, "18:00:00")}
		for _, v := range golden.Lines[sample](t, s["samples"]) {
			in.Samples = append(in.Samples, audit.LagSample{
				Layer: v.Layer, Scope: "x", From: audit.Region(v.From), To: audit.Region(v.To), At: golden.Clock(t, v.At),
				Lag: duration(t, v.Lag), Error: duration(t, v.Error), Method: cmp.Or(v.Method, "test"),
			})
		}
		for _, v := range golden.Lines[sample](t, s["unmeasured"]) {
			in.Unmeasured = append(in.Unmeasured, lag.Unmeasured{Path: lag.Path{Layer: v.Layer, Scope: "x", From: audit.Region(v.From), To: audit.Region(v.To)}, Reason: "access denied"})
		}
		pieces := golden.Lines[piece](t, s["pieces"])
		if len(pieces) == 0 {
			pieces = []piece{{"14:00:00", "18:00:00"}}
		}
		return audited(t, in, pieces)
	})
}

// piece is one of the windows into which a time is cut.
type piece struct{ From, To string }

// audited is what the runs over all the pieces say together, each with an hour of context on either side.
func audited(t *testing.T, in lag.Input, pieces []piece) audit.Judgement {
	t.Helper()
	a := lag.Auditor{Rules: lag.Rules{Objectives: map[string]time.Duration{"dynamodb": 5 * time.Second, "aurora": time.Second}}}
	var all audit.Judgement
	for _, p := range pieces {
		one := in
		one.Window = audit.Window{From: golden.Clock(t, p.From), To: golden.Clock(t, p.To)}
		said := a.Audit(one)
		all.Findings = append(all.Findings, said.Findings...)
		all.Samples = append(all.Samples, said.Samples...)
	}
	return all
}

// TestCutsChangeNothing cuts 13:00 to 16:00 in several ways: the findings are the same.
func TestCutsChangeNothing(t *testing.T) {
	var in lag.Input
	for _, at := range []string{"12:59:59", "13:20:00", "13:58:00", "14:03:00", "14:57:00", "15:01:00", "13:10:00"} {
		for _, to := range []audit.Region{"r1", "r2"} {
			in.Samples = append(in.Samples, audit.LagSample{Layer: "dynamodb", Scope: "x", To: to, At: golden.Clock(t, at), Lag: time.Minute})
		}
	}
	whole := fingerprints(audited(t, in, []piece{{"13:00:00", "16:00:00"}}))
	if len(whole) != 2 {
		t.Fatalf("found %v, want one of r1 and one of r2", whole)
	}
	for name, pieces := range map[string][]piece{
		"hours":               {{"13:00:00", "14:00:00"}, {"14:00:00", "15:00:00"}, {"15:00:00", "16:00:00"}},
		"inside the episodes": {{"13:00:00", "14:02:00"}, {"14:02:00", "14:59:00"}, {"14:59:00", "16:00:00"}},
		"before its first":    {{"13:00:00", "13:58:00"}, {"13:58:00", "16:00:00"}},
	} {
		if got := fingerprints(audited(t, in, pieces)); !slices.Equal(got, whole) {
			t.Errorf("%s: found %v, want %v", name, got, whole)
		}
	}
}

// fingerprints are those of the findings, each once.
func fingerprints(j audit.Judgement) []audit.Fingerprint {
	var out []audit.Fingerprint
	for _, f := range j.Findings {
		out = append(out, f.Fingerprint)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
