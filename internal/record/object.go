package record

import (
	"time"

	"parallax/internal/audit"
)

// Object is one version of one stored object as an inventory (or a live HEAD or LIST) tells it.
// Source: Amazon S3 User Guide, "Amazon S3 Inventory list".
type Object struct {
	Region            audit.Region
	Bucket            string
	Key               string // decoded, as the application wrote it
	VersionID         string // empty for the null version
	IsLatest          bool
	DeleteMarker      bool
	Size              int64 // bytes; 0 for a delete marker
	LastModified      time.Time
	ETag              string
	StorageClass      string
	ReplicationStatus string // "", PENDING, COMPLETED, FAILED, REPLICA
	Multipart         bool
	Encryption        string    // SSE-S3, SSE-KMS, ... where the inventory has it
	ChecksumAlgorithm string    // CRC64NVME, SHA256, ... where the inventory has it; its value is known live only
	Checksum          string    // algorithm, type and value of a live answer, where it was asked for
	SeenAt            time.Time // when the inventory's scan began, or when the live request was answered
	Live              bool      // from a live request, not from an inventory
}
