package cardfile

import (
	"fmt"
	"strconv"
	"strings"
)

// ipmKind is how a kind of line is written: message type, function code, processing code, reason.
type ipmKind struct {
	mti, function, processing, reason string
	linked                            bool // it refers to an earlier presentment
}

// ipmKindOf knows the kinds that have a message. A fee of no one payment is collected by the network (1740/783), which is the
// message's originator: 19 credits it, 29 debits it.
func ipmKindOf(l Line) (ipmKind, error) {
	switch l.Kind {
	case "", Capture:
		return ipmKind{"1240", "200", "000000", "", false}, nil
	case Refund:
		return ipmKind{"1240", "200", "200000", "", false}, nil
	case Chargeback:
		return ipmKind{"1442", "450", "000000", "4837", true}, nil
	case ChargebackReversed:
		return ipmKind{"1240", "205", "000000", "2713", true}, nil
	case FeeCharged:
		if l.Minor < 0 {
			return ipmKind{"1740", "783", "290000", "7800", false}, nil
		}
		return ipmKind{"1740", "783", "190000", "7800", false}, nil
	default:
		return ipmKind{}, fmt.Errorf("kind %q has no message", l.Kind)
	}
}

// ipmMessage writes a line. What the network links, it links by the reference of the payment (DE63), which all messages of
// one payment share.
func ipmMessage(l Line, number int) (message, error) {
	kind, err := ipmKindOf(l)
	if err != nil {
		return message{}, err
	}
	currency, err := currencyOf(l.Currency)
	if err != nil {
		return message{}, err
	}
	minor := l.Minor
	if l.Kind == FeeCharged && minor < 0 {
		minor = -minor
	}
	if minor < 0 || minor > 999_999_999_999 {
		return message{}, fmt.Errorf("amount %d does not fit into 12 digits", minor)
	}
	reference := l.Reference
	if kind.linked && l.Original != "" {
		reference = l.Original
	}
	m := message{mti: kind.mti, elements: map[int]string{
		3: kind.processing, 4: fmt.Sprintf("%012d", minor), 12: l.At.UTC().Format("060102150405"), 24: kind.function,
		49: currency.numeric, 63: reference, 71: messageNumber(number), 94: "00000099999",
	}}
	if l.Kind != FeeCharged {
		m.elements[2], m.elements[26], m.elements[31] = cardNumber(l.Issuer, reference), merchantCategory, l.ARN
		m.elements[37], m.elements[38] = l.RRN, l.Auth
	}
	if kind.reason != "" {
		m.elements[25] = kind.reason
	}
	if kind.linked {
		m.elements[95], m.elements[30] = fmt.Sprintf("%010d", number), fmt.Sprintf("%024d", 0)
	}
	return m, l.ipmSettlement(m, currency, kind)
}

// ipmSettlement adds what a line was settled for, its fees, whether it is taken back, and when the money moves.
func (l Line) ipmSettlement(m message, currency money, kind ipmKind) error {
	exponents := currency.numeric + strconv.Itoa(currency.digits)
	settled := currency
	if l.SettledCurrency != "" {
		var err error
		if settled, err = currencyOf(l.SettledCurrency); err != nil {
			return err
		}
		exponents += settled.numeric + strconv.Itoa(settled.digits)
		m.elements[5], m.elements[50] = fmt.Sprintf("%012d", l.Settled), settled.numeric
		if l.Rate != "" {
			if m.elements[9], err = ipmRate(l.Rate); err != nil {
				return err
			}
		}
	}
	private := pds(165, "M") + pds(148, exponents)
	if l.Undone {
		private += pds(25, "R"+l.At.UTC().Format("060102"))
	}
	if fees := l.ipmFees(settled, kind); fees != "" {
		private += pds(146, fees)
	}
	if !l.Booked.IsZero() {
		private += pds(159, fmt.Sprintf("%-11s%-28s3%-10s %s01%s01", "00000099999", "", "US00000001",
			l.At.UTC().Format("060102"), l.Booked.UTC().Format("060102")))
	}
	m.elements[48] = private
	return nil
}

// ipmFees lists the costs of a line: type, processing code, settlement indicator, currency and amount, twice. The code is
// the originator's side: the acquirer's in presentments, the issuer's in chargebacks.
func (l Line) ipmFees(settled money, kind ipmKind) string {
	var out strings.Builder
	for i, minor := range []int64{l.Costs.Interchange, l.Costs.Scheme, l.Costs.Commission, l.Costs.Markup, l.Costs.Tax} {
		if minor == 0 {
			continue
		}
		code := "29"
		if (minor < 0) != (kind.mti == "1442") {
			code = "19"
		}
		amount := fmt.Sprintf("%s%012d", settled.numeric, max(minor, -minor))
		fmt.Fprintf(&out, "%02d%s01%s%s", i, code, amount, amount)
	}
	return out.String()
}

// ipmRate writes a decimal number as the number of its decimals and seven digits.
func ipmRate(rate string) (string, error) {
	whole, decimals, _ := strings.Cut(rate, ".")
	digits := strings.TrimLeft(whole+decimals, "0")
	if len(digits) > 7 || len(decimals) > 9 {
		return "", fmt.Errorf("rate %q has more than 7 digits", rate)
	}
	return strconv.Itoa(len(decimals)) + strings.Repeat("0", 7-len(digits)) + digits, nil
}
