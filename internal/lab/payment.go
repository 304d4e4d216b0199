package lab

import (
	"fmt"
	"time"

	"parallax/internal/lab/cardfile"
)

// payment is one attempt to take money: key, ledger row, receipt, settlement line. An order that is tried in two
// regions is two payments under one key.
type payment struct {
	number  int
	id, key string
	region  string    // of the API that the client called
	at      time.Time // the key is accepted
	money   Sum
	network string // mastercard or visa
	issuer  string // first digits of the card
	// reference is the network's, rrn and auth are the acquirer's; all are known at authorisation.
	reference, rrn, auth string

	declined bool // the network refused; no receipt, no line
	unnamed  bool // the ledger row lacks the network's reference
	late     bool // settles a day later

	// What a fault makes of it.
	keyless    bool   // takes no idempotency key
	abandoned  bool   // not tried again once the ledger refused it
	unfiled    bool   // its receipt is never stored
	upload     upload // how it is stored
	shortLived bool   // its key expires too early
	bill       func(cardfile.Line) []cardfile.Line

	writeID string // of its last write of its key
	retried bool   // another payment took the key later
}

// upload is a way in which a receipt is stored.
type upload int

const (
	plain     upload = iota
	inParts          // a multipart upload
	encrypted        // under a key of KMS
)

// receiptKey is where its receipt lies, in either bucket.
func (p *payment) receiptKey() string { return receiptKey(p.id) }

func receiptKey(paymentID string) string { return "receipts/2026/11/18/" + paymentID + ".json" }

// receipt is the object's content.
func (p *payment) receipt() []byte {
	return fmt.Appendf(nil, `{"payment_id":%q,"order":%q,"amount_minor":%d,"currency":%q,"network":%q,"auth_code":%q,"region":%q,"taken_at":%q}`+"\n",
		p.id, p.key, p.money.Minor, p.money.Currency, p.network, p.auth, p.region, stamp(p.at))
}

// status is what the network's answer makes of it.
func (p *payment) status() string {
	if p.declined {
		return "declined"
	}
	return "captured"
}

// stamp writes a moment as the application does.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// line is what the network reports of it.
func (p *payment) line() cardfile.Line {
	return cardfile.Line{
		Issuer: p.issuer, Reference: p.reference, RRN: p.rrn, Auth: p.auth, ARN: arn(p.number),
		Minor: p.money.Minor, Currency: p.money.Currency, Fee: p.money.Minor * 14 / 1000, At: p.at,
	}
}

// arn composes an acquirer reference number: format 7, a bank of this world, the julian date, a serial, a check digit.
func arn(number int) string {
	digits := fmt.Sprintf("7%06d6322%011d", 999_999, number)
	return digits + string(cardfile.CheckDigit(digits))
}
