package adyen

import (
	"errors"
	"strings"

	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// meaning is what a journal type does to the money.
type meaning struct {
	line     record.LineType
	reversal bool // undoes an earlier row of the type
	payment  bool // the row is about one payment: it has a gross amount and references
}

// meanings by journal type in lower case: the report writes both Balancetransfer and BalanceTransfer.
// Source: https://docs.adyen.com/reporting/journal-types.
var meanings = map[string]meaning{
	"settled":                 {record.Presentment, false, true},
	"settledbulk":             {record.Presentment, false, true},
	"settledinstallment":      {record.Presentment, false, true},
	"settledreversed":         {record.Presentment, true, true},
	"refunded":                {record.Refund, false, true},
	"refundedbulk":            {record.Refund, false, true},
	"refundedreversed":        {record.Refund, true, true},
	"chargeback":              {record.Chargeback, false, true},
	"secondchargeback":        {record.Chargeback, false, true},
	"chargebackreversed":      {record.Representment, false, true},
	"paidout":                 {record.OtherLine, false, true}, // a payout to a shopper, not to the merchant's bank
	"paidoutreversed":         {record.OtherLine, true, true},
	"fee":                     {record.Fee, false, false},
	"misccosts":               {record.Fee, false, false},
	"paymentcost":             {record.Fee, false, false},
	"bppaidout":               {record.Fee, false, false}, // the costs of a card payout; its amount is on the balance platform
	"invoicededuction":        {record.Fee, false, false},
	"merchantpayout":          {record.Payout, false, false},
	"bankinstructionreturned": {record.Payout, true, false}, // the bank sent a payout back
	"depositcorrection":       {record.Reserve, false, false},
	"reserveadjustment":       {record.Reserve, false, false},
	"matchedstatement":        {record.Adjustment, false, false},
	"manualcorrected":         {record.Adjustment, false, false},
	"epapaid":                 {record.Adjustment, false, false},
	"balancetransfer":         {record.OtherLine, false, false}, // carried over to or from another batch
	"merchantpayin":           {record.OtherLine, false, false},
	"internalcompanypayout":   {record.OtherLine, false, false},
}

func meaningOf(journalType string) (meaning, error) {
	if m, ok := meanings[strings.ToLower(journalType)]; ok {
		return m, nil
	}
	return meaning{}, &decode.FieldError{Field: columns[rowType].name, Err: errors.New("is a journal type that is not known")}
}
