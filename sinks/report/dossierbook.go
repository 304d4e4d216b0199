package report

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"parallax/internal/audit"
)

// layers are the links of a payment's chain, in their order.
var layers = []string{"key", "ledger", "receipt", "settlement"}

// link finds the link of a layer; one that is not told is unknown.
func (p LostPayment) link(layer string) audit.Link {
	for _, l := range p.Links {
		if l.Layer == layer {
			return l
		}
	}
	return audit.Link{Layer: layer, State: audit.LinkUnknown}
}

// dossierWorkbook writes all of a dossier as sheets.
func dossierWorkbook(w io.Writer, d Dossier) error {
	b := newWorkbook()
	if err := b.dossier(d); err != nil {
		return errors.Join(fmt.Errorf("write workbook: %w", err), b.file.Close())
	}
	return b.write(w)
}

func (b *workbook) dossier(d Dossier) error {
	if err := b.dossierSummary(d); err != nil {
		return err
	}
	for _, s := range []struct {
		name    string
		columns []column
		rows    rowSeq
	}{
		{"Timeline", []column{{"at (UTC)", 20}, {"at, exactly", 28}, {"until", 28}, {"+/-", 10}, {"layer", 14}, {"region", 12}, {"what", 80}, {"source", 30}}, eachRow(d.Timeline, b.momentRow)},
		{"Measures", []column{{"layer", 12}, {"figure", 10}, {"state", 18}, {"seconds", 12}, {"+/- seconds", 12}, {"objective, seconds", 18}, {"came of it", 60}, {"read from, or why not", 90}}, eachRow(d.Figures, figureRow)},
		{"Money", []column{{"class", 24}, {"what", 50}, {"count", 10}, {"in the outage", 14}, {"complete", 10}, {"currency", 10}, {"amount", 18}, {"kinds", 60}}, b.moneyRows(d.Money)},
		{"Lost payments", []column{
			{"payment", 26}, {"key", 26}, {"ledger", 14}, {"region", 12}, {"taken (UTC)", 20}, {"currency", 10}, {"amount", 16}, {"verdict", 12}, {"status", 12},
			{"key link", 40}, {"ledger link", 40}, {"receipt link", 50}, {"settlement link", 50}, {"to be rebuilt from", 50}, {"finding", 36},
		}, b.lostRows(d.Lost)},
		{"Double charges", []column{
			{"order", 26}, {"ledger", 14}, {"region", 12}, {"currency", 10}, {"refund", 16}, {"verdict", 12}, {"status", 12},
			{"charges", 90}, {"against the failover", 40}, {"finding", 36},
		}, b.doubleRows(d.Doubles)},
		{"Questions", []column{{"about", 20}, {"question", 90}, {"what would answer it", 90}}, eachRow(d.Questions, questionRow)},
		{"Not covered", []column{{"job", 12}, {"source", 20}, {"scope", 20}, {"region", 12}, {"from (UTC)", 28}, {"to (UTC)", 28}, {"why", 90}, {"what to do", 60}, {"run", 40}}, eachRow(d.NotCovered, gapRow)},
	} {
		if err := b.list(s.name, s.columns, s.rows); err != nil {
			return err
		}
	}
	return nil
}

func (b *workbook) dossierSummary(d Dossier) error {
	head, err := b.title(d.Headline.Title)
	if err != nil {
		return err
	}
	asOf, err := b.moment(d.AsOf)
	if err != nil {
		return err
	}
	rows := [][]any{{"when", d.Headline.When}, {"as of (UTC)", asOf}}
	for _, s := range d.Headline.Says {
		rows = append(rows, []any{"verdict", s.Text})
	}
	rows = append(rows, []any{"snapshot", d.Snapshot.Name}, []any{"window", d.Window.String()})
	if d.Case != nil {
		rows = append(rows, []any{"case", string(d.Case.State)})
	}
	for _, o := range d.Others {
		rows = append(rows, []any{"other failover", o})
	}
	for _, s := range []struct {
		rows   [][]any
		titles []string
	}{
		{collectRows(d.Actions, func(a Action) []any { return []any{a.What, a.Why, a.File, a.Command} }), []string{"do now", "why", "file to approve", "command"}},
		{collectRows(d.Runs, func(r DossierRun) []any {
			return []any{r.Job, r.Window.String(), rfc(r.AsOf), string(r.Verdict), r.Findings, r.Gaps, r.RunID}
		}), []string{"job", "window", "as of", "verdict", "findings", "gaps", "run"}},
	} {
		more, err := b.section(s.rows, s.titles...)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	return b.sheet("Summary", []float64{30, 70, 40, 40, 10, 10, 40}, head, false, eachRow(rows, func(row []any) ([]any, error) {
		return append([]any{}, row...), nil
	}))
}

func collectRows[T any](in []T, row func(T) []any) [][]any {
	out := make([][]any, len(in))
	for i, v := range in {
		out[i] = row(v)
	}
	return out
}

// eachRow is a row for each of the values.
func eachRow[T any](in []T, row func(T) ([]any, error)) rowSeq {
	return func(yield func([]any, error) bool) {
		for _, v := range in {
			cells, err := row(v)
			if !yield(cells, err) || err != nil {
				return
			}
		}
	}
}

func (b *workbook) momentRow(m Moment) ([]any, error) {
	at, err := b.moment(m.At)
	return []any{at, rfc(m.At), optional(m.Until), spanCell(m.Error), m.Lane, string(m.Region), m.Text, m.Source}, err
}

// optional is a moment as text, empty for none.
func optional(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return rfc(t)
}

// spanCell is a span as text, empty for none.
func spanCell(s Span) string {
	if s == 0 {
		return ""
	}
	return s.String()
}

func figureRow(f Figure) ([]any, error) {
	row := []any{f.Layer, f.Figure, string(f.State), nil, nil, time.Duration(f.Objective).Seconds(), f.Note, f.Basis}
	if f.State != FigureUnmeasured {
		row[3], row[4] = time.Duration(f.Value).Seconds(), time.Duration(f.Error).Seconds()
	}
	return row, nil
}

func questionRow(q audit.Question) ([]any, error) { return []any{q.About, q.Text, q.Remedy}, nil }

func gapRow(g NotCovered) ([]any, error) {
	return []any{g.Job, g.Source, g.Scope, string(g.Region), optional(g.Window.From), optional(g.Window.To), g.Reason, g.Remedy, g.RunID}, nil
}

// perCurrency yields a row for each sum, one without a sum if there is none: make gets the currency and the amount's cell.
func (b *workbook) perCurrency(amounts []audit.Money, row func(currency string, amount any) []any, yield func([]any, error) bool) bool {
	if len(amounts) == 0 {
		return yield(row("", nil), nil)
	}
	for _, m := range amounts {
		amount, err := b.money(m)
		if !yield(row(m.Currency, amount), err) || err != nil {
			return false
		}
	}
	return true
}

func (b *workbook) moneyRows(rows []MoneyRow) rowSeq {
	return func(yield func([]any, error) bool) {
		for _, r := range rows {
			kinds := make([]string, len(r.Kinds))
			for i, k := range r.Kinds {
				kinds[i] = string(k)
			}
			complete := "no"
			if r.Complete {
				complete = "yes"
			}
			if !b.perCurrency(r.Amounts, func(currency string, amount any) []any {
				return []any{r.Class, r.Name, r.Count, r.InOutage, complete, currency, amount, strings.Join(kinds, ", ")}
			}, yield) {
				return
			}
		}
	}
}

func (b *workbook) lostRows(lost []LostPayment) rowSeq {
	return func(yield func([]any, error) bool) {
		for _, p := range lost {
			at, err := b.moment(p.At)
			if err != nil {
				yield(nil, err)
				return
			}
			if !b.perCurrency(p.Amounts, func(currency string, amount any) []any {
				row := []any{p.PaymentID, p.Key, p.Ledger, string(p.Region), at, currency, amount, string(p.Verdict), string(p.Status)}
				for _, layer := range layers {
					row = append(row, linkText(p.link(layer)))
				}
				return append(row, p.Rebuild, string(p.Finding))
			}, yield) {
				return
			}
		}
	}
}

// linkText is a link in one cell.
func linkText(l audit.Link) string {
	parts := []string{linkState(l.State)}
	for _, part := range []string{string(l.Region), l.Ref, l.Note} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " · ")
}

func (b *workbook) doubleRows(doubles []Double) rowSeq {
	return func(yield func([]any, error) bool) {
		for _, d := range doubles {
			charges := make([]string, len(d.Charges))
			for i, c := range d.Charges {
				charges[i] = fmt.Sprintf("%s %s %s %s: %s", c.PaymentID, c.Region, evidenceTime(c.At), c.Ref, c.Note)
			}
			if !b.perCurrency(d.Refund, func(currency string, amount any) []any {
				return []any{d.Key, d.Ledger, string(d.Region), currency, amount, string(d.Verdict), string(d.Status), strings.Join(charges, "; "), d.Note, string(d.Finding)}
			}, yield) {
				return
			}
		}
	}
}
