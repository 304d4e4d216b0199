package report

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"parallax/internal/audit"
)

// tieOutWorkbook writes a tie-out as sheets: what came of it, the breaks, their evidence, the pairings, what was not seen.
func tieOutWorkbook(w io.Writer, t TieOut) error {
	b := newWorkbook()
	if err := b.tieOut(t); err != nil {
		return errors.Join(fmt.Errorf("write workbook: %w", err), b.file.Close())
	}
	return b.write(w)
}

func (b *workbook) tieOut(t TieOut) error {
	if err := b.summary(t); err != nil {
		return err
	}
	for _, s := range []struct {
		name    string
		columns []column
		rows    rowSeq
	}{
		{"Breaks", breakColumns, b.breaks(t.Findings)},
		{"Evidence", evidenceColumns, b.evidence(t.Findings)},
		{"Matches", matchColumns, b.matches(t)},
		{"Not seen", notSeenColumns, notSeen(t)},
	} {
		if err := b.list(s.name, s.columns, s.rows); err != nil {
			return err
		}
	}
	return nil
}

// means says each verdict in a sentence.
func means(v audit.RunVerdict) string {
	switch v {
	case audit.RunClean:
		return "everything was read, and nothing is amiss"
	case audit.RunFindings:
		return "everything was read; the sheet Breaks says what differs"
	default:
		return "not everything could be read or compared: see the sheet Not seen"
	}
}

func (b *workbook) summary(t TieOut) error {
	head, err := b.title(fmt.Sprintf("%s held against %s", t.Ledger.Name, t.File.Name))
	if err != nil {
		return err
	}
	moment, err := b.moment(t.AsOf)
	if err != nil {
		return err
	}
	rows := [][]any{
		{"verdict", string(t.Verdict), means(t.Verdict)}, {"as of (UTC)", moment}, {"breaks", len(t.Findings)},
		{"pairings", t.Pairings}, {"not seen", len(t.NotSeen)},
	}
	for _, section := range []func(TieOut) ([][]any, error){b.files, b.proof, b.columnsUsed, b.controlTotals} {
		more, err := section(t)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	return b.sheet("Summary", []float64{16, 26, 18, 24, 18, 24}, head, false, func(yield func([]any, error) bool) {
		for _, row := range rows {
			if !yield(slices.Clone(row), nil) {
				return
			}
		}
	})
}

// section is a table on a sheet that has others: an empty row, a header, and the rows; nothing without rows.
func (b *workbook) section(rows [][]any, titles ...string) ([][]any, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	head, err := b.header(titles...)
	return append([][]any{{}, head}, rows...), err
}

func (b *workbook) files(t TieOut) ([][]any, error) {
	return b.section([][]any{
		{"ledger", t.Ledger.Name, t.Ledger.Format, t.Ledger.Records, t.Ledger.SHA256},
		{"settlement file", t.File.Name, t.File.Format, t.File.Records, t.File.SHA256},
	}, "file", "name", "format", "records", "sha256")
}

func (b *workbook) proof(t TieOut) ([][]any, error) {
	var rows [][]any
	for _, c := range t.Proof {
		more, err := b.proofCells(c)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return b.section(rows, "currency", "share", "ledger count", "ledger amount", "file count", "file amount")
}

// proofCells lays both sides of a currency next to one another.
func (b *workbook) proofCells(c CurrencyProof) ([][]any, error) {
	var rows [][]any
	var names []string
	for _, s := range slices.Concat(c.Ledger, c.File) {
		if !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	for _, name := range names {
		row := []any{c.Currency, name}
		for _, s := range []*Share{shareOf(c.Ledger, name), shareOf(c.File, name)} {
			if s == nil {
				row = append(row, nil, nil)
				continue
			}
			amount, err := b.money(audit.Money{Minor: s.Minor, Currency: c.Currency})
			if err != nil {
				return nil, err
			}
			row = append(row, s.Count, amount)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (b *workbook) columnsUsed(t TieOut) ([][]any, error) {
	return b.section(pairsOf(t, func(s TieOutSide) map[string]string { return s.Columns }), "columns of", "field", "column")
}

func (b *workbook) controlTotals(t TieOut) ([][]any, error) {
	return b.section(pairsOf(t, func(s TieOutSide) map[string]string { return s.Totals }), "totals of", "control total", "value")
}

// pairsOf lists names and values of both sides.
func pairsOf(t TieOut, of func(TieOutSide) map[string]string) [][]any {
	var rows [][]any
	for _, side := range []TieOutSide{t.Ledger, t.File} {
		for _, name := range slices.Sorted(maps.Keys(of(side))) {
			rows = append(rows, []any{side.Name, name, of(side)[name]})
		}
	}
	return rows
}

var matchColumns = []column{{"payment", 30}, {"reference", 30}, {"currency", 10}, {"amount", 16}, {"rule", 40}, {"file", 30}, {"line", 10}}

func (b *workbook) matches(t TieOut) rowSeq {
	pairings := slices.Clone(t.Matches)
	slices.SortFunc(pairings, func(a, b audit.Match) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.PaymentID, b.PaymentID))
	})
	return func(yield func([]any, error) bool) {
		for _, m := range pairings {
			amount, err := b.money(m.Amount)
			if !yield([]any{m.PaymentID, m.Reference, m.Amount.Currency, amount, m.Rule, m.File, m.Line}, err) || err != nil {
				return
			}
		}
		if left := t.Pairings - int64(len(pairings)); left > 0 {
			yield([]any{fmt.Sprintf("the sheet is full: %d more pairings are left out", left)}, nil)
		}
	}
}

var notSeenColumns = []column{{"what", 16}, {"why", 90}, {"what to do", 60}}

func notSeen(t TieOut) rowSeq {
	return func(yield func([]any, error) bool) {
		for _, g := range t.NotSeen {
			if !yield([]any{"not read", g.Reason, g.Remedy}, nil) {
				return
			}
		}
		for _, e := range t.Excluded {
			if !yield([]any{"left out", fmt.Sprintf("%d: %s", e.Records, e.Reason), ""}, nil) {
				return
			}
		}
	}
}
