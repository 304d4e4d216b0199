package record

import (
	"strings"
	"time"

	"parallax/internal/audit"
)

// Bucket is what a bucket's own settings say. Source: Amazon S3 API reference, GetBucketVersioning, GetBucketReplication.
type Bucket struct {
	Region          audit.Region
	Name            string
	Absent          bool              // S3 says that there is no such bucket
	Versioning      string            // Enabled, Suspended, or empty where it never was on or is not known
	VersioningKnown bool              // whether the versioning could be read
	RulesKnown      bool              // whether the replication rules could be read
	Rules           []ReplicationRule // none where the bucket replicates nothing
	Notes           []string          // what could not be read, and what would be needed
}

// ReplicationRule is one rule of a bucket's replication configuration.
type ReplicationRule struct {
	ID            string
	Enabled       bool
	Priority      int
	Prefix        string // of the keys it is for
	Tagged        bool   // it is for objects with certain tags only, which no inventory tells
	Destination   string // bucket
	StorageClass  string // of the replicas, where it is not that of the source
	DeleteMarkers bool   // delete markers are replicated too
	TimeControl   bool   // S3 RTC: 15 minutes
	KMS           bool   // objects encrypted with SSE-KMS are replicated too
}

// Covers is the rule for a key's objects to a destination: of those that fit the one with the highest priority. A rule that is
// switched off covers too, for what it should have replicated is missing. Rules that ask for tags cover only if nothing else
// does.
func (b Bucket) Covers(key, destination string) (ReplicationRule, bool) {
	var best ReplicationRule
	found := false
	for _, r := range b.Rules {
		if r.Destination != destination || !strings.HasPrefix(key, r.Prefix) {
			continue
		}
		if !found || better(r, best) {
			best, found = r, true
		}
	}
	return best, found
}

func better(r, than ReplicationRule) bool {
	switch {
	case r.Enabled != than.Enabled:
		return r.Enabled
	case r.Tagged != than.Tagged:
		return than.Tagged
	default:
		return r.Priority > than.Priority
	}
}

// StorageStep says which storage class an object has from an age on.
type StorageStep struct {
	After time.Duration
	Class string
}
