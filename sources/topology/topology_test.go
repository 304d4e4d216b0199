package topology_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"parallax/internal/audit"
	"parallax/internal/lab/rdsapi"
	"parallax/internal/record"
	"parallax/sources/topology"
)

const (
	dublin = audit.Region("eu-west-1")
	london = audit.Region("eu-west-2")
)

var (
	asOf   = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	window = audit.Window{From: asOf.Add(-72 * time.Hour), To: asOf}
	death  = time.Date(2026, 11, 18, 14, 7, 0, 0, time.UTC)
)

func newServer() *rdsapi.Server {
	return rdsapi.New(rdsapi.Options{
		Global: "payments-global", Writer: string(dublin), Clock: func() time.Time { return asOf },
		Clusters: map[string]string{string(dublin): "payments-eu-west-1", string(london): "payments-eu-west-2"},
	})
}

// impatient retries as the SDK does, without its pauses.
func impatient() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = time.Millisecond })
}

func client(region audit.Region, url string) *rds.Client {
	return rds.New(rds.Options{
		Region: string(region), BaseEndpoint: aws.String(url), Retryer: impatient(),
		Credentials: credentials.NewStaticCredentialsProvider("lab", "lab", ""),
	})
}

func source(t *testing.T, server *rdsapi.Server, region audit.Region) topology.Source {
	t.Helper()
	url, stop, err := server.Serve(string(region))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return topology.Source{
		Region: region, Global: "payments-global", Client: client(region, url), AsOf: asOf,
		Clusters: map[audit.Region]string{dublin: "payments-eu-west-1", london: "payments-eu-west-2"},
	}
}

func read(t *testing.T, s topology.Source, w audit.Window) record.Batch[record.Event] {
	t.Helper()
	var all record.Batch[record.Event]
	for batch, err := range s.Read(t.Context(), w, audit.Cursor{}) {
		if err != nil {
			t.Fatalf("read: %v", err)
		}
		all = batch
	}
	return all
}

func ofType(events []record.Event, kind record.EventType) []record.Event {
	var found []record.Event
	for _, e := range events {
		if e.Type == kind {
			found = append(found, e)
		}
	}
	return found
}

func TestUnplannedFailoverIsToldByBothRegions(t *testing.T) {
	server := newServer()
	server.SetWriter(string(london))
	server.Event(string(london), "db-cluster", "payments-eu-west-2", death.Add(45*time.Second),
		"Global failover to DB cluster payments-eu-west-2 in Region eu-west-2 completed.", "global failover")
	server.Event(string(london), "db-instance", "an-instance-long-replaced", death.Add(30*time.Second),
		"Attempt to block writes for DB cluster payments-eu-west-1 in Region eu-west-1 timed out.", "notification")
	server.Event(string(london), "db-instance", "payments-eu-west-2-1", death.Add(46*time.Second), "DB instance restarted.")
	server.Event(string(london), "db-cluster", "orders-eu-west-2", death, "DB cluster stopped.")
	snapshot := "rds:unplanned-global-failover-payments-eu-west-1-2026-11-18-14-40"
	server.AddSnapshot(string(dublin), snapshot, "payments-eu-west-1", death.Add(33*time.Minute))
	server.AddSnapshot(string(dublin), "rds:unplanned-global-failover-payments-eu-west-1-b-2026-11-18", "payments-eu-west-1-b", death)
	server.AddSnapshot(string(dublin), "rds:payments-eu-west-1-2026-11-18", "payments-eu-west-1", death)
	server.SetRetention(string(dublin), 3)

	there := read(t, source(t, server, london), window)
	if len(there.Gaps) != 0 {
		t.Fatalf("gaps: %+v", there.Gaps)
	}
	done := ofType(there.Records, record.FailoverCompleted)
	if len(done) != 1 || done[0].Source != "payments-eu-west-2" || !done[0].At.Equal(death.Add(45*time.Second)) || done[0].Region != london {
		t.Errorf("completed: %+v", done)
	}
	if blocks := ofType(there.Records, record.WriteBlockTimedOut); len(blocks) != 1 {
		t.Errorf("write blocks: %+v", blocks)
	}
	if other := ofType(there.Records, record.OtherEvent); len(other) != 1 || other[0].Source != "payments-eu-west-2-1" {
		t.Errorf("other events: %+v", other)
	}
	if len(there.Excluded) != 1 || there.Excluded[0].Records != 1 {
		t.Errorf("excluded: %+v", there.Excluded)
	}

	here := read(t, source(t, server, dublin), window)
	members := ofType(here.Records, record.Member)
	if len(members) != 2 || members[0].Writer || members[0].Member != dublin || !members[1].Writer || members[1].Member != london {
		t.Errorf("members: %+v", members)
	}
	seen := ofType(here.Records, record.SnapshotSeen)
	if len(seen) != 1 || seen[0].Source != snapshot || !seen[0].ExpiresAt.Equal(death.Add(33*time.Minute+72*time.Hour)) {
		t.Errorf("snapshots: %+v", seen)
	}
}

func TestMessagesAreClassifiedInBothWordings(t *testing.T) {
	tests := map[string]record.EventType{
		"Global switchover to DB cluster a in Region r started.":                                                    record.SwitchoverStarted,
		"Global switchover to DB cluster a in Region r finished.":                                                   record.SwitchoverCompleted,
		"Global failover to DB cluster a in Region r started.":                                                      record.FailoverStarted,
		"Global failover to DB cluster a in Region r finished.":                                                     record.FailoverCompleted,
		"Global failover to DB cluster a in Region r completed.":                                                    record.FailoverCompleted,
		"Global database failover to DB cluster a in global database g completed. The DB cluster has no instances.": record.FailoverCompleted,
		"Global failover to DB cluster a in Region r failed.":                                                       record.FailoverFailed,
		"Old primary DB cluster a in Region r successfully shut down.":                                              record.WriterShutDown,
		"New primary DB cluster a in Region r was successfully promoted.":                                           record.WriterPromoted,
		"Started resynchronizing members of DB cluster a in Region r after global failover.":                        record.OtherEvent,
		"Finished resynchronizing members of DB cluster a in Region r after global failover.":                       record.Resynced,
		"Attempt to block writes for DB cluster a in Region r succeeded.":                                           record.WritesBlocked,
		"Attempt to block writes for DB cluster a in Region r timed out.":                                           record.WriteBlockTimedOut,
		"Aurora finished changing the DNS name that the global writer endpoint resolves to.":                        record.EndpointMoved,
		"Completed failover to DB instance: a-1":                                                                    record.OtherEvent,
		"Global switchover to DB cluster a in Region r failed.":                                                     record.SwitchoverFailed,
		"Global switchover to DB cluster a in Region r is cancelled.":                                               record.SwitchoverFailed,
		"": record.OtherEvent,
	}
	for message, want := range tests {
		if got := topology.Classify(message); got != want {
			t.Errorf("%q is %s, want %s", message, got, want)
		}
	}
}

func TestEveryPageIsReadOnce(t *testing.T) {
	server := newServer()
	for i := range 250 {
		server.Event(string(dublin), "db-cluster", "payments-eu-west-1", window.From.Add(time.Duration(i)*time.Minute), fmt.Sprintf("event %d", i))
	}
	server.Event(string(dublin), "db-cluster", "payments-eu-west-1", window.To, "belongs to the next window")
	batch := read(t, source(t, server, dublin), window)
	got := ofType(batch.Records, record.OtherEvent)
	if len(got) != 250 || got[0].Message != "event 0" || got[249].Message != "event 249" {
		t.Fatalf("%d events, gaps %+v", len(got), batch.Gaps)
	}
	if calls := server.Calls(string(dublin), "DescribeEvents"); calls < 4 {
		t.Errorf("%d requests, want 3 pages of cluster events and 1 of instance events at least", calls)
	}
}

func TestBoundedEventsLeaveAGap(t *testing.T) {
	server := newServer()
	for i := range 30 {
		server.Event(string(dublin), "db-cluster", "payments-eu-west-1", window.From.Add(time.Duration(i)*time.Minute), fmt.Sprint(i))
	}
	s := source(t, server, dublin)
	s.Settings.MaxEvents = 10
	batch := read(t, s, window)
	if len(ofType(batch.Records, record.OtherEvent)) != 10 || len(batch.Gaps) != 1 {
		t.Errorf("%d records, gaps %+v", len(batch.Records), batch.Gaps)
	}
}

func TestForgottenEventsAreAGap(t *testing.T) {
	old := audit.Window{From: asOf.Add(-20 * 24 * time.Hour), To: asOf}
	batch := read(t, source(t, newServer(), dublin), old)
	want := audit.Window{From: old.From, To: asOf.Add(-topology.Kept)}
	if len(batch.Gaps) != 1 || batch.Gaps[0].Window != want || batch.Gaps[0].Remedy == "" {
		t.Fatalf("gaps: %+v", batch.Gaps)
	}
}

// An audit that speaks for a moment long past asks a service that has moved on.
func TestServiceClockDecidesWhatIsForgotten(t *testing.T) {
	server := newServer()
	s := source(t, server, dublin)
	s.AsOf = asOf.Add(-60 * 24 * time.Hour)
	batch := read(t, s, audit.Window{From: s.AsOf.Add(-time.Hour), To: s.AsOf})
	if len(batch.Gaps) != 1 || !strings.Contains(batch.Gaps[0].Reason, "14 days") {
		t.Fatalf("gaps: %+v", batch.Gaps)
	}
	if server.Calls(string(dublin), "DescribeEvents") != 0 {
		t.Error("asked for events that cannot be there")
	}
}

func TestEachRefusedActionIsAGapThatNamesIt(t *testing.T) {
	for _, action := range []string{"DescribeGlobalClusters", "DescribeDBClusters", "DescribeEvents", "DescribeDBClusterSnapshots"} {
		server := newServer()
		server.Fault(func(_, asked string, _ int) rdsapi.Fault {
			if asked != action {
				return rdsapi.Fault{}
			}
			return rdsapi.Fault{Status: http.StatusForbidden, Code: "AccessDenied", Message: "not authorized"}
		})
		gaps := read(t, source(t, server, dublin), window).Gaps
		if len(gaps) == 0 || !strings.Contains(gaps[0].Remedy, "rds:"+action) {
			t.Errorf("%s refused: gaps %+v", action, gaps)
		}
	}
}

func TestSecondPageRefusedIsAGap(t *testing.T) {
	server := newServer()
	for i := range 150 {
		server.Event(string(dublin), "db-cluster", "payments-eu-west-1", window.From.Add(time.Duration(i)*time.Minute), fmt.Sprint(i))
	}
	server.Fault(func(_, action string, nth int) rdsapi.Fault {
		if action == "DescribeEvents" && nth >= 2 {
			return rdsapi.Fault{Status: http.StatusForbidden, Code: "AccessDenied", Message: "not authorized"}
		}
		return rdsapi.Fault{}
	})
	batch := read(t, source(t, server, dublin), window)
	if len(batch.Gaps) != 1 || len(ofType(batch.Records, record.OtherEvent)) != 100 {
		t.Errorf("%d records, gaps %+v", len(batch.Records), batch.Gaps)
	}
}

func TestUnreachableRegionIsAGap(t *testing.T) {
	url, stop, err := newServer().Serve(string(dublin))
	if err != nil {
		t.Fatal(err)
	}
	s := source(t, newServer(), dublin)
	s.Client = client(dublin, url)
	stop()
	batch := read(t, s, window)
	if len(batch.Gaps) != 1 || len(batch.Records) != 0 || !strings.Contains(batch.Gaps[0].Reason, "connection refused") {
		t.Errorf("gaps: %+v", batch.Gaps)
	}
}

func TestSilentRegionIsAGap(t *testing.T) {
	server := newServer()
	server.Fault(func(string, string, int) rdsapi.Fault { return rdsapi.Fault{Delay: time.Minute} })
	s := source(t, server, dublin)
	s.Settings.Timeout = 20 * time.Millisecond
	batch := read(t, s, window)
	if len(batch.Gaps) != 1 || !strings.Contains(batch.Gaps[0].Reason, "no answer within 20ms") {
		t.Errorf("gaps: %+v", batch.Gaps)
	}
}

func TestWrongConfigurationIsAGap(t *testing.T) {
	unknown := source(t, newServer(), dublin)
	unknown.Global = "orders-global"
	if gaps := read(t, unknown, window).Gaps; len(gaps) != 1 || !strings.Contains(gaps[0].Remedy, "topology.global_cluster") {
		t.Errorf("unknown global cluster: %+v", gaps)
	}
	stranger := source(t, newServer(), dublin)
	stranger.Clusters = map[audit.Region]string{dublin: "orders-eu-west-1"}
	if gaps := read(t, stranger, window).Gaps; len(gaps) != 2 || !strings.Contains(gaps[0].Reason, "not a member") {
		t.Errorf("unknown cluster: %+v", gaps)
	}
}

func TestOperationUnderWayIsShown(t *testing.T) {
	server := newServer()
	server.SetFailoverState(rdsapi.FailoverState{Status: "failing-over", From: string(dublin), To: string(london), DataLoss: true})
	other := ofType(read(t, source(t, server, dublin), window).Records, record.OtherEvent)
	if len(other) != 1 || !strings.Contains(other[0].Message, "failing-over from payments-eu-west-1 to payments-eu-west-2, data loss allowed: true") {
		t.Errorf("other events: %+v", other)
	}
}

func TestCancelledReadEndsWithTheContextsError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range source(t, newServer(), dublin).Read(ctx, window, audit.Cursor{}) {
		if err == nil {
			t.Error("no error")
		}
	}
}

// A manual snapshot says what it was copied from; until it is ready it counts for nothing.
func TestCopiesOfTheSnapshotAreSeen(t *testing.T) {
	server := newServer()
	system := "rds:unplanned-global-failover-payments-eu-west-1-2026-11-18"
	server.AddSnapshot(string(dublin), system, "payments-eu-west-1", death)
	server.CopySnapshot(string(dublin), "evidence", system, death.Add(time.Hour))
	server.CopySnapshot(string(dublin), "underway", system, death.Add(time.Hour), "copying")
	server.CopySnapshot(string(dublin), "later", system, asOf.Add(time.Hour))
	server.CopySnapshot(string(dublin), "another", "rds:payments-eu-west-1-2026-11-18", death)
	copies := ofType(read(t, source(t, server, dublin), window).Records, record.SnapshotCopied)
	if len(copies) != 1 || copies[0].Source != "evidence" || copies[0].Of != system || !copies[0].Until.Equal(asOf) {
		t.Errorf("copies: %+v", copies)
	}
}

// A cluster that was detached is told as such, and leaves a gap: what it does is audited no longer.
func TestDetachedClusterIsTold(t *testing.T) {
	server := newServer()
	server.Detach(string(london))
	batch := read(t, source(t, server, london), window)
	left := ofType(batch.Records, record.MemberLeft)
	if len(left) != 1 || left[0].Member != london || left[0].Source != "payments-eu-west-2" || len(batch.Gaps) != 1 {
		t.Errorf("left: %+v, gaps %+v", left, batch.Gaps)
	}
}
