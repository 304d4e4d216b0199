package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
)

// Drills lists game days, one a line.
func Drills(w io.Writer, format Format, drills []audit.Drill) error {
	if format == JSON {
		return writeJSON(w, append([]audit.Drill{}, drills...))
	}
	if len(drills) == 0 {
		_, err := fmt.Fprintln(w, "no drill was ever started: parallax runbook drill says how")
		return err
	}
	rows := [][]string{{"drill", "started", "stopped", "declared", "result"}}
	for _, d := range drills {
		rows = append(rows, []string{visible(d.Name), stamp(d.Started), whenOrDash(d.Stopped), declaredAll(d.Expected), drillResult(d)})
	}
	return columns(w, rows)
}

// Drill shows one game day with its score, kind by kind.
func Drill(w io.Writer, format Format, d audit.Drill) error {
	if format == JSON {
		return writeJSON(w, d)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, from %s to %s\n", visible(d.Name), drillResult(d), rfc(d.Started), rfcOrDash(d.Stopped))
	if d.Note != "" {
		fmt.Fprintf(&b, "  %s\n", visible(d.Note))
	}
	if d.Late {
		b.WriteString("  declared after jobs had looked: it rehearses the scoring, and surprised nobody\n")
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	if err := columns(w, drillKinds(d)); err != nil {
		return err
	}
	if d.Score == nil {
		return nil
	}
	return drillDetail(w, *d.Score)
}

// drillKinds is a line for each kind that was declared or found: how many were declared, found, missed, and found undeclared.
func drillKinds(d audit.Drill) [][]string {
	score := audit.DrillScore{}
	if d.Score != nil {
		score = *d.Score
	}
	rows := [][]string{{"  ", "declared", "found", "missed", "false"}}
	for _, kind := range audit.Kinds() {
		want, asked := declaredOf(d.Expected, kind)
		missed, _ := countedOf(score.Missed, kind)
		wrong, accused := countedOf(score.False, kind)
		row := []string{"  " + string(kind), want, fmt.Sprint(score.FoundBy[kind]), fmt.Sprint(missed), fmt.Sprint(wrong)}
		if d.Score == nil {
			row = row[:2]
		}
		if asked || accused {
			rows = append(rows, row)
		}
	}
	if d.Score == nil {
		rows[0] = rows[0][:2]
	}
	return rows
}

// countedOf sums the expectations of a kind up, and tells whether there are any.
func countedOf(all []audit.Expectation, kind audit.Kind) (n int, there bool) {
	for _, e := range all {
		if e.Kind == kind {
			n, there = n+e.Count, true
		}
	}
	return n, there
}

// declaredOf is what was declared of a kind: "3", "any", or "3 and more".
func declaredOf(expected []audit.Expectation, kind audit.Kind) (text string, there bool) {
	n, there := countedOf(expected, kind)
	open := slices.ContainsFunc(expected, func(e audit.Expectation) bool { return e.Kind == kind && e.Count == 0 })
	switch {
	case open && n > 0:
		return fmt.Sprintf("%d and more", n), true
	case open:
		return "any", true
	default:
		return fmt.Sprint(n), there
	}
}

// maxDetail bounds the lines of each sort on a terminal; JSON has more.
const maxDetail = 20

func drillDetail(w io.Writer, s audit.DrillScore) error {
	var lines []string
	for _, m := range s.Measures {
		verdict := string(NewFigure(m).State)
		if m.Broken() {
			verdict = "BROKEN by " + Seconds(m.Value-m.Objective)
		}
		lines = append(lines, fmt.Sprintf("measured  %s %s %s (+/- %s), objective %s %s",
			strings.ToUpper(m.Figure), m.Layer, Seconds(m.Value), Seconds(m.Error), Seconds(m.Objective), verdict))
	}
	lines = append(lines, cutShort(mapTo(s.Missed, func(e audit.Expectation) string { return "MISSED    " + expectation(e) }))...)
	lines = append(lines, cutShort(mapTo(s.False, func(e audit.Expectation) string { return "FALSE     " + expectation(e) }))...)
	lines = append(lines, cutShort(mapTo(s.Unread, func(u audit.Unread) string {
		return "not read  " + u.Job + ": " + visible(u.Reason) + "; " + visible(u.Remedy)
	}))...)
	if s.Gaps > 0 {
		lines = append(lines, fmt.Sprintf("not final: %s of the drill's time not read; score it again once those have been", plural(int64(s.Gaps), "part")))
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, "  "+line); err != nil {
			return err
		}
	}
	return nil
}

func expectation(e audit.Expectation) string {
	if e.Key != "" {
		return string(e.Kind) + " " + visible(e.Key)
	}
	return fmt.Sprintf("%s, %d of them", e.Kind, e.Count)
}

func mapTo[T any](in []T, f func(T) string) []string {
	out := make([]string, 0, len(in))
	for _, v := range in {
		out = append(out, f(v))
	}
	return out
}

func cutShort(lines []string) []string {
	if len(lines) <= maxDetail {
		return lines
	}
	return append(lines[:maxDetail:maxDetail], fmt.Sprintf("          and %d more: see --output json", len(lines)-maxDetail))
}

// declaredAll is how many findings were declared in all.
func declaredAll(expected []audit.Expectation) string {
	n, open := 0, false
	for _, e := range expected {
		n, open = n+e.Count, open || e.Count == 0
	}
	if open {
		return fmt.Sprintf("%d and more", n)
	}
	return fmt.Sprint(n)
}

// drillResult is how a game day stands, in a word.
func drillResult(d audit.Drill) string {
	switch {
	case d.Stopped.IsZero():
		return "under way"
	case d.Score == nil:
		return "not scored"
	case d.Score.Gaps > 0:
		return "not final"
	case d.Score.Passed:
		return "passed"
	default:
		return "FAILED"
	}
}

func whenOrDash(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return stamp(t)
}

func rfcOrDash(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return rfc(t)
}
