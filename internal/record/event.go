package record

import (
	"time"

	"parallax/internal/audit"
)

// Event is one thing the infrastructure said about the databases: an RDS event, a cluster's role, a snapshot.
type Event struct {
	Region  audit.Region // where it was asked
	Type    EventType
	Source  string // identifier of the cluster, instance or snapshot
	At      time.Time
	Message string
	// Cluster topology, for Type Member; Member also tells which region's cluster the message of an RDS event speaks of.
	Global string       // identifier of the global cluster
	Member audit.Region // the member cluster's region
	Writer bool
	// For Type SnapshotSeen:
	ExpiresAt time.Time // zero where unknown
	// For Type SnapshotCopied:
	Of string // the system snapshot that Source was copied from
	// For states (Member, MemberLeft, SnapshotSeen, SnapshotCopied, WriterSeen): when it was last seen so.
	Until time.Time
}

// IncidentFile is the source that coverage names for the users' own incident file.
const IncidentFile = "incident file"

// EventType tells the events apart.
type EventType string

// The event types, after the RDS event categories (Amazon RDS User Guide, "Amazon RDS event categories").
const (
	FailoverStarted     EventType = "failover_started" // unplanned
	FailoverCompleted   EventType = "failover_completed"
	FailoverFailed      EventType = "failover_failed"
	SwitchoverStarted   EventType = "switchover_started" // planned, lossless
	SwitchoverCompleted EventType = "switchover_completed"
	SwitchoverFailed    EventType = "switchover_failed" // or cancelled: the writer stayed where it was
	WriterShutDown      EventType = "writer_shut_down"
	WriterPromoted      EventType = "writer_promoted"
	Resynced            EventType = "resynced"
	EndpointMoved       EventType = "endpoint_moved" // the global writer endpoint leads to the new writer
	WritesBlocked       EventType = "writes_blocked"
	WriteBlockTimedOut  EventType = "write_block_timed_out"
	Member              EventType = "member"
	MemberLeft          EventType = "member_left" // a configured cluster is not of the global cluster any more
	SnapshotSeen        EventType = "snapshot_seen"
	SnapshotCopied      EventType = "snapshot_copied"  // a manual snapshot, which does not expire, of a system snapshot
	WriterSeen          EventType = "writer_seen"      // a database says of itself that it accepts writes
	HealthFailed        EventType = "health_failed"    // a health check went from healthy to failing
	HealthRecovered     EventType = "health_recovered" // and back
	HealthReason        EventType = "health_reason"    // what a health checker saw
	IncidentNote        EventType = "incident_note"    // of the user's own incident file
	OtherEvent          EventType = "other"
)
