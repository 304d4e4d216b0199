package report

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"parallax/internal/audit"
)

// sampleBreaks has a finding for each way to fill the row of one.
func sampleBreaks() TieOut {
	t := sampleTieOut()
	at := time.Date(2026, 11, 19, 23, 30, 15, 0, time.FixedZone("", 3600))
	add := func(kind audit.Kind, amounts []audit.Money, evidence ...audit.Evidence) {
		t.Findings = append(t.Findings, audit.StoredFinding{Finding: audit.Finding{
			Fingerprint: audit.Fingerprint(fmt.Sprintf("f%d", len(t.Findings))), Kind: kind, Key: "K", Reason: "why", Amounts: amounts, Evidence: evidence,
		}})
	}
	ledger := func(field, value, note string) audit.Evidence {
		return audit.Evidence{Source: "ledger l", Ref: "row id 1", At: at, Field: field, Value: value, Note: note}
	}
	file := func(record int, field, value, note string) audit.Evidence {
		return audit.Evidence{Source: "file m.ipm", Ref: fmt.Sprintf("record %d", record), Field: field, Value: value, Note: note}
	}
	add(audit.SettlementAmountMismatch, []audit.Money{{Minor: 45, Currency: "EUR"}},
		ledger("amount_minor", "1250", "charged"), file(2, "amount_minor", "1205", "settled"))
	add(audit.SettlementAmountMismatch, []audit.Money{{Minor: 250, Currency: "JPY"}},
		ledger("amount_minor", "1250", "charged"), file(2, "amount_minor", "600", "settled, part 1"), file(3, "amount_minor", "400", "settled, part 2"))
	add(audit.SettlementAmountMismatch, []audit.Money{{Minor: 250, Currency: "JPY"}},
		ledger("amount_minor", "1250", "charged"), file(2, "amount_minor", "600", "settled, part 1"),
		audit.Evidence{Source: "this run", Field: "not listed", Value: "9", Note: "further lines"})
	add(audit.SettlementDuplicateInNetwork, []audit.Money{{Minor: 1250, Currency: "EUR"}},
		ledger("payment_id", "=p", "in the ledger once, EUR 12.50"), file(2, "reference", "0012", "number 1"), file(3, "reference", "0012", "number 2"))
	add(audit.SettlementMissingInLedger, []audit.Money{{Minor: 7, Currency: "EUR"}},
		file(4, "reference", "R4", "settled EUR 0.07"), ledger("network_reference", "absent", ""))
	add(audit.SettlementMissingInLedger, nil)
	return t
}

func openBook(t *testing.T, of TieOut) *excelize.File {
	t.Helper()
	var out bytes.Buffer
	if err := WriteTieOut(&out, XLSX, of); err != nil {
		t.Fatal(err)
	}
	for range 9 { // often, for the order of a map can be the same by chance
		var again bytes.Buffer
		if err := WriteTieOut(&again, XLSX, of); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), again.Bytes()) {
			t.Fatal("the same tie-out gives another workbook")
		}
	}
	book, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := book.Close(); err != nil {
			t.Error(err)
		}
	})
	return book
}

// rowsOf reads a sheet, and checks that it has no formula and that its stated size is its size.
func rowsOf(t *testing.T, book *excelize.File, sheet string) [][]string {
	t.Helper()
	rows, err := book.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	wide := 0
	for r, row := range rows {
		wide = max(wide, len(row))
		for c := range row {
			at, err := excelize.CoordinatesToCellName(c+1, r+1)
			if err != nil {
				t.Fatal(err)
			}
			if formula, err := book.GetCellFormula(sheet, at); err != nil || formula != "" {
				t.Errorf("%s!%s is a formula: %s, %v", sheet, at, formula, err)
			}
		}
	}
	size, err := area(wide, len(rows))
	if err != nil {
		t.Fatal(err)
	}
	if stated, err := book.GetSheetDimension(sheet); err != nil || stated != size {
		t.Errorf("%s says it is %s, %v; it is %s", sheet, stated, err, size)
	}
	return rows
}

func TestTieOutWorkbook(t *testing.T) {
	of := sampleTieOut()
	of.File.SHA256 = "5e1f"
	book := openBook(t, of)
	for _, want := range []struct {
		sheet string
		row   int
		cells []string
	}{
		{"Summary", 1, []string{"ledger.csv held against m.ipm"}},
		{"Summary", 2, []string{"verdict", "findings", means(audit.RunFindings)}},
		{"Summary", 3, []string{"as of (UTC)", "2026-11-20 08:00:00"}},
		{"Summary", 8, []string{"file", "name", "format", "records", "sha256"}},
		{"Summary", 10, []string{"settlement file", "m.ipm", "ipm", "3", "5e1f"}},
		{"Summary", 12, []string{"currency", "share", "ledger count", "ledger amount", "file count", "file amount"}},
		{"Summary", 13, []string{"EUR", "in", "2", "1,234,567,890.12", "2", "1,234,567,889.67"}},
		{"Summary", 22, []string{"columns of", "field", "column"}},
		{"Summary", 24, []string{"ledger.csv", "payment_id", "=Order"}},
		{"Summary", 27, []string{"m.ipm", "stated messages", "5"}},
		{"Matches", 2, []string{"p2", "00000000000000000000001", "JPY", "1,200", "network reference", "m.ipm", "3"}},
		{"Not seen", 2, []string{"not read", "x.ipm is truncated", "ask for it again"}},
	} {
		rows := rowsOf(t, book, want.sheet)
		if len(rows) < want.row || !slices.Equal(rows[want.row-1], want.cells) {
			t.Errorf("%s: row %d of %q is not %q", want.sheet, want.row, rows, want.cells)
		}
	}
	if kind, err := book.GetCellType("Matches", "B2"); err != nil || kind == excelize.CellTypeNumber || kind == excelize.CellTypeUnset {
		t.Errorf("a reference is a cell of type %v, %v", kind, err)
	}
}

func TestBreaksSheet(t *testing.T) {
	book := openBook(t, sampleBreaks())
	rows := rowsOf(t, book, "Breaks")
	for _, want := range []struct {
		row, from int // from is the column, counted from zero
		cells     []string
	}{
		{2, 0, []string{"1", "settlement.amount_mismatch", "proven", "high", "open", "=HYPERLINK(\"http://x\")", "EUR", "0.45", "amount_minor"}},
		{3, 0, []string{"1", "settlement.amount_mismatch", "proven", "high", "open", "=HYPERLINK(\"http://x\")", "JPY", "100,000,000,000,000,000", ""}},
		{4, 6, []string{
			"EUR", "0.45", "amount", "12.50", "12.05", "-0.45", "ledger l", "row id 1", "2026-11-19 22:30:15", "charged",
			"file m.ipm", "record 2", "", "settled", "why", "f1",
		}},
		{5, 7, []string{"250", "amount", "1,250", "1,000", "-250"}},
		{5, 17, []string{"record 2 and 1 more: sheet Evidence", "", "settled, part 1"}},
		{6, 7, []string{"250", "amount", "1,250", "", ""}},
		{6, 19, []string{"600 (settled, part 1)"}},
		{7, 8, []string{"payment_id", "", "", "", "ledger l", "row id 1", "2026-11-19 22:30:15", "=p (in the ledger once, EUR 12.50)"}},
		{8, 12, []string{"ledger l", "row id 1", "2026-11-19 22:30:15", "absent", "file m.ipm", "record 4"}},
		{9, 0, []string{"7", "settlement.missing_in_ledger"}},
	} {
		if len(rows) < want.row || len(rows[want.row-1]) < want.from+len(want.cells) ||
			!slices.Equal(rows[want.row-1][want.from:want.from+len(want.cells)], want.cells) {
			t.Errorf("row %d of %q lacks %q", want.row, rows, want.cells)
		}
	}
	for _, number := range []string{"H4", "J4", "K4", "L4"} {
		if kind, err := book.GetCellType("Breaks", number); err != nil || kind != excelize.CellTypeUnset {
			t.Errorf("Breaks!%s is a cell of type %v, %v, not a number", number, kind, err)
		}
	}
	if raw, err := book.GetCellValue("Breaks", "L4", excelize.Options{RawCellValue: true}); err != nil || raw != "-0.45" {
		t.Errorf("the difference is %s, %v", raw, err)
	}
}

func TestEvidenceSheet(t *testing.T) {
	rows := rowsOf(t, openBook(t, sampleBreaks()), "Evidence")
	var got []string
	for _, row := range rows[1:] {
		got = append(got, fmt.Sprint(row[0], " ", row[5], " ", row[7:11]))
	}
	want := []string{
		"3 row id 1 [amount JPY 1,250 charged]", "3 record 2 [amount JPY 600 settled, part 1]", "3 record 3 [amount JPY 400 settled, part 2]",
		"4 row id 1 [amount JPY 1,250 charged]", "4 record 2 [amount JPY 600 settled, part 1]", "4  [not listed  9 further lines]",
		"5 row id 1 [payment_id  =p in the ledger once, EUR 12.50]", "5 record 2 [reference  0012 number 1]", "5 record 3 [reference  0012 number 2]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the evidence is\n%q\nwant\n%q", got, want)
	}
}

func TestFilters(t *testing.T) {
	book := openBook(t, sampleBreaks())
	var got []string
	for _, name := range book.GetDefinedName() {
		got = append(got, name.RefersTo)
	}
	slices.Sort(got)
	want := []string{"'Breaks'!$A$1:$V$9", "'Evidence'!$A$1:$L$10", "'Matches'!$A$1:$G$2", "'Not seen'!$A$1:$C$2"}
	if !slices.Equal(got, want) {
		t.Errorf("the filters are %q, want %q", got, want)
	}
}

func TestFullSheet(t *testing.T) {
	b := newWorkbook()
	b.most = 4
	for _, n := range []int{3, 5} {
		if err := b.list(fmt.Sprint(n), []column{{"n", 10}}, func(yield func([]any, error) bool) {
			for i := range n {
				if !yield([]any{i}, nil) {
					return
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := b.write(&out); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(rowsOf(t, book, "3")); got != "[[n] [0] [1] [2]]" {
		t.Errorf("a sheet that is just full is %s", got)
	}
	if got := fmt.Sprint(rowsOf(t, book, "5")); got != "[[n] [0] [1] [the sheet is full: 3 more rows are left out]]" {
		t.Errorf("a sheet that is too full is %s", got)
	}
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}
}
