// Package cardfile writes the files in which card networks and acquirers report what they charged: Mastercard IPM
// (clearing records) and an acquirer's CSV. It is the lab's writer and knows nothing of the product's readers.
package cardfile

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Kind is what a line reports.
type Kind string

// The kinds of lines.
const (
	Capture    Kind = "capture"
	Refund     Kind = "refund"
	Chargeback Kind = "chargeback"

	ChargebackReversed Kind = "chargeback_reversed" // the chargeback of a payment is taken back
	FeeCharged         Kind = "fee"                 // a fee of no one payment
	Adjustment         Kind = "adjustment"          // a correction, its amount signed
	Reserve            Kind = "reserve"             // held back where negative, released where positive
	Payout             Kind = "payout"              // what goes to the merchant's bank
)

// Line is one charge as the network saw it. It holds no card number: the writers make one up from the issuer's test
// range and the reference, write it as the format wants it, and forget it.
type Line struct {
	Kind      Kind // Capture if empty
	Issuer    string
	Reference string // network reference
	RRN       string // 12 digits
	Auth      string // 6 characters
	ARN       string // 23 digits; IPM only
	Minor     int64  // amount in minor units
	Currency  string // ISO 4217
	Fee       int64  // minor units of the same currency; CSV only
	Note      string // free text behind the reference; camt only
	At        time.Time

	PaymentID       string // the merchant's own reference
	Original        string // of a refund or chargeback: the reference of the payment
	Batch           string // the payout or batch it is settled with
	Settled         int64  // the amount in the currency it is settled in ...
	SettledCurrency string // ... if that is another one; empty: the amount's
	Rate            string // settlement currency for one of the transaction's
	Costs           Costs  // what is taken off before it is paid out
	Booked          time.Time
	Undone          bool // it takes back an earlier line of the same kind; IPM only
}

// Costs are the fees of one line by whom they are for, in minor units of the currency it is settled in. A positive one
// costs the merchant.
type Costs struct{ Commission, Markup, Scheme, Interchange, Tax int64 }

func (c Costs) total() int64 { return c.Commission + c.Markup + c.Scheme + c.Interchange + c.Tax }

// signed gives an amount of the line the sign of its way, positive to the merchant's balance; an adjustment or a reserve has
// its own already.
func (l Line) signed(minor int64) int64 {
	switch l.Kind {
	case Refund, Chargeback, FeeCharged, Payout:
		return -minor
	default:
		return minor
	}
}

// settled is the gross amount in the currency of settlement, and that currency.
func (l Line) settled() (int64, string) {
	if l.SettledCurrency == "" {
		return l.Minor, l.Currency
	}
	return l.Settled, l.SettledCurrency
}

// money is what the lab knows of a currency. Source: ISO 4217, list one.
type money struct {
	numeric string
	digits  int // of the minor unit
}

func currencyOf(code string) (money, error) {
	switch code {
	case "EUR":
		return money{"978", 2}, nil
	case "GBP":
		return money{"826", 2}, nil
	case "JPY":
		return money{"392", 0}, nil
	case "USD":
		return money{"840", 2}, nil
	case "KWD":
		return money{"414", 3}, nil
	default:
		return money{}, fmt.Errorf("currency %q is not of this world", code)
	}
}

// decimal writes minor units with the currency's number of digits: "12.50", "-0.05", "1200".
func (m money) decimal(minor int64) string {
	if m.digits == 0 {
		return strconv.FormatInt(minor, 10)
	}
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	text := fmt.Sprintf("%0*d", m.digits+1, minor)
	cut := len(text) - m.digits
	return strings.Join([]string{sign, text[:cut], ".", text[cut:]}, "")
}
