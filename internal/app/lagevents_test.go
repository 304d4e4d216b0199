package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/lab/queue"
	"parallax/sinks/report"
	"parallax/sinks/store"
)

// eventWorld is a pair of buckets whose replication events come to two queues. Nothing else of it can be read.
type eventWorld struct {
	*testing.T
	app    *App
	queues map[string]*queue.Queue
}

func newEventWorld(t *testing.T) *eventWorld {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	w := &eventWorld{T: t, queues: map[string]*queue.Queue{}}
	w.app, _ = bareAt(t)
	_, s3 := openBucket(t)
	at := map[string]string{}
	for i, region := range []string{dublin, london} {
		q := queue.New(queue.Options{Region: region, Name: "replication", Start: pm(14, 0, 0), Seed: uint64(i), Receives: 20})
		url, stop, err := q.Serve()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		w.queues[region], at[region] = q, url
	}
	path := filepath.Join(t.TempDir(), "parallax.yaml")
	text := fmt.Sprintf(`regions: [%[1]s, %[2]s]
aws: {retries: 1, timeout: 5s, s3_path_style: true, endpoints: {%[1]s: {s3: %[3]q, sqs: %[4]q}, %[2]s: {s3: %[3]q, sqs: %[5]q}}}
ledgers:
  - name: payments
    table: payments
    columns: {payment_id: a, amount_minor: b, currency: c, status: d, created_at: e}
    statuses: {charged: [captured]}
    regions: {%[1]s: {dsn: "postgres://ro@127.0.0.1:1/a"}, %[2]s: {dsn: "postgres://ro@127.0.0.1:1/b"}}
receipts:
  - name: receipts
    ledger: payments
    key_pattern: 'receipts/(?P<payment_id>.+)'
    regions:
      %[1]s: {bucket: one, inventory: {bucket: lists, id: daily}}
      %[2]s: {bucket: two, inventory: {bucket: lists, id: daily}}
    events: {%[1]s: %[6]q, %[2]s: %[7]q}
`, dublin, london, s3, at[dublin], at[london], w.queues[dublin].URL(), w.queues[london].URL())
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.app.cfg, err = config.Load(path, nil); err != nil {
		t.Fatal(err)
	}
	if w.app.aws, err = newClients(t.Context(), w.app.cfg, zap.NewNop()); err != nil {
		t.Fatal(err)
	}
	return w
}

// tell sends an event of Dublin's bucket: what was told of an object, when, and when it was written.
func (w *eventWorld) tell(signal, key string, at, requested time.Time) {
	w.Helper()
	const form = "2006-01-02T15:04:05.000Z"
	w.queues[dublin].Send(fmt.Sprintf(`{"Records":[{"eventVersion":"2.2","eventSource":"aws:s3","awsRegion":"eu-west-1","eventTime":%q,"eventName":"Replication:%s",
		"s3":{"bucket":{"name":"one"},"object":{"key":%q,"versionId":"v1"}},
		"replicationEventData":{"destinationBucket":"arn:aws:s3:::two","s3Operation":"OBJECT_PUT","requestTime":%q,"failureReason":"DstBucketNotFound"}}]}`,
		at.Format(form), signal, key, requested.Format(form)))
}

// run runs the lag job over the quarter of an hour before a moment.
func (w *eventWorld) run(asOf time.Time) report.Run {
	w.Helper()
	return w.runOver(audit.Window{From: asOf.Add(-15 * time.Minute), To: asOf}, asOf, asOf)
}

func (w *eventWorld) runOver(over audit.Window, asOf, now time.Time) report.Run {
	w.Helper()
	result, err := w.app.Run(w.Context(), Request{Job: "lag", AsOf: asOf, Now: now, From: over.From, To: over.To})
	if err != nil {
		w.Fatal(err)
	}
	return result.Runs[0]
}

// found are the findings of a kind that stand.
func (w *eventWorld) found(kind audit.Kind) []audit.StoredFinding {
	w.Helper()
	found, _, err := w.app.store.Findings(w.Context(), store.Filter{Kinds: []audit.Kind{kind}, Status: []audit.Status{audit.Open}})
	if err != nil {
		w.Fatal(err)
	}
	return slices.DeleteFunc(found, func(f audit.StoredFinding) bool { return !strings.HasPrefix(f.Key, "s3/") })
}

func (w *eventWorld) line(run report.Run, region string) audit.Coverage {
	w.Helper()
	for _, l := range linesOf(run, "s3 events") {
		if string(l.Region) == region {
			return l
		}
	}
	w.Fatalf("no line of %s: %+v", region, run.Coverage)
	return audit.Coverage{}
}

// What S3 tells of late replicas is a breach, by how late they were; it stays one when the queue has long forgotten.
func TestLateReplicasAreMeasured(t *testing.T) {
	w := newEventWorld(t)
	w.tell("OperationMissedThreshold", "a", pm(13, 55, 0), pm(13, 39, 58))
	run := w.run(pm(14, 0, 0))
	if l := w.line(run, dublin); !l.Complete() || l.Records != 1 || l.Matched != 1 || l.Scope != "receipts" {
		t.Errorf("%+v", l)
	}
	breach := w.found(audit.LagBreach)
	if len(breach) != 1 || breach[0].Key != "s3/receipts/eu-west-1>eu-west-2" || breach[0].Verdict != audit.Proven ||
		!strings.Contains(breach[0].Reason, "had not arrived in eu-west-2 after 15m2s") || !strings.HasSuffix(breach[0].Evidence[1].Note, ", not arrived at the s3 event of a missed threshold") {
		t.Fatalf("%+v", breach)
	}
	if left := w.queues[dublin].Left(); len(left) != 0 {
		t.Errorf("left %v", left)
	}

	w.queues[dublin].Advance(4 * time.Hour)
	w.tell("OperationReplicatedAfterThreshold", "a", pm(17, 40, 0), pm(13, 39, 58))
	run = w.run(pm(18, 0, 0)) // hours after the window in which it was written
	again := w.found(audit.LagBreach)
	if len(again) != 1 || again[0].Fingerprint != breach[0].Fingerprint || !strings.Contains(again[0].Reason, "was up to 4h0m2s behind") ||
		again[0].Evidence[1].Value != "4h0m2s +/- 1s" || !strings.HasSuffix(again[0].Evidence[1].Note, "by s3 event") {
		t.Errorf("%+v", again)
	}
	if l := w.line(run, dublin); l.Records != 1 {
		t.Errorf("%+v", l)
	}

	run = w.runOver(audit.Window{From: pm(13, 30, 0), To: pm(14, 30, 0)}, pm(18, 10, 0), pm(18, 10, 0)) // the queue is empty
	l := w.line(run, dublin)
	if again := w.found(audit.LagBreach); len(again) != 1 || !strings.Contains(again[0].Reason, "4h0m2s") || l.Records != 2 || l.Matched != 1 {
		t.Errorf("%+v, %+v", l, again)
	}
	if !slices.Contains(l.Excluded, audit.Exclusion{Reason: "missed threshold: the object has arrived since", Records: 1}) {
		t.Errorf("%+v", l.Excluded)
	}
}

// What tells no lag is counted with its reason.
func TestEventsWithoutALagAreCounted(t *testing.T) {
	w := newEventWorld(t)
	w.tell("OperationFailedReplication", "a", pm(13, 50, 0), pm(13, 49, 0))
	w.tell("OperationFailedReplication", "b", pm(13, 50, 0), pm(13, 49, 0))
	w.tell("OperationNotTracked", "c", pm(13, 50, 0), pm(13, 40, 0))
	w.queues[dublin].Send(`{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-11-18T11:04:33.000Z","Bucket":"one","RequestId":"r","HostId":"h"}`)
	l := w.line(w.run(pm(14, 0, 0)), dublin)
	for _, want := range []audit.Exclusion{
		{Reason: "replication failed (DstBucketNotFound): there is no lag, see receipt.replication_failed", Records: 2},
		{Reason: "S3 does not watch this replication any more: whether it was in time is undetermined", Records: 1},
		{Reason: "test of the connection by S3", Records: 1},
	} {
		if !slices.Contains(l.Excluded, want) {
			t.Errorf("%+v is not in %+v", want, l.Excluded)
		}
	}
	if found := w.found(audit.LagBreach); len(found) != 0 || l.Matched != 0 || l.Records != 3 || !l.Complete() {
		t.Errorf("%+v, %+v", l, found)
	}
	told, err := w.app.store.Replications(t.Context(), []string{"one"}, audit.Window{From: pm(13, 0, 0), To: pm(14, 0, 0)})
	if err != nil || len(told) != 3 {
		t.Errorf("%+v, %v", told, err)
	}
}

// An outcome that was not committed deletes nothing: the next run reads it all again.
func TestEventsOfAnOutcomeThatWasNotCommittedComeAgain(t *testing.T) {
	w := newEventWorld(t)
	w.tell("OperationMissedThreshold", "a", pm(13, 55, 0), pm(13, 39, 0))
	torn := errors.New("torn")
	_, err := w.app.perform(t.Context(), job{"lag", func(a *App, ctx context.Context, at task) (audit.Outcome, error) {
		o, err := a.lagJob(ctx, at)
		if len(o.Replications) != 1 {
			t.Errorf("%d events", len(o.Replications))
		}
		return o, errors.Join(err, torn)
	}}, audit.Outcome{RunID: "r", Job: "lag", AsOf: pm(14, 0, 0)}, task{window: audit.Window{From: pm(13, 45, 0), To: pm(14, 0, 0)}, asOf: pm(14, 0, 0)})
	if !errors.Is(err, torn) || len(w.queues[dublin].Left()) != 1 {
		t.Fatalf("%v, left %v", err, w.queues[dublin].Left())
	}
	w.run(pm(14, 0, 0))
	if len(w.found(audit.LagBreach)) != 1 || len(w.queues[dublin].Left()) != 0 {
		t.Errorf("left %v", w.queues[dublin].Left())
	}
}

// A message that could not be deleted is told again, and changes nothing.
func TestEventsThatComeAgainChangeNothing(t *testing.T) {
	w := newEventWorld(t)
	w.tell("OperationReplicatedAfterThreshold", "a", pm(13, 55, 0), pm(13, 30, 0))
	w.queues[dublin].Fault(func(op, _ string) *queue.Fault {
		if op == "DeleteMessageBatch" {
			return &queue.Fault{Code: "AccessDenied"}
		}
		return nil
	})
	w.run(pm(14, 0, 0))
	w.queues[dublin].Advance(time.Hour)
	w.queues[dublin].Fault(nil)
	w.run(pm(14, 5, 0))
	found := w.found(audit.LagBreach)
	if len(found) != 1 || found[0].Evidence[3].Value != "1" || len(w.queues[dublin].Left()) != 0 {
		t.Errorf("%+v, left %v", found, w.queues[dublin].Left())
	}
}

// A queue that can't be read is a gap, and its paths are not on time but unknown.
func TestAQueueThatGivesNothingIsUnmeasured(t *testing.T) {
	w := newEventWorld(t)
	w.queues[dublin].Fault(func(op, _ string) *queue.Fault {
		if op == "ReceiveMessage" {
			return &queue.Fault{Code: "AccessDenied", Status: 403}
		}
		return nil
	})
	run := w.run(pm(14, 0, 0))
	l := w.line(run, dublin)
	if l.Complete() || !strings.Contains(l.Gaps[0].Remedy, "sqs:ReceiveMessage") || run.Verdict != audit.RunInconclusive {
		t.Errorf("%+v", l)
	}
	if l := w.line(run, london); !l.Complete() {
		t.Errorf("%+v", l)
	}
	cursors, err := w.app.store.Cursors(t.Context(), "lag")
	if len(cursors) != 1 || cursors["s3 events eu-west-2 "+w.queues[london].URL()].Pos != "2026-11-18T14:00:00Z" || err != nil {
		t.Errorf("a queue that was not read has moved on: %+v, %v", cursors, err)
	}
	if found := w.found(audit.LagUnmeasured); len(found) != 1 || found[0].Key != "s3/receipts/eu-west-1>eu-west-2" || found[0].Window != (audit.Window{From: pm(13, 45, 0), To: pm(14, 0, 0)}) {
		t.Errorf("%+v", found)
	}
}

// What the queue has forgotten between two runs is lost, and a run for an earlier moment empties no queue.
func TestAQueueHasNoPast(t *testing.T) {
	w := newEventWorld(t)
	early := audit.Window{From: pm(13, 0, 0), To: pm(13, 30, 0)}
	w.tell("OperationReplicatedAfterThreshold", "a", pm(13, 20, 0), pm(13, 1, 0))
	w.tell("OperationReplicatedAfterThreshold", "b", pm(13, 50, 0), pm(13, 2, 0)) // not known at half past one
	run := w.runOver(early, pm(13, 30, 0), pm(14, 0, 0))
	if l := w.line(run, dublin); l.Complete() || !strings.HasPrefix(l.Gaps[0].Reason, "a queue is only read for now") || len(w.queues[dublin].Left()) != 2 {
		t.Errorf("%+v", l)
	}
	w.run(pm(14, 0, 0))
	run = w.runOver(early, pm(13, 30, 0), pm(14, 1, 0))
	if l := w.line(run, dublin); !l.Complete() || l.Matched != 1 {
		t.Errorf("what an earlier run has read: %+v", l)
	}
	for _, q := range w.queues {
		q.Advance(6 * 24 * time.Hour)
	}
	run = w.run(pm(14, 0, 0).AddDate(0, 0, 6))
	if l := w.line(run, dublin); len(l.Gaps) != 1 || !l.Gaps[0].Lost || l.Gaps[0].Window.From != pm(14, 0, 0) {
		t.Errorf("%+v", l)
	}
}

// An object that an inventory lists as late, and S3 tells more of, is counted once; no other is taken for it.
func TestOneLateObjectIsOneSample(t *testing.T) {
	e := audit.Replication{
		Region: dublin, Bucket: "one", Destination: "two", Key: "a", Signal: audit.ReplicationLate, Requested: pm(13, 0, 0), At: pm(13, 15, 0), Threshold: 15 * time.Minute,
	}
	r := config.Receipts{Name: "receipts", Regions: map[audit.Region]config.ReceiptRegion{dublin: {Bucket: "one"}, london: {Bucket: "two"}}}
	told, _ := lagsOf(r, []audit.Replication{e})
	if len(told) != 1 || told[0].Lag != 15*time.Minute+time.Millisecond || told[0].Error != 0 {
		t.Fatalf("%+v", told)
	}
	stuck := stuckSamples(r, []receipt.Stuck{
		{From: dublin, To: london, Key: "a", Since: pm(13, 0, 1), Scanned: pm(13, 10, 0)},
		{From: dublin, To: london, Key: "a", Since: pm(13, 0, 2), Scanned: pm(20, 0, 0)}, // later still: another one
		{From: dublin, To: london, Key: "a", Since: pm(13, 5, 0), Scanned: pm(13, 10, 0)},
		{From: london, To: dublin, Key: "a", Since: pm(13, 0, 1), Scanned: pm(13, 10, 0)},
	})
	left := notArrived(stuck, told)
	if len(left) != 3 || slices.ContainsFunc(left, func(s audit.LagSample) bool { return s.From == dublin && s.At.Equal(pm(13, 0, 1)) }) {
		t.Errorf("%+v", left)
	}
}

// The doctor asks each queue and takes nothing out of it.
func TestDoctorAsksTheQueues(t *testing.T) {
	w := newEventWorld(t)
	w.tell("OperationMissedThreshold", "a", pm(13, 55, 0), pm(13, 39, 0))
	w.queues[london].Fault(func(string, string) *queue.Fault { return &queue.Fault{Code: "AccessDenied", Status: 403} })
	d := &doctor{cfg: w.app.cfg, aws: w.app.aws, app: w.app, asOf: pm(14, 0, 0)}
	d.events(t.Context())
	if len(d.checks) != 2 || d.checks[0].State != "ok" || d.checks[1].State != "missing" || !strings.Contains(d.checks[1].Remedy, "sqs:GetQueueAttributes") {
		t.Errorf("%+v", d.checks)
	}
	if len(w.queues[dublin].Asked()) != 0 {
		t.Errorf("asked %+v", w.queues[dublin].Asked())
	}
}
