package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/record"
	"parallax/sources/inventory"
)

// maxStrangers bounds the receipts that are kept because no payment is known for them.
const maxStrangers = 100_000

// receiptAudit is one audit of a pair of buckets: what both inventories say is joined, and what is not alike is judged. Suspects
// are looked up in the buckets themselves and judged again.
type receiptAudit struct {
	*App
	task
	pair   config.Receipts
	ledger config.Ledger
	rules  receipt.Rules
	rows   []record.Entry // of the ledger in force; nil where it could not be read
	cover  audit.Window   // what they cover
	trace  bool
	owners owners
	again  *receiptsAgain // what earlier runs have found; nil where it is not judged again

	sides    [2]*receiptSide
	line     audit.Coverage // of the comparison
	ties     *receipt.Ties
	judged   receipt.Input // what was judged at last
	survey   *receipt.Survey
	policy   receipt.Policy
	seen     seenKeys
	drifted  drifted
	equal    int64
	fetched  bothSides               // bytes of both inventories
	answered map[string][2]time.Time // when each bucket was asked for a key
	livePast string                  // why the buckets themselves are not asked; empty where they are
}

// receiptSide is one bucket: its inventory, and what it says itself.
type receiptSide struct {
	index    int
	region   audit.Region
	bucket   string
	src      inventory.Source
	live     *inventory.Live
	settings record.Bucket
	list     *inventory.List // nil where there is none that can be trusted
	late     []audit.Gap     // why there is none, or that it is too old
	rows     atomic.Int64    // of the inventory
	joined   atomic.Int64    // of them, those that were handed to the join
	unread   []audit.Gap     // what could not be read when its rows were looked at
	complete bool            // all that it lists was read, and the bucket keeps versions
	listing  listing
	line     audit.Coverage
}

func (a *App) newReceiptAudit(r config.Receipts, l config.Ledger, t task) *receiptAudit {
	c := &receiptAudit{App: a, task: t, pair: r, ledger: l, rules: receiptRules(r, l)}
	c.line = audit.Coverage{Source: "receipts", Scope: r.Name, Window: t.window}
	c.fetched = bothSides{progress: a.progress, stage: "comparing the inventories of " + r.Name + " (MB)", unit: 1e6}
	c.drifted.limit = 2 * max(a.cfg.Limits.MaxFindings, 1000)
	for i, region := range c.rules.Regions {
		at := r.Regions[region]
		client := a.aws.s3(region)
		fetched := func(done, all int64) { c.fetched.at(i, done, all) }
		c.sides[i] = &receiptSide{
			index: i, region: region, bucket: at.Bucket,
			src: inventory.Source{
				Client: client, Region: region, Bucket: at.Bucket, AsOf: t.asOf, Window: t.window, Every: at.Inventory.Every, Progress: fetched,
				Inventory: inventory.Location{Bucket: at.Inventory.Bucket, Prefix: at.Inventory.Prefix, ID: at.Inventory.ID},
				Settings:  inventory.Settings{Timeout: a.cfg.AWS.Timeout, TempDir: a.scratch()},
			},
			live: &inventory.Live{Region: region, Bucket: at.Bucket, Client: client, Rate: r.Live.Rate, Timeout: a.cfg.AWS.Timeout},
			line: audit.Coverage{Source: "inventory", Scope: r.Name, Region: region, Window: t.window},
		}
	}
	return c
}

// run compares, judges, asks the buckets about what is suspect, and judges again.
func (c *receiptAudit) run(ctx context.Context) (result receipt.Result, err error) {
	if gap := c.sameBucket(c.pair, c.window); gap != nil {
		c.line.Gaps = append(c.line.Gaps, *gap)
		return result, nil
	}
	if err := c.open(ctx); err != nil {
		return result, err
	}
	defer func() {
		for _, s := range c.sides {
			if s.list != nil {
				err = errors.Join(err, s.list.Close())
			}
		}
	}()
	c.listYoung()
	c.seen.wanted = c.again.wanted(c.window)
	c.ties = receipt.NewTies(c.rules, c.entries(), c.from(), maxStrangers).Within(c.unknownWithin()).Around(c.cover)
	c.survey, c.policy = receipt.NewSurvey(c.buckets()), c.rules.Policy()
	for i, s := range c.sides {
		if s.list != nil {
			c.fetched.all[i] = s.list.Bytes()
		}
	}
	pairs, err := c.compare(ctx)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, pairs.close()) }()
	c.certify()
	return c.judge(ctx, pairs)
}

// judge lets the auditor speak of the inventories, and again of them with what the buckets themselves say of the suspects.
func (c *receiptAudit) judge(ctx context.Context, pairs *breaks) (receipt.Result, error) {
	auditor := receipt.Auditor{Rules: c.rules}
	in := c.input(pairs.all(ctx))
	if err := c.explainDoubts(ctx, &in); err != nil {
		return receipt.Result{}, err
	}
	c.progress("judging what differs in "+c.pair.Name, 0, 0)
	result := auditor.Audit(in)
	if pairs.err != nil {
		return result, pairs.err
	}
	if result.Unasked > 0 {
		c.line.Excluded = append(c.line.Excluded, audit.Exclusion{
			Reason: fmt.Sprintf("suspects left as the inventories have them: beyond the %d that are looked up (receipts[].live.max)", c.pair.Live.Max), Records: result.Unasked,
		})
	}
	live, err := c.lookUp(ctx, result.Suspects)
	if err != nil {
		return result, err
	}
	if len(live) > 0 {
		in.Live, in.Answered = live, c.answered
		result = auditor.Audit(in)
	}
	if result, err = c.withOwners(ctx, auditor, &in, result); err != nil {
		return result, err
	}
	c.judged = in
	c.certifyUnjudged(result)
	if m := result.Misfit; m != nil {
		c.line.Gaps = append(c.line.Gaps, audit.Gap{
			Window: c.window, Reason: fmt.Sprintf("receipts %s and the payments of ledger %s do not fit one another: %s", c.pair.Name, c.pair.Ledger, m.Reason),
			Remedy: "correct " + c.keyed() + ", or the ledger, so that each finds the other; if they are right, the receipts or rows are lost: see the runbook of receipt.missing",
		})
	}
	if result.Torn > 0 {
		c.line.Gaps = append(c.line.Gaps, audit.Gap{
			Window: c.window, Reason: fmt.Sprintf("a list says two things of one version, of %d keys of receipts %s: they are undecided", result.Torn, c.pair.Name),
			Remedy: "let the buckets be asked (receipts[].live.max), or run again when the next inventories have come",
		})
	}
	if result.More > 0 && c.rows != nil { // without the ledger no receipt has a payment
		c.line.Gaps = append(c.line.Gaps, audit.Gap{
			Window: c.window, Reason: fmt.Sprintf("at least %d findings more of receipts %s are not told of by themselves", result.More, c.pair.Name),
			Remedy: "mend what is told of and run again, or raise limits.max_findings",
		})
	}
	return result, pairs.err
}

// input is all that was read.
func (c *receiptAudit) input(pairs iter.Seq[receipt.Pair]) receipt.Input {
	in := receipt.Input{
		Window: c.window, AsOf: c.asOf, Pairs: pairs, Equal: c.equal, Drifted: c.drifted.objects, Ties: c.ties, Survey: c.survey,
		Entries: c.rows, Cover: c.cover, Buckets: c.buckets(), Complete: map[audit.Region]bool{}, Scanned: map[audit.Region]time.Time{},
		Listed:     map[audit.Region]time.Time{},
		NoReceipts: c.unmatched() != nil, Trace: c.trace, Living: c.again.living(), Max: c.cfg.Limits.MaxFindings + 1,
	}
	if c.livePast == "" {
		in.Suspects = c.pair.Live.Max
	}
	for _, s := range c.sides {
		in.Complete[s.region] = s.complete
		if s.list != nil {
			in.Scanned[s.region] = s.list.Scanned
		}
		if s.listing.whole() {
			in.Listed[s.region] = s.listing.began
		}
	}
	return in
}

func (c *receiptAudit) buckets() [2]record.Bucket {
	return [2]record.Bucket{c.sides[0].settings, c.sides[1].settings}
}

// entries are the payments whose receipts are looked for: those of the window and around it, and those that earlier runs have
// found without one.
func (c *receiptAudit) entries() []record.Entry {
	if c.again == nil || c.rows == nil {
		return c.rows
	}
	return append(c.rows[:len(c.rows):len(c.rows)], c.again.entries...)
}

// unknownWithin is when the receipts of payments that are not known were written: inside the window, and where each payment is
// told of by itself, as long after it as a receipt of a payment of the window may be.
func (c *receiptAudit) unknownWithin() audit.Window {
	w := c.window
	if c.trace {
		w.To = w.To.Add(max(c.rules.Settle, c.rules.Grace) + c.rules.Grace)
	}
	return w
}

// from is the oldest moment that a receipt of these payments may be of.
func (c *receiptAudit) from() time.Time {
	from := c.cover.From
	if c.again != nil && !c.again.oldest.IsZero() {
		from = minTime(from, c.again.oldest)
	}
	return from
}

// open reads both buckets' settings and finds their newest inventories, at the same time.
func (c *receiptAudit) open(ctx context.Context) error {
	c.progress("finding the inventories of "+c.pair.Name, 0, 0)
	var both sync.WaitGroup
	var errs [2]error
	for i, s := range c.sides {
		both.Go(func() { errs[i] = s.open(ctx) })
	}
	both.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return fmt.Errorf("open receipts %s: %w", c.pair.Name, err)
	}
	c.checkSettings()
	c.livePast = c.past()
	return nil
}

func (s *receiptSide) open(ctx context.Context) (err error) {
	if s.settings, err = s.live.Settings(ctx); err != nil {
		return err
	}
	s.list, s.late, err = s.src.Find(ctx)
	s.line.Gaps = append(s.line.Gaps, s.late...)
	return err
}

// earlier is the earlier of the two scans; zero where one of the inventories was not found.
func (c *receiptAudit) earlier() time.Time {
	if c.sides[0].list == nil || c.sides[1].list == nil {
		return time.Time{}
	}
	return minTime(c.sides[0].list.Scanned, c.sides[1].list.Scanned)
}

// coverage is the certificate: the comparison, then each bucket.
func (c *receiptAudit) coverage() []audit.Coverage {
	return []audit.Coverage{c.line, c.sides[0].line, c.sides[1].line}
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
