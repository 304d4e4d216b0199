package paypal

import (
	"errors"
	"time"

	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// line turns a transaction into a settlement line. An error rejects the row.
func (d *decoder) line(row []string, number int64, moved movement) (l record.SettlementLine, err error) {
	s := d.section
	means, err := meaningOf(s.value(row, eventCode), moved.gross.debit)
	if err != nil {
		return l, s.wrong(eventCode, err)
	}
	l = record.SettlementLine{
		Feed: d.feed, File: d.name, Record: number, Type: means.line, Reversal: means.reversal, BusinessDate: s.day, Batch: s.batch,
	}
	if err := s.texts(row, &l); err != nil {
		return l, err
	}
	at, err := time.Parse(timeForm, s.value(row, initiated))
	if err != nil {
		return l, s.wrong(initiated, errTime)
	}
	l.TransactionAt = at.UTC()
	return l, s.fill(&l, moved)
}

func (s *section) texts(row []string, l *record.SettlementLine) error {
	var related, kind, bank string
	for _, f := range [...]struct {
		column  int
		repeats bool
		into    *string
	}{
		{eventCode, true, &l.Code}, {referenceType, true, &kind}, {transactionID, false, &l.Reference}, {paymentID, false, &l.PaymentID},
		{referenceID, false, &related}, {bankReference, false, &bank},
	} {
		text := s.value(row, f.column)
		if text == "" {
			continue
		}
		var err error
		if f.repeats {
			*f.into, err = s.interned.Text(text)
		} else {
			*f.into, err = decode.Text(text)
		}
		if err != nil {
			return s.wrong(f.column, err)
		}
	}
	if l.Reference == "" {
		return s.wrong(transactionID, errors.New("is empty"))
	}
	if kind == "TXN" && related != l.Reference { // the others are orders, subscriptions and agreements
		l.Original = related
	}
	if l.Type == record.Payout && bank != "" {
		l.Note, l.Reference = l.Reference, bank // what the bank's statement names it by
	}
	return nil
}

// fill sets the amounts. What is paid out of the balance arrives at the bank.
func (s *section) fill(l *record.SettlementLine, moved movement) (err error) {
	if l.Amount, err = moved.gross.amount(); err != nil {
		return s.wrong(gross, err)
	}
	cost, err := moved.fee.amount()
	if err != nil {
		return s.wrong(fee, err)
	}
	if cost.Currency != "" {
		cost.Minor = -cost.Minor
		l.Fee = cost
		if cost.Minor != 0 {
			l.Fees = []record.LineFee{{Kind: record.Processing, Amount: cost}}
		}
	}
	if l.Type == record.Payout {
		l.Amount.Minor = -l.Amount.Minor
		return nil
	}
	l.Net = l.Amount
	if l.Fee.Currency == l.Amount.Currency {
		if l.Net.Minor, err = decode.Add(l.Amount.Minor, -l.Fee.Minor); err != nil {
			return s.wrong(fee, err)
		}
	} else if l.Fee.Minor != 0 {
		l.Net = money.Amount{} // gross and fee are taken from two balances
	}
	return nil
}
