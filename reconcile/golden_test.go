package reconcile

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"parallax/internal/audit"
	"parallax/internal/calendar"
	"parallax/internal/golden"
	"parallax/internal/money"
	"parallax/internal/record"
)

func testRules() Rules {
	return Rules{
		Scope: "payments", Feed: "mastercard",
		Charged: []string{"captured", "refunded"}, Refused: []string{"declined"},
		ExpectBusinessDays: 1, MissingBusinessDays: 2, DeliverBy: 6 * time.Hour,
		Exponent: func(currency string) int {
			if currency == "JPY" {
				return 0
			}
			return 2
		},
	}
}

func TestGolden(t *testing.T) {
	golden.Texts(t, "want", func(t *testing.T, sections []txtar.File) string {
		rules := testRules()
		in := parseInput(t, sections, &rules)
		result, err := Auditor{rules}.Match(in)
		if err != nil {
			t.Fatal(err)
		}
		checkTotals(t, result)
		return show(result)
	})
}

func parseInput(t *testing.T, sections []txtar.File, rules *Rules) Input {
	t.Helper()
	var in Input
	for _, f := range sections {
		switch f.Name {
		case "settings":
			parseSettings(t, string(f.Data), &in, rules)
		case "open":
			in.Open = parseEntries(t, string(f.Data))
		case "open lines":
			in.OpenLines = parseLines(t, string(f.Data))
		case "ledger":
			in.Entries = parseEntries(t, string(f.Data))
		case "others":
			in.Others = parseEntries(t, string(f.Data))
		case "snapshot":
			in.Snapshot = parseEntries(t, string(f.Data))
		case "lines":
			in.Lines = parseLines(t, string(f.Data))
		}
	}
	return in
}

func parseSettings(t *testing.T, text string, in *Input, rules *Rules) {
	t.Helper()
	for setting := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(setting), " ")
		switch name {
		case "window":
			from, to, _ := strings.Cut(value, " ")
			in.Window = audit.Window{From: parseTime(t, from), To: parseTime(t, to)}
		case "read":
			from, to, _ := strings.Cut(value, " ")
			in.Read = audit.Window{From: parseTime(t, from), To: parseTime(t, to)}
		case "as-of":
			in.AsOf = parseTime(t, value)
		case "files-through":
			in.FilesThrough = value
		case "all-files":
			in.AllFiles = true
		case "lines-incomplete":
			in.LinesIncomplete = true
		case "entries-incomplete":
			in.EntriesIncomplete = true
		default:
			parseRule(t, name, value, rules)
		}
	}
}

// parseRule reads a setting of the rules.
func parseRule(t *testing.T, name, value string, rules *Rules) {
	t.Helper()
	words := strings.Fields(value)
	switch name {
	case "wrong-period":
		rules.WrongPeriod = true
	case "calendar":
		rules.Calendar = calendar.Network(value)
	case "holidays":
		rules.Holidays = words
	case "tolerance":
		a := parseAmount(t, value)
		rules.Tolerances = map[string]int64{a.Currency: a.Minor}
	case "fx":
		rules.FX.Check, rules.FX.Minor = true, number(t, words[0])
		rules.FX.BasisPoints, rules.FX.ReferenceBasisPoints = number(t, words[1]), number(t, words[2])
	case "rate":
		rules.FX.Reference = append(rules.FX.Reference, ReferenceRate{From: words[0], To: words[1], Date: words[2], Rate: words[3]})
	case "fee": // name kind type basis-points fixed rounding
		rules.Fees = append(rules.Fees, FeeRule{
			Name: words[0], Kind: record.FeeKind(strings.Trim(words[1], "-")), Types: []record.LineType{record.LineType(words[2])}, BasisPoints: words[3],
			Fixed: map[string]int64{"EUR": number(t, words[4])}, Rounding: words[5],
		})
	case "mcc": // of the last fee
		rules.Fees[len(rules.Fees)-1].MCC = words
	default:
		t.Fatalf("unknown setting %q", name)
	}
}

func number(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// table reads a CSV section whose first row names the columns; cells are trimmed.
func table(t *testing.T, text string) []map[string]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, cell := range row {
			m[strings.TrimSpace(rows[0][i])] = strings.TrimSpace(cell)
		}
		out = append(out, m)
	}
	return out
}

func parseEntries(t *testing.T, text string) []record.Entry {
	var out []record.Entry
	for i, row := range table(t, text) {
		out = append(out, record.Entry{
			Region: "eu-west-1", ID: strconv.Itoa(i + 1), PaymentID: row["payment"], Amount: parseAmount(t, row["amount"]), Status: row["status"],
			Network: cmp.Or(row["network"], "mastercard"), NetworkReference: row["reference"], RRN: row["rrn"], AuthCode: row["auth"], CreatedAt: parseTime(t, row["at"]),
			IdempotencyKey: row["key"], Extra: map[string]string{"arn": row["arn"], "last4": row["last4"], "batch": row["batch"], "mcc": row["mcc"]},
		})
	}
	return out
}

func parseLines(t *testing.T, text string) []record.SettlementLine {
	var out []record.SettlementLine
	for i, row := range table(t, text) {
		out = append(out, record.SettlementLine{
			Feed: "mastercard", File: row["file"], Record: int64(i + 2), Type: record.LineType(row["type"]), Reference: row["reference"],
			RRN: row["rrn"], AuthCode: row["auth"], ARN: row["arn"], PaymentID: row["payment"], Amount: parseAmount(t, row["amount"]), BusinessDate: row["date"],
			TransactionAt: parseTime(t, row["at"]), Original: row["original"], Batch: row["batch"], MaskedPAN: row["card"], Reversal: row["reversal"] != "",
			Settlement: parseAmount(t, row["settlement"]), Rate: row["rate"], Fee: parseAmount(t, row["fee"]), Net: parseAmount(t, row["net"]),
			Fees: parseFees(t, row["fees"]),
		})
		if part, parts, numbered := strings.Cut(row["part"], "/"); numbered {
			out[i].Part, out[i].Parts = int(number(t, part)), int(number(t, parts))
		}
	}
	return out
}

// parseFees reads "interchange EUR 12; scheme EUR 3".
func parseFees(t *testing.T, text string) []record.LineFee {
	var out []record.LineFee
	for fee := range strings.SplitSeq(text, ";") {
		if kind, amount, found := strings.Cut(strings.TrimSpace(fee), " "); found {
			out = append(out, record.LineFee{Kind: record.FeeKind(kind), Amount: parseAmount(t, amount)})
		}
	}
	return out
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

// parseTime reads RFC 3339, or a time of day on 18 November 2026.
func parseTime(t *testing.T, text string) time.Time {
	t.Helper()
	if text == "" {
		return time.Time{}
	}
	if len(text) == len("15:04:05") {
		text = "2026-11-18T" + text + "Z"
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func show(r Result) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s %s %s key=%s amounts=%v\n  %s\n", f.Kind, f.Verdict, f.Severity, f.Status, f.Key, f.Amounts, f.Reason)
		if !f.Shown.IsZero() {
			fmt.Fprintf(&b, "  shown %s\n", f.Shown.Format(time.RFC3339))
		}
		for _, e := range f.Evidence {
			fmt.Fprintf(&b, "    %s, %s: %s=%s (%s)\n", e.Source, e.Ref, e.Field, e.Value, e.Note)
		}
	}
	for _, m := range r.Matches {
		fmt.Fprintf(&b, "match %s = %s %s:%d by %s\n", m.PaymentID, m.Reference, m.File, m.Line, m.Rule)
	}
	for _, t := range r.Totals {
		fmt.Fprintf(&b, "%s ledger %v = matched %v + breaks %v + expected %v\n", t.Currency, t.Ledger, t.LedgerMatched, t.LedgerBreaks, t.LedgerExpected)
		fmt.Fprintf(&b, "%s file %v = matched %v + linked %v + breaks %v + rejected %v\n", t.Currency, t.File, t.FileMatched, t.FileLinked, t.FileBreaks, t.FileRejected)
		if t.Within != (Sum{}) {
			fmt.Fprintf(&b, "%s within the tolerance %v\n", t.Currency, t.Within)
		}
	}
	if len(r.Rejudged) > 0 {
		fmt.Fprintf(&b, "%d findings of earlier windows judged again\n", len(r.Rejudged))
	}
	for _, g := range r.Gaps {
		fmt.Fprintf(&b, "gap: %s -> %s\n", g.Reason, g.Remedy)
	}
	for _, e := range r.Excluded {
		fmt.Fprintf(&b, "excluded %d: %s\n", e.Records, e.Reason)
	}
	return b.String()
}

// checkTotals holds the proof of every result: each side is the sum of its parts, to the minor unit, and what matched
// is the same money on both sides.
func checkTotals(t *testing.T, r Result) {
	t.Helper()
	for _, c := range r.Totals {
		if got := plus(c.LedgerMatched, c.LedgerBreaks, c.LedgerExpected); got != c.Ledger {
			t.Errorf("%s ledger %v, its parts add up to %v", c.Currency, c.Ledger, got)
		}
		if got := plus(c.FileMatched, c.FileLinked, c.FileBreaks, c.FileRejected); got != c.File {
			t.Errorf("%s file %v, its parts add up to %v", c.Currency, c.File, got)
		}
		if c.LedgerMatched.Minor+c.Within.Minor != c.FileMatched.Minor {
			t.Errorf("%s: %d matched in the ledger, %d in the files, %d within the tolerance", c.Currency, c.LedgerMatched.Minor, c.FileMatched.Minor, c.Within.Minor)
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
