package config

import (
	"regexp"
	"time"

	"parallax/internal/audit"
)

// Receipts is a pair of buckets linked by replication, one receipt for each charged payment of a ledger.
type Receipts struct {
	Name          string                         `yaml:"name" required:"" doc:"Name, used in findings."`
	Ledger        string                         `yaml:"ledger" required:"" doc:"Name of the ledger whose payments have the receipts."`
	Key           *KeyTemplate                   `yaml:"key" doc:"The object key of a payment's receipt, such as receipts/{created_at:YYYY/MM/DD}/{payment_id}.json. With it a receipt that no inventory lists yet can be asked for."`
	KeyColumn     string                         `yaml:"key_column" doc:"Instead of key: the name of an extra column of the ledger, or of its query, that holds the object key of the payment's receipt. It needs key_pattern too."`
	KeyPattern    *regexp.Regexp                 `yaml:"key_pattern" doc:"RE2 pattern of a whole object key, with a group payment_id: how the payment of a receipt is known. Made from key where it is left out."`
	Grace         time.Duration                  `yaml:"grace" default:"15m" doc:"Replication may take this long (S3 RTC: 15 minutes)."`
	Settle        time.Duration                  `yaml:"settle" default:"15m" doc:"A receipt may be written this long after its payment was charged."`
	DeleteMarkers string                         `yaml:"delete_markers" enum:"rule replicated kept" default:"rule" doc:"Whether a delete in one region must be one in the other: as the replication rule says, always (replicated), never (kept)."`
	Storage       []StorageStep                  `yaml:"storage" doc:"The storage class a receipt must have by its age. Without it both regions must have the same."`
	StorageSlack  time.Duration                  `yaml:"storage_slack" default:"72h" zero:"" doc:"S3 may change a storage class this long after it is due."`
	Live          LiveReads                      `yaml:"live" doc:"What is asked of the buckets themselves beside their inventories."`
	Regions       map[audit.Region]ReceiptRegion `yaml:"regions" keys:"region" doc:"The bucket of each region."`
	Events        map[audit.Region]string        `yaml:"events" keys:"region" doc:"URL of the SQS queue, for Parallax alone, to which S3 sends the replication events (s3:Replication:*) of the region's bucket. With it late replicas are measured."`
}

// StorageStep is one step of the declared storage policy.
type StorageStep struct {
	After time.Duration `yaml:"after" zero:"" doc:"Age from which on it holds."`
	Class string        `yaml:"class" required:"" enum:"STANDARD REDUCED_REDUNDANCY STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING GLACIER DEEP_ARCHIVE GLACIER_IR" doc:"Storage class."`
}

// LiveReads bound what is asked of a bucket itself: LIST and HEAD cost money and time.
type LiveReads struct {
	Rate int `yaml:"rate" default:"50" doc:"Requests a second, to each bucket; 5000 at most."`
	Max  int `yaml:"max" default:"10000" zero:"" doc:"Objects of one run that are looked up, in each bucket; 0 looks up none."`
}

// ReceiptRegion is one region's bucket and its inventory.
type ReceiptRegion struct {
	Bucket    string    `yaml:"bucket" required:"" doc:"Name of the bucket."`
	Inventory Inventory `yaml:"inventory" doc:"Where S3 Inventory writes its lists of this bucket."`
}

// Inventory names an S3 Inventory: destination bucket, prefix and configuration id.
type Inventory struct {
	Bucket string        `yaml:"bucket" required:"" doc:"Destination bucket."`
	Prefix string        `yaml:"prefix" doc:"Prefix in the destination bucket."`
	ID     string        `yaml:"id" required:"" doc:"Id of the inventory configuration."`
	Every  time.Duration `yaml:"every" default:"24h" doc:"How often it is delivered (daily: 24h, weekly: 168h). The newest may be this old and half a period more; older is a gap."`
}

// Pattern is the pattern of a receipt's key: the one that is set, or that of the template.
func (r Receipts) Pattern() *regexp.Regexp {
	if r.KeyPattern != nil || r.Key == nil {
		return r.KeyPattern
	}
	return r.Key.Pattern()
}
