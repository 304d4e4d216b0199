package bank

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
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

// unpaid is a batch without a payout yet.
func (m *matching) unpaid(f footing) {
	last := dayOf(f.parts[len(f.parts)-1].line)
	status, verdict := m.lateness(wait{last, m.rules.PayBusinessDays, m.rules.UnpaidBusinessDays, m.in.LinesThrough, m.in.LinesIncomplete})
	f.fates[f.currency] = broken
	if status == audit.Expected {
		f.fates[f.currency] = inFlight
	}
	if !m.holds(f.day) {
		return
	}
	out := m.batchFinding(f)
	out.Status, out.Severity, out.Verdict = status, severityOf(status, audit.High), verdict
	out.Rule = fmt.Sprintf("a batch is paid out within %d business days of its last line; unpaid after %d",
		m.rules.PayBusinessDays, max(m.rules.PayBusinessDays, m.rules.UnpaidBusinessDays))
	out.Reason = fmt.Sprintf("The lines of batch %s come to %s", f.id, m.showSum(&f.lines, f.currency))
	switch {
	case f.returned:
		out.Reason += "; its payout came back and was not made again."
	case status == audit.Expected:
		out.Reason += "; its payout is still to come."
	case status == audit.Overdue:
		out.Reason += "; its payout is later than agreed."
	default:
		out.Reason += ", and it was never paid out."
	}
	m.out.Findings = append(m.out.Findings, out)
}

func (m *matching) unbalanced(f footing) {
	f.fates[f.currency] = broken
	if !m.holds(f.day) {
		return
	}
	out := m.batchFinding(f)
	out.Severity, out.Verdict = audit.High, audit.Proven
	out.Rule = "the lines of a batch add up to its payout, to the minor unit"
	gap := f.paid.less(&f.lines)
	word := "more"
	if gap.sign() < 0 {
		gap, word = f.lines.less(&f.paid), "less"
	}
	out.Amounts = m.sumMoney(gap, f.currency)
	out.Reason = fmt.Sprintf("The lines of batch %s come to %s, but %s was paid out: %s %s.",
		f.id, m.showSum(&f.lines, f.currency), m.showSum(&f.paid, f.currency), m.showSum(gap, f.currency), word)
	if f.rows == 0 {
		out.Verdict = audit.Probable
		out.Reason = fmt.Sprintf("The lines of batch %s come to %s, but it was paid out in another currency and the file does not say from how much.",
			f.id, m.showSum(&f.lines, f.currency))
	}
	if m.in.LinesIncomplete {
		out.Verdict = audit.Undecidable
		out.Reason += " Part of the files could not be read."
	}
	m.out.Findings = append(m.out.Findings, out)
}

func (m *matching) batchFinding(f footing) audit.Finding {
	out := audit.Finding{
		Fingerprint: audit.NewFingerprint(audit.SettlementBatchUnbalanced, m.rules.Scope, f.id, m.rules.Feed, f.currency),
		Kind:        audit.SettlementBatchUnbalanced, Status: audit.Open, Scope: m.rules.Scope, Key: f.id, Window: m.in.Window,
		Amounts: m.sumMoney(&f.lines, f.currency),
	}
	if !f.day.IsZero() {
		out.Window = audit.At(f.day)
	}
	basis := strings.Join(slices.Sorted(maps.Keys(f.byBasis)), ", ")
	out.Evidence = append(out.Evidence, audit.Evidence{
		Source: "feed " + m.feed(), Ref: "batch " + f.id, At: f.day, Field: "expected_minor", Value: f.lines.String(), Note: "the lines by their " + cmp.Or(basis, "amounts, of which there are none"),
	}, audit.Evidence{
		Source: "feed " + m.feed(), Ref: "batch " + f.id, At: f.day, Field: "actual_minor", Value: f.paid.String(), Note: counted(f.rows, "payout"),
	})
	for _, kind := range slices.Sorted(maps.Keys(f.byType)) {
		out.Evidence = append(out.Evidence, audit.Evidence{
			Source: "feed " + m.feed(), Ref: "batch " + f.id, Field: kind, Value: f.byType[kind].String(), Note: counted(f.counts[kind], "line"),
		})
	}
	for i, p := range f.payouts {
		if i == maxRivals {
			break
		}
		out.Evidence = append(out.Evidence, m.evidence(&transfer{SettlementLine: p, day: dayOf(p)}, "amount_minor", "paid out "+m.show(p.Amount)))
	}
	return out
}
