package s3events_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab/queue"
	"parallax/internal/pipeline"
	"parallax/sources/s3events"
	"parallax/sources/sourcetest"
)

func TestExercise(t *testing.T) {
	fill := func(t *testing.T) s3events.Source {
		t.Helper()
		q, s := open(t, queue.Options{Seed: 3, Repeat: 0.02})
		for i := range 57 {
			q.Send(late("s3.object.key", fmt.Sprintf("receipts/pay_%d.json", i)))
		}
		q.Send(late("s3.object.key", "receipts/pay_3.json"), notification("ObjectCreated:Put"), notification("ObjectCreated:Put", "s3.bucket.name", "other"))
		return s
	}
	refusing := func(t *testing.T) s3events.Source {
		t.Helper()
		q, s := open(t, queue.Options{})
		q.Fault(func(string, string) *queue.Fault {
			return &queue.Fault{Code: "AccessDenied", Status: http.StatusForbidden}
		})
		return s
	}
	sourcetest.Exercise(t, sourcetest.Case[audit.Replication]{
		Open:   func(t *testing.T) pipeline.Source[audit.Replication] { return fill(t) },
		Window: window, Records: 57,
		ID:       func(r audit.Replication) string { return r.Key },
		Timeless: func(audit.Replication) bool { return true },
		Unreachable: map[string]func(*testing.T) pipeline.Source[audit.Replication]{
			"nobody there": func(t *testing.T) pipeline.Source[audit.Replication] {
				s := fill(t)
				s.Client = client(dublin, "http://127.0.0.1:1")
				return s
			},
			"refused": func(t *testing.T) pipeline.Source[audit.Replication] { return refusing(t) },
		},
	})
}

// A message is deleted when what it said was kept, and not before; until then it comes again.
func TestAMessageIsDeletedOnceItIsSettled(t *testing.T) {
	q, s := open(t, queue.Options{Seed: 1})
	q.Send(late(), late("s3.object.versionId", "v2"))
	for range 3 {
		if r := read(t, s); len(r.Records) != 2 || !r.Coverage.Complete() {
			t.Fatalf("%d records, %+v", len(r.Records), r.Coverage.Gaps)
		}
		if err := s.Held.Return(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(q.Left()); n != 2 {
			t.Fatalf("%d messages are left", n)
		}
	}
	read(t, s)
	if err := s.Held.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := q.Left(); len(left) != 0 {
		t.Errorf("%v are left", left)
	}
	for _, a := range q.Asked() {
		if a.Operation == "ReceiveMessage" && (a.Wait < 1 || a.Hidden != 15*60) {
			t.Errorf("asked to wait %d s and to hide for %d s", a.Wait, a.Hidden)
		}
	}
}

// A reader that is cut off between reading and keeping loses nothing: what it held is a gap to the next, and then comes again.
func TestWhatAReaderThatDiedHasHeldIsAGapAndComesAgain(t *testing.T) {
	q, s := open(t, queue.Options{Seed: 1})
	q.Send(late())
	read(t, s)
	s.Held = &s3events.Held{} // another process
	r := read(t, s)
	if len(r.Records) != 0 || reasons(r.Coverage.Gaps) != "about 1 messages of queue replication in eu-west-1 are held by another reader" {
		t.Errorf("%d records, %+v", len(r.Records), r.Coverage.Gaps)
	}
	q.Advance(15 * time.Minute)
	if r := read(t, s); len(r.Records) != 1 || !r.Coverage.Complete() {
		t.Errorf("%d records, %+v", len(r.Records), r.Coverage.Gaps)
	}
}

// What was not understood, or is about other buckets, is given back at once, so that the next run sees it too, until the
// queue's own policy puts it aside.
func TestAMessageThatIsNotUnderstoodIsLeftForTheDeadLetterPolicy(t *testing.T) {
	q, s := open(t, queue.Options{Seed: 1, Receives: 3})
	bad := q.Send("neither here nor there")
	half := q.Send(text(object{"Records": []any{record("Replication:OperationMissedThreshold"), "what is this"}}))
	other := q.Send(late("s3.bucket.name", "receipts-elsewhere"))
	q.Send(late())
	for range 3 {
		r := read(t, s)
		for _, id := range []string{bad, half} {
			if !strings.Contains(reasons(r.Coverage.Gaps), "message "+id+" of queue replication in eu-west-1: ") {
				t.Errorf("%s is not named: %s", id, reasons(r.Coverage.Gaps))
			}
		}
		if len(r.Coverage.Gaps) != 2 || strings.Contains(text(r.Coverage), "neither here") {
			t.Errorf("%+v", r.Coverage)
		}
		if err := s.Held.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left := q.Left(); !reflect.DeepEqual(left, []string{bad, half, other}) {
			t.Errorf("%v are left", left)
		}
	}
	r := read(t, s)
	if dead := q.Dead(); !reflect.DeepEqual(dead, []string{bad, half, other}) || !r.Coverage.Complete() {
		t.Errorf("dead %v, %+v", dead, r.Coverage)
	}
	if about := r.Coverage.Extents[0].Totals; about["dead-letter queue"] != "after 3 receives" || about["kept for"] != "96h0m0s" {
		t.Errorf("%v", about)
	}
}

// A message whose body is not the one that was sent is not read, and takes no other with it.
func TestADamagedMessageIsLeft(t *testing.T) {
	q, s := open(t, queue.Options{})
	bad := q.Send(late("s3.object.key", "damaged"))
	q.Send(late())
	q.Damage(bad)
	r := read(t, s)
	if len(r.Records) != 1 || !strings.Contains(reasons(r.Coverage.Gaps), bad) || !strings.Contains(reasons(r.Coverage.Gaps), "checksum") {
		t.Errorf("%d records, %s", len(r.Records), reasons(r.Coverage.Gaps))
	}
	if err := s.Held.Settle(t.Context()); err != nil || !reflect.DeepEqual(q.Left(), []string{bad}) {
		t.Errorf("%v left, %v", q.Left(), err)
	}
}

// An event that says its bucket is in another region than the configuration does is not believed.
func TestABucketInAnotherRegionIsAGap(t *testing.T) {
	q, s := open(t, queue.Options{})
	q.Send(late("awsRegion", "us-east-1"), late("awsRegion", nil))
	r := read(t, s)
	if len(r.Records) != 1 || r.Records[0].Region != dublin || !strings.Contains(reasons(r.Coverage.Gaps), "is in us-east-1, the configuration has it in eu-west-1") {
		t.Errorf("%+v, %s", r.Records, reasons(r.Coverage.Gaps))
	}
}

func TestOnlyTheFirstTwentyMessagesAreNamed(t *testing.T) {
	q, s := open(t, queue.Options{})
	for range 25 {
		q.Send("{}")
	}
	if r := read(t, s); len(r.Coverage.Gaps) != 21 || !strings.HasPrefix(r.Coverage.Gaps[20].Reason, "5 more messages") {
		t.Errorf("%d gaps, the last %+v", len(r.Coverage.Gaps), r.Coverage.Gaps[len(r.Coverage.Gaps)-1])
	}
}

// Messages come twice, and out of order: each is counted once, and all are deleted.
func TestRepeatsAreHarmless(t *testing.T) {
	for seed := range uint64(8) {
		q, s := open(t, queue.Options{Seed: seed, Repeat: 0.1, Page: 3})
		for i := range 20 {
			q.Send(late("s3.object.key", fmt.Sprintf("receipts/pay_%d.json", i)))
		}
		r := read(t, s)
		if len(r.Records) != 20 || r.Coverage.Extents[0].Records != 20 {
			t.Fatalf("seed %d: %d records of %d", seed, len(r.Records), r.Coverage.Extents[0].Records)
		}
		if err := s.Held.Settle(t.Context()); err != nil || len(q.Left()) != 0 {
			t.Errorf("seed %d: %d left, %v", seed, len(q.Left()), err)
		}
	}
}

func TestAReadIsBounded(t *testing.T) {
	q, s := open(t, queue.Options{})
	for i := range 60 {
		q.Send(late("s3.object.key", fmt.Sprintf("receipts/pay_%d.json", i)))
	}
	s.Settings.MaxMessages = 30
	r := read(t, s)
	if len(r.Records) != 30 || reasons(r.Coverage.Gaps) != "queue replication in eu-west-1 holds more than 30 messages; the rest was not read" {
		t.Errorf("%d records, %+v", len(r.Records), r.Coverage.Gaps)
	}
	if err := s.Held.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Settings.MaxMessages, s.Settings.Budget = 0, time.Nanosecond
	if r := read(t, s); len(r.Records) != 0 || !strings.Contains(reasons(r.Coverage.Gaps), "more messages than were read in 1ns") {
		t.Errorf("%d records, %+v", len(r.Records), r.Coverage.Gaps)
	}
}

func TestAQueueThatHasForgottenIsALostGap(t *testing.T) {
	_, s := open(t, queue.Options{Retention: time.Hour})
	s.ReadAt = noon.Add(-30 * time.Minute)
	if r := read(t, s); !r.Coverage.Complete() {
		t.Errorf("in time: %+v", r.Coverage.Gaps)
	}
	s.ReadAt = noon.Add(-3 * time.Hour)
	r := read(t, s)
	if len(r.Coverage.Gaps) != 1 || !r.Coverage.Gaps[0].Lost || r.Coverage.Gaps[0].Window != (audit.Window{From: s.ReadAt, To: noon.Add(-time.Hour)}) {
		t.Errorf("too late: %+v", r.Coverage.Gaps)
	}
}

// What the service refuses, or does not say, is a gap with what to do about it.
func TestTroubleIsAGap(t *testing.T) {
	at := func(op string, f queue.Fault) queue.FaultFunc {
		return func(got, _ string) *queue.Fault {
			if got == op {
				return &f
			}
			return nil
		}
	}
	for name, c := range map[string]struct {
		fault          queue.FaultFunc
		records        int
		reason, remedy string
	}{
		"denied": {
			at("ReceiveMessage", queue.Fault{Code: "AccessDenied", Status: 403}), 0,
			"ReceiveMessage of queue replication in eu-west-1 was refused: AccessDenied", "allow the action sqs:ReceiveMessage for the role",
		},
		"attributes denied": {
			at("GetQueueAttributes", queue.Fault{Code: "AccessDeniedException"}), 1,
			"GetQueueAttributes of queue replication in eu-west-1 was refused: AccessDeniedException", "allow the action sqs:GetQueueAttributes",
		},
		"missing": {
			at("ReceiveMessage", queue.Fault{Code: "AWS.SimpleQueueService.NonExistentQueue", Type: "com.amazonaws.sqs#QueueDoesNotExist"}), 0,
			"was refused: AWS.SimpleQueueService.NonExistentQueue", "correct the queue's URL in receipts[].events",
		},
		"key of its own": {
			at("ReceiveMessage", queue.Fault{Code: "KMS.AccessDeniedException", Type: "com.amazonaws.sqs#KmsAccessDenied"}), 0,
			"was refused: KMS.AccessDeniedException", "allow the action kms:Decrypt",
		},
		"silent": {
			at("ReceiveMessage", queue.Fault{Delay: 20 * time.Second}), 0,
			"ReceiveMessage of queue replication in eu-west-1: no answer within 2s", "aws.timeout",
		},
		"nonsense": {at("ReceiveMessage", queue.Fault{Body: "<html>"}), 0, "ReceiveMessage of queue replication in eu-west-1: ", "can be reached"},
		"cut":      {at("ReceiveMessage", queue.Fault{Cut: true}), 0, "may have been in it are hidden for 15m0s", "run again after 15 minutes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, s := open(t, queue.Options{})
			q.Send(late())
			q.Fault(c.fault)
			s.Settings.Timeout, s.Settings.Wait = time.Second, time.Second
			r := read(t, s)
			i := slices.IndexFunc(r.Coverage.Gaps, func(g audit.Gap) bool { return strings.Contains(g.Reason, c.reason) })
			if len(r.Records) != c.records || i < 0 || !strings.Contains(r.Coverage.Gaps[i].Remedy, c.remedy) {
				t.Errorf("%d records, %+v", len(r.Records), r.Coverage.Gaps)
			}
			if len(q.Left()) != 1 {
				t.Error("the message is gone")
			}
		})
	}
}

// An answer that was lost on the way is asked for again, and the run is not clean: what was in it is hidden.
func TestALostAnswerIsAGapThoughTheNextOneComes(t *testing.T) {
	q, s := open(t, queue.Options{})
	q.Send(late())
	first := true
	q.Fault(func(op, _ string) *queue.Fault {
		if op != "ReceiveMessage" || !first {
			return nil
		}
		first = false
		return &queue.Fault{Cut: true}
	})
	if r := read(t, s); len(r.Records) != 0 || len(r.Coverage.Gaps) != 2 {
		t.Errorf("%d records, %s", len(r.Records), reasons(r.Coverage.Gaps))
	}
}

// A message that could not be deleted is said, and comes again.
func TestSettlingTellsWhatWasRefused(t *testing.T) {
	q, s := open(t, queue.Options{})
	for i := range 12 {
		q.Send(late("s3.object.key", fmt.Sprint(i)))
	}
	read(t, s)
	q.Advance(time.Hour)
	s2 := s
	s2.Held = &s3events.Held{}
	read(t, s2) // another reader has received them since
	if err := s.Held.Settle(t.Context()); err == nil || !strings.Contains(err.Error(), "12 of 12 were refused: ReceiptHandleIsInvalid") {
		t.Error(err)
	}
	q.Fault(func(string, string) *queue.Fault { return &queue.Fault{Code: "AccessDenied"} })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s2.Held.Settle(ctx); err == nil || !strings.Contains(err.Error(), "delete 12 messages of queue replication") || len(q.Left()) != 12 {
		t.Error(err)
	}
}

// A check tells what keeps the queue from being read, and takes nothing out of it.
func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		options queue.Options
		fault   *queue.Fault
		reason  string
		dead    bool
	}{
		"well":                   {queue.Options{Receives: 5}, nil, "", true},
		"no dead-letter queue":   {queue.Options{}, nil, "", false},
		"denied":                 {queue.Options{}, &queue.Fault{Code: "AccessDenied"}, "was refused: AccessDenied", true},
		"silent":                 {queue.Options{}, &queue.Fault{Delay: 20 * time.Second}, "no answer within 2s", true},
		"the queue is not there": {queue.Options{}, &queue.Fault{Code: "AWS.SimpleQueueService.NonExistentQueue"}, "NonExistentQueue", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, s := open(t, c.options)
			q.Send(late())
			q.Fault(func(string, string) *queue.Fault { return c.fault })
			s.Settings.Timeout, s.Settings.Wait = time.Second, time.Second
			gaps, dead := s.Check(t.Context(), window)
			if dead != c.dead || !strings.Contains(reasons(gaps), c.reason) || (len(gaps) == 0) != (c.reason == "") || len(q.Asked()) != 0 {
				t.Errorf("%t, %+v, asked %v", dead, gaps, q.Asked())
			}
		})
	}
}
