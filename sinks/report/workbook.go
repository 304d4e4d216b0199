package report

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/bojanz/currency"
	"github.com/xuri/excelize/v2"

	"parallax/internal/audit"
)

// maxSheetRows is what a sheet holds. Source: Excel specifications and limits.
const maxSheetRows = 1_048_576

// workbook writes sheets row by row. Text is always a text cell, never a formula, so that neither a reference becomes
// 1.23E+22 nor a name that begins with = is computed.
type workbook struct {
	file   *excelize.File
	styles map[string]int
}

func newWorkbook() *workbook {
	return &workbook{file: excelize.NewFile(), styles: map[string]int{}}
}

// sheet begins a sheet with a bold, fixed and filterable header.
func (b *workbook) sheet(name string, header []string, widths []float64) (*sheet, error) {
	if len(b.file.GetSheetList()) == 1 && len(b.styles) == 0 {
		if err := b.file.SetSheetName("Sheet1", name); err != nil {
			return nil, err
		}
	} else if _, err := b.file.NewSheet(name); err != nil {
		return nil, err
	}
	stream, err := b.file.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	s := &sheet{book: b, stream: stream}
	for i, w := range widths {
		if err := stream.SetColWidth(i+1, i+1, w); err != nil {
			return nil, err
		}
	}
	if err := stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	bold, err := b.style("bold", &excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8ECF0"}}})
	if err != nil {
		return nil, err
	}
	cells := make([]any, len(header))
	for i, h := range header {
		cells[i] = excelize.Cell{StyleID: bold, Value: h}
	}
	return s, s.row(cells...)
}

// style makes each style once.
func (b *workbook) style(name string, style *excelize.Style) (int, error) {
	if id, made := b.styles[name]; made {
		return id, nil
	}
	id, err := b.file.NewStyle(style)
	if err == nil {
		b.styles[name] = id
	}
	return id, err
}

// money is a number cell with the currency's decimals. A sum of more digits than a spreadsheet keeps is a text cell.
func (b *workbook) money(m audit.Money) (any, error) {
	digits, known := currency.GetDigits(m.Currency)
	if !known || m.Minor >= 1e15 || m.Minor <= -1e15 {
		return decimalOf(m), nil
	}
	format := "#,##0"
	if digits > 0 {
		format += "." + strings.Repeat("0", int(digits))
	}
	id, err := b.style(format, &excelize.Style{CustomNumFmt: &format})
	if err != nil {
		return nil, err
	}
	// Fifteen digits survive the way through a spreadsheet's binary number unchanged.
	value, err := strconv.ParseFloat(strings.ReplaceAll(decimalOf(m), ",", ""), 64)
	return excelize.Cell{StyleID: id, Value: value}, err
}

// write writes the workbook and gives up its temporary files.
func (b *workbook) write(w io.Writer) error {
	_, err := b.file.WriteTo(w)
	return errors.Join(err, b.file.Close())
}

type sheet struct {
	book   *workbook
	stream *excelize.StreamWriter
	rows   int
}

// row adds a row; strings are shown as they are, control characters spelled out.
func (s *sheet) row(cells ...any) error {
	s.rows++
	for i, c := range cells {
		if text, ok := c.(string); ok {
			cells[i] = clipCell(visible(text))
		}
	}
	return s.stream.SetRow("A"+strconv.Itoa(s.rows), cells)
}

// full reports whether the sheet has room for one row only.
func (s *sheet) full() bool { return s.rows >= maxSheetRows-1 }

func (s *sheet) close() error { return s.stream.Flush() }

// clipCell keeps a text within what a cell holds. Source: Excel specifications and limits, 32,767 characters.
func clipCell(text string) string {
	const most = 32_000
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + " (cut)"
}

func tieOutWorkbook(w io.Writer, t TieOut) error {
	b := newWorkbook()
	for _, fill := range []func(*workbook, TieOut) error{summarySheet, breaksSheet, matchesSheet, notSeenSheet} {
		if err := fill(b, t); err != nil {
			return errors.Join(fmt.Errorf("write workbook: %w", err), b.file.Close())
		}
	}
	return b.write(w)
}

func summarySheet(b *workbook, t TieOut) error {
	s, err := b.sheet("Summary", []string{"", "", "Ledger", "", "File", ""}, []float64{18, 14, 14, 20, 14, 20})
	if err != nil {
		return err
	}
	rows := [][]any{
		{"verdict", string(t.Verdict)}, {"as of", t.AsOf.UTC().Format("2006-01-02 15:04:05 UTC")},
		{"ledger", t.Ledger.Name, t.Ledger.Format, fmt.Sprintf("%d records", t.Ledger.Records), "sha256", t.Ledger.SHA256},
		{"file", t.File.Name, t.File.Format, fmt.Sprintf("%d records", t.File.Records), "sha256", t.File.SHA256},
		{"breaks", len(t.Findings)}, {"not seen", len(t.NotSeen)}, {},
		{"currency", "", "count", "amount", "count", "amount"},
	}
	for _, c := range t.Proof {
		more, err := b.proofCells(c)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	rows = append(rows, []any{})
	for _, side := range []TieOutSide{t.Ledger, t.File} {
		for _, field := range slices.Sorted(maps.Keys(side.Columns)) {
			rows = append(rows, []any{"column", side.Name, field, side.Columns[field]})
		}
		for _, name := range slices.Sorted(maps.Keys(side.Totals)) {
			rows = append(rows, []any{"control total", side.Name, name, side.Totals[name]})
		}
	}
	for _, row := range rows {
		if err := s.row(row...); err != nil {
			return err
		}
	}
	return s.close()
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

func breaksSheet(b *workbook, t TieOut) error {
	s, err := b.sheet("Breaks", []string{
		"kind", "verdict", "severity", "status", "key", "currency", "at stake", "field", "source", "where", "value", "other source", "where", "other value", "reason", "finding",
	}, []float64{30, 12, 10, 10, 26, 9, 16, 16, 22, 18, 22, 22, 18, 22, 90, 16})
	if err != nil {
		return err
	}
	for _, f := range t.Findings {
		rows, err := b.breakRows(f)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if s.full() {
				return errors.Join(s.row("the sheet is full: the rest is left out; --output csv has all findings"), s.close())
			}
			if err := s.row(row...); err != nil {
				return err
			}
		}
	}
	return s.close()
}

// breakRows is one row for each currency of a finding; only the first says the rest.
func (b *workbook) breakRows(f audit.StoredFinding) ([][]any, error) {
	amounts := f.Amounts
	if len(amounts) == 0 {
		amounts = []audit.Money{{}}
	}
	var rows [][]any
	for i, m := range amounts {
		amount := any(nil)
		if m.Currency != "" {
			var err error
			if amount, err = b.money(m); err != nil {
				return nil, err
			}
		}
		row := []any{string(f.Kind), string(f.Verdict), string(f.Severity), string(f.Status), f.Key, m.Currency, amount}
		if i == 0 {
			row = append(row, sidesOf(f)...)
			row = append(row, f.Reason, string(f.Fingerprint))
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// sidesOf are the first two pieces of evidence: what differs, and what each side says.
func sidesOf(f audit.StoredFinding) []any {
	out := make([]any, 0, 7)
	field := ""
	for _, e := range f.Evidence {
		if e.Field != "" {
			field = e.Field
			break
		}
	}
	out = append(out, field)
	for i := range 2 {
		if i >= len(f.Evidence) {
			out = append(out, "", "", "")
			continue
		}
		e := f.Evidence[i]
		out = append(out, e.Source, e.Ref, strings.Trim(e.Value+"  "+e.Note, " "))
	}
	return out
}

func matchesSheet(b *workbook, t TieOut) error {
	s, err := b.sheet("Matches", []string{"payment", "reference", "currency", "amount", "rule", "file", "line"}, []float64{30, 30, 9, 16, 40, 30, 10})
	if err != nil {
		return err
	}
	pairings := slices.Clone(t.Matches)
	slices.SortFunc(pairings, func(a, b audit.Match) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.PaymentID, b.PaymentID))
	})
	for _, m := range pairings {
		amount, err := b.money(m.Amount)
		if err != nil {
			return err
		}
		if err := s.row(m.PaymentID, m.Reference, m.Amount.Currency, amount, m.Rule, m.File, m.Line); err != nil {
			return err
		}
	}
	if left := t.Pairings - int64(len(pairings)); left > 0 {
		if err := s.row(fmt.Sprintf("%d more pairings are left out: the sheet is full", left)); err != nil {
			return err
		}
	}
	return s.close()
}

func notSeenSheet(b *workbook, t TieOut) error {
	s, err := b.sheet("Not seen", []string{"what", "why", "what to do"}, []float64{16, 90, 60})
	if err != nil {
		return err
	}
	for _, g := range t.NotSeen {
		if err := s.row("not read", g.Reason, g.Remedy); err != nil {
			return err
		}
	}
	for _, e := range t.Excluded {
		if err := s.row("left out", fmt.Sprintf("%d: %s", e.Records, e.Reason), ""); err != nil {
			return err
		}
	}
	return s.close()
}
