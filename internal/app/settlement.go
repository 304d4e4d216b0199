package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bojanz/currency"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/reconcile"
	"parallax/sources/settlement"
	"parallax/sources/settlement/csvfile"
	"parallax/sources/settlement/decode"
)

// ledgerContext is how far around a window ledger rows are read, so that lines near its ends find their payments: what is
// taken on a Friday night may be in Tuesday's file.
const ledgerContext = 5 * 24 * time.Hour

// settlementJob ties every feed out against its ledger, and its payouts against the bank.
func (a *App) settlementJob(ctx context.Context, t task) (audit.Outcome, error) {
	var o audit.Outcome
	if len(a.cfg.Settlement) == 0 {
		o.Coverage = append(o.Coverage, notConfigured("settlement", t.window, "settlement"))
	}
	for _, l := range a.cfg.Ledgers {
		copies, err := a.readLedger(ctx, l, t.window.Around(ledgerContext))
		if err != nil {
			return o, err
		}
		if c, uncarried := a.uncarried(l, copies, t.window); uncarried {
			o.Coverage = append(o.Coverage, c)
		}
		if !a.settles(l) {
			continue
		}
		if err := a.settleLedger(ctx, &o, l, copies, t); err != nil {
			return o, err
		}
	}
	return o, nil
}

// settleLedger ties out all feeds of one ledger.
func (a *App) settleLedger(ctx context.Context, o *audit.Outcome, l config.Ledger, copies ledgerCopies, t task) error {
	copies.checkStatuses(l)
	coverage := inForce(l, copies, t.window)
	open, err := a.openItems(ctx, l, copies, t.window)
	if err != nil {
		return err
	}
	coverage[0].Gaps = append(coverage[0].Gaps, open.gaps...)
	o.Coverage = append(o.Coverage, coverage...)
	payouts := payouts{statements: map[string]statement{}}
	for _, feed := range a.cfg.Settlement {
		if feed.Ledger != l.Name {
			continue
		}
		s, err := a.tieOut(ctx, feed, l, copies, open, t)
		if err != nil {
			return err
		}
		o.Rejudged = append(o.Rejudged, s.rejudged...)
		o.Findings = append(o.Findings, s.files...)
		o.Files = append(o.Files, s.seen...)
		add(o, s.result.Judgement, []audit.Coverage{s.coverage})
		if err := a.payOut(ctx, o, &payouts, feed, s, t); err != nil {
			return err
		}
	}
	return a.resettlePaid(ctx, o, l.Name, payouts, t.window)
}

func (a *App) settles(l config.Ledger) bool {
	for _, feed := range a.cfg.Settlement {
		if feed.Ledger == l.Name {
			return true
		}
	}
	return false
}

// inForce is the coverage of the ledger in force: the writer's line and what keeps it from being used. The other copies
// are the ledger job's.
func inForce(l config.Ledger, copies ledgerCopies, w audit.Window) []audit.Coverage {
	if copies.writer == nil {
		return append(copies.coverage, noWriter(l, w))
	}
	for _, c := range copies.coverage {
		if c.Region == copies.writerRegion && c.Source == "aurora" {
			return []audit.Coverage{c}
		}
	}
	return copies.coverage
}

// settled is what one feed says.
type settled struct {
	result   reconcile.Result
	coverage audit.Coverage
	lines    []record.SettlementLine
	through  string // the last business date whose files have come
	files    []audit.Finding
	seen     []audit.SettlementFile
	rejudged []audit.Fingerprint
}

// tieOut reads one feed's files and matches them with the ledger in force, open items of earlier windows included.
func (a *App) tieOut(ctx context.Context, feed config.Settlement, l config.Ledger, copies ledgerCopies, open openItems, t task) (settled, error) {
	src, lines, err := a.readFeed(ctx, feed, t)
	if err != nil {
		return settled{}, err
	}
	older, gaps, err := a.originals(ctx, l, copies, lines.Records, t.window)
	if err != nil {
		return settled{}, err
	}
	lines.Coverage.Gaps = append(lines.Coverage.Gaps, gaps...)
	entries, others := ofNetwork(masked(append(slices.Clip(copies.writer), older...)), feed.Name)
	lost, _ := ofNetwork(masked(copies.snapshot), feed.Name)
	openEntries, openLines := open.of(feed, lines.Records)
	result, err := reconcile.Auditor{Rules: matchRules(feed, l)}.Match(reconcile.Input{
		Window: t.window, AsOf: t.asOf, Entries: entries, Others: others, Lines: lines.Records, FilesThrough: src.FilesThrough(),
		LinesIncomplete: !lines.Coverage.Complete(), EntriesIncomplete: copies.writer == nil, Snapshot: lost,
		Open: openEntries, OpenLines: openLines, Read: t.window.Around(ledgerContext),
	})
	if err != nil {
		return settled{}, fmt.Errorf("match %s with ledger %s: %w", feed.Name, l.Name, err)
	}
	s := settled{result: result, coverage: lines.Coverage, lines: lines.Records, through: src.FilesThrough(), files: src.Findings(), seen: src.Files()}
	s.rejudged = open.resettle(&s.result)
	s.coverage.Gaps = append(s.coverage.Gaps, result.Gaps...)
	if gap, wrong := wrongName(feed.Name, len(lines.Records), entries, others, t.window); wrong {
		s.coverage.Gaps = append(s.coverage.Gaps, gap)
	}
	return s, nil
}

// readFeed reads the lines of all files of a feed. A place or a key that cannot be used is a gap of this feed, not the end of
// the run.
func (a *App) readFeed(ctx context.Context, feed config.Settlement, t task) (*settlement.Source, pipeline.Reading[record.SettlementLine], error) {
	about := audit.Coverage{Source: "settlement " + feed.Name, Scope: feed.Ledger, Window: t.window}
	a.progress("reading the files of "+feed.Name, 0, 0)
	src, err := a.feedSource(ctx, feedOf(feed), t)
	if err == nil {
		src.Decode, err = reader(feed)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, pipeline.Reading[record.SettlementLine]{}, ctx.Err()
		}
		about.Gaps = []audit.Gap{{Window: t.window, Reason: err.Error(), Remedy: "check settlement." + feed.Name + " in the configuration"}}
		return &settlement.Source{}, pipeline.Reading[record.SettlementLine]{Coverage: about}, nil
	}
	r, err := pipeline.Collect(ctx, src, about, audit.Cursor{})
	return src, r, err
}

func (a *App) knownFiles(ctx context.Context, feed string) ([]settlement.KnownFile, error) {
	files, err := a.store.Files(ctx, feed)
	if err != nil {
		return nil, err
	}
	known := make([]settlement.KnownFile, 0, len(files))
	for _, f := range files {
		known = append(known, settlement.KnownFile{SHA256: f.SHA256, FileID: f.FileID, Name: f.Name, Status: f.Status, BusinessDate: f.BusinessDate, SeenAt: f.SeenAt})
	}
	return known, nil
}

// exponent is a currency's number of decimals (ISO 4217); unknown currencies are shown in minor units.
func exponent(code string) int {
	digits, known := currency.GetDigits(code)
	if !known {
		return 0
	}
	return int(digits)
}

// reader reads the files of a feed in its format.
func reader(feed config.Settlement) (decode.Func, error) {
	switch feed.Format {
	case formatCSV:
		return csvfile.New(profile(feed.CSV, false))
	case "stripe", "checkout":
		return csvfile.New(csvfile.Shipped()[feed.Format].With(profile(feed.CSV, true)))
	case formatFixed:
		return fixedReader(feed.Fixed)
	default:
		return readerOf(feed.Format)
	}
}

// profile is a CSV layout as the configuration has it, or what it changes of one that is shipped.
func profile(p config.CSVProfile, shipped bool) csvfile.Profile {
	t := p.Trailer
	out := csvfile.Profile{
		Columns: p.Columns.Map(), Fees: p.Fees, Types: p.Types, Reversals: p.Reversals, Skip: p.Skip, Scale: p.AmountScale, Signs: p.Signs,
		FeeSigns: p.FeeSigns, Exponents: p.Exponents, Foots: p.Foots, Delimiter: p.Delimiter, Decimal: p.Decimal, Thousands: p.Thousands,
		Dates: p.Dates, Zone: p.Zone, Trailer: csvfile.Trailer{Column: t.Column, Value: t.Value, Count: t.Count, Total: t.Total},
	}
	if shipped && out.Scale == "decimal" {
		out.Scale = "" // as shipped
	}
	return out
}
