package cardfile

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"time"
)

// StripeFile is an itemized payout reconciliation report.
// Source: https://docs.stripe.com/reports/report-types/payout-reconciliation.
type StripeFile struct {
	Lines  []Line
	NetOff int64 // added to the first net amount, in minor units: the row no longer foots
}

var stripeColumns = strings.Split("automatic_payout_id,automatic_payout_effective_at_utc,balance_transaction_id,created_utc,available_on_utc,currency,gross,fee,net,"+
	"reporting_category,source_id,description,customer_facing_amount,customer_facing_currency,charge_id,payment_intent_id,payment_metadata[order_id]", ",")

// WriteStripe writes the report: a header and a row per line, and no trailer, for it has none.
func WriteStripe(w io.Writer, f StripeFile) error {
	out := csv.NewWriter(w)
	rows := [][]string{stripeColumns}
	off := f.NetOff
	for i, l := range f.Lines {
		row, err := stripeRow(l, i+1, off)
		if err != nil {
			return fmt.Errorf("write stripe: row %d: %w", i+1, err)
		}
		rows, off = append(rows, row), 0
	}
	if err := out.WriteAll(rows); err != nil { // flushes
		return fmt.Errorf("write stripe: %w", err)
	}
	return nil
}

func stripeRow(l Line, number int, off int64) ([]string, error) {
	category, err := stripeCategory(l.Kind)
	if err != nil {
		return nil, err
	}
	settled, letters := l.settled()
	held, err := currencyOf(letters)
	if err != nil {
		return nil, err
	}
	faced, err := currencyOf(l.Currency)
	if err != nil {
		return nil, err
	}
	gross, cost := l.signed(settled), l.Costs.total()
	row := []string{
		l.Batch, "", fmt.Sprintf("txn_%06d", number), l.At.UTC().Format(time.DateTime), l.At.UTC().Format(time.DateTime), strings.ToLower(letters),
		held.decimal(gross), held.decimal(cost), held.decimal(gross - cost + off), category, l.Reference, "", "", "", "", "", l.PaymentID,
	}
	if !l.Booked.IsZero() {
		row[1] = l.Booked.UTC().Format(time.DateTime)
	}
	switch l.Kind {
	case FeeCharged, Adjustment, Reserve, Payout:
	default:
		row[12], row[13], row[14] = faced.decimal(l.signed(l.Minor)), strings.ToLower(l.Currency), l.Reference
		if l.Original != "" {
			row[14] = l.Original
		}
	}
	return row, nil
}

func stripeCategory(k Kind) (string, error) {
	switch k {
	case Capture, "":
		return "charge", nil
	case Refund:
		return "refund", nil
	case Chargeback:
		return "dispute", nil
	case ChargebackReversed:
		return "dispute_reversal", nil
	case FeeCharged:
		return "fee", nil
	case Adjustment:
		return "other_adjustment", nil
	case Reserve:
		return "risk_reserved_funds", nil
	case Payout:
		return "payout", nil
	default:
		return "", fmt.Errorf("kind %q is not of this world", k)
	}
}
