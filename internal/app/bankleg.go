package app

import (
	"context"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/reconcile/bank"
	"parallax/sources/settlement/camt"
)

// bankLookback is how long before a window payouts, batches and credits are judged again: a batch may be filled for days, and
// its money comes days later.
const bankLookback = 30 * 24 * time.Hour

// bankKinds are the findings about payouts.
func bankKinds() []audit.Kind {
	return []audit.Kind{
		audit.SettlementBatchUnbalanced, audit.SettlementPayoutMissing, audit.SettlementPayoutMismatch, audit.SettlementPayoutUnknown,
	}
}

// statement is what was read of a bank's statements.
type statement struct {
	entries  []record.SettlementLine
	through  string
	coverage audit.Coverage
}

// payouts is what all feeds of a ledger say of theirs.
type payouts struct {
	window     audit.Window          // of which payouts are judged: the run's and a time before it, as far as findings are open
	known      []audit.StoredFinding // that earlier runs have made, and that are open
	statements map[string]statement  // read so far, by name
	findings   []audit.Finding
	partly     bool // part of a feed or of a statement could not be read
}

// payOut holds the payouts of a feed against their batches and, where a bank is configured, against its statements. Without
// one, whether the money came is not known, only what it was made of.
func (a *App) payOut(ctx context.Context, o *audit.Outcome, p *payouts, feed config.Settlement, s settled, t task) error {
	at, configured := a.statementOf(feed.Bank.Statement)
	st, read := p.statements[at.Name]
	if configured && !read {
		var err error
		if st, err = a.readStatement(ctx, o, at, feed.Ledger, p.window.From, t); err != nil {
			return err
		}
		p.statements[at.Name] = st
	}
	rules := bankRules(feed, at)
	if a.sharesStatement(feed) {
		rules.Ours = nil // whose an entry is cannot be told, so none is unknown
	}
	result := bank.Auditor{Rules: rules}.Match(bank.Input{
		Window: p.window, AsOf: t.asOf, Lines: s.payouts, Entries: st.entries, LinesThrough: s.through, EntriesThrough: st.through,
		LinesIncomplete: !s.coverage.Complete(), EntriesIncomplete: !st.coverage.Complete(),
	})
	p.partly = p.partly || !s.coverage.Complete() || !st.coverage.Complete()
	if !configured {
		p.findings = append(p.findings, ofKind(result.Findings, audit.SettlementBatchUnbalanced)...)
		return nil
	}
	p.findings = append(p.findings, result.Findings...)
	result.Findings = nil
	st.coverage.Gaps = append(slices.Clone(st.coverage.Gaps), result.Gaps...)
	add(o, result.Judgement, []audit.Coverage{st.coverage})
	return nil
}

// bankRules are the rules by which the payouts of a feed are held against a statement.
func bankRules(feed config.Settlement, at config.Statement) bank.Rules {
	rules := bank.Defaults()
	rules.Scope, rules.Feed, rules.Bank, rules.Exponent = feed.Ledger, feed.Name, at.Name, exponent
	rules.Calendar, rules.StatementBy = at.Calendar.Days(), at.DeliverBy.Duration()
	rules.MissingBusinessDays, rules.Ours = feed.Bank.Days, feed.Bank.Pattern
	rules.Footing = footing(feed)
	return rules
}

// openPayouts are the open findings about payouts of a ledger, and since when payouts are judged: a year back at most.
func (a *App) openPayouts(ctx context.Context, ledger string, w audit.Window) (*payouts, error) {
	known, _, err := a.standing(ctx, "settlement", ledger, bankKinds())
	p := &payouts{window: bankWindow(w), known: known, statements: map[string]statement{}}
	for _, f := range known {
		if due := f.Due().From; w.From.Sub(due) < longAgo {
			p.window.From = minTime(p.window.From, due)
		}
	}
	return p, err
}

func bankWindow(w audit.Window) audit.Window {
	return audit.Window{From: w.From.Add(-bankLookback), To: w.To}
}

// resettlePaid reports what is new of a ledger's payouts. What was found before the window and still stands is no news; what
// is gone is cleared, unless it may only have been out of sight.
func resettlePaid(o *audit.Outcome, all *payouts, w audit.Window) {
	earlier := slices.DeleteFunc(slices.Clone(all.known), func(f audit.StoredFinding) bool {
		due := f.Due().From
		return !due.Before(w.From) || due.Before(all.window.From)
	})
	here := map[audit.Fingerprint]bool{}
	for _, f := range all.findings {
		here[f.Fingerprint] = true
	}
	found, moved := news(all.findings, earlier, ranksAlike)
	o.Findings = append(o.Findings, found...)
	o.Rejudged = append(o.Rejudged, slices.DeleteFunc(moved, func(f audit.Fingerprint) bool { return all.partly && !here[f] })...)
}

func (a *App) statementOf(name string) (config.Statement, bool) {
	for _, s := range a.cfg.Statements {
		if s.Name == name && name != "" {
			return s, true
		}
	}
	return config.Statement{}, false
}

// readStatement reads all files of a feed of bank statements.
func (a *App) readStatement(ctx context.Context, o *audit.Outcome, at config.Statement, ledger string, since time.Time, t task) (statement, error) {
	a.progress("reading the statements of "+at.Name, 0, 0)
	about := audit.Coverage{Source: "statement " + at.Name, Scope: ledger, Window: t.window}
	src, err := a.feedSource(ctx, fileFeed{at.Name, ledger, at.Delivery, at.Calendar.Days(), at.DeliverBy.Duration()}, t)
	if err != nil {
		about.Gaps = []audit.Gap{{Window: t.window, Reason: err.Error(), Remedy: "check statements." + at.Name + " in the configuration"}}
		return statement{coverage: about}, ctx.Err()
	}
	src.Decode, src.Since = camt.Decode, since.Add(-oldFiles).Format(time.DateOnly)
	r, err := pipeline.Collect(ctx, src, about, audit.Cursor{})
	if err != nil {
		return statement{}, err
	}
	gone(src, &r.Coverage, t)
	o.Findings = append(o.Findings, src.Findings()...)
	o.Files = append(o.Files, src.Files()...)
	return statement{entries: r.Records, through: src.FilesThrough(), coverage: r.Coverage}, nil
}

func ofKind(findings []audit.Finding, kind audit.Kind) []audit.Finding {
	var out []audit.Finding
	for _, f := range findings {
		if f.Kind == kind {
			out = append(out, f)
		}
	}
	return out
}

// footing is what the payouts of a feed are made of: as configured, or as its format has it.
func footing(feed config.Settlement) bank.Footing {
	switch {
	case feed.Bank.Footing != "":
		return bank.Footing(feed.Bank.Footing)
	case feed.Format == "checkout":
		return bank.FootImplied
	case feed.Format == "paypal":
		return bank.FootNothing
	default:
		return bank.FootPayouts
	}
}

// sharesStatement reports whether another feed has its payouts on the same statement and no pattern that tells them apart.
func (a *App) sharesStatement(feed config.Settlement) bool {
	pattern := func(f config.Settlement) string {
		if f.Bank.Pattern == nil {
			return ""
		}
		return f.Bank.Pattern.String()
	}
	return slices.ContainsFunc(a.cfg.Settlement, func(other config.Settlement) bool {
		return other.Name != feed.Name && other.Bank.Statement == feed.Bank.Statement && pattern(other) == pattern(feed)
	})
}
