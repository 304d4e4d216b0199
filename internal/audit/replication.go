package audit

import "time"

// Replication is what S3 has told of the replication of one version of one object, or of a change of its tags or its access
// list, to one bucket. S3 tells only of what did not go as agreed. Two tellings of the same are equal.
// Source: Amazon S3 User Guide, "Receiving replication failure events with Amazon S3 Event Notifications".
type Replication struct {
	Region      Region            // of the bucket it is replicated from
	Bucket      string            // that bucket
	Destination string            // name of the bucket it is replicated to
	Key         string            // decoded, as the application wrote it, without card numbers
	VersionID   string            // empty for the null version
	Operation   string            // "OBJECT_PUT", ...; empty where it is not told
	Signal      ReplicationSignal // what is told
	At          time.Time         // when it happened, by S3
	Requested   time.Time         // when the request was made that is replicated, by S3; zero where it is not told
	Threshold   time.Duration     // that was missed; zero for another signal
	Reason      string            // why it failed, as S3 names it; empty for another signal
}

// ReplicationSignal is what S3 tells of a replication.
type ReplicationSignal string

// The signals.
const (
	ReplicationMissed    ReplicationSignal = "missed threshold"           // past the threshold, and not replicated yet
	ReplicationLate      ReplicationSignal = "replicated after threshold" // replicated, past the threshold
	ReplicationFailed    ReplicationSignal = "failed"                     // S3 does not try any more
	ReplicationUntracked ReplicationSignal = "not tracked"                // S3 does not watch any more whether it is on time
)
