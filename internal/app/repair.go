package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pan"
	"parallax/sinks/repair"
	"parallax/sinks/store"
)

// RepairRequest asks for repair files: of all findings that stand, of those of a window, or of those around a failover.
type RepairRequest struct {
	Out      string    // folder; data_dir/repair/<written> where empty
	AsOf     time.Time // of the findings
	Written  time.Time // now, by the clock that the files' expiry is held against; AsOf where it is later or this is zero
	From, To time.Time
	At       time.Time // of a failover
}

// Check refuses what selects nothing that could be meant.
func (r RepairRequest) Check() error {
	switch {
	case r.From.IsZero() != r.To.IsZero():
		return errors.New("--from and --to belong together: give both or neither")
	case !r.From.IsZero() && !r.At.IsZero():
		return errors.New("--at and --from exclude one another: give the failover's moment, or the window")
	case !r.From.IsZero() && !r.From.Before(r.To):
		return fmt.Errorf("window %s - %s is empty: --from must lie before --to", r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))
	}
	return nil
}

// repairWindow is whose findings are taken; nil: all that stand. A moment without a failover near it is an error.
func (a *App) repairWindow(ctx context.Context, r RepairRequest) (*audit.Window, error) {
	switch {
	case !r.From.IsZero():
		return &audit.Window{From: r.From.UTC(), To: r.To.UTC()}, nil
	case r.At.IsZero():
		return nil, nil //nolint:nilnil // all of them
	}
	failovers, err := a.knownFailovers(ctx, r.AsOf)
	if err != nil {
		return nil, err
	}
	cases, err := a.store.Cases(ctx)
	if err != nil {
		return nil, err
	}
	chosen, err := chooseFailover(failovers, cases, r.At)
	if err != nil {
		return nil, err
	}
	at := chosen.failover.At
	return &audit.Window{From: at.Add(-a.cfg.Failover.Before).UTC(), To: at.Add(a.cfg.Failover.After).UTC()}, nil
}

// latest is when the values in the files were read.
func (r RepairRequest) latest() time.Time {
	if r.Written.After(r.AsOf) {
		return r.Written.UTC().Truncate(time.Second)
	}
	return r.AsOf.UTC().Truncate(time.Second)
}

// planning is a plan in the making.
type planning struct {
	*App
	plan repair.Plan
}

// WriteRepair reads what the findings that stand speak of afresh, and writes the files that would mend them. It reports
// whether everything needed could be read; what could not is listed among what is left to be done by hand.
func (a *App) WriteRepair(ctx context.Context, w io.Writer, output string, req RepairRequest) (complete bool, err error) {
	if err := req.Check(); err != nil {
		return false, err
	}
	p, err := a.planRepair(ctx, req)
	if err != nil {
		return false, err
	}
	files, err := repair.Write(p)
	if err != nil {
		return false, err
	}
	dir := req.Out
	if dir == "" {
		dir = filepath.Join(repairDir(a.cfg), req.latest().Format("20060102T150405Z"))
	}
	if err := writeFolder(dir, files.Files); err != nil {
		return false, err
	}
	complete = !slices.ContainsFunc(p.ByHand, func(b repair.ByHand) bool { return b.Unread })
	return complete, repair.ShowWritten(w, output, dir, files.Manifest)
}

// repairDir is where repair files go that nobody has named a folder for.
func repairDir(cfg *config.Config) string { return filepath.Join(cfg.DataDir, "repair") }

// planRepair gathers what is to be mended.
func (a *App) planRepair(ctx context.Context, req RepairRequest) (repair.Plan, error) {
	window, err := a.repairWindow(ctx, req)
	if err != nil {
		return repair.Plan{}, err
	}
	p := &planning{App: a, plan: repair.Plan{
		AsOf: req.AsOf.UTC(), Written: req.latest(), Expires: req.latest().Add(a.cfg.Repair.Expires), Window: window,
	}}
	found, err := p.findings(ctx)
	if err != nil {
		return p.plan, err
	}
	for _, l := range a.cfg.Ledgers {
		if err := p.ledger(ctx, l, of(found, l.Name, audit.LedgerLostRow, audit.LedgerChangedRow)); err != nil {
			return p.plan, err
		}
	}
	for _, t := range a.cfg.Tables {
		if err := p.table(ctx, t, of(found, t.Name, audit.LWWNotReplicated, audit.LWWLostWrite, audit.LWWLostDelete)); err != nil {
			return p.plan, err
		}
	}
	for _, r := range a.cfg.Receipts {
		if err := p.receipts(ctx, r, of(found, r.Name, audit.ReceiptNotReplicated, audit.ReceiptReplicationFailed, audit.ReceiptMismatch, audit.ReceiptDeleteDiverged)); err != nil {
			return p.plan, err
		}
	}
	if err := p.refunds(ctx, found); err != nil {
		return p.plan, err
	}
	p.undecided(found)
	p.leftOver(found)
	slices.SortStableFunc(p.plan.ByHand, func(a, b repair.ByHand) int {
		return strings.Compare(string(a.Kind)+"\x00"+a.Key, string(b.Kind)+"\x00"+b.Key)
	})
	return p.plan, nil
}

// repairable are the kinds that repair files are about, whether or not a machine can decide them.
var repairable = []audit.Kind{
	audit.LedgerLostRow, audit.LedgerChangedRow,
	audit.LWWLostWrite, audit.LWWLostDelete, audit.LWWNotReplicated, audit.LWWDoubleAccept, audit.LWWFork, audit.LWWDiverged, audit.LWWUndecidable,
	audit.ReceiptMissing, audit.ReceiptNotReplicated, audit.ReceiptReplicationFailed, audit.ReceiptMismatch, audit.ReceiptDeleteDiverged,
	audit.ReceiptOrphan, audit.ReceiptStorageDrift,
	audit.ChainDoubleCharge,
}

// findings are those that stand and are wanted, less those whose keys the store holds masked.
func (p *planning) findings(ctx context.Context) ([]audit.StoredFinding, error) {
	all, _, err := p.store.Findings(ctx, store.Filter{Kinds: repairable, Status: []audit.Status{audit.Overdue, audit.Open, audit.Acknowledged}})
	if err != nil {
		return nil, err
	}
	var found []audit.StoredFinding
	for _, f := range all {
		switch w := p.plan.Window; {
		case w != nil && !w.Holds(f.Window.From) && !w.Holds(f.Due().From):
		case pan.Masked(f.Key):
			p.byHand(f, "its key looks like a card number, which no file may hold")
		default:
			found = append(found, f)
		}
	}
	return found, nil
}

// of are the findings of a scope and some kinds.
func of(found []audit.StoredFinding, scope string, kinds ...audit.Kind) []audit.StoredFinding {
	return slices.DeleteFunc(slices.Clone(found), func(f audit.StoredFinding) bool {
		return f.Scope != scope || !slices.Contains(kinds, f.Kind)
	})
}

func about(f audit.StoredFinding) repair.About {
	return repair.About{
		Findings: []audit.Fingerprint{f.Fingerprint}, Kind: f.Kind, Scope: f.Scope, Key: f.Key, Region: f.Region, Amounts: f.Amounts,
	}
}

// byHand leaves a finding, and others about the same, to be dealt with by a person.
func (p *planning) byHand(f audit.StoredFinding, why string, also ...audit.StoredFinding) {
	p.left(why, false, append([]audit.StoredFinding{f}, also...))
}

// unread leaves findings to a later attempt.
func (p *planning) unread(why string, found ...audit.StoredFinding) { p.left(why, true, found) }

// left lists findings for which no file is written, each once: of one with several charges, every reason is given.
func (p *planning) left(why string, unread bool, found []audit.StoredFinding) {
	why = pan.Mask(strings.ReplaceAll(why, "\n", "; "))
	for _, f := range found {
		i := slices.IndexFunc(p.plan.ByHand, func(b repair.ByHand) bool { return slices.Contains(b.Findings, f.Fingerprint) })
		if i < 0 {
			p.plan.ByHand = append(p.plan.ByHand, repair.ByHand{About: about(f), Why: why, Unread: unread})
			continue
		}
		b := &p.plan.ByHand[i]
		if !strings.Contains(b.Why, why) {
			b.Why += "; " + why
		}
		b.Unread = b.Unread || unread
	}
}

// leftOver lists the findings that nothing above has spoken of: those of a ledger, table or pair of buckets that is no longer
// configured.
func (p *planning) leftOver(found []audit.StoredFinding) {
	spoken := map[audit.Fingerprint]bool{}
	for _, about := range p.plan.Mentions() {
		for _, f := range about.Findings {
			spoken[f] = true
		}
	}
	for _, f := range found {
		if !spoken[f.Fingerprint] {
			p.byHand(f, "nothing of the configuration is named "+f.Scope)
		}
	}
}

// undecided lists the findings of which no machine can say what is right.
func (p *planning) undecided(found []audit.StoredFinding) {
	why := map[audit.Kind]string{
		audit.LWWFork:             "decide by hand: one of two versions was lost, and the records cannot say which",
		audit.LWWDiverged:         "decide by hand: the regions hold different items, and neither is the older one",
		audit.LWWUndecidable:      "decide by hand: whether anything was lost cannot be told from the records",
		audit.ReceiptMissing:      "no bucket holds the receipt: make it again from the payment",
		audit.ReceiptOrphan:       "decide by hand: look for the payment among the rows the ledger lost before the receipt is taken for one too many",
		audit.ReceiptStorageDrift: "mend the lifecycle rules: no file changes a storage class, for the next transition would change it back",
	}
	for _, f := range found {
		if text := why[f.Kind]; text != "" {
			p.byHand(f, text)
		}
	}
}
