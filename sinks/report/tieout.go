package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
)

// TieOut is one ledger held against the settlement files of one network.
type TieOut struct {
	AsOf     time.Time
	Verdict  audit.RunVerdict
	Ledger   TieOutSide
	File     TieOutSide
	Findings []audit.StoredFinding
	Proof    []CurrencyProof // by currency
	Matches  []audit.Match   // the pairings, as far as a workbook holds them
	Pairings int64           // how many there are
	NotSeen  []audit.Gap
	Notes    []string // what a person should check first, where the files disagree throughout
	Excluded []audit.Exclusion
}

// TieOutSide is one of the two files.
type TieOutSide struct {
	Name    string // base name
	Format  string // "csv", "ipm", ...
	SHA256  string
	Records int64
	Columns map[string]string // field to column; nil where the format has no columns to choose
	Totals  map[string]string // control totals, stated and computed
}

// CurrencyProof accounts for everything on both sides in one currency: the first share of a side is the whole, and the
// others add up to it to the minor unit.
type CurrencyProof struct {
	Currency     string
	Ledger, File []Share
}

// Share is a part of one side.
type Share struct {
	Name  string // "ledger", "matched", "breaks", ...
	Count int64
	Minor int64
}

// MaxPairings is how many pairings a workbook shows.
const MaxPairings = maxSheetRows - 2

// maxReasons is how many breaks are explained below the table.
const maxReasons = 20

// WriteTieOut writes a tie-out: for people all of it; for programs the findings, and as a workbook all of it again.
func WriteTieOut(w io.Writer, format Format, t TieOut) error {
	switch format {
	case XLSX:
		return tieOutWorkbook(w, t)
	case Table:
		return tieOutTable(w, t)
	default:
		return Findings(w, format, t.listing())
	}
}

func (t TieOut) listing() Listing { return Listing{Findings: t.Findings, Total: len(t.Findings)} }

func tieOutTable(w io.Writer, t TieOut) error {
	if err := breaksTable(w, t); err != nil {
		return err
	}
	var out strings.Builder
	reasons(&out, t.Findings)
	writeGaps(&out, t.NotSeen)
	if _, err := io.WriteString(w, out.String()); err != nil {
		return err
	}
	if err := proof(w, t.Proof); err != nil {
		return err
	}
	out.Reset()
	for _, e := range t.Excluded {
		out.WriteString(sayf("left out %s: %s\n", e.Records, e.Reason))
	}
	writeNotes(&out, t.Notes)
	_, err := io.WriteString(w, out.String())
	return err
}

// breaksTable lists the breaks. Of a break that is stored nowhere there is nothing to say but what it is.
func breaksTable(w io.Writer, t TieOut) error {
	if len(t.Findings) == 0 {
		text := "no findings"
		if len(t.Proof) == 0 && len(t.NotSeen) > 0 {
			text += ", for nothing was compared"
		}
		_, err := fmt.Fprintln(w, text)
		return err
	}
	rows := [][]string{{"KIND", "VERDICT", "SEVERITY", "KEY", "MONEY AT STAKE"}}
	for _, f := range t.Findings {
		rows = append(rows, []string{string(f.Kind), string(f.Verdict), string(f.Severity), f.Key, MoneyList(f.Amounts)})
	}
	if err := columns(w, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, visible(t.listing().sum()))
	return err
}

// WriteRemarks writes what the findings alone do not tell: what was not seen, and what should be checked first.
func WriteRemarks(w io.Writer, t TieOut) error {
	var out strings.Builder
	writeGaps(&out, t.NotSeen)
	writeNotes(&out, t.Notes)
	_, err := io.WriteString(w, out.String())
	return err
}

func writeGaps(out *strings.Builder, gaps []audit.Gap) {
	for _, g := range gaps {
		out.WriteString(sayf("not seen: %s\n", g.Reason))
		if g.Remedy != "" {
			out.WriteString(sayf("  -> %s\n", g.Remedy))
		}
	}
}

func writeNotes(out *strings.Builder, texts []string) {
	for _, text := range texts {
		out.WriteString(sayf("note: %s\n", text))
	}
}

// reasons says of each break why it is one, in a sentence.
func reasons(out *strings.Builder, findings []audit.StoredFinding) {
	if len(findings) == 0 {
		return
	}
	out.WriteString("\nwhy\n")
	for i, f := range findings {
		if i == maxReasons {
			fmt.Fprintf(out, "  and %d more: --out FILE.xlsx or -o csv has them all\n", len(findings)-i)
			break
		}
		out.WriteString(sayf("  %s  %s\n", f.Key, f.Reason))
	}
	out.WriteByte('\n')
}

// proof lays the two sides of each currency next to one another.
func proof(w io.Writer, currencies []CurrencyProof) error {
	var rows [][]string
	for _, c := range currencies {
		rows = append(rows, proofRows(c)...)
	}
	if len(rows) == 0 {
		return nil
	}
	return rightColumns(w, append([][]string{{"", "LEDGER", "", "FILE", ""}}, rows...))
}

func proofRows(c CurrencyProof) [][]string {
	var names []string
	for _, s := range slices.Concat(c.Ledger, c.File) {
		if !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	var rows [][]string
	for i, name := range names {
		left, right := shareOf(c.Ledger, name), shareOf(c.File, name)
		label := "  " + name
		if i == 0 {
			label = dash(c.Currency)
		} else if left == nil && (right == nil || right.Count == 0) || right == nil && left.Count == 0 {
			continue // a column of zeros that only one side has
		}
		rows = append(rows, append([]string{label}, append(shareCells(c.Currency, left), shareCells(c.Currency, right)...)...))
	}
	return rows
}

func shareOf(shares []Share, name string) *Share {
	if i := slices.IndexFunc(shares, func(s Share) bool { return s.Name == name }); i >= 0 {
		return &shares[i]
	}
	return nil
}

func shareCells(currency string, s *Share) []string {
	if s == nil {
		return []string{"", ""}
	}
	return []string{fmt.Sprint(s.Count), decimalOf(audit.Money{Minor: s.Minor, Currency: currency})}
}

// decimalOf is an amount without its currency.
func decimalOf(m audit.Money) string { return strings.TrimPrefix(Money(m), m.Currency+" ") }

// rightColumns aligns all columns but the first to the right.
func rightColumns(w io.Writer, rows [][]string) error {
	width := map[int]int{}
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		cells := []string{fmt.Sprintf("%-*s", width[0], visible(row[0]))}
		for i, cell := range row[1:] {
			cells = append(cells, fmt.Sprintf("%*s", width[i+1], visible(cell)))
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "  "), " ")); err != nil {
			return err
		}
	}
	return nil
}

// WriteSide says what one file is taken for.
func WriteSide(w io.Writer, s TieOutSide) error {
	text := sayf("%s: %s", s.Name, s.Format)
	if len(s.Columns) > 0 {
		text += ", columns " + columnList(s.Columns)
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

func columnList(columns map[string]string) string {
	parts := make([]string, 0, len(columns))
	for _, field := range slices.Sorted(maps.Keys(columns)) {
		parts = append(parts, sayf("%s=%s", field, columns[field]))
	}
	return strings.Join(parts, ",")
}
