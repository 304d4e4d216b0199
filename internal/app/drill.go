package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"parallax/internal/audit"
	"parallax/sinks/store"
)

// DrillRequest starts a drill.
type DrillRequest struct {
	Name   string
	Note   string
	Expect []string // as --expect has them, see ParseExpectation
	At     time.Time
}

// Check refuses what cannot be recorded, before anything is opened.
func (r DrillRequest) Check() error {
	switch {
	case strings.ContainsFunc(r.Name, func(c rune) bool { return c == '/' || c == '\\' || unicode.IsControl(c) }):
		return errors.New("the name of a drill has no slashes and no line breaks")
	case strings.TrimSpace(r.Name) == "" || len(r.Name) > maxDrillName:
		return fmt.Errorf("the name of a drill has 1 to %d characters", maxDrillName)
	case len(r.Note) > maxDrillNote:
		return fmt.Errorf("--note is longer than %d characters", maxDrillNote)
	}
	_, err := ParseExpectations(r.Expect)
	return err
}

const (
	maxDrillName = 100
	maxDrillNote = 1000
)

// NothingExpected declares that a drill must leave nothing to be found.
const NothingExpected = "none"

// ParseExpectations reads what a drill declares: kind=N for so many findings of a kind, kind=any for one or more, where nobody can count
// beforehand, kind:KEY for one of that key, or none. A kind stands once with a number, and a key once.
func ParseExpectations(texts []string) ([]audit.Expectation, error) {
	if len(texts) == 0 {
		return nil, errors.New("a drill declares what must be found before it is looked for: give --expect or --expect-file, or --expect " + NothingExpected)
	}
	if len(texts) == 1 && texts[0] == NothingExpected {
		return []audit.Expectation{}, nil
	}
	type name struct {
		kind audit.Kind
		key  string
	}
	seen := map[name]bool{}
	out := make([]audit.Expectation, 0, len(texts))
	for _, text := range texts {
		e, err := parseExpectation(text)
		if err != nil {
			return nil, err
		}
		if seen[name{e.Kind, e.Key}] {
			return nil, fmt.Errorf("--expect %q stands twice: declare each kind and each key once", text)
		}
		seen[name{e.Kind, e.Key}] = true
		out = append(out, e)
	}
	return out, nil
}

// StartDrill records a drill: what is broken on purpose from now on must be found later. It returns what people should know before
// they go on: that a real incident may be under way, or that jobs have looked already.
func (a *App) StartDrill(ctx context.Context, req DrillRequest) (audit.Drill, []string, error) {
	expected, err := ParseExpectations(req.Expect)
	if err != nil {
		return audit.Drill{}, nil, err
	}
	warnings, err := a.underWay(ctx, req.At)
	if err != nil {
		return audit.Drill{}, nil, err
	}
	d, err := a.store.StartDrill(ctx, audit.Drill{
		Name: req.Name, Cluster: a.cfg.Topology.GlobalCluster, Started: req.At, Note: req.Note, Expected: expected,
	})
	switch {
	case errors.Is(err, store.ErrUnderWay):
		return d, nil, fmt.Errorf("%w: stop it first", err)
	case errors.Is(err, store.ErrDeclared):
		return d, nil, fmt.Errorf("%w; what a drill declares is not changed afterwards: choose another name", err)
	case err != nil:
		return d, nil, err
	}
	if d.Late {
		warnings = append(warnings, "jobs have already looked at what follows the start of this drill: it rehearses the scoring, and surprises nobody")
	}
	return d, warnings, nil
}

// lately is how long after an unplanned failover a drill may still fall into its aftermath.
const lately = 24 * time.Hour

// underWay says which real incidents a drill at a moment would fall into.
func (a *App) underWay(ctx context.Context, at time.Time) ([]string, error) {
	var out []string
	failovers, err := a.store.Failovers(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range failovers {
		if !f.Planned && !f.Promoted.After(at) && at.Sub(f.Promoted) < lately {
			out = append(out, fmt.Sprintf("an unplanned failover to %s was at %s, less than a day ago: a drill now mixes with what it left",
				f.To, f.Promoted.Format(time.RFC3339)))
		}
	}
	cases, err := a.store.Cases(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range cases {
		if c.State == audit.CaseOpen && !c.At.After(at) {
			out = append(out, fmt.Sprintf("the failover to %s of %s is still being reconciled", c.To, c.At.Format(time.RFC3339)))
		}
	}
	return out, nil
}

// StopDrill records the end of a drill.
func (a *App) StopDrill(ctx context.Context, name string, at time.Time) (audit.Drill, error) {
	d, err := a.store.StopDrill(ctx, name, at)
	return d, a.explainDrill(err)
}

// ScoreDrill holds what the store knows against what a drill declared, and keeps the score. It runs no job.
func (a *App) ScoreDrill(ctx context.Context, name string, asOf time.Time) (audit.Drill, error) {
	d, err := a.store.Drill(ctx, name)
	if err != nil {
		return d, a.explainDrill(err)
	}
	if d.Stopped.IsZero() {
		return d, fmt.Errorf("score drill %q: it is under way since %s: stop it first", d.Name, d.Started.Format(time.RFC3339))
	}
	if asOf.Before(d.Stopped) {
		return d, fmt.Errorf("score drill %q: it ended at %s, after the moment the score would speak for", d.Name, d.Stopped.Format(time.RFC3339))
	}
	findings, _, err := a.store.Findings(ctx, store.Filter{})
	if err != nil {
		return d, err
	}
	failovers, err := a.store.Failovers(ctx)
	if err != nil {
		return d, err
	}
	runs, err := a.store.RunsOver(ctx, drillWindow(d))
	if err != nil {
		return d, err
	}
	runs = slices.DeleteFunc(runs, func(r audit.RunRecord) bool { return r.AsOf.After(asOf) })
	return a.store.ScoreDrill(ctx, d.Name, scoreDrill(d, asOf, findings, failovers, unreadIn(drillWindow(d), a.drillJobs(), runs)))
}

// Drills are all drills, in the order of their starts.
func (a *App) Drills(ctx context.Context) ([]audit.Drill, error) { return a.store.Drills(ctx) }

func (a *App) explainDrill(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("%w: see parallax drill list", err)
	case errors.Is(err, store.ErrDeclared):
		return fmt.Errorf("%w; the end of a drill is not changed afterwards", err)
	}
	return err
}

// parseExpectation reads one. A kind is made of small letters, dots and underscores, and a key may be anything.
func parseExpectation(text string) (audit.Expectation, error) {
	end := strings.IndexFunc(text, func(r rune) bool { return (r < 'a' || r > 'z') && r != '.' && r != '_' })
	kind := audit.Kind(text)
	if end >= 0 {
		kind = audit.Kind(text[:end])
	}
	wrong := func(why string) (audit.Expectation, error) {
		return audit.Expectation{}, fmt.Errorf("--expect %q %s: write kind=N, kind=any or kind:KEY, for example ledger.lost_row=3", text, why)
	}
	switch {
	case !slices.Contains(audit.Kinds(), kind):
		return wrong("does not begin with a kind of finding, as runbooks/README.md lists them")
	case end < 0:
		return wrong("says neither how many nor which")
	}
	if text[end] == ':' {
		if key := text[end+1:]; strings.TrimSpace(key) != "" {
			return audit.Expectation{Kind: kind, Key: key, Count: 1}, nil
		}
		return wrong("names no key")
	}
	if text[end:] == "=any" {
		return audit.Expectation{Kind: kind}, nil
	}
	n, err := countOf(text[end:])
	if err != nil {
		return wrong("has no number of findings, one at least")
	}
	return audit.Expectation{Kind: kind, Count: n}, nil
}
