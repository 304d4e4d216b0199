package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/reconcile"
	"parallax/sinks/report"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/unwrap"
)

// nothingCompared are the gaps of a file that has no line to compare. Without them every payment would look missing.
func nothingCompared(file string, rows int64, c audit.Coverage) []audit.Gap {
	if n := len(c.Gaps); n > 0 {
		gaps := slices.Clone(c.Gaps)
		gaps[n-1].Reason += "; no line of the file was used, so nothing was compared"
		return gaps
	}
	if rows == 0 {
		return []audit.Gap{{Window: allTime, Reason: "neither file holds a payment: nothing was compared", Remedy: "check that these are the files that were meant"}}
	}
	return []audit.Gap{{Window: allTime, Reason: file + " holds no line: nothing was compared", Remedy: "check that it is the file that was meant"}}
}

// remedy is what can be done about the file's gap, if it is not what usual says: a file that was taken for something else
// needs no second delivery.
func (f *settlementFile) remedy(usual string) string {
	const columns = "name the columns with --settlement-columns FIELD=COLUMN"
	var place *decode.Error
	switch {
	case f.err == nil && slices.ContainsFunc(f.source.Files(), func(s audit.SettlementFile) bool { return s.Rejected > 0 }):
		if profiled(f.format) {
			return "correct the rows at their source, or " + columns + ", then run again"
		}
		return "correct the rows at their source, or name the format of the file with --format, then run again"
	case f.err == nil || unwrap.Remedy(f.err) != "" || !errors.As(f.err, &place):
		return usual
	case place.Number > 1 || errors.Is(f.err, decode.ErrControlTotal) && !f.asked:
		return usual
	case profiled(f.format):
		return columns + ", or the format of the file with --format; a column that is in the header twice must be renamed in one place"
	case f.asked:
		return "name the format of the file with --format, or leave it out: the content tells"
	}
	return usual
}

// span is the first and the last of some days, YYYY-MM-DD; empty where there is none.
type span struct{ from, to string }

func (s *span) add(day string) {
	if day == "" {
		return
	}
	if s.from == "" || day < s.from {
		s.from = day
	}
	s.to = max(s.to, day)
}

func (s span) String() string {
	switch s.from {
	case "":
		return "no date"
	case s.to:
		return s.from
	}
	return s.from + " to " + s.to
}

func dayOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// suspicions are what a person should check first, where the files disagree throughout.
func suspicions(ctx context.Context, c census, file *settlementFile, t report.TieOut, r reconcile.Result) ([]string, error) {
	if len(r.Findings) == 0 || c.rows == 0 || t.File.Records == 0 {
		return nil, nil
	}
	if t.Pairings == 0 {
		note, err := nothingMatched(ctx, c, file, t)
		return []string{note}, err
	}
	if note := hundredfold(t.Ledger.Columns, r); note != "" {
		return []string{note}, nil
	}
	return nil, nil
}

// nothingMatched says what was compared. The lines are read once more for it, which is rarely needed.
func nothingMatched(ctx context.Context, c census, file *settlementFile, t report.TieOut) (string, error) {
	var made, settled span
	err := file.source.Lines(ctx, func(l record.SettlementLine) error {
		made.add(dayOf(l.TransactionAt))
		settled.add(l.BusinessDate)
		return nil
	})
	days := fmt.Sprintf("transactions: %s, business dates: %s", made, settled)
	return fmt.Sprintf("nothing matched: %s (payments: %s) and %s (%s) were compared by %s; check that the files are of the same days and the columns are right",
		t.Ledger.Name, c.days, t.File.Name, days, strings.Join(sharedKeys(t.Ledger.Columns, file.keys), "; ")), err
}

// hundredfold is a note on amounts of which one side is a hundred times the other, in every pair of some currency; empty
// where that is not so.
func hundredfold(ledger map[string]string, r reconcile.Result) string {
	agree := map[string]bool{}
	for _, t := range r.Totals {
		agree[t.Currency] = t.LedgerMatched.Count > 0
	}
	ours, theirs := 0, 0 // pairs in which that side is a hundred times the other
	for _, f := range r.Findings {
		if f.Kind != audit.SettlementAmountMismatch {
			continue
		}
		charged, settled := amountsIn(f)
		switch {
		case len(f.Amounts) == 0 || agree[f.Amounts[0].Currency] || charged == 0:
			return ""
		case charged%100 == 0 && charged/100 == settled:
			ours++
		case settled%100 == 0 && settled/100 == charged:
			theirs++
		default:
			return ""
		}
	}
	const throughout = "amounts differ by 100 throughout: "
	switch column := ledger["amount"]; {
	case ours > 0 && theirs == 0 && column != "":
		return throughout + "is the ledger in minor units? --ledger-columns amount_minor=" + shown(column)
	case theirs > 0 && ours == 0 && column == "":
		return throughout + "is the ledger in whole units of the currency? --ledger-columns amount=" + shown(ledger["amount_minor"])
	case ours+theirs > 0 && ours*theirs == 0:
		return throughout + "is the settlement file in minor units, and the column of its amount the right one?"
	}
	return ""
}

// amountsIn is what the ledger and the file say in the evidence, in minor units.
func amountsIn(f audit.Finding) (charged, settled int64) {
	for _, e := range f.Evidence {
		minor, err := strconv.ParseInt(e.Value, 10, 64)
		switch {
		case err != nil || e.Field != "amount_minor":
		case strings.HasPrefix(e.Source, "ledger"):
			charged += minor
		default:
			settled += minor
		}
	}
	return charged, settled
}
