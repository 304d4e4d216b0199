package camt

import (
	"cmp"
	"fmt"

	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// foot holds an entry against the sum of its transactions.
func (d *decoder) foot() error {
	e := &d.entry
	if e.batchCount > 0 && e.details > 1 && e.batchCount != e.details {
		return d.at("Stmt/Ntry/NtryDtls/Btch/NbOfTxs", fmt.Errorf("%w: %d transactions stated, %d read", decode.ErrControlTotal, e.batchCount, e.details))
	}
	if e.unreadable > 0 {
		d.st.unfooted++
		return nil
	}
	want := e.amount.Minor * e.sign
	net, err := decode.Add(e.sum, -e.charges)
	for _, f := range e.fees {
		if f.Amount.Currency == e.amount.Currency && err == nil {
			net, err = decode.Add(net, -f.Amount.Minor)
		}
	}
	if e.sum == want || err == nil && net == want {
		return nil
	}
	return d.at("Stmt/Ntry/Amt", fmt.Errorf("%w: entry of %[2]s %[3]d, its transactions sum to %[2]s %[4]d", decode.ErrControlTotal, e.amount.Currency, want, e.sum))
}

// sendWhole sends an entry as one line: it has no transactions, or none with amounts of their own. The first may still say
// what payment the batch is of.
func (d *decoder) sendWhole(first *detail) error {
	e := &d.entry
	var t detail
	if first != nil && first.err == nil {
		t.messageID, t.paymentInfo = first.messageID, first.paymentInfo
	}
	d.out.Records++
	return d.send(d.line(&t, e.amount.Minor*e.sign))
}

// line builds the line of a transaction, with what the entry says where the transaction does not.
func (d *decoder) line(t *detail, minor int64) record.SettlementLine {
	e := &d.entry
	l := record.SettlementLine{
		Feed: d.feed, File: d.name, Record: d.out.Records, Type: record.BankCredit,
		Reference: cmp.Or(t.endToEnd, t.txID, t.servicerRef, e.servicerRef, e.ref),
		Batch:     cmp.Or(t.paymentInfo, e.paymentInfo, t.messageID, e.messageID),
		Code:      cmp.Or(t.code.String(), e.code.String()),
		Reversal:  e.reversal, Rate: cmp.Or(t.rate, e.rate),
		Amount:       money.Amount{Minor: minor, Currency: e.amount.Currency},
		BusinessDate: cmp.Or(e.booked, d.st.day, decode.DateInName(d.name)), ValueDate: e.value,
	}
	if (minor < 0) != e.reversal { // a reversal has the type of what it undoes and the opposite sign
		l.Type = record.BankDebit
	}
	text := t.note
	text.add(e.note.text)
	l.Note = text.masked()
	l.Fees = t.fees
	if !e.told { // the entry's own charges are told once, with its first line
		e.told = true
		l.Fees = append(l.Fees, e.fees...)
	}
	l.Fee = total(l.Fees)
	return l
}

// total is the sum of fees in one currency; there is none over several.
func total(fees []record.LineFee) money.Amount {
	var sum money.Amount
	for i, f := range fees {
		if i == 0 {
			sum.Currency = f.Amount.Currency
		}
		next, err := sum.Add(f.Amount)
		if err != nil {
			return money.Amount{}
		}
		sum = next
	}
	return sum
}
