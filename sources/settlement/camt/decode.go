// Package camt reads what a bank says it has booked: ISO 20022 camt.053 (statement) and camt.054 (notification), version 2
// and later. The namespace tells message and version; a version newer than this code is read as long as it keeps the shape.
// Other messages, camt.052 among them, are refused. Source: the message definitions and schemas of ISO 20022, Cash
// Management, https://www.iso20022.org.
//
// Read are: statements and their numbering, account, opening and closing balances, the summary of entries, booked entries
// and the transactions they are made of. Not read are: entries that are pending, for information or in the future (counted),
// interest, availability, parties, and any supplementary data.
//
// A camt.054 announces what the camt.053 of the same account repeats: a feed reads one of the two.
package camt

import (
	"errors"
	"io"

	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// Decode reads one file and yields a line of type bank_credit or bank_debit for every transaction of every booked entry,
// and for an entry that has none. It is a decode.Func. A record is one such transaction or entry.
//
// Amount is what the bank booked, in the entry's currency and signed as CdtDbtInd says; charges (Fees) are told beside it and
// are not taken off again. An entry's transactions must add up to it, with the charges that are told or without them;
// where they carry no amounts of their own, the entry is one line. A reversal has the type of what it reverses.
//
// These must agree, or nothing of the file is used (decode.ErrControlTotal): the numbers and sums of TxsSummry; the opening
// balance (OPBD, else PRCD) and the booked entries with the closing balance (CLBD), in each currency that has both; and
// the number of transactions of a batch. TxsSummry may count all entries or the booked ones alone: banks do both.
func Decode(c decode.Content, name, feed string, yield decode.Yield) (decode.Summary, error) {
	r, err := c()
	if err != nil {
		return decode.Summary{}, decode.At(name, "line", 0, err)
	}
	defer r.Close() //nolint:errcheck // read only
	d := decoder{name: name, feed: feed, yield: yield, doc: newDocument(r), sums: decode.Sums{}}
	err = d.decode()
	if stop := (decode.StopError{}); errors.As(err, &stop) {
		return d.out, stop.Err
	}
	if at := (*decode.Error)(nil); err != nil && !errors.As(err, &at) {
		err = decode.At(name, "line", d.doc.line(), err)
	}
	return d.out, err
}

type decoder struct {
	name, feed string
	yield      decode.Yield
	doc        *document
	statements int64
	st         statement
	entry      entry
	detail     detail
	sums       decode.Sums
	charge     charge
	out        decode.Summary
}

func (d *decoder) decode() error {
	for {
		ev, err := d.doc.next()
		switch {
		case errors.Is(err, io.EOF):
			return d.finish()
		case err != nil:
			return err
		case ev == opened:
			if begin, ok := begins[string(d.doc.path)]; ok {
				begin(d)
			}
		default:
			if err := d.closed(); err != nil {
				return err
			}
		}
	}
}

// closed takes over the element that has just ended. What is wrong with a value inside an entry rejects it; anything else
// spoils the file.
func (d *decoder) closed() error {
	if set, ok := values[string(d.doc.path)]; ok {
		if err := set(d, d.doc.value()); err != nil {
			d.wrong(&decode.FieldError{Field: string(d.doc.path), Err: err})
		}
	}
	if into, ok := texts[string(d.doc.path)]; ok {
		into(d).add(d.doc.value())
	}
	if d.st.err != nil {
		return d.st.err
	}
	if end, ok := ends[string(d.doc.path)]; ok {
		return end(d)
	}
	return nil
}

// wrong keeps the first error of the transaction, entry or statement that is being read.
func (d *decoder) wrong(err error) {
	into := &d.st.err
	switch {
	case d.detail.open:
		into = &d.detail.err
	case d.entry.open:
		into = &d.entry.err
	}
	if *into == nil {
		*into = err
	}
}

func (d *decoder) finish() error {
	if d.statements == 0 {
		return errors.New("document holds neither a statement nor a notification")
	}
	if d.out.Totals == nil {
		d.out.Totals = map[string]string{}
	}
	d.sums.Into(d.out.Totals, "computed")
	if len(d.out.BusinessDates) == 0 {
		d.out.Date(decode.DateInName(d.name))
	}
	return nil
}

func (d *decoder) send(l record.SettlementLine) error {
	if err := d.sums.Add(l.Amount); err != nil {
		return d.at("Stmt/Ntry/Amt", err)
	}
	d.out.Lines++
	d.out.Date(l.BusinessDate)
	if err := d.yield(l); err != nil {
		return decode.StopError{Err: err}
	}
	return nil
}

func (d *decoder) reject(err error) {
	d.out.Records++
	d.out.Reject(d.out.Records, err)
}

// at says that an error belongs to the record that was read last.
func (d *decoder) at(field string, err error) error {
	return decode.At(d.name, "record", d.out.Records, &decode.FieldError{Field: field, Err: err})
}
