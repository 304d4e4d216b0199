package fixedwidth

import (
	"maps"
	"slices"

	"parallax/internal/record"
)

// kind is how a field is read.
type kind int

const (
	textField kind = iota
	amountField
	currencyField
	dateField
	timeField
	cardField
	numberField
	codeField
	rateField
	fileField // of a header or trailer: not of a line
)

// The amounts of a line.
const (
	grossAmount = iota
	settlementAmount
	billingAmount
	feeAmount
	netAmount
	amounts // how many there are
)

// meaning is what one of our fields is.
type meaning struct {
	kind   kind
	amount int // which amount it is or is the currency of
	text   func(*record.SettlementLine) *string
}

// meanings are the fields a layout may name.
var meanings = map[string]meaning{
	"amount":              {kind: amountField, amount: grossAmount},
	"currency":            {kind: currencyField, amount: grossAmount},
	"settlement_amount":   {kind: amountField, amount: settlementAmount},
	"settlement_currency": {kind: currencyField, amount: settlementAmount},
	"billing_amount":      {kind: amountField, amount: billingAmount},
	"billing_currency":    {kind: currencyField, amount: billingAmount},
	"fee":                 {kind: amountField, amount: feeAmount},
	"fee_currency":        {kind: currencyField, amount: feeAmount},
	"net_amount":          {kind: amountField, amount: netAmount},
	"net_currency":        {kind: currencyField, amount: netAmount},
	"reference":           {text: func(l *record.SettlementLine) *string { return &l.Reference }},
	"payment_id":          {text: func(l *record.SettlementLine) *string { return &l.PaymentID }},
	"original":            {text: func(l *record.SettlementLine) *string { return &l.Original }},
	"arn":                 {text: func(l *record.SettlementLine) *string { return &l.ARN }},
	"rrn":                 {text: func(l *record.SettlementLine) *string { return &l.RRN }},
	"auth_code":           {text: func(l *record.SettlementLine) *string { return &l.AuthCode }},
	"batch":               {text: func(l *record.SettlementLine) *string { return &l.Batch }},
	"note":                {text: func(l *record.SettlementLine) *string { return &l.Note }},
	"business_date":       {kind: dateField, text: func(l *record.SettlementLine) *string { return &l.BusinessDate }},
	"value_date":          {kind: dateField, text: func(l *record.SettlementLine) *string { return &l.ValueDate }},
	"transaction_date":    {kind: dateField},
	"transaction_time":    {kind: timeField},
	"rate":                {kind: rateField},
	"card":                {kind: cardField},
	"part":                {kind: numberField},
	"parts":               {kind: numberField},
	"code":                {kind: codeField},
	"file_id":             {kind: fileField},
	"sequence":            {kind: fileField},
}

// Fields lists the names of fields. Of a header are business_date, file_id and sequence; a trailer may repeat file_id.
func Fields() []string { return slices.Sorted(maps.Keys(meanings)) }

// ofHeader are the fields that a header may have.
var ofHeader = []string{"business_date", "file_id", "sequence"}

// keys are the fields of which a layout needs one at least: nothing could be matched without.
var keys = []string{"reference", "payment_id", "rrn", "arn"}
