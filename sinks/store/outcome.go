package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"parallax/internal/audit"
)

// prepare returns a copy of an outcome that is fit for the store: checked, its text clean, each fingerprint once.
func prepare(o audit.Outcome) (audit.Outcome, error) {
	if err := check(o); err != nil {
		return o, err
	}
	o.AsOf = micro(o.AsOf)
	o.Findings = unique(mapped(o.Findings, cleanFinding))
	o.Coverage = mapped(o.Coverage, cleanCoverage)
	return o, nil
}

// check refuses what no auditor may say. The database refuses the same; here the error names the finding.
func check(o audit.Outcome) error {
	switch {
	case o.RunID == "" || o.RunID != text(o.RunID):
		return fmt.Errorf("run id %q is empty or not text", o.RunID)
	case o.Job == "" || o.Job != text(o.Job):
		return fmt.Errorf("job %q is empty or not text", o.Job)
	case o.Basis != text(o.Basis):
		return fmt.Errorf("basis %q is not text", o.Basis)
	case o.AsOf.IsZero():
		return errors.New("no as-of time")
	case o.Window.To.Before(o.Window.From):
		return fmt.Errorf("window %s ends before it begins", o.Window)
	}
	for _, f := range o.Findings {
		if err := checkFinding(f); err != nil {
			return fmt.Errorf("finding %q (%s %q): %w", f.Fingerprint, f.Kind, safe(f.Key), err)
		}
	}
	for _, c := range o.Coverage {
		for _, w := range append(mapped(c.Gaps, func(g audit.Gap) audit.Window { return g.Window }), c.Window) {
			if w.To.Before(w.From) {
				return fmt.Errorf("coverage of %s %q: window %s ends before it begins", c.Source, safe(c.Scope), w)
			}
		}
	}
	return checkCursors(o.Cursors)
}

func checkFinding(f audit.Finding) error {
	switch {
	case f.Fingerprint == "" || string(f.Fingerprint) != text(string(f.Fingerprint)):
		return errors.New("the fingerprint is empty or not text")
	case !slices.Contains(audit.Kinds(), f.Kind):
		return errors.New("not a kind of finding")
	case !slices.Contains([]audit.Severity{audit.Critical, audit.High, audit.Medium, audit.Low}, f.Severity):
		return fmt.Errorf("severity %q", f.Severity)
	case !slices.Contains([]audit.Verdict{audit.Proven, audit.Probable, audit.Undecidable}, f.Verdict):
		return fmt.Errorf("verdict %q", f.Verdict)
	case !slices.Contains([]audit.Status{audit.Expected, audit.Overdue, audit.Open, audit.Suppressed}, f.Status):
		return fmt.Errorf("status %q is not an auditor's to propose", f.Status)
	case f.Window.To.Before(f.Window.From):
		return fmt.Errorf("window %s ends before it begins", f.Window)
	}
	return nil
}

// checkCursors refuses a position that could not be given back byte by byte.
func checkCursors(cursors []audit.Cursor) error {
	seen := map[string]bool{}
	for _, c := range cursors {
		switch {
		case c.Stream == "" || c.Stream != text(c.Stream) || string(c.Pos) != text(string(c.Pos)):
			return fmt.Errorf("cursor of stream %q at %q: empty or not text", c.Stream, c.Pos)
		case c.Version < 0:
			return fmt.Errorf("cursor of stream %q: version %d", c.Stream, c.Version)
		case seen[c.Stream]:
			return fmt.Errorf("cursor of stream %q: given twice", c.Stream)
		}
		seen[c.Stream] = true
	}
	return nil
}

// unique keeps each fingerprint once. When two findings share one and differ, the first stands and the evidence of the other
// is added to it, so that nothing that was said is lost.
func unique(findings []audit.Finding) []audit.Finding {
	first := make(map[audit.Fingerprint]int, len(findings))
	out := make([]audit.Finding, 0, len(findings))
	for _, f := range findings {
		i, seen := first[f.Fingerprint]
		if !seen {
			first[f.Fingerprint] = len(out)
			out = append(out, f)
			continue
		}
		for _, e := range f.Evidence {
			if !slices.ContainsFunc(out[i].Evidence, func(have audit.Evidence) bool { return sameEvidence(have, e) }) {
				out[i].Evidence = append(out[i].Evidence, e)
			}
		}
	}
	return out
}

func sameEvidence(a, b audit.Evidence) bool {
	same := a.At.Equal(b.At)
	a.At, b.At = time.Time{}, time.Time{}
	return same && a == b
}

// micro is the instant as the store keeps it.
func micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// moment is null for the zero time.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// jsonOf encodes plain values, which cannot fail to encode: strings, numbers, times of four-digit years. Money and keys keep
// their signs: <, > and & are not spelled out.
func jsonOf(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
