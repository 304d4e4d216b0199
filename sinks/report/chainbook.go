package report

import (
	"errors"
	"fmt"
	"io"

	"parallax/internal/audit"
)

// chainWorkbook writes the chains as sheets: the sums, one row for each payment, what was not read.
func chainWorkbook(w io.Writer, r Chains) error {
	b := newWorkbook()
	if err := b.chains(r); err != nil {
		return errors.Join(fmt.Errorf("write workbook: %w", err), b.file.Close())
	}
	return b.write(w)
}

func (b *workbook) chains(r Chains) error {
	if err := b.list("Summary", []column{{"ledger", 16}, {"region", 14}, {"breaks at", 14}, {"payments", 10}, {"amount", 18}, {"currency", 10}}, b.chainSums(r)); err != nil {
		return err
	}
	columns := []column{{"taken (UTC)", 20}, {"payment", 32}, {"key", 24}, {"region", 14}, {"amount", 16}, {"currency", 10}, {"breaks at", 12}}
	for _, layer := range chainLayers {
		columns = append(columns, column{layer, 12}, column{layer + " where", 32}, column{layer + " note", 32})
	}
	if err := b.list("Chains", columns, b.chainRows(r)); err != nil {
		return err
	}
	return b.list("Not read", []column{{"what was not read", 120}}, func(yield func([]any, error) bool) {
		for _, g := range r.Gaps {
			if !yield([]any{g}, nil) {
				return
			}
		}
	})
}

// chainSums gives a row for each currency of a sum.
func (b *workbook) chainSums(r Chains) rowSeq {
	return func(yield func([]any, error) bool) {
		for _, s := range r.Summary {
			amounts := s.Amounts
			if len(amounts) == 0 {
				amounts = []audit.Money{{}}
			}
			for _, m := range amounts {
				cell, err := b.amountCell(m)
				if !yield([]any{s.Scope, string(s.Region), s.Broken, s.Payments, cell, m.Currency}, err) {
					return
				}
			}
		}
	}
}

func (b *workbook) chainRows(r Chains) rowSeq {
	return func(yield func([]any, error) bool) {
		for _, c := range r.Chains {
			row, err := b.chainRow(c)
			if !yield(row, err) {
				return
			}
		}
	}
}

func (b *workbook) chainRow(c audit.Chain) ([]any, error) {
	at, err := b.moment(c.At)
	if err != nil {
		return nil, err
	}
	amount, err := b.amountCell(c.Amount)
	row := []any{at, c.PaymentID, c.Key, string(c.Region), amount, c.Amount.Currency, c.Broken}
	for _, layer := range chainLayers {
		l := linkOf(c, layer)
		where := l.Ref
		if l.Region != "" {
			where = string(l.Region) + " " + l.Ref
		}
		row = append(row, string(l.State), where, l.Note)
	}
	return row, err
}

func (b *workbook) amountCell(m audit.Money) (any, error) {
	if m.Currency == "" {
		return nil, nil
	}
	return b.money(m)
}
