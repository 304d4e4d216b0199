// Package lag holds measured replication lags against their objectives.
//
// A lag is a duration, never a count, and always comes with the uncertainty of its measurement: a breach is reported
// only if the objective is missed at the favourable end of the error bar.
package lag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
)

// Rules are the objectives per layer: "dynamodb", "aurora", "s3".
type Rules struct{ Objectives map[string]time.Duration }

// Path is one direction in which one layer replicates.
type Path struct {
	Layer string
	Scope string
	From  audit.Region
	To    audit.Region
}

// String is the path as findings name it: "dynamodb/idempotency-keys/eu-west-1>eu-west-2".
func (p Path) String() string {
	return fmt.Sprintf("%s/%s/%s>%s", p.Layer, p.Scope, p.From, p.To)
}

// Unmeasured is a path for which no figure could be had, and why.
type Unmeasured struct {
	Path   Path
	Reason string
}

// Input is what was measured in the window and around it, in any order. What lies outside the window is context: it tells
// whether an episode began earlier, and how long it went on. Merge of context before the window is enough to tell the first.
type Input struct {
	Window     audit.Window
	AsOf       time.Time
	Samples    []audit.LagSample
	Unmeasured []Unmeasured
}

// Auditor applies Rules.
type Auditor struct{ Rules Rules }

// Audit returns a lag.breach per path and day and a lag.unmeasured per path without a figure. Its samples are the
// worst of each path in the window.
//
// The breaches of one path on one day, in UTC, are one finding: however the time is cut into windows, each that holds a
// breach reports the same one, and no run over a breach ends clean because another has reported it.
func (a Auditor) Audit(in Input) audit.Judgement {
	var out audit.Judgement
	byPath := map[Path][]audit.LagSample{}
	for _, s := range in.Samples {
		p := Path{s.Layer, s.Scope, s.From, s.To}
		byPath[p] = append(byPath[p], s)
	}
	for _, p := range paths(byPath) {
		samples := within(byPath[p], in.Window)
		slices.SortFunc(samples, func(a, b audit.LagSample) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Lag, b.Lag)) })
		if len(samples) > 0 {
			out.Samples = append(out.Samples, summary(samples))
		}
		for _, day := range a.breaches(samples) {
			out.Findings = append(out.Findings, a.breach(p, day))
		}
	}
	for _, u := range in.Unmeasured {
		out.Findings = append(out.Findings, unmeasured(u, in))
	}
	audit.Sort(out.Findings)
	return out
}

func paths(m map[Path][]audit.LagSample) []Path {
	out := make([]Path, 0, len(m))
	for p := range m {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Path) int { return cmp.Compare(a.String(), b.String()) })
	return out
}

func within(samples []audit.LagSample, w audit.Window) []audit.LagSample {
	return slices.DeleteFunc(slices.Clone(samples), func(s audit.LagSample) bool { return !w.Holds(s.At) })
}

// summary is the worst sample of a path, with the number it was the worst of.
func summary(samples []audit.LagSample) audit.LagSample {
	worst := slices.MaxFunc(samples, func(a, b audit.LagSample) int { return cmp.Compare(a.Lag, b.Lag) })
	method, _, _ := strings.Cut(worst.Method, ", worst of ") // an earlier run's summary
	worst.Method = fmt.Sprintf("%s, worst of %d", method, count(samples))
	worst.Equal = 0 // the method says it now
	return worst
}

// count is how many measurements the samples stand for.
func count(samples []audit.LagSample) int64 {
	n := int64(len(samples))
	for _, s := range samples {
		n += s.Equal
	}
	return n
}

// breaches groups the breaching samples, given in time order, by their day.
func (a Auditor) breaches(samples []audit.LagSample) [][]audit.LagSample {
	var out [][]audit.LagSample
	for _, s := range samples {
		objective, set := a.Rules.Objectives[s.Layer]
		if !set || s.Lag-s.Error <= objective {
			continue
		}
		if last := len(out) - 1; last >= 0 && day(out[last][0]) == day(s) {
			out[last] = append(out[last], s)
		} else {
			out = append(out, []audit.LagSample{s})
		}
	}
	return out
}

func day(s audit.LagSample) string { return s.At.UTC().Format(time.DateOnly) }

func (a Auditor) breach(p Path, breaches []audit.LagSample) audit.Finding {
	first, last := breaches[0], breaches[len(breaches)-1]
	worst := slices.MaxFunc(breaches, func(a, b audit.LagSample) int { return cmp.Compare(a.Lag, b.Lag) })
	objective := a.Rules.Objectives[p.Layer]
	return audit.Finding{
		Fingerprint: audit.NewFingerprint(audit.LagBreach, p.Scope, p.String(), day(first)),
		Kind:        audit.LagBreach, Severity: audit.High, Verdict: verdict(worst, objective), Status: audit.Open,
		Scope: p.Scope, Key: p.String(), Region: p.To,
		Window: audit.At(first.At), // so that the run which is to report it again is the one that may clear it
		Rule:   fmt.Sprintf("lag, less its error, above the objective of %s", objective),
		Reason: fmt.Sprintf("%s; the objective is %s.", behind(p, worst), objective),
		Evidence: []audit.Evidence{
			point(p, first, "first over the objective"), point(p, worst, "worst"), point(p, last, "last over the objective"),
			{Source: "lag " + p.Layer, Field: "samples over the objective", Value: fmt.Sprint(count(breaches))},
		},
	}
}

// verdict: a breach that no clock error known here explains away is proven.
func verdict(worst audit.LagSample, objective time.Duration) audit.Verdict {
	if worst.Lag-2*worst.Error > objective {
		return audit.Proven
	}
	return audit.Probable
}

// behind says the worst lag: as it was measured, or how long it was at least where the end of it was not seen.
func behind(p Path, worst audit.LagSample) string {
	if worst.AtLeast() {
		return fmt.Sprintf("%s: what was written in %s had not arrived in %s after %s", layerName(p), p.From, p.To, round(worst.Lag))
	}
	return fmt.Sprintf("%s in %s was up to %s behind %s", layerName(p), p.To, round(worst.Lag), p.From)
}

// measured is a lag with its error. That of a lower bound has none that a reader should add.
func measured(s audit.LagSample) string {
	if s.AtLeast() {
		return fmt.Sprintf("at least %s", round(s.Lag-s.Error))
	}
	return fmt.Sprintf("%s +/- %s", round(s.Lag), round(s.Error))
}

func by(s audit.LagSample) string {
	if s.AtLeast() {
		return ", " + s.Method
	}
	return ", by " + s.Method
}

func point(p Path, s audit.LagSample, note string) audit.Evidence {
	return audit.Evidence{
		Source: "lag " + p.Layer, Region: s.To, At: s.At, Field: "lag",
		Value: measured(s), Note: note + by(s),
	}
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

func layerName(p Path) string {
	switch p.Layer {
	case "dynamodb":
		return "Table " + p.Scope
	case "aurora":
		return "Ledger " + p.Scope
	case "s3":
		return "Bucket pair " + p.Scope
	default:
		return p.Layer + " " + p.Scope
	}
}

func unmeasured(u Unmeasured, in Input) audit.Finding {
	return audit.Finding{
		Fingerprint: audit.NewFingerprint(audit.LagUnmeasured, u.Path.Scope, u.Path.String()),
		Kind:        audit.LagUnmeasured, Severity: audit.Medium, Verdict: audit.Proven, Status: audit.Open,
		Scope: u.Path.Scope, Key: u.Path.String(), Region: u.Path.To,
		Window:   in.Window,
		Rule:     "a configured path without a figure is not on time, it is unknown",
		Reason:   fmt.Sprintf("How far %s is behind on %s could not be measured: %s.", u.Path.To, u.Path.Scope, u.Reason),
		Evidence: []audit.Evidence{{Source: "lag " + u.Path.Layer, Region: u.Path.To, Note: u.Reason}},
	}
}
