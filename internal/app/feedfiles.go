package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/reconcile"
	"parallax/sources/settlement"
)

// oldFiles is how long before everything that is judged a file must lie for it to be left out: a line may be settled, and its
// file come, days after its payment.
const oldFiles = 15 * 24 * time.Hour

// smallFeed is how many lines are kept in memory between the passes over them; larger feeds are decoded again.
const smallFeed = 50_000

// feedFiles are the files of one feed, checked, and what a first pass over their lines tells.
type feedFiles struct {
	feed     config.Settlement
	src      *settlement.Source
	coverage audit.Coverage
	window   audit.Window // of the run, from the feed's first business date on
	asked    map[audit.Fingerprint]bool
	here     map[string]bool // keys of the ledger's rows, and those that were found to be of none
	accepted map[string]bool // checksums of the files that earlier runs have accepted
	fresh    map[string]bool // by file: no run has read it before, while some have read others

	lines   int                     // how many there are
	few     []record.SettlementLine // all of them, where they are few
	open    []record.SettlementLine // lines of earlier days that are to be judged whatever their day
	payouts []record.SettlementLine // payouts, and lines that belong to one
	unknown []string                // references and payment ids that no row of the ledger read so far bears
}

// readFeed checks all files of a feed that may matter, and keeps of their lines what more than the match needs. A place or a
// key that cannot be used is a gap of this feed, not the end of the run.
func (a *App) readFeed(ctx context.Context, feed config.Settlement, open openItems, since time.Time, t task, sides ...[]record.Entry) (*feedFiles, error) {
	f := &feedFiles{
		feed: feed, window: t.window, asked: open.fingerprints(), here: map[string]bool{"": true}, accepted: map[string]bool{}, fresh: map[string]bool{},
	}
	for _, entries := range sides {
		for i := range entries {
			f.here[entries[i].PaymentID], f.here[entries[i].NetworkReference], f.here[entries[i].IdempotencyKey] = true, true, true
		}
	}
	f.coverage = audit.Coverage{Source: "settlement " + feed.Name, Scope: feed.Ledger, Window: t.window}
	if first, err := time.Parse(time.DateOnly, string(feed.From)); err == nil {
		f.window.From = maxTime(f.window.From, minTime(feed.Calendar.Days().Begin(first), t.window.To))
	}
	due := audit.Window{From: minTime(f.window.From, open.oldest(t.window.From)), To: t.window.To}
	since = minTime(due.From, since).Add(-oldFiles)
	a.progress("reading the files of "+feed.Name, 0, 0)
	src, err := a.feedSource(ctx, feedOf(feed), t)
	if err == nil {
		src.Decode, err = reader(feed)
	}
	if err != nil {
		f.src = &settlement.Source{}
		f.coverage.Gaps = []audit.Gap{{Window: t.window, Reason: err.Error(), Remedy: "check settlement." + feed.Name + " in the configuration"}}
		return f, ctx.Err()
	}
	f.src, src.Since = src, since.Format(time.DateOnly)
	for _, k := range src.Known {
		if k.Status == "accepted" {
			f.accepted[k.SHA256] = true
		}
	}
	about := f.coverage
	about.Window = due
	f.coverage, _, err = pipeline.Drain(ctx, src, about, audit.Cursor{}, func(b record.Batch[record.SettlementLine]) error {
		for _, l := range b.Records {
			f.take(l)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	f.coverage.Window = t.window
	gone(src, &f.coverage, t)
	return f, nil
}

// gone looks for files that an earlier run has accepted, whose days are still judged, and that are no longer there: what
// they said cannot be seen any more.
func gone(src *settlement.Source, c *audit.Coverage, t task) {
	here := map[string]bool{}
	for _, file := range src.Files() {
		here[file.Name], here[file.SHA256] = true, true
	}
	for _, g := range c.Gaps {
		for _, k := range src.Known {
			here[k.Name] = here[k.Name] || strings.Contains(g.Reason, k.Name)
		}
	}
	from := bankWindow(t.window).From.Format(time.DateOnly)
	for _, k := range src.Known {
		if k.Status != "accepted" || k.BusinessDate < from || here[k.Name] || here[k.SHA256] {
			continue
		}
		here[k.Name] = true
		c.Gaps = append(c.Gaps, audit.Gap{
			Window: t.window, Reason: fmt.Sprintf("file %s of business date %s was read by an earlier run and is no longer there", k.Name, k.BusinessDate),
			Remedy: fmt.Sprintf("put the file back into the feed's folder; files may be archived when they are older than %d days", int((bankLookback+oldFiles).Hours()/24)),
		})
	}
}

// isFresh reports whether no run has read a file before, if any run has read any. A file is listed before its lines come.
func (f *feedFiles) isFresh(name string) bool {
	fresh, known := f.fresh[name]
	if !known {
		fresh = len(f.accepted) > 0 && slices.ContainsFunc(f.src.Files(), func(file audit.SettlementFile) bool {
			return file.Name == name && file.Status == "accepted" && !f.accepted[file.SHA256]
		})
		f.fresh[name] = fresh
	}
	return fresh
}

// each yields all lines, as often as it is called.
func (f *feedFiles) each(ctx context.Context, yield func(record.SettlementLine) error) error {
	if f.few == nil && f.lines > 0 {
		return f.src.Lines(ctx, yield)
	}
	for i := range f.few {
		if err := yield(f.few[i]); err != nil {
			return err
		}
	}
	return nil
}

// take counts a line, and keeps all while they are few; beside that it keeps one that is to be judged whatever its day, one
// that a payout is made of, and the keys that no row of the ledger bears.
func (f *feedFiles) take(l record.SettlementLine) {
	if f.lines++; f.lines <= smallFeed {
		f.few = append(f.few, l)
	} else {
		f.few = nil
	}
	again := f.asked[audit.NewFingerprint(audit.SettlementMissingInLedger, f.feed.Ledger, reconcile.KeyOfLine(l), f.feed.Name)]
	if again || f.isFresh(l.File) {
		f.open = append(f.open, l)
	}
	if l.Type == record.Payout || l.Batch != "" {
		f.payouts = append(f.payouts, l)
	}
	switch l.Type {
	case record.Fee, record.Payout, record.Reserve, record.BankCredit, record.BankDebit:
		return
	}
	keys := []string{l.PaymentID, l.Reference, l.Original}
	if slices.ContainsFunc(keys, func(k string) bool { return k != "" && f.here[k] }) {
		return
	}
	for _, k := range keys {
		if !f.here[k] {
			f.here[k] = true
			f.unknown = append(f.unknown, k)
		}
	}
}
