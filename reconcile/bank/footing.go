package bank

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"parallax/internal/money"
	"parallax/internal/record"
)

// part is what one line adds to a batch in one currency.
type part struct {
	line  record.SettlementLine
	basis string // which of the line's amounts it is
	money.Amount
}

// batch is the lines of one payout, and the payout's own.
type batch struct {
	id      string
	day     time.Time // of the payout, else of the last line
	payouts []record.SettlementLine
	parts   []part
	fates   map[string]fate // by currency
}

// partsOf is what a line pays the merchant. Where the file says what is paid out, that counts; else it is the gross amount
// in the currency of settlement less the fees, each in its own currency.
func partsOf(l record.SettlementLine) []part {
	if l.Net.Currency != "" {
		return []part{{l, "net", l.Net}}
	}
	gross, basis := l.Settlement, "settlement amount"
	if gross.Currency == "" {
		gross, basis = l.Amount, "amount"
	}
	if gross.Currency == "" {
		return nil
	}
	if l.Fee.Currency == "" || l.Fee.Minor == 0 {
		return []part{{l, basis, gross}}
	}
	basis += " less fees"
	fee, err := l.Fee.Neg()
	if err != nil {
		return []part{{l, basis, gross}}
	}
	if net, err := gross.Add(fee); err == nil {
		return []part{{l, basis, net}}
	}
	return []part{{l, basis, gross}, {l, basis, fee}}
}

// foot groups the feed's lines by their batch and holds each batch against its payout.
func (m *matching) foot() {
	m.gather()
	if m.rules.Footing == FootNothing {
		m.footNothing()
		return
	}
	named := slices.ContainsFunc(m.batches, func(b *batch) bool { return len(b.parts) > 0 })
	for _, b := range m.batches {
		if len(b.parts) == 0 && !named {
			m.counts["payouts of a feed whose lines name no batch, not footed"] += int64(len(b.payouts))
			continue
		}
		currencies := map[string]bool{}
		for _, p := range b.parts {
			currencies[p.Currency] = true
		}
		for _, p := range b.payouts {
			currencies[paidOut(p).Currency] = true
		}
		for _, currency := range slices.Sorted(maps.Keys(currencies)) {
			m.footBatch(b, currency)
		}
	}
}

func (m *matching) gather() {
	byID := map[string]*batch{}
	for _, l := range m.in.Lines {
		parts := partsOf(l)
		switch {
		case l.Type == record.Payout && l.Batch == "":
			m.counts["payouts that name no batch, not footed"]++
			continue
		case l.Type != record.Payout && len(parts) == 0:
			m.counts["lines without an amount, not footed"]++
			continue
		case l.Batch == "":
			for i := range parts {
				m.loose = append(m.loose, &parts[i])
			}
			continue
		}
		b := byID[l.Batch]
		if b == nil {
			b = &batch{id: l.Batch, fates: map[string]fate{}}
			byID[l.Batch] = b
		}
		if l.Type == record.Payout {
			b.payouts = append(b.payouts, l)
			continue
		}
		b.parts = append(b.parts, parts...)
	}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		b := byID[id]
		slices.SortFunc(b.payouts, linesInOrder)
		slices.SortFunc(b.parts, func(x, y part) int { return cmp.Or(linesInOrder(x.line, y.line), cmp.Compare(x.Currency, y.Currency)) })
		b.day = b.dated()
		m.batches = append(m.batches, b)
	}
}

func linesInOrder(a, b record.SettlementLine) int {
	return cmp.Or(dayOf(a).Compare(dayOf(b)), cmp.Compare(a.File, b.File), cmp.Compare(a.Record, b.Record))
}

func (b *batch) dated() time.Time {
	if len(b.payouts) > 0 {
		return dayOf(b.payouts[0])
	}
	return dayOf(b.parts[len(b.parts)-1].line)
}

// paidOut is what a payout takes from its batch: where it is transferred in another currency, what it is settled with.
func paidOut(p record.SettlementLine) money.Amount {
	if p.Settlement.Currency != "" {
		return p.Settlement
	}
	return p.Amount
}

// footing is one batch in one currency.
type footing struct {
	*batch
	currency        string
	lines, paid     sum
	rows            int  // of the payout in this currency
	returned        bool // one of them undoes another
	byType, byBasis map[string]*sum
	counts          map[string]int
}

func (m *matching) footBatch(b *batch, currency string) {
	f := footing{batch: b, currency: currency, byType: map[string]*sum{}, byBasis: map[string]*sum{}, counts: map[string]int{}}
	for _, p := range b.parts {
		if p.Currency == currency {
			f.lines.add(p.Minor)
			tally(f.byType, string(p.line.Type)).add(p.Minor)
			tally(f.byBasis, p.basis).add(p.Minor)
			f.counts[string(p.line.Type)]++
		}
	}
	for _, p := range b.payouts {
		if a := paidOut(p); a.Currency == currency {
			f.paid.add(a.Minor)
			f.rows++
			f.returned = f.returned || p.Reversal
		}
	}
	switch {
	case m.rules.Footing == FootImplied && len(b.payouts) == 0 && m.imply(f):
		b.fates[currency] = matched
	case len(f.counts) == 0 && b.elsewhere():
		// Its lines are in another currency: that finding tells both.
	case f.lines.cmp(&f.paid) == 0:
		b.fates[currency] = matched
	case f.rows == 0 && len(b.payouts) == 0 || f.returned && f.paid.sign() == 0:
		m.unpaid(f)
	default:
		m.unbalanced(f)
	}
}

// imply makes a payout of what the lines of a batch come to. It stands at minus the record of its first line.
func (m *matching) imply(f footing) bool {
	minor, fits := f.lines.minor()
	if !fits || minor == 0 {
		return false
	}
	first, last := f.parts[0].line, f.parts[len(f.parts)-1].line
	p := record.SettlementLine{
		Feed: first.Feed, File: first.File, Record: -first.Record, Type: record.Payout, Batch: f.id, Amount: money.Amount{Minor: minor, Currency: f.currency},
		BusinessDate: last.BusinessDate, ValueDate: last.ValueDate, TransactionAt: last.TransactionAt,
	}
	m.payouts = append(m.payouts, &transfer{SettlementLine: p, day: dayOf(p)})
	return true
}

// footNothing leaves all batches alone: their lines are of none.
func (m *matching) footNothing() {
	for _, b := range m.batches {
		m.counts["payouts that are paid out of a balance, not footed"] += int64(len(b.payouts))
		for i := range b.parts {
			m.loose = append(m.loose, &b.parts[i])
		}
	}
	m.batches = nil
	if m.counts["payouts that are paid out of a balance, not footed"] == 0 {
		delete(m.counts, "payouts that are paid out of a balance, not footed")
	}
}

// elsewhere reports whether the batch has lines in a currency that no payout takes from.
func (b *batch) elsewhere() bool {
	return slices.ContainsFunc(b.parts, func(p part) bool {
		return !slices.ContainsFunc(b.payouts, func(l record.SettlementLine) bool { return paidOut(l).Currency == p.Currency })
	})
}

func tally(m map[string]*sum, key string) *sum {
	if m[key] == nil {
		m[key] = new(sum)
	}
	return m[key]
}
