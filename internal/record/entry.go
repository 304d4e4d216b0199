package record

import (
	"time"

	"parallax/internal/audit"
	"parallax/internal/money"
)

// Entry is one row of a ledger as it stands in one place. Fields that the user did not map are empty.
type Entry struct {
	Region           audit.Region
	Witness          Witness
	ID               string // the row's own (serial) id; never used to tell payments apart
	PaymentID        string // the business key
	IdempotencyKey   string
	Amount           money.Amount
	Status           string
	Network          string // the settlement feed expected to carry it: "mastercard", "visa"
	NetworkReference string
	RRN              string
	AuthCode         string
	OwnerRegion      audit.Region // the client region that took the payment, if mapped
	CreatedAt        time.Time
	UpdatedAt        time.Time         // zero where not mapped
	Extra            map[string]string // further columns to compare, by their mapped names
}

// Witness says in which capacity a copy of the ledger speaks.
type Witness string

// The witnesses.
const (
	Writer   Witness = "writer"   // the database that takes the writes now
	Reader   Witness = "reader"   // a replica in another region
	Snapshot Witness = "snapshot" // the old primary, restored after a failover
)
