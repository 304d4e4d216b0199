package repair

import (
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Plan is what is to be mended. Whoever makes it has read everything in it afresh; the files only spell it out.
type Plan struct {
	AsOf    time.Time     // of the findings
	Written time.Time     // when the values in it were read, by the clock that the files' expiry is held against
	Expires time.Time     // from then on the files refuse to change anything
	Window  *audit.Window // whose findings were taken; nil: all that stand
	Config  string        // how to name the configuration in the commands given
	Rows    []Row
	Items   []Item
	Objects []Object
	Refunds []Refund
	ByHand  []ByHand
}

// About is what a repair mends.
type About struct {
	Findings []audit.Fingerprint `json:"findings"`
	Kind     audit.Kind          `json:"kind"`
	Scope    string              `json:"scope"` // the configured ledger, table or pair of buckets
	Key      string              `json:"key"`   // the finding's
	Region   audit.Region        `json:"region,omitempty"`
	Amounts  []audit.Money       `json:"amounts,omitempty"`
}

// ByHand is a finding for which no file is written, and why: a machine cannot decide it, or could not read what it needs.
type ByHand struct {
	About
	Why       string      `json:"why"`
	Unread    bool        `json:"unread,omitempty"`    // a later attempt may succeed: something could not be read
	Object    *Whereabout `json:"object,omitempty"`    // of a finding about an object, as far as it is known
	Otherwise string      `json:"otherwise,omitempty"` // what S3 would answer to the file that is not written
	Commands  []string    `json:"commands,omitempty"`  // for the person who decides, one of them or all as Why says
}

// Whereabout is a version of an object, and the buckets it is good in and missing from.
type Whereabout struct {
	VersionID string `json:"version_id,omitempty"`
	From      Place  `json:"from"`
	To        Place  `json:"to"`
}

// Column is one column of a ledger's row.
type Column struct {
	Name  string  `json:"name"`
	Type  string  `json:"type"` // as SQL writes it: numeric(12,2)
	Value *string `json:"value"`
}

// Row is a row of the ledger to be inserted again, or to be changed.
type Row struct {
	About
	Target   audit.Region // whose database is meant, where each region's has payments of its own; empty: the one that is in force
	Home     Home
	Table    string   // as SQL writes it, with its schema, quoted where needed
	Payment  Column   // the business key
	OldID    string   // the row's serial id where it stood, for a person
	Insert   []Column // the whole row, less what the database itself gives; nil for an update
	Most     int      // insert: how many rows the payment is to have; zero is one
	Alike    int      // insert: how many rows of the payment that have what lasts are there already
	Identity []Column // update: the row id, by which the check knows the row among those of its payment
	Expect   []Column // update: what the row still has to hold
	Set      []Column // update: what it is to hold then
	Also     []string // update: further columns in which the witness differs, which are left alone
	Lasting  []string // columns by which the check tells that the row is mended: of an insert those that no later life of it changes
}

// Home is how the database that is meant is known.
type Home struct {
	Database string
	System   string  // identifier of the cluster; empty where it could not be read
	Newest   *Column // the business key of the newest payment it holds; nil for an empty table
}

// Item is an item of a DynamoDB table to be written.
type Item struct {
	About
	Table  string
	Keys   []string  // names of the key attributes
	Writes []Request // in order: each finds what the one before it has left

	// Of an item that is written more than once: the other regions, which must have the first write before the second is made,
	// or the two would be replicated as one; and the attribute that tells.
	Elsewhere []audit.Region
	WriteID   string
}

// Request is one conditional write.
type Request struct {
	Operation string       // of the AWS command line: update-item, delete-item
	Before    record.Image // what the table has to hold, attribute by attribute
	After     record.Image // what it then holds; empty: nothing
}

// Place is a bucket in its region.
type Place struct {
	Region audit.Region `json:"region"`
	Bucket string       `json:"bucket"`
}

// Object is a version of an object to be replicated, or to be copied.
type Object struct {
	About
	Way
	From, To  Place // where it is good, and where the good content is to arrive
	Key       string
	VersionID string // "null" for what was written before the bucket had versions
	ETag      string // without quotes
	Size      int64
	Target    Head // what stands where it is to go
}

// Refund is a charge to be given back.
type Refund struct {
	About
	IdempotencyKey   string
	PaymentID, RowID string
	Kept             string // the payment that stands
	KeptRow          string // its row in the ledger in force
	Amount           audit.Money
	Decimal          string // the amount in major units, as the currency writes it
	Network          string
	NetworkReference string
	ChargedAt        time.Time
	Reason           string
	Status           string // of the charge; a refund is due only while it has it
	InForce          bool   // the row is in the ledger in force; else only a witness holds it
}
