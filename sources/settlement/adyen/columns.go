package adyen

// The columns that are read.
const (
	merchantAccount = iota
	pspReference
	merchantReference
	creationDate
	timeZone
	rowType
	modificationReference
	grossCurrency
	grossDebit
	grossCredit
	exchangeRate
	netCurrency
	netDebit
	netCredit
	commission
	markup
	schemeFees
	interchange
	batchNumber
	dccMarkup
	bookingDate
	bookingZone
	arn
	authCode
	columnCount
)

type column struct {
	name     string
	optional bool // reports of some accounts do not have it
}

var columns = [columnCount]column{
	merchantAccount:       {"Merchant Account", false},
	pspReference:          {"Psp Reference", false},
	merchantReference:     {"Merchant Reference", false},
	creationDate:          {"Creation Date", false},
	timeZone:              {"TimeZone", false},
	rowType:               {"Type", false},
	modificationReference: {"Modification Reference", false},
	grossCurrency:         {"Gross Currency", false},
	grossDebit:            {"Gross Debit (GC)", false},
	grossCredit:           {"Gross Credit (GC)", false},
	exchangeRate:          {"Exchange Rate", false},
	netCurrency:           {"Net Currency", false},
	netDebit:              {"Net Debit (NC)", false},
	netCredit:             {"Net Credit (NC)", false},
	commission:            {"Commission (NC)", false},
	markup:                {"Markup (NC)", false},
	schemeFees:            {"Scheme Fees (NC)", false},
	interchange:           {"Interchange (NC)", false},
	batchNumber:           {"Batch Number", false},
	dccMarkup:             {"DCC Markup (NC)", true},
	bookingDate:           {"Booking Date", true},
	bookingZone:           {"Booking Date TimeZone", true},
	arn:                   {"ARN", true},
	authCode:              {"Authorisation Code", true},
}
