package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bojanz/currency"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/record"
	"parallax/reconcile"
	"parallax/reconcile/sift"
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
	payouts, err := a.openPayouts(ctx, l.Name, t.window)
	if err != nil {
		return err
	}
	for _, feed := range a.cfg.Settlement {
		if feed.Ledger != l.Name {
			continue
		}
		s, err := a.tieOut(ctx, feed, l, copies, open, payouts.window.From, t)
		if err != nil {
			return err
		}
		o.Rejudged = append(o.Rejudged, s.rejudged...)
		o.Findings = append(o.Findings, s.files...)
		o.Files = append(o.Files, s.seen...)
		add(o, s.result.Judgement, []audit.Coverage{s.coverage})
		if err := a.payOut(ctx, o, payouts, feed, s, t); err != nil {
			return err
		}
	}
	resettlePaid(o, payouts, t.window)
	return nil
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
	var lines []audit.Coverage
	for _, c := range copies.coverage {
		if c.Source == "aurora" && slices.Contains(copies.writerRegions, c.Region) {
			lines = append(lines, c)
		}
	}
	if lines == nil {
		return copies.coverage
	}
	return lines
}

// settled is what one feed says.
type settled struct {
	result   reconcile.Result
	coverage audit.Coverage
	payouts  []record.SettlementLine // and the lines they pay
	through  string                  // the last business date whose files have come
	files    []audit.Finding
	seen     []audit.SettlementFile
	rejudged []audit.Fingerprint
}

// tieOut reads one feed's files, those of the days since and some more, and matches them with the ledger in force, open items
// of earlier windows included.
func (a *App) tieOut(ctx context.Context, feed config.Settlement, l config.Ledger, copies ledgerCopies, open openItems, since time.Time, t task) (settled, error) {
	entries, others := ofNetwork(masked(copies.writer), feed.Name)
	f, err := a.readFeed(ctx, feed, open, since, t, entries, others)
	if err != nil {
		return settled{}, err
	}
	rules := matchRules(feed, l)
	if gap, wrong := wrongRules(feed.Name, rules, t.window); wrong {
		f.coverage.Gaps = append(f.coverage.Gaps, gap)
		return settled{coverage: f.coverage, payouts: f.payouts, through: f.src.FilesThrough(), files: f.src.Findings(), seen: f.src.Files()}, nil
	}
	older, gaps, err := a.lookUpUnknown(ctx, l, copies, f)
	if err != nil {
		return settled{}, err
	}
	carried, elsewhere := ofNetwork(masked(older), feed.Name)
	entries, others = append(entries, carried...), append(others, elsewhere...)
	lost, _ := ofNetwork(masked(copies.snapshot), feed.Name)
	f.coverage.Gaps = append(f.coverage.Gaps, gaps...)
	in := reconcile.Input{
		Window: f.window, AsOf: t.asOf, Others: others, FilesThrough: f.src.FilesThrough(), Snapshot: lost, Read: t.window.Around(ledgerContext),
		LinesIncomplete: !f.coverage.Complete() || a.sharesUnnamed(feed, entries), EntriesIncomplete: copies.writer == nil,
		Open: open.entriesOf(feed), OpenLines: f.open,
	}
	result, err := a.sift(ctx, rules, in, entries, f)
	if err != nil {
		return settled{}, fmt.Errorf("match %s with ledger %s: %w", feed.Name, l.Name, err)
	}
	s := settled{
		result: result, coverage: f.coverage, payouts: f.payouts, through: f.src.FilesThrough(), files: f.src.Findings(), seen: f.src.Files(),
	}
	s.rejudged = open.resettle(feed, &s.result, in.Open, f)
	s.coverage.Gaps = append(s.coverage.Gaps, result.Gaps...)
	s.coverage.Extents = append(s.coverage.Extents, proofs(result.Totals)...)
	if gap, wrong := wrongName(feed.Name, f.lines, entries, others, t.window); wrong {
		s.coverage.Gaps = append(s.coverage.Gaps, gap)
	}
	return s, nil
}

// sift matches a feed of any size within the memory that is allowed.
func (a *App) sift(ctx context.Context, rules reconcile.Rules, in reconcile.Input, entries []record.Entry, f *feedFiles) (reconcile.Result, error) {
	var matches []audit.Match
	s := sift.Sieve{
		Auditor: reconcile.Auditor{Rules: rules}, Memory: int64(a.cfg.Limits.MemoryMiB) << 20, Dir: a.cfg.DataDir, MaxResidual: maxDisagreeing,
		Matches:  func(m []audit.Match) error { matches = append(matches, m...); return nil },
		Progress: func(step string, rows int64) { a.progress(step, rows, 0) },
	}
	ledger := func(_ context.Context, yield func(record.Entry) error) error {
		for i := range entries {
			if err := yield(entries[i]); err != nil {
				return err
			}
		}
		return nil
	}
	result, _, err := s.Match(ctx, in, ledger, f.each)
	slices.SortFunc(matches, func(a, b audit.Match) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.PaymentID, b.PaymentID))
	})
	result.Matches = matches
	return result, err
}

// sharesUnnamed reports whether rows without a network may be another feed's: then a feed that does not carry one proves
// nothing.
func (a *App) sharesUnnamed(feed config.Settlement, entries []record.Entry) bool {
	feeds := 0
	for _, other := range a.cfg.Settlement {
		if other.Ledger == feed.Ledger {
			feeds++
		}
	}
	return feeds > 1 && slices.ContainsFunc(entries, func(e record.Entry) bool { return e.Network == "" })
}

// proofs are the totals of a tie-out as the certificate has them: each side is accounted for to the minor unit.
func proofs(totals []reconcile.Total) []audit.Extent {
	var out []audit.Extent
	for _, t := range totals {
		e := audit.Extent{Name: "tie-out " + cmp.Or(t.Currency, "without a currency"), Totals: map[string]string{}}
		for _, part := range []struct {
			name string
			sum  reconcile.Sum
		}{
			{"ledger", t.Ledger}, {"ledger matched", t.LedgerMatched}, {"ledger breaks", t.LedgerBreaks}, {"ledger expected", t.LedgerExpected},
			{"file", t.File}, {"file matched", t.FileMatched}, {"file breaks", t.FileBreaks}, {"file linked", t.FileLinked}, {"file rejected", t.FileRejected},
			{"within tolerance", t.Within},
		} {
			if part.sum != (reconcile.Sum{}) {
				e.Totals[part.name] = fmt.Sprintf("%d for %d", part.sum.Count, part.sum.Minor)
			}
		}
		out = append(out, e)
	}
	return out
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
