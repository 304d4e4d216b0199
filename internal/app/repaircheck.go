package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/record"
	"parallax/sinks/repair"
	"parallax/sources/aurora"
)

// CheckRepair asks every guard of a folder of repair files, or of its manifest, whether it still holds: rows by SELECT, items
// by GetItem, objects by HEAD. Nothing is changed. A file that is not the one that was written is an error.
func (a *App) CheckRepair(ctx context.Context, w io.Writer, output, path string, asOf time.Time) (Guards, error) {
	answer, err := a.askGuards(ctx, path, asOf)
	if err != nil {
		return "", err
	}
	if err := repair.ShowAnswer(w, output, answer); err != nil {
		return "", err
	}
	switch {
	case answer.Count(repair.Unasked) > 0:
		return GuardsUnasked, nil
	case answer.Expired || answer.Count(repair.Holds) < len(answer.Steps):
		return GuardsBroken, nil
	}
	return GuardsHold, nil
}

// Guards is what asking all guards of a plan came to.
type Guards string

// The answers: all hold; some do not, or it is too late; some could not be asked.
const (
	GuardsHold    Guards = "hold"
	GuardsBroken  Guards = "do not all hold"
	GuardsUnasked Guards = "could not all be asked"
)

func (a *App) askGuards(ctx context.Context, path string, asOf time.Time) (repair.Answer, error) {
	m, err := readManifest(path)
	if err != nil {
		return repair.Answer{}, err
	}
	c := &guards{App: a, manifest: m, out: repair.Answer{AsOf: asOf.UTC(), Expires: m.Expires, Expired: !asOf.Before(m.Expires)}}
	c.out.Steps = make([]repair.StepState, len(m.Steps))
	for i, s := range m.Steps {
		c.out.Steps[i] = repair.StepState{About: s.About, File: s.File, Action: s.Action, State: repair.Unasked, Note: "nothing of the configuration is named so"}
	}
	for _, l := range a.cfg.Ledgers {
		c.rows(ctx, l)
		c.charges(ctx, l)
	}
	for _, t := range a.cfg.Tables {
		if err := c.items(ctx, t); err != nil {
			return c.out, err
		}
	}
	c.objects(ctx)
	if c.out.Expired {
		for i, s := range c.out.Steps {
			if s.State != repair.Done {
				c.answer(i, repair.Expired, "")
			}
		}
	}
	return c.out, ctx.Err()
}

// guards are a manifest's, being asked.
type guards struct {
	*App
	manifest repair.Manifest
	out      repair.Answer
}

func (c *guards) answer(i int, state repair.State, note string) {
	c.out.Steps[i].State, c.out.Steps[i].Note = state, note
}

// steps are the positions of the steps that are wanted.
func (c *guards) steps(want func(repair.Step) bool) []int {
	var out []int
	for i, s := range c.manifest.Steps {
		if want(s) {
			out = append(out, i)
		}
	}
	return out
}

// rows asks the ledger in force.
func (c *guards) rows(ctx context.Context, l config.Ledger) {
	steps := c.steps(func(s repair.Step) bool { return s.Row != nil && s.Scope == l.Name })
	if len(steps) == 0 {
		return
	}
	writers, err := c.writersOf(ctx, l)
	byRegion := map[audit.Region]wholeRows{}
	for _, region := range writers {
		var ids []string
		for _, i := range steps {
			ids = append(ids, c.manifest.Steps[i].Row.PaymentID)
		}
		src, failed := c.ledgerAt(ctx, l, region)
		if failed == nil {
			byRegion[region], failed = readWhole(ctx, src, ids)
		}
		err = errors.Join(err, failed)
	}
	for _, i := range steps {
		g := c.manifest.Steps[i].Row
		target := g.Target
		if target == "" && len(writers) == 1 {
			target = writers[0]
		}
		rows, read := byRegion[target]
		if err != nil || !read {
			c.answer(i, repair.Unasked, reasonOf(err, "the copy of ledger "+l.Name+" that is in force could not be asked"))
			continue
		}
		state, note := g.Rows(rowValues(rows[g.PaymentID]))
		c.answer(i, state, note)
	}
}

// rowValues are the rows of one payment as the guard wants them.
func rowValues(rows []aurora.FullRow) []map[string]*string {
	out := make([]map[string]*string, len(rows))
	for i, r := range rows {
		out[i] = map[string]*string{}
		for _, column := range r.Columns {
			out[i][column.Name] = column.Value
		}
	}
	return out
}

func reasonOf(err error, otherwise string) string {
	if err != nil {
		return err.Error()
	}
	return otherwise
}

// charges asks what has become of the charges that are to be refunded.
func (c *guards) charges(ctx context.Context, l config.Ledger) {
	steps := c.steps(func(s repair.Step) bool { return s.Charge != nil && s.Scope == l.Name })
	if len(steps) == 0 {
		return
	}
	var ids []string
	for _, i := range steps {
		ids = append(ids, c.manifest.Steps[i].Charge.PaymentID, c.manifest.Steps[i].Charge.Kept)
	}
	entries, err := c.entriesInForce(ctx, l, ids)
	now := map[string]map[string]string{}
	for _, e := range entries {
		if now[e.PaymentID] == nil {
			now[e.PaymentID] = map[string]string{}
		}
		now[e.PaymentID][e.ID] = e.Status
	}
	mean := repair.Statuses{Charged: func(status string) bool { return stillCharged(l, status) }, Refunded: l.Statuses.Refunded}
	for _, i := range steps {
		if err != nil {
			c.answer(i, repair.Unasked, err.Error())
			continue
		}
		state, note := c.manifest.Steps[i].Charge.Charges(now, mean)
		c.answer(i, state, note)
	}
}

// items asks the table in the regions where it is to be written.
func (c *guards) items(ctx context.Context, t config.Table) error {
	for _, region := range c.cfg.Regions {
		steps := c.steps(func(s repair.Step) bool { return s.Item != nil && s.Scope == t.Name && s.Region == region })
		if len(steps) == 0 {
			continue
		}
		keys := make([]string, len(steps))
		for n, i := range steps {
			keys[n] = c.manifest.Steps[i].Item.Key
		}
		reading, err := c.itemsOf(ctx, t.Name, region, keys)
		if err != nil {
			return err
		}
		for _, i := range steps {
			g := c.manifest.Steps[i].Item
			now, read := reading.Images[g.Key]
			if !read {
				why := "the item could not be read"
				if len(reading.Gaps) > 0 {
					why = reading.Gaps[0].Reason
				}
				c.answer(i, repair.Unasked, why)
				continue
			}
			state, note := g.Read(now)
			c.answer(i, state, note)
		}
	}
	return nil
}

// objects asks both buckets.
func (c *guards) objects(ctx context.Context) {
	for _, i := range c.steps(func(s repair.Step) bool { return s.Object != nil }) {
		g := c.manifest.Steps[i].Object
		from, to, err := c.heads(ctx, repair.Object{Way: repair.Way{Copy: g.Copy}, From: g.From, To: g.To, Key: g.Key, VersionID: g.VersionID})
		if err != nil {
			c.answer(i, repair.Unasked, err.Error())
			continue
		}
		state, note := g.Heads(from, to)
		c.answer(i, state, note)
	}
}

// writersOf are the regions of a ledger that accept writes: one, unless each has payments of its own.
func (a *App) writersOf(ctx context.Context, l config.Ledger) ([]audit.Region, error) {
	var out []audit.Region
	var silent error
	for _, region := range slices.Sorted(maps.Keys(l.Regions)) {
		src, err := a.ledgerAt(ctx, l, region)
		if err != nil {
			silent = errors.Join(silent, err)
			continue
		}
		speaks, err := src.Identify(ctx)
		silent = errors.Join(silent, err)
		if speaks == record.Writer {
			out = append(out, region)
		}
	}
	switch {
	case l.Sharded() || len(out) == 1:
		return out, nil
	case silent != nil:
		return nil, silent
	}
	return nil, fmt.Errorf("ledger %s accepts writes in %d regions: which copy is in force cannot be told", l.Name, len(out))
}

// ListRepairs lists the folders of repair files under data_dir.
func ListRepairs(w io.Writer, output string, cfg *config.Config, asOf time.Time) error {
	names, err := filepath.Glob(filepath.Join(repairDir(cfg), "*", repair.ManifestName))
	if err != nil {
		return fmt.Errorf("list repair files: %w", err)
	}
	slices.Sort(names)
	listed := make([]repair.Listed, 0, len(names))
	for _, name := range names {
		l := repair.Listed{Folder: filepath.Dir(name)}
		data, err := os.ReadFile(name)
		if err == nil {
			l.Manifest, err = repair.ParseManifest(data)
		}
		if err != nil {
			l.Problem = err.Error()
		}
		l.Expired = err == nil && !asOf.Before(l.Manifest.Expires)
		listed = append(listed, l)
	}
	return repair.ShowListed(w, output, listed)
}
