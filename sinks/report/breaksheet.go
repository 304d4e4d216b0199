package report

import (
	"fmt"
	"strconv"
	"strings"

	"parallax/internal/audit"
	"parallax/internal/money"
)

// amountField is the field of evidence whose value is minor units of the finding's currency.
const amountField = "amount_minor"

var breakColumns = []column{
	{"no.", 7}, {"kind", 32}, {"verdict", 12}, {"severity", 10}, {"status", 10}, {"key", 26}, {"currency", 10}, {"at stake", 16},
	{"field", 16}, {"ledger amount", 16}, {"file amount", 16}, {"difference (file - ledger)", 26},
	{"ledger", 24}, {"ledger where", 22}, {"ledger date (UTC)", 20}, {"ledger says", 30},
	{"file", 24}, {"file where", 22}, {"file date (UTC)", 20}, {"file says", 30}, {"reason", 90}, {"finding", 36},
}

// breaks is one row for each finding, and one more for each further currency of its money, under the same number.
func (b *workbook) breaks(findings []audit.StoredFinding) rowSeq {
	return func(yield func([]any, error) bool) {
		for i, f := range findings {
			row, err := b.breakRow(i+1, f)
			if !yield(row, err) || err != nil {
				return
			}
			for _, m := range f.Amounts[min(1, len(f.Amounts)):] {
				amount, err := b.money(m)
				row := append(breakHead(i+1, f), m.Currency, amount)
				row = append(row, make([]any, 12)...)
				if !yield(append(row, "further money of the same finding", string(f.Fingerprint)), err) || err != nil {
					return
				}
			}
		}
	}
}

func breakHead(number int, f audit.StoredFinding) []any {
	return []any{number, string(f.Kind), string(f.Verdict), string(f.Severity), string(f.Status), f.Key}
}

func (b *workbook) breakRow(number int, f audit.StoredFinding) ([]any, error) {
	row := append(breakHead(number, f), nil, nil)
	if len(f.Amounts) > 0 {
		amount, err := b.money(f.Amounts[0])
		if err != nil {
			return nil, err
		}
		row[6], row[7] = f.Amounts[0].Currency, amount
	}
	ledger, file := sidesOf(f)
	amounts, err := b.amountsOf(ledger, file)
	if err != nil {
		return nil, err
	}
	row = append(append(row, fieldOf(f)), amounts...)
	for _, s := range []side{ledger, file} {
		cells, err := b.sideCells(s)
		if err != nil {
			return nil, err
		}
		row = append(row, cells...)
	}
	return append(row, f.Reason, string(f.Fingerprint)), nil
}

// side is what one side says of a finding.
type side struct {
	seen   []audit.Evidence
	amount *money.Amount // the sum of the amounts it says; nil where it says none or not all of them
}

// sidesOf parts the evidence of a finding by side. What a run says of itself, that evidence was left out, is of neither, and
// leaves the sum of the file's amounts unknown.
func sidesOf(f audit.StoredFinding) (ledger, file side) {
	cut := false
	for _, e := range f.Evidence {
		switch {
		case strings.HasPrefix(e.Source, "ledger"):
			ledger.seen = append(ledger.seen, e)
		case e.Source == "this run":
			cut = true
		default:
			file.seen = append(file.seen, e)
		}
	}
	currency := currencyOf(f)
	ledger.amount = sumOf(ledger.seen, currency)
	if !cut {
		file.amount = sumOf(file.seen, currency)
	}
	return ledger, file
}

// currencyOf is the one currency a finding is about; empty for none or several.
func currencyOf(f audit.StoredFinding) string {
	code := ""
	for i, m := range f.Amounts {
		if i > 0 && m.Currency != code {
			return ""
		}
		code = m.Currency
	}
	return code
}

// sumOf adds up the evidence about amounts; nil for none, or more than 64 bits hold.
func sumOf(seen []audit.Evidence, currency string) *money.Amount {
	var total *money.Amount
	for _, e := range seen {
		amount, ok := amountIn(e, currency)
		if !ok {
			continue
		}
		if total != nil {
			sum, err := total.Add(amount)
			if err != nil {
				return nil
			}
			amount = sum
		}
		total = &amount
	}
	return total
}

// amountIn is the amount that evidence is about, if it is about one.
func amountIn(e audit.Evidence, currency string) (money.Amount, bool) {
	if e.Field != amountField || currency == "" {
		return money.Amount{}, false
	}
	minor, err := strconv.ParseInt(e.Value, 10, 64)
	return money.Amount{Minor: minor, Currency: currency}, err == nil
}

// amountsOf are the amounts of both sides and how much more the file's is; empty where they are not known.
func (b *workbook) amountsOf(ledger, file side) ([]any, error) {
	cells := make([]any, 0, 3)
	for _, a := range []*money.Amount{ledger.amount, file.amount, difference(ledger.amount, file.amount)} {
		if a == nil {
			cells = append(cells, nil)
			continue
		}
		cell, err := b.money(audit.Money(*a))
		if err != nil {
			return nil, err
		}
		cells = append(cells, cell)
	}
	return cells, nil
}

// difference is how much more the file says; nil where a side says nothing or 64 bits do not hold it.
func difference(ledger, file *money.Amount) *money.Amount {
	if ledger == nil || file == nil {
		return nil
	}
	less, err := ledger.Neg()
	if err != nil {
		return nil
	}
	d, err := file.Add(less)
	if err != nil {
		return nil
	}
	return &d
}

// sideCells are the first observation of a side, and how many there are more.
func (b *workbook) sideCells(s side) ([]any, error) {
	if len(s.seen) == 0 {
		return make([]any, 4), nil
	}
	e := s.seen[0]
	where := e.Ref
	if more := len(s.seen) - 1; more > 0 {
		where = strings.TrimSpace(fmt.Sprintf("%s and %d more: sheet Evidence", where, more))
	}
	value := e.Value
	if s.amount != nil && e.Field == amountField {
		value = "" // it has a column of its own
	}
	at, err := b.moment(e.At)
	return []any{e.Source, where, at, says(value, e.Note)}, err
}

func says(value, note string) string {
	if value == "" || note == "" {
		return value + note
	}
	return value + " (" + note + ")"
}

// fieldOf is the field that a finding is about.
func fieldOf(f audit.StoredFinding) string {
	for _, e := range f.Evidence {
		if e.Field != "" {
			return fieldName(e, currencyOf(f))
		}
	}
	return ""
}

// fieldName calls what is shown in major units an amount.
func fieldName(e audit.Evidence, currency string) string {
	if _, ok := amountIn(e, currency); ok {
		return "amount"
	}
	return e.Field
}

var evidenceColumns = []column{
	{"no.", 7}, {"kind", 32}, {"key", 26}, {"source", 24}, {"region", 14}, {"where", 22}, {"at (UTC)", 20}, {"field", 18}, {"currency", 10},
	{"value", 26}, {"note", 60}, {"finding", 36},
}

// evidence is all that is known of each finding of which a row of the breaks does not show all.
func (b *workbook) evidence(findings []audit.StoredFinding) rowSeq {
	return func(yield func([]any, error) bool) {
		for i, f := range findings {
			ledger, file := sidesOf(f)
			if min(1, len(ledger.seen))+min(1, len(file.seen)) == len(f.Evidence) {
				continue
			}
			for _, e := range f.Evidence {
				row, err := b.evidenceRow(i+1, f, e)
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

func (b *workbook) evidenceRow(number int, f audit.StoredFinding, e audit.Evidence) ([]any, error) {
	at, err := b.moment(e.At)
	if err != nil {
		return nil, err
	}
	code, value := "", any(e.Value)
	if amount, ok := amountIn(e, currencyOf(f)); ok {
		code = amount.Currency
		if value, err = b.money(audit.Money(amount)); err != nil {
			return nil, err
		}
	}
	return []any{
		number, string(f.Kind), f.Key, e.Source, string(e.Region), e.Ref, at, fieldName(e, currencyOf(f)), code, value, e.Note, string(f.Fingerprint),
	}, nil
}
