package amex

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// maxPayments is how many payments of one file are followed at a time.
const maxPayments = 100_000

// payment is a SUMMARY and what its records added up to, in minor units of the currency that is paid.
type payment struct {
	number, currency, date                                string
	net, gross, discount, serviceFee, adjust, tax, opened int64
	submitted                                             int64 // gross of the submissions
	adjusted                                              int64 // net of chargebacks and adjustments
	fees                                                  int64 // of FEEREVENUE
	unread                                                int64 // records whose amounts cannot be read
}

// submission is a SUBMISSION and what its charges added up to, in minor units of the currency they were submitted in.
type submission struct {
	key            string
	currency       string
	gross, charged int64
	stated, count  int64 // charges; stated is -1 where the record does not say
	unread         int64
}

// summary reads a payment: what is transferred to the merchant's bank.
func (d *decoder) summary(row fields, line int64) error {
	if err := row.need(14); err != nil {
		return err
	}
	if err := d.endSubmission(); err != nil {
		return err
	}
	number, err := decode.Text(row.text(3))
	if err != nil || number == "" {
		return wrong("AMERICAN_EXPRESS_PAYMENT_NUMBER", errors.New("is no number"))
	}
	reference, err := decode.Text(row.text(6))
	if err != nil {
		return wrong("UNIQUE_PAYMENT_REFERENCE_NUMBER", err)
	}
	if d.payments[number] != nil {
		return wrong("AMERICAN_EXPRESS_PAYMENT_NUMBER", errors.New("has a SUMMARY already"))
	}
	if len(d.payments) >= maxPayments {
		return fmt.Errorf("file holds more than %d payments", maxPayments)
	}
	p, err := readPayment(row)
	if err != nil {
		return err
	}
	p.number, d.payments[number] = number, p
	if reference == "" {
		reference = number
	}
	return d.emit(record.SettlementLine{
		Feed: d.feed, File: d.name, Record: line, Type: record.Payout, Reference: reference, Batch: number, Code: "SUMMARY",
		Amount: money.Amount{Minor: p.net, Currency: p.currency}, BusinessDate: p.date, ValueDate: p.date,
	})
}

func readPayment(row fields) (*payment, error) {
	var p payment
	var err error
	if p.date, err = row.date(4, "PAYMENT_DATE"); err != nil {
		return nil, err
	}
	if p.currency, err = row.currency(5, "PAYMENT_CURRENCY"); err != nil {
		return nil, err
	}
	for i, f := range []struct {
		name string
		into *int64
	}{
		{"PAYMENT_NET_AMOUNT", &p.net}, {"PAYMENT_GROSS_AMOUNT", &p.gross}, {"PAYMENT_DISCOUNT_AMOUNT", &p.discount}, {"PAYMENT_SERVICE_FEE_AMOUNT", &p.serviceFee},
		{"PAYMENT_ADJUSTMENT_AMOUNT", &p.adjust}, {"PAYMENT_TAX_AMOUNT", &p.tax}, {"OPENING_DEBIT_BALANCE_AMOUNT", &p.opened},
	} {
		if *f.into, err = row.amount(7+i, f.name); err != nil {
			return nil, err
		}
	}
	return &p, nil
}

// paymentOf finds the payment a record belongs to, by the number in one of its fields.
func (d *decoder) paymentOf(row fields, at int) (*payment, error) {
	p := d.payments[row.text(at)]
	if p == nil {
		return nil, wrong("AMERICAN_EXPRESS_PAYMENT_NUMBER", errors.New("has no SUMMARY in front of it"))
	}
	return p, nil
}

// submit begins a submission. What was deducted from it is a line of its own.
func (d *decoder) submit(row fields, line int64) error {
	if err := row.need(22); err != nil {
		return err
	}
	if err := d.endSubmission(); err != nil {
		return err
	}
	p, err := d.paymentOf(row, 3)
	if err != nil {
		return err
	}
	s := submission{key: submissionKey(row), stated: -1}
	if s.currency, err = row.currency(10, "SUBMISSION_CURRENCY"); err != nil {
		return err
	}
	if s.gross, err = row.amount(13, "SUBMISSION_GROSS_AMOUNT_IN_SUBMISSION_CURRENCY"); err != nil {
		return err
	}
	if row.text(21) != "" {
		if s.stated, err = row.amount(21, "TRANSACTION_COUNT"); err != nil {
			return err
		}
	}
	d.submission = &s
	deducted, err := deductions(row)
	if err != nil {
		return err
	}
	gross, err := row.amount(14, "SUBMISSION_GROSS_AMOUNT_IN_PAYMENT_CURRENCY")
	if err != nil {
		return err
	}
	if p.submitted, err = decode.Add(p.submitted, gross); err != nil {
		return wrong("SUBMISSION_GROSS_AMOUNT_IN_PAYMENT_CURRENCY", err)
	}
	if deducted == 0 {
		d.out.Admin++
		return nil
	}
	var merchant, submitted, invoice string
	if err := texts(row, []named{
		{6, "SUBMISSION_MERCHANT_ID", &merchant}, {7, "BUSINESS_SUBMISSION_DATE", &submitted}, {9, "SUBMISSION_INVOICE_NUMBER", &invoice},
	}); err != nil {
		return err
	}
	cost := money.Amount{Minor: -deducted, Currency: p.currency}
	return d.emit(record.SettlementLine{
		Feed: d.feed, File: d.name, Record: line, Type: record.Fee, Reference: strings.Join([]string{p.number, merchant, submitted, invoice}, "/"), Batch: p.number, Code: "SUBMISSION",
		Note: "discount, service fee and tax of a submission", Amount: cost, Net: cost, BusinessDate: p.date,
	})
}

// deductions is what was taken off a submission. Merchants who are paid gross are charged in FEEREVENUE records later, and
// the discount is stated for information.
func deductions(row fields) (int64, error) {
	var n [5]int64
	for i, name := range []string{"SUBMISSION_GROSS_AMOUNT_IN_PAYMENT_CURRENCY", "SUBMISSION_DISCOUNT_AMOUNT", "SUBMISSION_SERVICE_FEE_AMOUNT", "SUBMISSION_TAX_AMOUNT", "SUBMISSION_NET_AMOUNT"} {
		var err error
		if n[i], err = row.amount(14+i, name); err != nil {
			return 0, err
		}
	}
	acceleration, err := row.amount(28, "SUBMISSION_ACCELERATION_FEE_AMOUNT")
	if err != nil {
		return 0, err
	}
	gross, net := n[0], n[4]
	fees := n[1] + n[2] + n[3] // of 15 digits each
	switch taken := gross - net; taken {
	case 0, fees, fees + acceleration:
		return taken, nil
	default:
		return 0, wrong("SUBMISSION_NET_AMOUNT", fmt.Errorf("%w: stated as %s, gross less discount, service fee and tax is %s", decode.ErrControlTotal, decode.Figure(net), decode.Figure(gross-fees)))
	}
}

// submissionKey is what a charge and its submission have in common.
func submissionKey(row fields) string {
	return row.text(3) + "|" + row.text(6) + "|" + row.text(7) + "|" + row.text(9)
}

// endSubmission holds the charges against their submission.
func (d *decoder) endSubmission() error {
	s := d.submission
	d.submission = nil
	switch {
	case s == nil:
		return nil
	case s.unread > 0:
		d.out.Totals["submissions"] = "not verifiable: charges have no readable amount"
		return nil
	case s.stated >= 0 && s.stated != s.count:
		return wrong("TRANSACTION_COUNT", fmt.Errorf("%w: %s charges stated by the submission before, %d read", decode.ErrControlTotal, decode.Figure(s.stated), s.count))
	case s.gross != s.charged:
		return wrong("SUBMISSION_GROSS_AMOUNT_IN_SUBMISSION_CURRENCY", fmt.Errorf("%w: stated as %s by the submission before, its charges make %s", decode.ErrControlTotal, decode.Figure(s.gross), decode.Figure(s.charged)))
	}
	return nil
}

// endPayments holds what the records made against their payments.
func (d *decoder) endPayments() error {
	for _, number := range slices.Sorted(maps.Keys(d.payments)) {
		p := d.payments[number]
		if p.submitted != p.gross {
			return wrong("PAYMENT_GROSS_AMOUNT", disagree(p.gross, p.submitted, "the submissions make"))
		}
		if p.unread > 0 {
			d.out.Totals["payments"] = "not verifiable: records have no readable amount"
			continue
		}
		if p.adjusted != p.adjust {
			return wrong("PAYMENT_ADJUSTMENT_AMOUNT", disagree(p.adjust, p.adjusted, "chargebacks and adjustments make"))
		}
		if err := p.foots(); err != nil {
			return err
		}
	}
	return nil
}

func disagree(stated, computed int64, by string) error {
	return fmt.Errorf("%w: stated as %s, %s %s", decode.ErrControlTotal, decode.Figure(stated), by, decode.Figure(computed))
}

// foots proves the payment's own sum: net = gross - discount - service fee - tax + adjustments + opening balance. Merchants who
// are paid gross have nothing deducted, and fees may be settled with a payment or by themselves.
func (p *payment) foots() error {
	base := p.gross + p.adjust + p.opened // sums of few amounts of 15 digits
	deducted := base - p.discount - p.serviceFee - p.tax
	if slices.Contains([]int64{deducted, deducted + p.fees, base, base + p.fees}, p.net) {
		return nil
	}
	return wrong("PAYMENT_NET_AMOUNT", disagree(p.net, deducted, "its parts make"))
}
