package store

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
)

// dump is every row of every table, without what comes from the wall clock or a sequence, which has gaps.
func dump(t *testing.T, s *Store) map[string][]string {
	t.Helper()
	to := func(row pgx.CollectableRow) (v string, err error) { return v, row.Scan(&v) }
	tables, err := collect(t.Context(), s.pool, to, `select table_name from information_schema.tables
		where table_schema = 'parallax' and table_name <> 'schema_version'`)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, table := range tables {
		drop := map[string]string{"run": "- 'committed_at' - 'seq'", "alert_outbox": "- 'alert_id'"}[table]
		all[table], err = collect(t.Context(), s.pool, to, fmt.Sprintf(
			`select (to_jsonb(t) %s)::text as row from parallax.%s t order by row`, drop, table))
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestCrashMatrix breaks the connection at each step of a commit that detects, redetects, reopens and clears, once before
// and once after the server has done the step, then runs the commit again: the tables end as without a crash.
func TestCrashMatrix(t *testing.T) {
	history := func(t *testing.T, s *Store) audit.Outcome {
		t.Helper()
		commit(t, s, outcome("run-0", minutes(80), lost("again")))
		commit(t, s, outcome("run-1", minutes(90), lost("stays"), lost("goes"), lost("late")))
		commit(t, s, outcome("run-2", minutes(130), lost("late")))
		o := everything("run-3")
		o.Coverage[0].Gaps = nil
		o.Findings = append(o.Findings, lost("stays"), lost("again"), lost("late"))
		o.Findings[2].Status = audit.Overdue
		return o
	}
	calm := fresh(t)
	o := history(t, calm)
	steps := 1 << 20
	calm.wrap = func(tx pgx.Tx) pgx.Tx { return faulty{Tx: tx, left: &steps} }
	commit(t, calm, o)
	steps = 1<<20 - steps
	want := dump(t, calm)
	if steps < 20 {
		t.Fatalf("only %d steps: the matrix would prove little", steps)
	}

	s := fresh(t)
	for at := 1; at <= steps; at++ {
		for _, persisted := range []bool{false, true} {
			name := fmt.Sprintf("step %d of %d, persisted %t", at, steps, persisted)
			if err := s.exec(t, emptyTables); err != nil {
				t.Fatal(err)
			}
			o := history(t, s)
			before := dump(t, s)
			left := at
			s.wrap = func(tx pgx.Tx) pgx.Tx { return faulty{Tx: tx, left: &left, persisted: persisted} }
			err := s.Commit(t.Context(), o)
			s.wrap = func(tx pgx.Tx) pgx.Tx { return tx }
			switch lostAcknowledgement := at == steps && persisted; {
			case lostAcknowledgement && err != nil:
				t.Errorf("%s: committed, yet reported %v", name, err)
			case !lostAcknowledgement && !errors.Is(err, errCrash):
				t.Errorf("%s: reported %v", name, err)
			case !lostAcknowledgement && !reflect.DeepEqual(dump(t, s), before):
				t.Errorf("%s: left something behind", name)
			}
			commit(t, s, o)
			if got := dump(t, s); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: run again, the tables differ\n got %v\nwant %v", name, got, want)
			}
			if _, err := s.VerifyEvents(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// emptyTables makes the store new again faster than a new database would be.
const emptyTables = `do $$ declare names text; begin
	alter table parallax.finding_event disable trigger user;
	select string_agg('parallax.' || table_name, ', ') into names from information_schema.tables
		where table_schema = 'parallax' and table_name <> 'schema_version';
	execute 'truncate ' || names;
	alter table parallax.finding_event enable trigger user;
end $$`

func TestUnknownWhenTheStoreCannotBeAsked(t *testing.T) {
	s := fresh(t)
	s.wrap = func(tx pgx.Tx) pgx.Tx { return vanishing{tx, s} }
	err := s.Commit(t.Context(), outcome("run-1", minutes(90)))
	if !errors.Is(err, ErrUnknown) || !errors.Is(err, errCrash) {
		t.Errorf("%v", err)
	}
}

func TestSameRunTwiceChangesNothing(t *testing.T) {
	s, o := fresh(t), everything("run-1")
	commit(t, s, o)
	before := dump(t, s)
	o.Findings = o.Findings[:1]
	commit(t, s, o)
	if !reflect.DeepEqual(dump(t, s), before) {
		t.Error("the second commit changed the tables")
	}
	o.AsOf = o.AsOf.Add(time.Hour)
	if err := s.Commit(t.Context(), o); err == nil || !strings.Contains(err.Error(), "belongs to another run") {
		t.Errorf("another run under the same id: %v", err)
	}
}

func TestStaleCursorFailsTheWholeCommit(t *testing.T) {
	s := fresh(t)
	a := outcome("run-1", minutes(90), lost("pay-1"))
	a.Cursors = []audit.Cursor{{Stream: "s1", Pos: "5"}, {Stream: "s2", Pos: "6"}}
	commit(t, s, a)
	before := dump(t, s)
	for name, c := range map[string]audit.Cursor{
		"as if new": {Stream: "s1", Pos: "7"}, "too far": {Stream: "s1", Pos: "7", Version: 2}, "of a new stream": {Stream: "s3", Version: 1},
	} {
		b := outcome("run-2", minutes(100), lost("pay-2"))
		b.Cursors = []audit.Cursor{{Stream: "s2", Pos: "9", Version: 1}, c}
		err := s.Commit(t.Context(), b)
		if !errors.Is(err, ErrStale) || !strings.Contains(err.Error(), c.Stream) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !reflect.DeepEqual(dump(t, s), before) {
		t.Error("a stale commit left something behind")
	}
	b := outcome("run-2", minutes(100))
	b.Cursors = []audit.Cursor{{Stream: "s1", Pos: "7", Version: 1}}
	commit(t, s, b)
	cursors, err := s.Cursors(t.Context(), "ledger")
	if err != nil || cursors["s1"] != (audit.Cursor{Stream: "s1", Pos: "7", Version: 2}) || cursors["s2"].Version != 1 {
		t.Errorf("%v, %v", cursors, err)
	}
}

func TestOfConcurrentCommitsOneWins(t *testing.T) {
	s := fresh(t)
	const workers = 6
	results := make(chan error)
	for i := range workers {
		go func() {
			o := outcome(fmt.Sprintf("run-%d", i), minutes(90), lost("pay-1"))
			o.Cursors = []audit.Cursor{{Stream: "s1", Pos: audit.Position(fmt.Sprint(i))}}
			results <- s.Commit(t.Context(), o)
		}()
	}
	won := 0
	for range workers {
		switch err := <-results; {
		case err == nil:
			won++
		case !errors.Is(err, ErrStale):
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d commits won", won)
	}
}

func TestCommitRefuses(t *testing.T) {
	s := fresh(t)
	before := dump(t, s)
	for name, c := range map[string]struct {
		change func(*audit.Outcome)
		want   string
	}{
		"no run id":         {func(o *audit.Outcome) { o.RunID = "" }, "run id"},
		"no job":            {func(o *audit.Outcome) { o.Job = "" }, "job"},
		"no as-of":          {func(o *audit.Outcome) { o.AsOf = time.Time{} }, "as-of"},
		"inverted window":   {func(o *audit.Outcome) { o.Window.To = o.Window.From.Add(-1) }, "before it begins"},
		"no fingerprint":    {func(o *audit.Outcome) { o.Findings[0].Fingerprint = "" }, "fingerprint"},
		"unknown kind":      {func(o *audit.Outcome) { o.Findings[0].Kind = "ledger.odd" }, "not a kind"},
		"no verdict":        {func(o *audit.Outcome) { o.Findings[0].Verdict = "" }, `verdict ""`},
		"no severity":       {func(o *audit.Outcome) { o.Findings[0].Severity = "" }, `severity ""`},
		"a person's status": {func(o *audit.Outcome) { o.Findings[0].Status = audit.Resolved }, `status "resolved"`},
		"cursor twice":      {func(o *audit.Outcome) { o.Cursors = []audit.Cursor{{Stream: "s"}, {Stream: "s"}} }, "twice"},
		"cursor not text":   {func(o *audit.Outcome) { o.Cursors = []audit.Cursor{{Stream: "s", Pos: "\x00"}} }, "not text"},
	} {
		o := outcome("run-1", minutes(90), lost("pay-1"))
		c.change(&o)
		if err := s.Commit(t.Context(), o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !reflect.DeepEqual(dump(t, s), before) {
		t.Error("a refused outcome left something behind")
	}
}

func TestTenThousandFindings(t *testing.T) {
	s := fresh(t)
	findings := make([]audit.Finding, 10_000)
	for i := range findings {
		findings[i] = lost(fmt.Sprintf("pay-%05d", i))
	}
	for i, what := range []string{"detected", "redetected", "cleared"} {
		if what == "cleared" {
			findings = nil
		}
		began := time.Now()
		commit(t, s, outcome("run-"+what, minutes(90+i), findings...))
		t.Logf("10,000 %s in %s", what, time.Since(began).Round(time.Millisecond))
	}
	if _, total, err := s.Findings(t.Context(), Filter{Status: []audit.Status{audit.Cleared}, Limit: 1}); err != nil || total != 10_000 {
		t.Errorf("%d cleared, %v", total, err)
	}
}
