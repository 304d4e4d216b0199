package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"parallax/auditors/ledger"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/record"
	"parallax/sinks/repair"
	"parallax/sources/aurora"
)

// ledgerRows are the whole rows of some payments in the copies of a ledger, as they stand now. Readers are not among them: a
// replica is never newer than its writer, and what it holds otherwise it has only not replayed yet.
type ledgerRows struct {
	writers   map[audit.Region]wholeRows // the copies in force: one, or one a region where the ledger is sharded
	snapshots []snapshotRows
}

type wholeRows map[string][]aurora.FullRow // by payment id

// snapshotRows are those of a restored old primary. Its error says why it could not be read.
type snapshotRows struct {
	region audit.Region
	rows   wholeRows
	err    error
}

// ledger plans the rows of a ledger that are to be inserted again or changed.
func (p *planning) ledger(ctx context.Context, l config.Ledger, found []audit.StoredFinding) error {
	if len(found) == 0 {
		return nil
	}
	if l.Table == "" {
		for _, f := range found {
			p.byHand(f, "ledger "+l.Name+" is mapped by a query: the rows behind it cannot be written")
		}
		return nil
	}
	rows, err := p.wholeRows(ctx, l, keysOfFindings(found))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		p.unread(err.Error(), found...)
		return nil
	}
	for _, f := range found {
		inForce, ok := rows.inForce(l, f)
		if !ok {
			p.unread("the copy of ledger "+l.Name+" that is in force for it could not be read", f)
			continue
		}
		row, why, unread := p.planRow(l, f, inForce, rows)
		switch {
		case unread:
			p.unread(why, f)
		case why != "":
			p.byHand(f, why)
		default:
			p.plan.Rows = append(p.plan.Rows, row)
		}
	}
	return p.placeRows(ctx, l)
}

func keysOfFindings(found []audit.StoredFinding) []string {
	ids := make([]string, len(found))
	for i, f := range found {
		ids[i] = f.Key
	}
	return ids
}

// wholeRows reads the payments in every copy. Who is in force the databases themselves say; where that cannot be told nothing
// is planned.
func (p *planning) wholeRows(ctx context.Context, l config.Ledger, ids []string) (ledgerRows, error) {
	out := ledgerRows{writers: map[audit.Region]wholeRows{}}
	var silent error
	for _, region := range slices.Sorted(maps.Keys(l.Regions)) {
		rows, speaks, err := p.wholeCopy(ctx, l, region, ids)
		switch {
		case speaks == record.Writer && err == nil:
			out.writers[region] = rows
		case speaks == record.Reader && err == nil:
		default:
			silent = errors.Join(silent, err)
		}
	}
	switch n := len(out.writers); {
	case l.Sharded() || n == 1:
	case silent != nil:
		return out, silent
	default:
		return out, fmt.Errorf("ledger %s accepts writes in %d regions: which copy is in force cannot be told", l.Name, n)
	}
	for _, conn := range l.Restored() {
		rows, err := p.wholeSnapshot(ctx, l, conn, ids)
		out.snapshots = append(out.snapshots, snapshotRows{region: conn.Region, rows: rows, err: err})
	}
	return out, nil
}

// wholeCopy says in which capacity the database of a region speaks, and reads the payments in it where it is in force.
func (a *App) wholeCopy(ctx context.Context, l config.Ledger, region audit.Region, ids []string) (wholeRows, record.Witness, error) {
	src, err := a.ledgerAt(ctx, l, region)
	if err != nil {
		return nil, "", err
	}
	speaks, err := src.Identify(ctx)
	if err != nil || speaks != record.Writer {
		return nil, speaks, err
	}
	rows, err := readWhole(ctx, src, ids)
	return rows, speaks, err
}

func (a *App) snapshotAt(ctx context.Context, l config.Ledger, conn config.Connection) (aurora.Source, error) {
	pool, err := a.ledgerPool(ctx, conn, conn.Region)
	if err != nil {
		return aurora.Source{}, err
	}
	return aurora.Source{
		Scope: l.Name, Region: conn.Region, Witness: record.Snapshot, Mapping: mapping(l), DB: pool, Settings: a.ledgerSettings(),
	}, nil
}

func (a *App) wholeSnapshot(ctx context.Context, l config.Ledger, conn config.Connection, ids []string) (wholeRows, error) {
	src, err := a.snapshotAt(ctx, l, conn)
	if err != nil {
		return nil, err
	}
	return readWhole(ctx, src, ids)
}

func readWhole(ctx context.Context, src aurora.Source, ids []string) (wholeRows, error) {
	all, err := src.FullRows(ctx, ids)
	if err != nil {
		return nil, err
	}
	rows := wholeRows{}
	for _, r := range all {
		rows[r.PaymentID] = append(rows[r.PaymentID], r)
	}
	return rows, nil
}

// inForce are the rows that a finding's row is to be put right among.
func (r ledgerRows) inForce(l config.Ledger, f audit.StoredFinding) (wholeRows, bool) {
	if l.Sharded() {
		rows, ok := r.writers[f.Region]
		return rows, ok
	}
	for _, rows := range r.writers {
		return rows, true
	}
	return nil, false
}

// planRow plans one row, or says why it cannot be planned.
func (p *planning) planRow(l config.Ledger, f audit.StoredFinding, inForce wholeRows, rows ledgerRows) (row repair.Row, why string, unread bool) {
	if f.Verdict != audit.Proven {
		return row, "decide by hand: the finding is not proven, for it rests on a clock", false
	}
	snapshot, reader := heldBy(f, record.Snapshot), heldBy(f, record.Reader)
	switch {
	case f.Kind == audit.LedgerLostRow && len(snapshot) > 0 && len(reader) > 0:
		return row, "decide by hand: the reader in " + string(reader[0]) + " has the row too, so that it may have been removed from the ledger in force since", false
	case !slices.Contains(snapshot, f.Region):
		return row, "nothing is to be mended here: only the reader in " + string(f.Region) + " holds it so, and a replica is never newer than its writer", false
	}
	held, why, unread := rows.held(l, f)
	if why != "" {
		return row, why, unread
	}
	row = repair.Row{About: about(f), Table: mapping(l).TableSQL(), OldID: textOf(held, l.Columns.ID)}
	if l.Sharded() {
		row.Target = f.Region
	}
	payment, ok := columnOf(held, l.Columns.PaymentID)
	if !ok || payment.Value == nil {
		return row, "the row has no readable payment id", false
	}
	row.Payment = repairColumn(payment)
	if f.Kind == audit.LedgerLostRow {
		why = insertion(l, f, held, rows.ofPayment(f), inForce[f.Key], &row)
	} else {
		why = alteration(l, f, held, inForce[f.Key], &row)
	}
	if why == "" && !presentable(slices.Concat(row.Insert, row.Set, row.Expect)) {
		why = "a value of the row looks like a card number, which no file may hold: mend it from the snapshot by hand"
	}
	return row, why, false
}

// held is the row as a snapshot of the finding's region holds it. Where two hold it differently nobody knows which is right.
func (r ledgerRows) held(l config.Ledger, f audit.StoredFinding) (held aurora.FullRow, why string, unread bool) {
	var candidates []aurora.FullRow
	for _, w := range r.snapshots {
		if w.region != f.Region {
			continue
		}
		if w.err != nil {
			return held, w.err.Error(), true
		}
		if found, ok := meant(l, f, w.rows[f.Key]); ok {
			candidates = append(candidates, found)
		}
	}
	if len(candidates) == 0 {
		return held, fmt.Sprintf("no snapshot of %s holds the row any more: is it still configured?", f.Region), true
	}
	for _, c := range candidates[1:] {
		if !slices.EqualFunc(candidates[0].Columns, c.Columns, sameColumn) {
			return held, "decide by hand: two snapshots hold the row with different values", false
		}
	}
	return candidates[0], "", false
}

// heldBy are the regions whose witness of a kind holds what a finding is about.
func heldBy(f audit.StoredFinding, kind record.Witness) []audit.Region {
	var out []audit.Region
	for _, e := range f.Evidence {
		if e.Note == ledger.NoteHeld(kind) || e.Note == ledger.NoteLost(kind) {
			out = append(out, e.Region)
		}
	}
	return out
}

// meant is the row that a finding's evidence names, among those of its payment.
func meant(l config.Ledger, f audit.StoredFinding, rows []aurora.FullRow) (aurora.FullRow, bool) {
	if len(rows) == 1 && l.Columns.ID == "" {
		return rows[0], true
	}
	for _, e := range f.Evidence {
		id, named := strings.CutPrefix(e.Ref, "row id ")
		if !named || id == "" || e.Region != f.Region {
			continue
		}
		i := slices.IndexFunc(rows, func(r aurora.FullRow) bool { return textOf(r, l.Columns.ID) == id })
		if i >= 0 {
			return rows[i], true
		}
	}
	return aurora.FullRow{}, false
}

func sameColumn(a, b aurora.FullColumn) bool {
	return a.Name == b.Name && a.Type == b.Type && (a.Value == nil) == (b.Value == nil) && (a.Value == nil || *a.Value == *b.Value)
}
