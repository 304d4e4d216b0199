package app

import (
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
)

// returned is a world whose old primary is back after its failover, and restored; nobody waits for settlement files.
func returned(t *testing.T) *caseWorld {
	t.Helper()
	w := newCaseWorld(t, "failover: {repeat: 100h}\n")
	w.app.cfg.Settlement = nil
	w.watch(pm(13, 55, 0))
	w.fail()
	w.dublinReturns()
	return w
}

// runAll is "run all" in a world where every job has something to read.
func (w *caseWorld) runAll(asOf, from, to time.Time) {
	w.Helper()
	w.now = asOf
	req := Request{Job: allJobs, AsOf: asOf, From: from, To: to}
	result, err := w.app.runJobs(w.Context(), w.app.caseJobs(), req)
	if err != nil {
		w.Fatal(err)
	}
	if err := w.app.countForCases(w.Context(), req, result); err != nil {
		w.Fatal(err)
	}
}

// Jobs that looked at 40 seconds of a failover are no repetition of its case.
func TestNarrowRunIsNoRepetition(t *testing.T) {
	w := returned(t)
	w.witness()
	w.app.cfg.Settlement = nil
	w.runAll(pm(15, 0, 0), pm(14, 5, 50), pm(14, 6, 30))
	if cases, err := w.app.store.Cases(t.Context()); err != nil || len(cases) > 0 {
		t.Fatalf("a case was made of 40 seconds: %+v, %v", cases, err)
	}
	w.wantRan("by cron", w.watch(pm(15, 30, 0)), "failover", "ledger", "lag", "failover")
	before := w.wantCase("two rows are lost", audit.CaseOpen, aboutFindings)
	w.runAll(pm(15, 40, 0), pm(14, 5, 50), pm(14, 6, 30))
	if after := w.wantCase("looked at in part", audit.CaseOpen, aboutFindings); !after.AsOf.Equal(before.AsOf) {
		t.Errorf("it counts as repeated: %+v", after)
	}
	w.mend()
	w.runAll(pm(16, 30, 0), pm(13, 0, 0), pm(16, 30, 0))
	w.wantCase("looked at wholly", audit.CaseClosed)
}

// A job that has looked at a part, or before the evidence came, keeps a case open.
func TestCaseWantsWholeAndFreshRuns(t *testing.T) {
	c := audit.Case{Window: audit.Window{From: pm(13, 0, 0), To: pm(15, 0, 0)}, AsOf: pm(16, 0, 0)}
	run := func(job string, asOf, from time.Time) audit.RunRecord {
		return audit.RunRecord{Job: job, AsOf: asOf, Window: audit.Window{From: from, To: pm(15, 0, 0)}}
	}
	for name, test := range map[string]struct {
		run  audit.RunRecord
		says string
	}{
		"whole":            {run("ledger", pm(16, 0, 0), pm(13, 0, 0)), ""},
		"a part":           {run("ledger", pm(16, 0, 0), pm(14, 0, 0)), "has looked at 2026-11-18T14:00:00Z/"},
		"before":           {run("ledger", pm(15, 59, 0), pm(13, 0, 0)), "has not run since 2026-11-18T15:59:00Z"},
		"capture's cursor": {run("capture", pm(16, 0, 0), pm(14, 0, 0)), ""},
	} {
		got := notWhole(c, test.run)
		if (len(got) > 0) != (test.says != "") || len(got) > 0 && !strings.Contains(got[0].Text, test.says) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A closed case is taken up again when its window is no longer explained.
func TestClosedCaseIsReopened(t *testing.T) {
	w := returned(t)
	w.witness()
	w.app.cfg.Settlement = nil
	w.mend()
	w.wantRan("first", w.watch(pm(16, 30, 0)), "failover", "ledger", "lag", "failover")
	w.wantCase("all is explained", audit.CaseClosed)
	w.wantRan("closed", w.watch(pm(16, 35, 0)), "failover")

	if _, err := w.pair.Writer().Exec(t.Context(), "delete from payments where payment_id = 'pay_before9'"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.app.Run(t.Context(), Request{Job: "ledger", AsOf: pm(16, 40, 0), From: pm(13, 0, 0), To: pm(15, 0, 0)}); err != nil {
		t.Fatal(err)
	}
	w.wantRan("a finding of its window", w.watch(pm(16, 45, 0).AddDate(0, 0, 40)), "failover", "ledger", "lag", "failover")
	w.wantCase("a finding of its window", audit.CaseOpen, aboutFindings)
}

// An unreadable newer run over the whole window reopens it too; one that looks elsewhere does not.
func TestUnreadRunReopensACase(t *testing.T) {
	w := returned(t)
	w.witness()
	w.app.cfg.Settlement = nil
	w.mend()
	w.watch(pm(16, 30, 0))
	c := w.wantCase("all is explained", audit.CaseClosed)
	commit := func(id string, asOf time.Time, window audit.Window, gaps ...audit.Gap) {
		t.Helper()
		o := audit.Outcome{RunID: id, Job: "ledger", AsOf: asOf, Window: window, Basis: "b", Coverage: []audit.Coverage{{
			Source: "aurora", Scope: "payments", Region: dublin, Window: window, Gaps: gaps,
		}}}
		if err := w.app.store.Commit(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	gap := audit.Gap{Window: c.Window, Reason: "refused"}
	for i, step := range []struct {
		window audit.Window
		gaps   []audit.Gap
		want   bool
	}{
		{audit.Window{From: pm(14, 0, 0), To: pm(20, 0, 0)}, []audit.Gap{gap}, false},
		{c.Window, nil, false},
		{c.Window, []audit.Gap{gap}, true},
		{c.Window, nil, false},
	} {
		asOf := pm(17, i, 0)
		commit("run-"+asOf.Format("1504"), asOf, step.window, step.gaps...)
		if got, err := w.app.reopened(t.Context(), c, pm(18, 0, 0)); err != nil || got != step.want {
			t.Errorf("step %d: reopened %t, %v", i, got, err)
		}
	}
}
