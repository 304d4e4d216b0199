package record

import (
	"time"

	"parallax/internal/audit"
	"parallax/internal/money"
)

// Command is one step of a transfer, as a saga keeps it beside a ledger. Fields that the user did not map are empty.
type Command struct {
	Region    audit.Region
	Witness   Witness
	ID        string
	Transfer  string // the steps of one transfer share it
	Side      string // "debit", "credit"
	Status    string
	Deadline  time.Time // its own; zero where it states none
	PaymentID string
	Amount    money.Amount // no currency where it states none
	Owner     audit.Region // the region that took it
	CreatedAt time.Time
	UpdatedAt time.Time // zero where not mapped
}
