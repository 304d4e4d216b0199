package app

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
)

func TestParseExpectations(t *testing.T) {
	got, err := ParseExpectations([]string{"ledger.lost_row=3", "ledger.lost_row:pay=1:x", "lww.lost_write=any", "file.late: a b "})
	want := []audit.Expectation{
		{Kind: audit.LedgerLostRow, Count: 3}, {Kind: audit.LedgerLostRow, Key: "pay=1:x", Count: 1}, {Kind: audit.LWWLostWrite},
		{Kind: audit.FileLate, Key: " a b ", Count: 1},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := ParseExpectations([]string{NothingExpected}); err != nil || got == nil || len(got) > 0 {
		t.Errorf("none: %+v, %v", got, err)
	}
	for _, c := range []struct{ text, want string }{
		{"ledger.lost_rows=3", "does not begin with a kind"}, {"Ledger.lost_row=3", "does not begin with a kind"}, {"", "does not begin with a kind"},
		{"ledger.lost_row", "neither how many nor which"}, {"ledger.lost_row=", "no number"}, {"ledger.lost_row=0", "no number"},
		{"ledger.lost_row=-1", "no number"}, {"ledger.lost_row=1e3", "no number"}, {"ledger.lost_row=99999999999999999999", "no number"},
		{"ledger.lost_row: ", "names no key"}, {"ledger.lost_row 3", "no number"}, {NothingExpected + "=1", "does not begin with a kind"},
	} {
		if _, err := ParseExpectations([]string{c.text}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
	for _, texts := range [][]string{nil, {"ledger.lost_row=1", "ledger.lost_row=2"}, {"ledger.lost_row:a", "ledger.lost_row:a"}, {NothingExpected, "ledger.lost_row=1"}} {
		if _, err := ParseExpectations(texts); err == nil {
			t.Errorf("%q was accepted", texts)
		}
	}
}

// The day of the drills below: it begins at noon and ends an hour later.
func drillOf(expected ...audit.Expectation) audit.Drill {
	return audit.Drill{Name: "d", Started: minute(0), Stopped: minute(60), Expected: expected}
}

func seenAt(kind audit.Kind, key string, at time.Time, status audit.Status) audit.StoredFinding {
	return audit.StoredFinding{Finding: audit.Finding{Kind: kind, Key: key, Window: audit.At(at), Status: status}, FirstSeen: minute(100)}
}

func TestScoreDrill(t *testing.T) {
	row := func(key string, n int, status audit.Status) audit.StoredFinding {
		return seenAt(audit.LedgerLostRow, key, minute(n), status)
	}
	wide := row("wide", 0, audit.Open)
	wide.Window = audit.Window{From: minute(-600), To: minute(600)}
	unseen := row("later", 5, audit.Open)
	unseen.FirstSeen = minute(300)
	lost := func(n int, key string) audit.Expectation {
		return audit.Expectation{Kind: audit.LedgerLostRow, Key: key, Count: n}
	}
	for name, c := range map[string]struct {
		expected, missed, false_ []audit.Expectation
		findings                 []audit.StoredFinding
		found                    int
	}{
		"all found":                      {expected: []audit.Expectation{lost(2, "")}, findings: []audit.StoredFinding{row("a", 1, audit.Open), row("b", 2, audit.Overdue)}, found: 2},
		"one missed":                     {expected: []audit.Expectation{lost(3, "")}, findings: []audit.StoredFinding{row("a", 1, audit.Open)}, found: 1, missed: []audit.Expectation{lost(2, "")}},
		"one false":                      {expected: []audit.Expectation{lost(1, "a")}, findings: []audit.StoredFinding{row("a", 1, audit.Open), row("b", 1, audit.Open)}, found: 1, false_: []audit.Expectation{lost(1, "b")}},
		"nothing expected":               {expected: nil, findings: []audit.StoredFinding{row("b", 1, audit.Open)}, false_: []audit.Expectation{lost(1, "b")}},
		"a key before a number":          {expected: []audit.Expectation{lost(1, ""), lost(1, "a")}, findings: []audit.StoredFinding{row("a", 1, audit.Open), row("b", 1, audit.Open)}, found: 2},
		"any number":                     {expected: []audit.Expectation{lost(0, "")}, findings: []audit.StoredFinding{row("a", 1, audit.Open), row("b", 1, audit.Open)}, found: 2},
		"any number, and there is none":  {expected: []audit.Expectation{lost(0, "")}, missed: []audit.Expectation{lost(1, "")}},
		"decided by people":              {expected: []audit.Expectation{lost(2, "")}, findings: []audit.StoredFinding{row("a", 1, audit.Resolved), row("b", 2, audit.Acknowledged)}, found: 2},
		"repaired since":                 {expected: []audit.Expectation{lost(1, "a")}, findings: []audit.StoredFinding{row("a", 1, audit.Cleared), row("b", 2, audit.Cleared)}, found: 1},
		"the living before the repaired": {expected: []audit.Expectation{lost(1, "")}, findings: []audit.StoredFinding{row("a", 1, audit.Cleared), row("b", 2, audit.Open)}, found: 1},
		"in flight or suppressed":        {expected: []audit.Expectation{lost(1, "")}, findings: []audit.StoredFinding{row("a", 1, audit.Expected), row("b", 1, audit.Suppressed)}, missed: []audit.Expectation{lost(1, "")}},
		"before and after":               {expected: nil, findings: []audit.StoredFinding{row("a", -2, audit.Open), row("b", 60, audit.Open)}},
		"the minute before its start":    {expected: nil, findings: []audit.StoredFinding{row("a", -1, audit.Open)}, false_: []audit.Expectation{lost(1, "a")}},
		"wider than the drill":           {expected: nil, findings: []audit.StoredFinding{wide}},
		"wider, and declared":            {expected: []audit.Expectation{lost(1, "wide")}, findings: []audit.StoredFinding{wide}, found: 1},
		"seen after the moment":          {expected: []audit.Expectation{lost(1, "later")}, findings: []audit.StoredFinding{unseen}, missed: []audit.Expectation{lost(1, "later")}},
		"that drills are overdue":        {expected: nil, findings: []audit.StoredFinding{seenAt(audit.FailoverDrillOverdue, "c", minute(3), audit.Open)}},
		"a key that was cut":             {expected: []audit.Expectation{lost(1, "4111111111111111")}, findings: []audit.StoredFinding{row("411111******1111", 3, audit.Open)}, found: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := scoreDrill(drillOf(c.expected...), minute(200), c.findings, nil, nil)
			if s.Found != c.found || !slices.Equal(s.Missed, c.missed) || !slices.Equal(s.False, c.false_) {
				t.Errorf("found %d, missed %+v, false %+v", s.Found, s.Missed, s.False)
			}
			if s.Passed != (len(c.missed)+len(c.false_) == 0) {
				t.Errorf("passed %t", s.Passed)
			}
		})
	}
}

func TestScoreIsBounded(t *testing.T) {
	var findings []audit.StoredFinding
	for i := range maxListed + 50 {
		findings = append(findings, seenAt(audit.LedgerLostRow, string(rune('a'+i%26)), minute(1), audit.Open))
	}
	s := scoreDrill(drillOf(), minute(200), findings, nil, nil)
	if len(s.False) != maxListed+1 || s.False[maxListed].Count != 50 {
		t.Errorf("%d lines, the last %+v", len(s.False), s.False[len(s.False)-1])
	}
}

func TestMeasuresOfTheDrill(t *testing.T) {
	measure := []audit.Measure{{Layer: "ledger", Figure: "rto"}}
	s := scoreDrill(drillOf(), minute(200), nil, []audit.Failover{
		{Promoted: minute(10), Measures: measure}, {Promoted: minute(70), Measures: measure}, {Promoted: minute(-5), Measures: measure},
	}, nil)
	if len(s.Measures) != 1 {
		t.Errorf("measures %+v", s.Measures)
	}
}

func TestWhatNoRunHasReadIsUnread(t *testing.T) {
	gap := audit.Gap{Window: audit.Window{From: minute(20), To: minute(25)}, Reason: "trimmed"}
	timeless := audit.Gap{Reason: "refused"}
	run := func(job string, from, to int, gaps ...audit.Gap) audit.RunRecord {
		return audit.RunRecord{Job: job, Window: audit.Window{From: minute(from), To: minute(to)}, Coverage: []audit.Coverage{{Source: "s", Gaps: gaps}}}
	}
	w := audit.Window{From: minute(0), To: minute(60)}
	hole := func(from, to int) audit.Window { return audit.Window{From: minute(from), To: minute(to)} }
	for name, c := range map[string]struct {
		runs []audit.RunRecord
		want []audit.Window // of what is unread; zero for a gap without one
	}{
		"read":                          {[]audit.RunRecord{run("ledger", -10, 70)}, nil},
		"read in parts":                 {[]audit.RunRecord{run("ledger", 30, 70), run("ledger", -10, 30)}, nil},
		"never run":                     {[]audit.RunRecord{run("lww", -10, 70)}, []audit.Window{w}},
		"a part is not looked at":       {[]audit.RunRecord{run("ledger", -10, 20), run("ledger", 30, 70)}, []audit.Window{hole(20, 30)}},
		"a gap":                         {[]audit.RunRecord{run("ledger", -10, 70, gap)}, []audit.Window{gap.Window}},
		"a gap that was read since":     {[]audit.RunRecord{run("ledger", -10, 70, gap), run("ledger", 10, 30)}, nil},
		"a gap beside what was read":    {[]audit.RunRecord{run("ledger", -10, 70, gap), run("ledger", 30, 40)}, []audit.Window{gap.Window}},
		"a gap outside the drill":       {[]audit.RunRecord{run("ledger", -10, 70, audit.Gap{Window: hole(61, 65)})}, nil},
		"a gap without a time":          {[]audit.RunRecord{run("ledger", -10, 70, timeless)}, []audit.Window{{}}},
		"a newer run could not read it": {[]audit.RunRecord{run("ledger", -10, 70), run("ledger", 10, 30, gap)}, []audit.Window{gap.Window}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []audit.Window
			for _, u := range unreadIn(w, []string{"ledger"}, c.runs) {
				if u.Job != "ledger" || u.Reason == "" {
					t.Errorf("%+v", u)
				}
				got = append(got, u.Window)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("unread %v, want %v", got, c.want)
			}
		})
	}
}
