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
	At        time.Time
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
