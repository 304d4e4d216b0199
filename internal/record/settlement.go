package record

import (
	"time"

	"parallax/internal/money"
)

// LineType says what a settlement line does.
type LineType string

// The line types. A reversal of a line has the same type and the opposite sign.
const (
	Presentment   LineType = "presentment" // a captured payment, or a part of one
	Refund        LineType = "refund"
	Chargeback    LineType = "chargeback"
	Representment LineType = "representment" // a second presentment: the acquirer takes a chargeback back
	Fee           LineType = "fee"           // a fee of its own, not of one payment
	Adjustment    LineType = "adjustment"    // a correction by the network or acquirer
	Reserve       LineType = "reserve"       // held back, or released again
	Payout        LineType = "payout"        // what the acquirer says it transferred to the bank
	BankCredit    LineType = "bank_credit"   // an entry on the bank's statement: money in
	BankDebit     LineType = "bank_debit"    // the same: money out
	OtherLine     LineType = "other"
)

// LineTypes lists them.
func LineTypes() []LineType {
	return []LineType{Presentment, Refund, Chargeback, Representment, Fee, Adjustment, Reserve, Payout, BankCredit, BankDebit, OtherLine}
}

// SettlementLine is one line of a card network's or acquirer's file, or of a bank's statement. No field can hold a full
// card number: the decoder keeps the first six and last four digits at most.
//
// Amounts have the sign of the money's way: positive to the merchant, negative from him. Empty and zero mean that the file
// does not say.
type SettlementLine struct {
	Feed      string // the configured feed: "mastercard"
	File      string // base name
	Record    int64  // 1-based record or line number in the file
	Type      LineType
	PaymentID string // where the file carries ours
	Reference string // the network's or acquirer's reference for the payment; of a payout or bank entry, its own
	Original  string // the Reference of the line that this one refers to: of a refund, chargeback, representment
	ARN       string // acquirer reference number, 23 digits
	RRN       string
	AuthCode  string
	MaskedPAN string // first six, asterisks, last four; or empty
	Part      int    // which part of a payment captured in parts, 1-based; 0 where the file does not say
	Parts     int    // of how many
	Batch     string // the payout, batch or settlement the line was paid out with
	Code      string // the file's own word for the type: reason or function code, record type
	Note      string // free text: remittance information; card numbers are masked
	Reversal  bool   // undoes an earlier line of the same type

	Amount     money.Amount // of the transaction, gross
	Settlement money.Amount // gross in the currency it is settled in; zero Currency where absent
	Billing    money.Amount // what the cardholder is billed; zero Currency where absent
	Net        money.Amount // what is paid out for the line after its fees; zero Currency where absent
	Fee        money.Amount // all fees of the line together, positive costs the merchant; zero Currency where absent
	Fees       []LineFee    // the same, one by one, where the file tells them apart
	Rate       string       // settlement currency for one of the transaction's, a decimal number

	TransactionAt time.Time // local or UTC time of the transaction, zero where absent
	BusinessDate  string    // YYYY-MM-DD, the day the file settles it
	ValueDate     string    // YYYY-MM-DD, the day the bank books the money
}

// LineFee is one fee of a line.
type LineFee struct {
	Kind   FeeKind
	Amount money.Amount // positive costs the merchant
}

// FeeKind says whom a fee is for.
type FeeKind string

// The kinds of fees.
const (
	Interchange FeeKind = "interchange"
	SchemeFee   FeeKind = "scheme"
	Markup      FeeKind = "markup"
	Commission  FeeKind = "commission"
	Processing  FeeKind = "processing"
	Tax         FeeKind = "tax"
	OtherFee    FeeKind = "other"
)
