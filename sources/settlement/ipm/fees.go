package ipm

import (
	"errors"

	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// The processing codes of a fee, in DE3 of a fee collection and inside PDS0146.
const (
	feeCredit = 19 // to the originator of the message
	feeDebit  = 29
)

// feeSize is the length of one fee in PDS0146: type (2), processing code (2), settlement indicator (2), currency (3), amount
// (12), reconciliation currency (3), reconciliation amount (12).
const feeSize = 36

// lineFees reads the fees of a message, PDS0146, in the currency that the line is settled in, where the file says it, else
// in the fee's own. Type 00 is interchange.
//
// A presentment's originator is the acquirer, a chargeback's the issuer: what debits the one costs the merchant, and so does
// what credits the other. A reversal repeats the fees of what it reverses, which are then given back.
func (d *decoder) lineFees(l *record.SettlementLine) error {
	raw := d.msg.pds[pdsFees]
	if len(raw) == 0 {
		return nil
	}
	if len(raw)%feeSize != 0 {
		return &decode.FieldError{Field: "PDS0146", Err: errors.New("is no list of fees, 36 bytes each")}
	}
	l.Fees = d.room(len(raw) / feeSize)
	cost := int64(1)
	if l.Type == record.Chargeback {
		cost = -cost
	}
	if l.Reversal {
		cost = -cost
	}
	for i := range l.Fees {
		fee, err := d.fee(raw[i*feeSize:][:feeSize], cost, l.Settlement.Currency != "")
		if err != nil {
			return &decode.FieldError{Field: "PDS0146", Err: err}
		}
		l.Fees[i] = fee
		if i == 0 {
			l.Fee = fee.Amount
			continue
		}
		if l.Fee, err = l.Fee.Add(fee.Amount); err != nil {
			return &decode.FieldError{Field: "PDS0146", Err: errors.New("holds fees in several currencies")}
		}
	}
	return nil
}

// fee reads one fee. cost is 1 where a debit of the originator costs the merchant.
func (d *decoder) fee(raw []byte, cost int64, settled bool) (record.LineFee, error) {
	charset := d.msg.charset
	currency, amount := raw[6:9], raw[9:21]
	if settled && charset.small(raw[21:24]) > 0 {
		currency, amount = raw[21:24], raw[24:36]
	}
	n, err := d.numbered(currency)
	if err != nil {
		return record.LineFee{}, err
	}
	minor, err := charset.number(amount)
	if err != nil {
		return record.LineFee{}, err
	}
	switch charset.small(raw[2:4]) {
	case feeDebit:
		minor *= cost
	case feeCredit:
		minor *= -cost
	default:
		if minor != 0 {
			return record.LineFee{}, errors.New("says of a fee neither that it is credited (19) nor that it is debited (29)")
		}
	}
	kind := record.OtherFee
	if charset.small(raw[:2]) == 0 {
		kind = record.Interchange
	}
	return record.LineFee{Kind: kind, Amount: money.Amount{Minor: minor, Currency: d.currencies.letters[n]}}, nil
}

// room is space for a line's fees, cut from a larger piece.
func (d *decoder) room(n int) []record.LineFee {
	if len(d.fees) < n {
		d.fees = make([]record.LineFee, max(128, n))
	}
	out := d.fees[:n:n]
	d.fees = d.fees[n:]
	return out
}
