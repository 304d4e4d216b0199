package cardfile

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
)

// CheckoutFile is a Settlement breakdown report of Checkout.com. It has no row for the payout: every row carries its id.
// Source: https://www.checkout.com/docs/funds-management/retrieve-financial-reports/settlement-reports/settlement-breakdown-report.
type CheckoutFile struct{ Lines []Line }

var checkoutColumns = strings.Split("Client Entity ID,Client Entity Name,Processing Channel ID,Processing Channel Name,Type,Payment ID,Reference,Processed On,Available On,"+
	"Holding Currency,Payout ID,Gross In Holding Currency,Deduction In Holding Currency,Net In Holding Currency,Processing Fee In Holding Currency,"+
	"Scheme Fee In Holding Currency,Interchange In Holding Currency,Tax In Holding Currency,Reserve In Holding Currency,Processing Currency,"+
	"Gross In Processing Currency,FX Rate Applied,Payment Method", ",")

// WriteCheckout writes the report: a header and a row per line.
func WriteCheckout(w io.Writer, f CheckoutFile) error {
	out := csv.NewWriter(w)
	rows := [][]string{checkoutColumns}
	for i, l := range f.Lines {
		row, err := checkoutRow(l)
		if err != nil {
			return fmt.Errorf("write checkout: row %d: %w", i+1, err)
		}
		rows = append(rows, row)
	}
	if err := out.WriteAll(rows); err != nil { // flushes
		return fmt.Errorf("write checkout: %w", err)
	}
	return nil
}

func checkoutRow(l Line) ([]string, error) {
	kind, err := checkoutType(l.Kind)
	if err != nil {
		return nil, err
	}
	settled, letters := l.settled()
	held, err := currencyOf(letters)
	if err != nil {
		return nil, err
	}
	processed, err := currencyOf(l.Currency)
	if err != nil {
		return nil, err
	}
	at, available := l.At.UTC().Format("2006-01-02T15:04:05.000"), ""
	if !l.Booked.IsZero() {
		available = l.Booked.UTC().Format("2006-01-02T15:04:05.000")
	}
	gross, cost, rate := l.signed(settled), l.Costs.total(), l.Rate
	if l.Kind == FeeCharged { // a fee has no gross of its own
		gross, cost = 0, l.Minor
	}
	if rate == "" {
		rate = "1"
	}
	fees := []int64{l.Costs.Commission + l.Costs.Markup, l.Costs.Scheme, l.Costs.Interchange, l.Costs.Tax, 0}
	if l.Kind == FeeCharged {
		fees[0] = l.Minor
	}
	row := []string{"ent_lab", "Lab", "pc_lab", "Lab", kind, l.Reference, l.PaymentID, at, available, letters, l.Batch, held.decimal(gross), held.decimal(-cost), held.decimal(gross - cost)}
	for _, fee := range fees {
		row = append(row, held.decimal(-fee))
	}
	if l.Kind == FeeCharged {
		return append(row, "", "0", "", ""), nil
	}
	return append(row, l.Currency, processed.decimal(l.signed(l.Minor)), rate, "VISA"), nil
}

func checkoutType(k Kind) (string, error) {
	switch k {
	case Capture, "":
		return "Charge", nil
	case Refund:
		return "Refund", nil
	case Chargeback:
		return "Chargeback", nil
	case ChargebackReversed:
		return "Chargeback Reversal", nil
	case FeeCharged:
		return "Network Token Update", nil
	case Adjustment:
		return "Adjustment", nil
	case Reserve:
		return "Rolling Reserve", nil
	default:
		return "", fmt.Errorf("kind %q is not of this report", k)
	}
}
