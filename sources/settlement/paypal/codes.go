package paypal

import (
	"errors"

	"parallax/internal/record"
)

// meaning is what a transaction event code does to the money.
type meaning struct {
	line     record.LineType
	reversal bool
}

// codes are events whose group does not say enough.
// Source: https://developer.paypal.com/docs/reports/reference/tcodes/.
var codes = map[string]meaning{
	"T0105": {record.Fee, false},
	"T1101": {record.Payout, true},      // a withdrawal to the bank came back
	"T1105": {record.Reserve, false},    // a hold is released
	"T1106": {record.Chargeback, false}, // PayPal takes a payment back for the buyer
	"T1107": {record.Refund, false},
	"T1108": {record.Fee, true},
	"T1109": {record.Fee, true},
	"T1110": {record.Reserve, false}, // held for a dispute
	"T1111": {record.Reserve, false}, // released after it
	"T1113": {record.Refund, false},  // a credit without a payment it refers to
	"T1201": {record.Chargeback, false},
	"T1202": {record.Representment, false}, // the chargeback is reversed
	"T1207": {record.Representment, false}, // the chargeback is cancelled
}

// groups are the first three characters of the codes.
var groups = map[string]meaning{
	"T00": {record.Presentment, false},
	"T01": {record.Fee, false},
	"T02": {record.OtherLine, false}, // conversion of a balance, in two rows
	"T03": {record.OtherLine, false}, // deposit from the bank
	"T04": {record.Payout, false},    // withdrawal to the bank
	"T05": {record.OtherLine, false}, // debit card
	"T06": {record.OtherLine, false}, // withdrawal to a card
	"T07": {record.OtherLine, false}, // deposit from a card
	"T08": {record.OtherLine, false}, // bonus
	"T09": {record.OtherLine, false}, // incentive
	"T10": {record.OtherLine, false}, // bill pay
	"T11": {record.Adjustment, false},
	"T12": {record.Adjustment, false},
	"T13": {record.OtherLine, false}, // authorisation
	"T14": {record.OtherLine, false}, // dividend
	"T15": {record.Reserve, false},   // hold and its release
	"T16": {record.OtherLine, false}, // buyer credit
	"T17": {record.OtherLine, false}, // withdrawal to others than banks
	"T18": {record.OtherLine, false}, // buyer credit
	"T19": {record.Adjustment, false},
	"T20": {record.OtherLine, false}, // transfer between PayPal accounts
	"T21": {record.Reserve, false},
	"T22": {record.OtherLine, false}, // transfer
	"T30": {record.OtherLine, false}, // generic instrument
	"T50": {record.OtherLine, false}, // collections and disbursements
	"T97": {record.OtherLine, false}, // payables and receivables
	"T98": {record.OtherLine, false}, // for display
	"T99": {record.OtherLine, false},
}

// meaningOf reads a code and which way the money goes. A payment that is a debit is one the account sent.
func meaningOf(code string, debit bool) (meaning, error) {
	if len(code) != 5 || code[3] < '0' || code[3] > '9' || code[4] < '0' || code[4] > '9' {
		return meaning{}, errors.New("is not an event code such as T0006")
	}
	if m, ok := codes[code]; ok {
		return m, nil
	}
	m, ok := groups[code[:3]]
	if !ok {
		return meaning{}, errors.New("is an event code of a group that is not known")
	}
	if m.line == record.Presentment && debit {
		m.line = record.OtherLine
	}
	return m, nil
}
