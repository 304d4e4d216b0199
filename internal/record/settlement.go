package record

import (
	"time"

	"parallax/internal/money"
)

// LineType says what a settlement line does.
type LineType string

// The line types.
const (
	Presentment LineType = "presentment" // a captured payment
	Refund      LineType = "refund"
	Chargeback  LineType = "chargeback"
	Fee         LineType = "fee"
	OtherLine   LineType = "other"
)

// SettlementLine is one line of a card network's or acquirer's file. No field can hold a full card number:
// the decoder keeps the first six and last four digits at most.
type SettlementLine struct {
	Feed          string // the configured feed: "mastercard"
	File          string // base name
	Record        int64  // 1-based record or line number in the file
	Type          LineType
	PaymentID     string // where the file carries ours
	Reference     string // the network's reference for the payment
	ARN           string // acquirer reference number, 23 digits
	RRN           string
	AuthCode      string
	MaskedPAN     string       // first six, asterisks, last four; or empty
	Amount        money.Amount // transaction amount, positive for a charge, negative for a refund or chargeback
	Settlement    money.Amount // amount settled (may be another currency); zero Currency where absent
	Fee           money.Amount // zero Currency where absent
	TransactionAt time.Time    // local or UTC time of the transaction, zero where absent
	BusinessDate  string       // YYYY-MM-DD
}
