package bank

import (
	"encoding/csv"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"parallax/internal/audit"
	"parallax/internal/golden"
	"parallax/internal/money"
	"parallax/internal/record"
)

func testRules() Rules {
	r := Defaults()
	r.Scope, r.Feed, r.Bank = "payments", "adyen", "statements"
	r.Ours = regexp.MustCompile(`(?i)\badyen\b`)
	r.Exponent = func(currency string) int {
		if currency == "JPY" {
			return 0
		}
		return 2
	}
	return r
}

func TestGolden(t *testing.T) {
	golden.Texts(t, "want", func(t *testing.T, sections []txtar.File) string {
		rules, in := testRules(), Input{}
		for _, f := range sections {
			switch f.Name {
			case "settings":
				parseSettings(t, string(f.Data), &rules, &in)
			case "lines":
				in.Lines = parseLines(t, "report.csv", string(f.Data))
			case "entries":
				in.Entries = parseLines(t, "camt.xml", string(f.Data))
			}
		}
		result := Auditor{rules}.Match(in)
		checkTotals(t, result)
		return show(result)
	})
}

func parseSettings(t *testing.T, text string, rules *Rules, in *Input) {
	t.Helper()
	for setting := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(setting), " ")
		switch name {
		case "window":
			from, to, _ := strings.Cut(value, " ")
			in.Window = audit.Window{From: day(t, from), To: day(t, to)}
		case "as-of":
			in.AsOf = day(t, value)
		case "lines-through":
			in.LinesThrough = value
		case "entries-through":
			in.EntriesThrough = value
		case "all-files":
			in.AllFiles = true
		case "lines-incomplete":
			in.LinesIncomplete = true
		case "entries-incomplete":
			in.EntriesIncomplete = true
		case "holiday":
			rules.Calendar.Holidays = append(rules.Calendar.Holidays, value)
		case "footing":
			rules.Footing = Footing(value)
		case "no-pattern":
			rules.Ours = nil
		default:
			t.Fatalf("unknown setting %q", name)
		}
	}
}

func day(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// parseLines reads a CSV section whose first row names the columns; cells are trimmed.
func parseLines(t *testing.T, file, text string) []record.SettlementLine {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []record.SettlementLine
	for i, row := range rows[1:] {
		l := record.SettlementLine{File: file, Record: int64(i + 2)}
		for c, cell := range row {
			setField(t, &l, strings.TrimSpace(rows[0][c]), strings.TrimSpace(cell))
		}
		out = append(out, l)
	}
	return out
}

func setField(t *testing.T, l *record.SettlementLine, column, cell string) {
	t.Helper()
	switch column {
	case "type":
		l.Type = record.LineType(cell)
	case "amount":
		l.Amount = parseAmount(t, cell)
	case "settlement":
		l.Settlement = parseAmount(t, cell)
	case "fee":
		l.Fee = parseAmount(t, cell)
	case "net":
		l.Net = parseAmount(t, cell)
	case "batch":
		l.Batch = cell
	case "reference":
		l.Reference = cell
	case "note":
		l.Note = cell
	case "date":
		l.BusinessDate = cell
	case "value":
		l.ValueDate = cell
	case "file":
		l.File = cell
	case "reversal":
		l.Reversal = cell != ""
	default:
		t.Fatalf("unknown column %q", column)
	}
}

// parseAmount reads "EUR 1250", in minor units.
func parseAmount(t *testing.T, text string) money.Amount {
	t.Helper()
	currency, minor, _ := strings.Cut(text, " ")
	n, err := strconv.ParseInt(minor, 10, 64)
	if err != nil && text != "" {
		t.Fatal(err)
	}
	return money.Amount{Minor: n, Currency: currency}
}

func show(r Result) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s %s %s key=%s amounts=%v\n  %s\n", f.Kind, f.Verdict, f.Severity, f.Status, f.Key, f.Amounts, f.Reason)
		for _, e := range f.Evidence {
			fmt.Fprintf(&b, "    %s, %s: %s=%s (%s)\n", e.Source, e.Ref, e.Field, e.Value, e.Note)
		}
	}
	for _, m := range r.Matches {
		fmt.Fprintf(&b, "match %s = %s %s:%d by %s\n", m.PaymentID, m.Reference, m.File, m.Line, m.Rule)
	}
	for _, t := range r.Totals {
		fmt.Fprintf(&b, "%s payouts %v = matched %v + breaks %v + expected %v\n", t.Currency, t.Payouts, t.PayoutsMatched, t.PayoutsBreaks, t.PayoutsExpected)
		fmt.Fprintf(&b, "%s entries %v = matched %v + breaks %v + expected %v + excluded %v; charges %v\n", t.Currency, t.Entries,
			t.EntriesMatched, t.EntriesBreaks, t.EntriesExpected, t.EntriesExcluded, t.Charges)
		fmt.Fprintf(&b, "%s lines %v = paid %v + breaks %v + expected %v + loose %v\n", t.Currency, t.Lines, t.LinesPaid, t.LinesBreaks, t.LinesExpected, t.LinesLoose)
	}
	for _, g := range r.Gaps {
		fmt.Fprintf(&b, "gap: %s -> %s\n", g.Reason, g.Remedy)
	}
	for _, e := range r.Excluded {
		fmt.Fprintf(&b, "excluded %d: %s\n", e.Records, e.Reason)
	}
	return b.String()
}

// checkTotals holds the proof of every result: each side is the sum of its parts, and what matched is the same money on both
// sides but for the bank's charges.
func checkTotals(t *testing.T, r Result) {
	t.Helper()
	for _, c := range r.Totals {
		for name, sums := range map[string][2]Sum{
			"payouts": {c.Payouts, plus(c.PayoutsMatched, c.PayoutsBreaks, c.PayoutsExpected)},
			"entries": {c.Entries, plus(c.EntriesMatched, c.EntriesBreaks, c.EntriesExpected, c.EntriesExcluded)},
			"lines":   {c.Lines, plus(c.LinesPaid, c.LinesBreaks, c.LinesExpected, c.LinesLoose)},
		} {
			if sums[0] != sums[1] {
				t.Errorf("%s %s %v, their parts add up to %v", c.Currency, name, sums[0], sums[1])
			}
		}
		if c.PayoutsMatched.Minor != c.EntriesMatched.Minor+c.Charges.Minor {
			t.Errorf("%s: payouts of %d matched with entries of %d and charges of %d", c.Currency, c.PayoutsMatched.Minor, c.EntriesMatched.Minor, c.Charges.Minor)
		}
	}
}

func plus(sums ...Sum) Sum {
	var out Sum
	for _, s := range sums {
		out.Count += s.Count
		out.Minor += s.Minor
	}
	return out
}
