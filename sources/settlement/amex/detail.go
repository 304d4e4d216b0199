package amex

import (
	"errors"
	"strconv"
	"time"

	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// codes are the records that become lines, in memory of their own: that of a row holds all of the row.
var codes = map[string]string{"TRANSACTN": "TRANSACTN", "CHARGEBACK": "CHARGEBACK", "ADJUSTMENT": "ADJUSTMENT", "FEEREVENUE": "FEEREVENUE"}

// detail reads a record of one charge, chargeback, adjustment or fee. An error of the record alone rejects it; its amount
// counts towards the totals where it can be read.
func (d *decoder) detail(row fields, line int64, kind string) error {
	at := 3
	if kind == "FEEREVENUE" {
		at = 2
	}
	p, err := d.paymentOf(row, at)
	if err != nil {
		d.lose(nil, line, err)
		return nil
	}
	l := record.SettlementLine{Feed: d.feed, File: d.name, Record: line, Batch: p.number, Code: codes[kind], BusinessDate: p.date}
	var count, fill func(fields, *record.SettlementLine, *payment) error
	switch kind {
	case "TRANSACTN":
		if d.submission == nil || d.submission.key != submissionKey(row) {
			return errors.New("is a charge of another submission than the one before")
		}
		count, fill = d.countCharge, charge
	case "FEEREVENUE":
		count, fill = countFee, feeRevenue
	default:
		count, fill = countReturn, returned
	}
	if err := count(row, &l, p); err != nil {
		if errors.Is(err, decode.ErrTooLarge) {
			return err
		}
		d.lose(p, line, err)
		return nil
	}
	if kind == "TRANSACTN" && row.text(32) == "REJ" {
		d.out.Admin++
		d.unpaid++
		return nil
	}
	if err := fill(row, &l, p); err != nil {
		d.out.Reject(line, err)
		return nil
	}
	return d.emit(l)
}

// countCharge reads a charge's amount and counts it towards its submission, unless American Express rejected it.
func (d *decoder) countCharge(row fields, l *record.SettlementLine, _ *payment) (err error) {
	if err := row.need(26); err != nil {
		return err
	}
	if row.text(17) == "" {
		return wrong("TRANSACTION_AMOUNT", errors.New("is empty"))
	}
	if l.Amount.Minor, err = row.amount(17, "TRANSACTION_AMOUNT"); err != nil {
		return err
	}
	if row.text(10) != d.submission.currency {
		return wrong("SUBMISSION_CURRENCY", errors.New("is not that of the submission"))
	}
	l.Amount.Currency = d.submission.currency
	if row.text(32) == "REJ" {
		return nil
	}
	d.submission.count++
	if d.submission.charged, err = decode.Add(d.submission.charged, l.Amount.Minor); err != nil {
		return wrong("TRANSACTION_AMOUNT", err)
	}
	return nil
}

// charge fills in a charge, or a refund, whose amount is negative. Its fees are those of the submission.
func charge(row fields, l *record.SettlementLine, p *payment) error {
	l.Type = record.Presentment
	if l.Amount.Minor < 0 {
		l.Type = record.Refund
	}
	if l.Amount.Currency == p.currency {
		l.Settlement, l.Net = l.Amount, l.Amount
	}
	l.MaskedPAN = decode.MaskPAN(row.text(14))
	if err := texts(row, []named{
		{12, "INVOICE_REFERENCE_NUMBER", &l.PaymentID}, {20, "TRANSACTION_ID", &l.Reference}, {21, "APPROVAL_CODE", &l.AuthCode}, {25, "ACQUIRER_REFERENCE_NUMBER", &l.ARN},
	}); err != nil {
		return err
	}
	if l.Reference == "" {
		l.Reference = l.ARN
	}
	if l.Reference == "" && l.PaymentID == "" {
		return wrong("TRANSACTION_ID", errors.New("is empty, and so are ACQUIRER_REFERENCE_NUMBER and INVOICE_REFERENCE_NUMBER"))
	}
	clock := row.text(19)
	if clock == "" {
		clock = "000000"
	}
	at, err := time.Parse("20060102150405", row.text(18)+clock)
	if err != nil {
		return wrong("TRANSACTION_DATE", errors.New("is not a date and time such as 20261118 and 140700"))
	}
	l.TransactionAt = at // local to the merchant; the record names no zone
	return nil
}

// countReturn reads the net of a chargeback or adjustment, which is in the payment's currency.
func countReturn(row fields, l *record.SettlementLine, p *payment) (err error) {
	if err := row.need(24); err != nil {
		return err
	}
	if row.text(19) == "" || row.text(23) == "" {
		return wrong("NET_AMOUNT", errors.New("is empty, or GROSS_AMOUNT is"))
	}
	if l.Net.Minor, err = row.amount(23, "NET_AMOUNT"); err != nil {
		return err
	}
	l.Net.Currency = p.currency
	if p.adjusted, err = decode.Add(p.adjusted, l.Net.Minor); err != nil {
		return wrong("NET_AMOUNT", err)
	}
	return nil
}

// returned fills in a chargeback, its reversal, or an adjustment.
func returned(row fields, l *record.SettlementLine, p *payment) (err error) {
	l.Amount.Currency = p.currency
	if l.Amount.Minor, err = row.amount(19, "GROSS_AMOUNT"); err != nil {
		return err
	}
	l.Type = record.Adjustment
	switch {
	case l.Code == "CHARGEBACK" && l.Amount.Minor > 0:
		l.Type = record.Representment
	case l.Code == "CHARGEBACK":
		l.Type = record.Chargeback
	}
	l.Settlement, l.Fee = l.Amount, money.Amount{Currency: p.currency}
	for i, f := range []struct {
		name string
		kind record.FeeKind
	}{{"DISCOUNT_AMOUNT", record.Commission}, {"SERVICE_FEE_AMOUNT", record.Processing}, {"TAX_AMOUNT", record.Tax}} {
		n, err := row.amount(20+i, f.name)
		if err != nil {
			return err
		}
		if l.Fee.Minor += n; n != 0 { // of 15 digits each
			l.Fees = append(l.Fees, record.LineFee{Kind: f.kind, Amount: money.Amount{Minor: n, Currency: p.currency}})
		}
	}
	if l.Amount.Minor-l.Fee.Minor != l.Net.Minor {
		return wrong("NET_AMOUNT", errors.New("does not foot: gross less discount, service fee and tax is another amount"))
	}
	l.MaskedPAN = decode.MaskPAN(row.text(11))
	var reason string
	if err := texts(row, []named{
		{9, "INVOICE_REFERENCE_NUMBER", &l.PaymentID}, {16, l.Code + "_NUMBER", &l.Reference}, {17, l.Code + "_REASON_CODE", &reason},
	}); err != nil {
		return err
	}
	if reason != "" {
		l.Code += " " + reason
	}
	if l.Note, err = decode.Note(row.text(18)); err != nil {
		return wrong("REASON_DESCRIPTION", err)
	}
	return nil
}

// countFee adds up a fee or revenue, the price of equipment and the tax on it.
func countFee(row fields, l *record.SettlementLine, p *payment) (err error) {
	if err := row.need(12); err != nil {
		return err
	}
	for _, f := range []struct {
		at   int
		name string
	}{{7, "FEE_OR_REVENUE_AMOUNT"}, {9, "ASSET_BILLING_AMOUNT"}, {11, "ASSET_BILLING_TAX"}} {
		n, err := row.amount(f.at, f.name)
		if err != nil {
			return err
		}
		l.Amount.Minor += n // of 15 digits each
	}
	l.Amount.Currency = p.currency
	if p.fees, err = decode.Add(p.fees, l.Amount.Minor); err != nil {
		return wrong("FEE_OR_REVENUE_AMOUNT", err)
	}
	return nil
}

func feeRevenue(row fields, l *record.SettlementLine, _ *payment) (err error) {
	l.Type, l.Net = record.Fee, l.Amount
	if l.Note, err = decode.Note(row.text(8)); err != nil {
		return wrong("FEE_OR_REVENUE_DESCRIPTION", err)
	}
	l.Reference = l.Batch + "/" + strconv.FormatInt(l.Record, 10) // the record has none
	return nil
}

// named is a field by its position and name, and where its text goes.
type named struct {
	at   int
	name string
	into *string
}

func texts(row fields, want []named) error {
	for _, f := range want {
		text, err := decode.Text(row.text(f.at))
		if err != nil {
			return wrong(f.name, err)
		}
		*f.into = text
	}
	return nil
}
