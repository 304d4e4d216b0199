package store

import (
	"reflect"
	"testing"
	"time"

	"parallax/internal/audit"
)

// The same told again, in one run or in another, is one row; what differs in anything is another.
func TestReplicationsAreKeptOnce(t *testing.T) {
	s := fresh(t)
	missed := audit.Replication{
		Region: "r1", Bucket: "one", Destination: "two", Key: "receipts/a", VersionID: "v1", Operation: "OBJECT_PUT",
		Signal: audit.ReplicationMissed, At: minutes(25), Requested: minutes(10), Threshold: 15 * time.Minute,
	}
	late, other, failed, stranger := missed, missed, missed, missed
	late.Signal, late.At = audit.ReplicationLate, minutes(40)
	other.VersionID = ""
	failed.Signal, failed.Requested, failed.At, failed.Threshold, failed.Reason = audit.ReplicationFailed, time.Time{}, minutes(30), 0, "DstBucketNotFound"
	stranger.Bucket = "three"
	for i, told := range [][]audit.Replication{{missed, missed, late}, {late, other, failed, stranger}} {
		o := outcome([]string{"run-1", "run-2"}[i], minutes(90+i))
		o.Replications = told
		commit(t, s, o)
	}
	got, err := s.Replications(t.Context(), []string{"one", "none"}, audit.Window{From: minutes(10), To: minutes(31)})
	if err != nil || len(got) != 4 || !reflect.DeepEqual(got[2:], []audit.Replication{late, failed}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for name, w := range map[string]audit.Window{
		"after": {From: minutes(41), To: minutes(90)}, "before": {From: minutes(0), To: minutes(10)}, "between": {From: minutes(11), To: minutes(25)},
	} {
		if got, err := s.Replications(t.Context(), []string{"one"}, w); err != nil || len(got) != 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// A key may hold a card number, and no row does.
func TestReplicationsHoldNoCardNumber(t *testing.T) {
	s := fresh(t)
	o := outcome("run-1", minutes(90))
	o.Replications = []audit.Replication{{
		Region: "r1", Bucket: "one", Destination: "two", Key: "receipts/4111111111111111\x00", Signal: audit.ReplicationUntracked, At: minutes(1),
	}}
	commit(t, s, o)
	got, err := s.Replications(t.Context(), []string{"one"}, audit.Window{From: minutes(0), To: minutes(2)})
	if err != nil || len(got) != 1 || got[0].Key != `receipts/411111******1111\x00` {
		t.Errorf("got %+v, %v", got, err)
	}
}
