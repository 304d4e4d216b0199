package app

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"parallax/auditors/lag"
	"parallax/auditors/lww"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/record"
	"parallax/sources/aurora"
)

var errNoWriter = errors.New("no copy of the ledger accepts writes")

// lagJob measures how far each layer is behind and holds it against its objective.
func (a *App) lagJob(ctx context.Context, t task) (audit.Outcome, error) {
	var o audit.Outcome
	var coverage []audit.Coverage
	objectives := a.cfg.Objectives.Lag
	auditor := lag.Auditor{Rules: lag.Rules{Objectives: map[string]time.Duration{
		"dynamodb": objectives.DynamoDB, "aurora": objectives.Aurora, "s3": objectives.S3,
	}}}
	var measured []audit.LagSample
	for _, measure := range []func(context.Context, task, *lag.Input) ([]audit.Coverage, error){a.tableLags, a.ledgerLags} {
		in := lag.Input{Window: t.window, AsOf: t.asOf} // each layer is known at its own time, and may narrow the window to it
		lines, err := measure(ctx, t, &in)
		if err != nil {
			return o, err
		}
		coverage = append(coverage, lines...)
		measured = append(measured, in.Samples...)
		judge(&o, auditor, in, nil)
	}
	in := lag.Input{AsOf: t.asOf}
	events, err := a.receiptLags(ctx, t, &in)
	if err != nil {
		return o, err
	}
	judge(&o, auditor, in, nil)
	judge(&o, auditor, lag.Input{Window: t.window, AsOf: t.asOf, Unmeasured: events.unmeasured(a.cfg.Receipts)}, nil)
	o.Replications, o.Cursors = events.fresh, events.cursors
	coverage = append(coverage, events.coverage...)
	if len(coverage) == 0 {
		coverage = append(coverage, notConfigured("lag", t.window, "tables, ledgers or receipts"))
	}
	o.Samples = append(o.Samples, slices.DeleteFunc(measured, func(s audit.LagSample) bool {
		return s.Layer != "aurora" || s.At.Before(t.window.To)
	})...) // measured just now: a later window holds them, and no one can measure them again
	audit.Sort(o.Findings)
	o.Coverage = append(o.Coverage, coverage...)
	return o, nil
}

// tableLags measures every version's way between the regions from the archive. What is younger than the settle delay may
// still be on its way, or not captured yet, and is the next run's.
func (a *App) tableLags(ctx context.Context, t task, in *lag.Input) ([]audit.Coverage, error) {
	var lines []audit.Coverage
	for _, table := range a.cfg.Tables {
		w := before(t.window, t.asOf.Add(-arrival(a.cfg)))
		in.Window = w
		lags := lagMeter{}
		_, h, err := a.auditTable(ctx, table, task{window: w, asOf: t.asOf}, lww.Input{Lag: lags.add})
		if err != nil {
			return nil, err
		}
		in.Samples = append(in.Samples, lags.samples(table)...)
		lines = append(lines, h.coverage...)
	}
	return lines, nil
}

// ledgerLags asks the writer how far the other regions are behind it.
func (a *App) ledgerLags(ctx context.Context, t task, in *lag.Input) ([]audit.Coverage, error) {
	var lines []audit.Coverage
	for _, l := range a.cfg.Ledgers {
		line := audit.Coverage{Source: "aurora status", Scope: l.Name, Window: t.window}
		samples, writer, err := a.askLag(ctx, l)
		if stopped := ctx.Err(); stopped != nil {
			return nil, stopped
		}
		line.Region, line.Records = writer, int64(len(samples))
		if err != nil {
			line.Gaps = append(line.Gaps, audit.Gap{Window: t.window, Reason: err.Error(), Remedy: "run parallax doctor"})
			in.Unmeasured = append(in.Unmeasured, lag.Unmeasured{Path: unmeasuredPath(l, writer), Reason: err.Error()})
		}
		in.Samples = append(in.Samples, samples...)
		lines = append(lines, line)
	}
	// A measurement cannot be made for a time that is past: what earlier runs measured stands in the store.
	stored, err := a.store.LagSamples(ctx, "aurora", t.window)
	if err != nil {
		return nil, err
	}
	stored = slices.DeleteFunc(stored, func(s audit.LagSample) bool {
		_, configured := a.ledgerNamed(s.Scope)
		return !configured
	})
	in.Samples = append(in.Samples, measuredEarlier(stored, in.Samples)...)
	return lines, nil
}

// askLag asks each copy in turn until the writer, which knows of all others, has answered.
func (a *App) askLag(ctx context.Context, l config.Ledger) ([]audit.LagSample, audit.Region, error) {
	var last error
	for _, region := range slices.Sorted(maps.Keys(l.Regions)) {
		pool, err := a.ledgerPool(ctx, l.Regions[region].Connection, region)
		if err != nil {
			last = err
			continue
		}
		witness, err := aurora.Source{Scope: l.Name, Region: region, DB: pool, Settings: a.ledgerSettings()}.Identify(ctx)
		if err != nil {
			last = err
			continue
		}
		if witness != record.Writer {
			continue
		}
		src := aurora.LagSource{Scope: l.Name, Region: region, Writer: region, DB: pool, Settings: a.ledgerSettings()}
		samples, err := src.Lag(ctx)
		return samples, region, err
	}
	if last == nil {
		last = errNoWriter
	}
	return nil, "", last
}

// unmeasuredPath is the direction for which there is no figure: out of the writer, as far as it is known.
func unmeasuredPath(l config.Ledger, writer audit.Region) lag.Path {
	p := lag.Path{Layer: "aurora", Scope: l.Name, From: writer}
	for _, region := range slices.Sorted(maps.Keys(l.Regions)) {
		if region != writer {
			p.To = region
		}
	}
	return p
}

// measuredEarlier are the stored samples that are not among those just measured.
func measuredEarlier(stored, now []audit.LagSample) []audit.LagSample {
	return slices.DeleteFunc(stored, func(s audit.LagSample) bool {
		return slices.ContainsFunc(now, func(n audit.LagSample) bool {
			return n.Layer == s.Layer && n.Scope == s.Scope && n.From == s.From && n.To == s.To && n.At.Truncate(time.Microsecond).Equal(s.At)
		})
	})
}
