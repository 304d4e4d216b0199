package csvfile

import "slices"

// field is what a column can be mapped to.
type field int

const (
	amountField field = iota
	debitField
	creditField
	currencyField
	settlementField
	settlementDebitField
	settlementCreditField
	settlementCurrencyField
	netField
	netDebitField
	netCreditField
	netCurrencyField
	feeField
	feeCurrencyField
	typeField
	referenceField
	rowIDField
	paymentIDField
	originalField
	arnField
	rrnField
	authCodeField
	cardField
	batchField
	codeField
	noteField
	rateField
	partField
	partsField
	transactionTimeField
	businessDateField
	valueDateField
	fieldCount
)

var fieldNames = [fieldCount]string{
	amountField: "amount", debitField: "debit", creditField: "credit", currencyField: "currency",
	settlementField: "settlement_amount", settlementDebitField: "settlement_debit", settlementCreditField: "settlement_credit",
	settlementCurrencyField: "settlement_currency", netField: "net", netDebitField: "net_debit", netCreditField: "net_credit", netCurrencyField: "net_currency",
	feeField: "fee", feeCurrencyField: "fee_currency", typeField: "type", referenceField: "reference", rowIDField: "row_id", paymentIDField: "payment_id",
	originalField: "original", arnField: "arn", rrnField: "rrn", authCodeField: "auth_code", cardField: "card", batchField: "batch", codeField: "code",
	noteField: "note", rateField: "rate", partField: "part", partsField: "parts", transactionTimeField: "transaction_time",
	businessDateField: "business_date", valueDateField: "value_date",
}

func fieldNamed(name string) (field, bool) {
	i := slices.Index(fieldNames[:], name)
	return field(i), i >= 0
}

// signedField is an amount in one column with a sign, or in two without.
type signedField struct{ whole, debit, credit field }

var signedFields = []signedField{
	{amountField, debitField, creditField}, {settlementField, settlementDebitField, settlementCreditField}, {netField, netDebitField, netCreditField},
}
