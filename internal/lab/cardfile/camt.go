package cardfile

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"time"
)

// Camt is a bank's statement (camt.053) or notification (camt.054) as ISO 20022 has them. There is a statement for every
// currency of the lines, of an account in that currency. A refund, chargeback or fee is money out, and so is what is negative.
type Camt struct {
	Notification bool
	Version      int // 2 to 13; 8 if zero
	ID           string
	Sequence     int
	Account      string // IBAN
	Date         time.Time
	Opening      int64 // balance of every account, minor units
	Batch        int   // transactions that are booked together in one entry; 1 if zero
	Bare         bool  // transactions carry no amounts of their own
	Lines        []Line
	Pending      []Line // not booked yet: in no balance
	Latin1       bool   // written in ISO-8859-1

	// What the file states wrongly, added to what is right.
	WrongClosing, WrongSum, WrongCount, WrongEntry, WrongBatch int64
}

// WriteCamt writes a statement. Its totals are right unless the file asks for wrong ones.
func WriteCamt(w io.Writer, f Camt) error {
	f.Version, f.Batch = cmp.Or(f.Version, 8), cmp.Or(f.Batch, 1)
	x := &elements{version: f.Version}
	encoding := "UTF-8"
	if f.Latin1 {
		encoding = "ISO-8859-1"
	}
	x.out.WriteString(`<?xml version="1.0" encoding="` + encoding + `"?>` + "\n")
	message, name, one := "camt.053", "BkToCstmrStmt", "Stmt"
	if f.Notification {
		message, name, one = "camt.054", "BkToCstmrDbtCdtNtfctn", "Ntfctn"
	}
	fmt.Fprintf(&x.out, `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:%s.001.%02d">`+"\n", message, f.Version)
	x.open(name)
	x.open("GrpHdr")
	x.leaf("MsgId", "M-"+f.ID)
	x.leaf("CreDtTm", f.Date.Format(camtTime))
	x.close("GrpHdr")
	for i, currency := range currencies(f.Lines, f.Pending) {
		x.open(one)
		if err := f.statement(x, currency, i); err != nil {
			return fmt.Errorf("write camt: %w", err)
		}
		x.close(one)
	}
	x.close(name)
	x.out.WriteString("</Document>\n")
	data := x.out.Bytes()
	if f.Latin1 {
		data = latin1(data)
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("write camt: %w", err)
	}
	return nil
}

const camtTime = "2006-01-02T15:04:05"

// currencies of lines, in the order they first appear; EUR where there are no lines.
func currencies(all ...[]Line) []string {
	var out []string
	seen := map[string]bool{}
	for _, lines := range all {
		for _, l := range lines {
			if !seen[l.Currency] {
				seen[l.Currency] = true
				out = append(out, l.Currency)
			}
		}
	}
	if len(out) == 0 {
		return []string{"EUR"}
	}
	return out
}

func (f Camt) statement(x *elements, letters string, n int) error {
	currency, err := currencyOf(letters)
	if err != nil {
		return err
	}
	a := camtAccount{Camt: f, x: x, letters: letters, currency: currency}
	id := f.ID
	if n > 0 {
		id += "-" + letters
	}
	x.leaf("Id", id)
	x.leaf("ElctrncSeqNb", strconv.Itoa(f.Sequence))
	x.leaf("CreDtTm", f.Date.Format(camtTime))
	x.open("Acct")
	x.wrap("Id", "IBAN", f.Account)
	x.leaf("Ccy", letters)
	x.close("Acct")
	booked, pending := a.group(f.Lines), a.group(f.Pending)
	if !f.Notification {
		a.balances(booked)
	}
	a.summary(booked, pending)
	for i, lines := range booked {
		a.entry(fmt.Sprintf("%s-%d", id, i+1), "BOOK", lines)
	}
	for i, lines := range pending {
		a.entry(fmt.Sprintf("%s-P%d", id, i+1), "PDNG", lines)
	}
	return nil
}

// latin1 writes text of characters below U+0100 with one byte each.
func latin1(text []byte) []byte {
	var out bytes.Buffer
	for _, r := range string(text) {
		out.WriteByte(byte(r)) //nolint:gosec // the texts here have no other characters
	}
	return out.Bytes()
}
