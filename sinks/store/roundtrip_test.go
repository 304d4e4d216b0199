package store

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"parallax/internal/audit"
)

// everything is an outcome with something of each sort.
func everything(id string) audit.Outcome {
	o := outcome(id, minutes(120), lost("pay-1"), lost("pay-2"))
	o.Findings[1].Amounts, o.Findings[1].Status, o.Findings[1].Severity = []audit.Money{}, audit.Expected, audit.Low
	o.Coverage[0].Extents = []audit.Extent{{Name: "rows", From: "1", To: "9", Records: 9, Checksum: "sha256:00", Totals: map[string]string{"sum": "12"}}}
	o.Coverage[0].Excluded = []audit.Exclusion{{Reason: "test payment", Records: 1}}
	o.Coverage[0].Gaps = []audit.Gap{{Window: audit.At(minutes(3)), Reason: "cancelled", Remedy: "run again"}}
	o.Coverage[0].Watermark = minutes(59)
	o.Cursors = []audit.Cursor{{Stream: "shard-1", Pos: "000000000000000000123"}, {Stream: "shard-2", Pos: ""}}
	o.Segments = []audit.Segment{{
		Name: "keys/eu-west-1/s1/10-20.parquet", Table: "keys", Region: "eu-west-1", Shard: "s1", First: "10", Last: "20",
		Records: 11, Window: audit.Window{From: minutes(0), To: minutes(5)}, SHA256: "ab",
	}}
	o.Files = []audit.SettlementFile{{
		Feed: "mastercard", Name: "a.ipm", SHA256: "cd", FileID: "f1", BusinessDate: "2026-11-18", Records: 3, Rejected: 1,
		Status: "accepted", Reason: "one row unreadable", Totals: map[string]string{"EUR stated": "100"}, SeenAt: minutes(60),
	}}
	o.Matches = []audit.Match{{
		Scope: "mastercard", PaymentID: "pay-1", Reference: "MCC1", File: "a.ipm", Line: 4, Rule: "reference",
		Amount: audit.Money{Minor: 100, Currency: "EUR"},
	}}
	o.Samples = []audit.LagSample{{
		Layer: "aurora", Scope: "payments", From: "eu-west-2", To: "eu-west-1", At: minutes(30), Lag: 4800 * time.Millisecond,
		Error: 500 * time.Nanosecond, Method: "aurora rpo_lag",
	}}
	o.Failovers = []audit.Failover{{
		Cluster: "payments-global", Key: "payments-global/eu-west-2/x", From: "eu-west-1", To: "eu-west-2", Seen: audit.SeenInData,
		At: minutes(7), Promoted: minutes(8), PromotedError: time.Second, Snapshot: "rds:x", SnapshotExpires: minutes(600),
		Marks:      []audit.Mark{{Layer: "ledger", Name: "last write", At: minutes(6), Error: time.Millisecond, Basis: "row pay-1"}},
		Unmeasured: []string{"receipts rpo: not read"},
		Measures:   []audit.Measure{{Layer: "ledger", Figure: "rpo", Value: 840 * time.Millisecond, Error: 50 * time.Millisecond, Basis: "rows"}},
	}}
	o.Topology = []audit.TopologyEvent{
		{Cluster: "payments-global", Region: "eu-west-2", Type: "writer_promoted", Source: "c2", At: minutes(8), Message: "promoted"},
		{Cluster: "payments-global", Region: "eu-west-2", Type: "writer_seen", Source: "ledger payments", At: minutes(9), Message: "accepts writes", Until: minutes(30)},
	}
	o.Replications = []audit.Replication{{
		Region: "eu-west-1", Bucket: "receipts-1", Destination: "receipts-2", Key: "receipts/pay-1.json", VersionID: "v1",
		Operation: "OBJECT_PUT", Signal: audit.ReplicationLate, At: minutes(40), Requested: minutes(10), Threshold: 15 * time.Minute, Reason: "r",
	}}
	return o
}

func TestCommitKeepsEverything(t *testing.T) {
	s, o := fresh(t), everything("run-1")
	commit(t, s, o)

	same := func(what string, got, want any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
		}
	}
	findings, total, err := s.Findings(t.Context(), Filter{Run: "run-1"})
	same("number of findings", total, 2, err)
	for i, f := range findings {
		same("finding", f.Finding, o.Findings[i], nil)
		same("life", []any{f.Job, f.FirstSeen, f.LastSeen, f.Runs, f.FirstRun, f.LastRun, f.ClearedBy},
			[]any{"ledger", o.AsOf, o.AsOf, int64(1), "run-1", "run-1", ""}, nil)
	}
	record, err := s.Run(t.Context(), "run-1")
	want := audit.RunRecord{
		RunID: "run-1", Job: "ledger", Window: o.Window, AsOf: o.AsOf, Verdict: audit.RunInconclusive, Findings: 2, Coverage: o.Coverage,
	}
	same("run", record, want, err)
	runs, err := s.LastRuns(t.Context())
	same("last runs", runs, []audit.RunRecord{want}, err)
	coverage, err := s.Coverage(t.Context(), "ledger", "payments")
	same("coverage", coverage, o.Coverage, err)
	cursors, err := s.Cursors(t.Context(), "ledger")
	same("cursors", cursors, map[string]audit.Cursor{
		"shard-1": {Stream: "shard-1", Pos: "000000000000000000123", Version: 1}, "shard-2": {Stream: "shard-2", Version: 1},
	}, err)
	segments, err := s.Segments(t.Context(), "keys", audit.At(minutes(4)))
	same("segments", segments, o.Segments, err)
	segments, err = s.Segments(t.Context(), "keys", audit.At(minutes(5)))
	same("segments outside the window", segments, []audit.Segment{}, err)
	files, err := s.Files(t.Context(), "mastercard")
	same("files", files, o.Files, err)
	matches, err := s.Matches(t.Context(), "mastercard", "")
	same("matches", matches, o.Matches, err)
	samples, err := s.LagSamples(t.Context(), "aurora", o.Window)
	same("samples", samples, o.Samples, err)
	failovers, err := s.Failovers(t.Context())
	same("failovers", failovers, o.Failovers, err)
	events, err := s.TopologyEvents(t.Context(), "payments-global", o.Window)
	same("topology", events, o.Topology, err)
	replications, err := s.Replications(t.Context(), []string{"receipts-1"}, o.Window)
	same("replications", replications, o.Replications, err)
}

func TestFilters(t *testing.T) {
	s := fresh(t)
	a, b := lost("pay-1"), lost("pay-2")
	b.Severity, b.Status = audit.Low, audit.Overdue
	commit(t, s, outcome("run-1", minutes(90), a, b))
	for name, c := range map[string]struct {
		filter      Filter
		rows, total int
	}{
		"all":               {Filter{}, 2, 2},
		"limited":           {Filter{Limit: 1}, 1, 2},
		"kind":              {Filter{Kinds: []audit.Kind{audit.LedgerLostRow}}, 2, 2},
		"other kind":        {Filter{Kinds: []audit.Kind{audit.LagBreach}}, 0, 0},
		"job":               {Filter{Jobs: []string{"ledger"}}, 2, 2},
		"other job":         {Filter{Jobs: []string{"lww"}}, 0, 0},
		"status":            {Filter{Status: []audit.Status{audit.Overdue}}, 1, 1},
		"severity":          {Filter{Severity: []audit.Severity{audit.Critical, audit.High}}, 1, 1},
		"scope":             {Filter{Scope: "payments"}, 2, 2},
		"key":               {Filter{Key: "pay-2"}, 1, 1},
		"key is no pattern": {Filter{Key: "pay-%"}, 0, 0},
		"run":               {Filter{Run: "run-2"}, 0, 0},
		"within":            {Filter{Within: audit.Window{From: minutes(7), To: minutes(8)}}, 2, 2},
		"before it":         {Filter{Within: audit.Window{From: minutes(6), To: minutes(7)}}, 0, 0},
		"after it":          {Filter{Within: audit.Window{From: minutes(8), To: minutes(9)}}, 0, 0},
		"several":           {Filter{Key: "pay-1", Status: []audit.Status{audit.Overdue}}, 0, 0},
	} {
		got, total, err := s.Findings(t.Context(), c.filter)
		if err != nil || len(got) != c.rows || total != c.total {
			t.Errorf("%s: %d of %d, %v; want %d of %d", name, len(got), total, err, c.rows, c.total)
		}
	}
}

func TestFindingByPrefix(t *testing.T) {
	s := fresh(t)
	a, b, c := lost("pay-1"), lost("pay-2"), lost("pay-3")
	a.Fingerprint, b.Fingerprint, c.Fingerprint = "abc1", "abc2", "abc"
	commit(t, s, outcome("run-1", minutes(90), a, b, c))
	for prefix, want := range map[string]error{"abc1": nil, "abc": nil, "ab": ErrAmbiguous, "x": ErrNotFound, "": ErrAmbiguous, "%": ErrNotFound} {
		if f, _, err := s.Finding(t.Context(), prefix); !errors.Is(err, want) || err == nil && string(f.Fingerprint) != prefix {
			t.Errorf("%q: %s, %v; want %v", prefix, f.Fingerprint, err, want)
		}
	}
	if _, err := s.Run(t.Context(), "none"); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown run: %v", err)
	}
}
