package audit

import "time"

// Chain is one payment over the four layers: idempotency key, ledger entry, receipt, settlement line.
type Chain struct {
	Scope     string    `json:"scope"` // the configured ledger
	PaymentID string    `json:"payment_id"`
	Key       string    `json:"key"`    // idempotency key
	Region    Region    `json:"region"` // that took the payment
	Amount    Money     `json:"amount"`
	At        time.Time `json:"at"`     // when it was taken, by the earliest layer that tells
	Links     []Link    `json:"links"`  // in the order of the layers, each layer once
	Broken    string    `json:"broken"` // the first layer whose link is absent; empty if the chain is whole
}

// Link is what one layer knows of a payment.
type Link struct {
	Layer  string    `json:"layer"` // "key", "ledger", "receipt", "settlement"
	State  LinkState `json:"state"`
	Region Region    `json:"region,omitempty"`
	Ref    string    `json:"ref,omitempty"` // row id, sequence number, object key, file and line
	At     time.Time `json:"at,omitzero"`
	Note   string    `json:"note,omitempty"`
}

// LinkState says how a link stands.
type LinkState string

// The states of a link.
const (
	LinkPresent  LinkState = "present"
	LinkAbsent   LinkState = "absent"   // looked for completely, not there
	LinkExpected LinkState = "expected" // may still come
	LinkUnneeded LinkState = "unneeded" // a refused payment needs no receipt and no settlement
	LinkUnknown  LinkState = "unknown"  // not read, or not completely
	LinkLost     LinkState = "lost"     // absent, but a witness still holds it: the old primary's snapshot
)
