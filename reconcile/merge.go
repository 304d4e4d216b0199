package reconcile

import "strings"

// settlesAll reports whether one line is the sum of several charged payments, and the amount of none of them: the network
// settled them as one.
func (m *matching) settlesAll(payments []*payment, l *line) bool {
	if len(payments) < 2 {
		return false
	}
	total := new(sum)
	for _, p := range payments {
		if p.class != charged || p.Amount.Currency != l.Amount.Currency || p.Amount.Minor == l.Amount.Minor {
			return false
		}
		total.add(p.Amount.Minor)
	}
	minor, fits := total.minor()
	return fits && minor == l.Amount.Minor
}

// merge pairs one line with all payments that it settles. The line belongs where the first of them does, and so do the others.
func (m *matching) merge(payments []*payment, l *line, by *tier) {
	m.paired += len(payments)
	for _, p := range payments {
		p.line, p.tier = l, by
	}
	l.owner = payments[0]
	l.owner.ours = l.owner.ours || l.open
	l.merged = append([]*payment(nil), payments...)
}

var (
	byList  = tier{Tier: Tier{Name: "list of payment ids", Sure: Proven}, verdict: "proven"}
	byBatch = tier{Tier: Tier{Name: "batch", Sure: Proven}, verdict: "proven"}
)

// listed are the payment ids of a line that names several.
func listed(l *line) []string {
	return strings.FieldsFunc(l.PaymentID, func(r rune) bool { return r == ',' || r == ';' || r == '|' || r == ' ' })
}

// pairLists pairs lines that name several payments.
func (m *matching) pairLists() {
	var lists []*line
	wanted := map[string]*payment{}
	for _, l := range m.freeLines(true) {
		if ids := listed(l); len(ids) > 1 {
			lists = append(lists, l)
			for _, id := range ids {
				wanted[id] = nil
			}
		}
	}
	if len(lists) == 0 {
		return
	}
	for _, p := range m.freePayments(true) {
		if first, asked := wanted[p.PaymentID]; asked && first == nil {
			wanted[p.PaymentID] = p
		}
	}
	for _, l := range lists {
		m.pairList(l, wanted)
	}
}

func (m *matching) pairList(l *line, known map[string]*payment) {
	var payments []*payment
	seen := map[string]bool{}
	for _, id := range listed(l) {
		p := known[id]
		if p == nil || p.line != nil || seen[id] {
			return
		}
		seen[id] = true
		payments = append(payments, p)
	}
	if m.settlesAll(payments, l) {
		m.merge(payments, l, &byList)
		return
	}
	hintAll(byList.Name, payments, []*line{l})
}

// pairBatches pairs the rows of a batch, by the ledger's further column batch, with the one line that settles the batch.
func (m *matching) pairBatches() {
	payments := m.freePayments(true)
	key := func(id, currency string) string {
		if id == "" {
			return ""
		}
		return id + "\x00" + currency
	}
	ofPayment := func(p *payment) string { return key(p.Extra["batch"], p.Amount.Currency) }
	for _, ofLine := range []func(l *line) string{
		func(l *line) string { return key(l.Reference, l.Amount.Currency) },
		func(l *line) string { return key(l.Batch, l.Amount.Currency) },
	} {
		var inBatch []*payment
		for _, p := range payments {
			if p.Extra["batch"] != "" && p.line == nil {
				inBatch = append(inBatch, p)
			}
		}
		if len(inBatch) == 0 {
			return
		}
		group(inBatch, m.freeLines(true), ofPayment, ofLine).both(func(ps []*payment, ls []*line) {
			switch {
			case len(ls) > 1: // the batch is told line by line
			case m.settlesAll(ps, ls[0]):
				m.merge(ps, ls[0], &byBatch)
			case len(ps) == 1 && ps[0].class == charged && ps[0].Amount == ls[0].Amount:
				m.settle(ps[0], ls[0], &byBatch)
			default:
				hintAll(byBatch.Name, ps, ls)
			}
		})
	}
}
