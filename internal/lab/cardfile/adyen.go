package cardfile

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"time"
)

// AdyenFile is a Settlement details report.
// Source: https://docs.adyen.com/reporting/settlement-reconciliation/transaction-level/settlement-details-report.
type AdyenFile struct {
	Account string // merchant account
	Zone    *time.Location
	Lines   []Line
	NetOff  int64 // added to the first net amount, in minor units: the row no longer foots
}

var adyenColumns = strings.Split("Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,Creation Date,TimeZone,Type,"+
	"Modification Reference,Gross Currency,Gross Debit (GC),Gross Credit (GC),Exchange Rate,Net Currency,Net Debit (NC),Net Credit (NC),"+
	"Commission (NC),Markup (NC),Scheme Fees (NC),Interchange (NC),Payment Method Variant,Modification Merchant Reference,Batch Number,"+
	"Booking Date,Booking Date TimeZone,ARN,Authorisation Code,Reserved9,Reserved10", ",")

// WriteAdyen writes the report: a header and a row per line, and no trailer, for it has none.
func WriteAdyen(w io.Writer, f AdyenFile) error {
	out := csv.NewWriter(w)
	rows := [][]string{adyenColumns}
	off := f.NetOff
	for i, l := range f.Lines {
		row, err := f.row(l, off)
		if err != nil {
			return fmt.Errorf("write adyen: row %d: %w", i+1, err)
		}
		rows, off = append(rows, row), 0
	}
	if err := out.WriteAll(rows); err != nil { // flushes
		return fmt.Errorf("write adyen: %w", err)
	}
	return nil
}

func (f AdyenFile) row(l Line, off int64) ([]string, error) {
	gross, err := currencyOf(l.Currency)
	if err != nil {
		return nil, err
	}
	settled, letters := l.settled()
	net, err := currencyOf(letters)
	if err != nil {
		return nil, err
	}
	journal, payment, err := adyenType(l.Kind)
	if err != nil {
		return nil, err
	}
	field := map[string]string{
		"Company Account": f.Account + "Company", "Merchant Account": f.Account, "Type": journal, "Batch Number": l.Batch,
		"Net Currency": letters, "Merchant Reference": l.PaymentID, "Modification Reference": l.Reference,
	}
	f.times(field, l)
	netMinor := l.signed(settled) + off
	if payment {
		netMinor -= l.Costs.total()
		field["Psp Reference"], field["Payment Method"], field["Exchange Rate"] = l.Reference, "visa", l.Rate
		if l.Original != "" {
			field["Psp Reference"] = l.Original
		}
		field["Gross Currency"], field["Authorisation Code"], field["ARN"] = l.Currency, l.Auth, l.ARN
		inPair(field, "Gross Debit (GC)", "Gross Credit (GC)", gross, l.signed(l.Minor))
		for name, cost := range map[string]int64{
			"Commission (NC)": l.Costs.Commission, "Markup (NC)": l.Costs.Markup, "Scheme Fees (NC)": l.Costs.Scheme, "Interchange (NC)": l.Costs.Interchange,
		} {
			if cost != 0 {
				field[name] = net.decimal(cost)
			}
		}
	}
	inPair(field, "Net Debit (NC)", "Net Credit (NC)", net, netMinor)
	row := make([]string, len(adyenColumns))
	for i, name := range adyenColumns {
		row[i] = field[name]
	}
	return row, nil
}

func (f AdyenFile) times(field map[string]string, l Line) {
	zone := f.Zone
	if zone == nil {
		zone = time.UTC
	}
	created := l.At.In(zone)
	field["Creation Date"], field["TimeZone"] = created.Format(time.DateTime), created.Format("MST")
	if !l.Booked.IsZero() {
		booked := l.Booked.In(zone)
		field["Booking Date"], field["Booking Date TimeZone"] = booked.Format(time.DateTime), booked.Format("MST")
	}
}

// inPair writes a signed amount into the one of two columns that it belongs in.
func inPair(field map[string]string, debit, credit string, currency money, minor int64) {
	if minor < 0 {
		field[debit] = currency.decimal(-minor)
	} else {
		field[credit] = currency.decimal(minor)
	}
}

// adyenType is the journal type of a kind, and whether it is about one payment.
func adyenType(k Kind) (journal string, payment bool, err error) {
	switch k {
	case Capture, "":
		return "Settled", true, nil
	case Refund:
		return "Refunded", true, nil
	case Chargeback:
		return "Chargeback", true, nil
	case ChargebackReversed:
		return "ChargebackReversed", true, nil
	case FeeCharged:
		return "Fee", false, nil
	case Adjustment:
		return "ManualCorrected", false, nil
	case Reserve:
		return "DepositCorrection", false, nil
	case Payout:
		return "MerchantPayout", false, nil
	default:
		return "", false, fmt.Errorf("kind %q is not of this world", k)
	}
}
