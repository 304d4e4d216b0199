package app

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/sinks/repair"
	"parallax/sinks/report"
)

var promotedAt = time.Date(2026, 11, 20, 14, 7, 44, 0, time.UTC)

func unplanned(at time.Time) audit.Failover {
	return audit.Failover{
		Cluster: "global", From: "eu-west-1", To: "eu-west-2", Seen: audit.SeenInEvents, At: at.Add(-13 * time.Second), Promoted: at,
		Marks: []audit.Mark{
			{Layer: "ledger", Name: "last survivor", At: at.Add(-45 * time.Second)},
			{Layer: "ledger", Name: "first good write", At: at.Add(time.Second)},
		},
	}
}

func storedFinding(kind audit.Kind, key string, minor int64, currency string) audit.StoredFinding {
	f := audit.StoredFinding{Finding: audit.Finding{
		Fingerprint: audit.NewFingerprint(kind, "s", key), Kind: kind, Verdict: audit.Proven, Status: audit.Open, Scope: "s", Key: key,
		Window: audit.At(promotedAt.Add(-44 * time.Second)),
	}}
	if currency != "" {
		f.Amounts = []audit.Money{{Minor: minor, Currency: currency}}
	}
	return f
}

func ofPayment(f audit.StoredFinding, payment string) audit.StoredFinding {
	f.Evidence = append(f.Evidence, audit.Evidence{Source: "ledger", Field: "payment_id", Value: payment, At: f.Window.From})
	return f
}

// someFacts are those of a failover whose jobs have all read the whole window, the old primary's snapshot among it.
func someFacts(findings ...audit.StoredFinding) *dossierFacts {
	f := &dossierFacts{
		failover: unplanned(promotedAt), findings: findings,
		rules: dossierRules{rto: time.Minute, snapshotAlarm: 72 * time.Hour, jobs: []string{"lww", "ledger", "receipts", "settlement", "chain", "failover"}},
	}
	wide := audit.Window{From: promotedAt.Add(-time.Hour), To: promotedAt.Add(2 * time.Hour)}
	var runs []audit.RunRecord
	for _, job := range f.rules.jobs {
		run := audit.RunRecord{RunID: job + "-1", Job: job, Window: wide, AsOf: promotedAt.Add(18 * time.Hour), Coverage: []audit.Coverage{{Source: job, Window: wide}}}
		if job == "ledger" {
			run.Coverage = append(run.Coverage, audit.Coverage{Source: "aurora snapshot", Region: f.failover.From, Window: wide})
		}
		runs = append(runs, run)
	}
	f.kase = &audit.Case{Cluster: "global", To: "eu-west-2", At: f.failover.At, Window: wide, State: audit.CaseOpen, AsOf: promotedAt.Add(18 * time.Hour)}
	f.choose(wide, runs)
	return f
}

func moneyRow(t *testing.T, d report.Dossier, class string) report.MoneyRow {
	t.Helper()
	for _, r := range d.Money {
		if r.Class == class {
			return r
		}
	}
	t.Fatalf("no row %s", class)
	return report.MoneyRow{}
}

func TestChooseFailover(t *testing.T) {
	first, second := unplanned(promotedAt.Add(-40*time.Minute)), unplanned(promotedAt)
	planned := unplanned(promotedAt.AddDate(0, 0, 3))
	planned.Planned = true
	byHand := audit.Case{Cluster: "global", At: promotedAt.AddDate(0, 0, -2)}
	known, cases := []audit.Failover{first, second, planned}, []audit.Case{byHand, {Cluster: "global", To: "eu-west-2", At: second.At, State: audit.CaseOpen}}
	for _, c := range []struct {
		name string
		at   time.Time
		want time.Time
	}{
		{"the newest unplanned one", time.Time{}, second.At},
		{"the nearer of two", promotedAt.Add(-30 * time.Minute), first.At},
		{"a planned one, asked for", planned.At.Add(time.Minute), planned.At},
		{"one opened by hand", byHand.At.Add(59 * time.Minute), byHand.At},
	} {
		f, err := chooseFailover(known, cases, c.at)
		if err != nil || !f.failover.At.Equal(c.want) || len(f.others) != 3 || (f.kase != nil) != (c.want.Equal(second.At) || c.want.Equal(byHand.At)) {
			t.Errorf("%s: %s, %d others, case %v, %v", c.name, f.failover.At, len(f.others), f.kase, err)
		}
	}
	for _, c := range []struct {
		known []audit.Failover
		at    time.Time
		want  string
	}{
		{nil, time.Time{}, "no failover is known: parallax run failover looks for one"},
		{[]audit.Failover{planned}, time.Time{}, "no unplanned failover is known; known are 2026-11-23T14:07:31Z to eu-west-2 (planned)"},
		{known, promotedAt.AddDate(1, 0, 0), "no failover is known within an hour of 2027-11-20T14:07:44Z; the newest known are 2026-11-20T13:27:31Z"},
	} {
		if _, err := chooseFailover(c.known, nil, c.at); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// TestMoneyCountsAPaymentOnce puts several findings about one payment into a row, and every class into one row.
func TestMoneyCountsAPaymentOnce(t *testing.T) {
	cleared := storedFinding(audit.LedgerLostRow, "pay_4", 400, "EUR")
	cleared.Status = audit.Cleared
	doubtful := ofPayment(storedFinding(audit.SettlementAmountMismatch, "ref-5", 500, "EUR"), "pay_5")
	doubtful.Verdict = audit.Probable
	late := storedFinding(audit.SettlementMissingInNetwork, "pay_5", 700, "EUR")
	late.Status = audit.Overdue
	early := ofPayment(storedFinding(audit.LWWLostWrite, "order-2", 50, "EUR"), "pay_2")
	early.Window = audit.At(promotedAt.Add(-30 * time.Minute))
	d := someFacts(
		storedFinding(audit.LedgerLostRow, "pay_1", 100, "EUR"), storedFinding(audit.LedgerLostRow, "pay_2", 200, "JPY"),
		ofPayment(storedFinding(audit.LWWDoubleAccept, "order-1", 100, "EUR"), "pay_1"), ofPayment(storedFinding(audit.LWWLostWrite, "order-1", 90, "EUR"), "pay_1"), early,
		storedFinding(audit.ChainBroken, "pay_1", 100, "EUR"), storedFinding(audit.LagBreach, "lag", 0, ""), storedFinding(audit.FailoverDetected, "f", 0, ""),
		cleared, doubtful, late,
	).dossier()
	for _, c := range []struct {
		class         string
		count, inside int
		sums          string
	}{
		{report.ClassLost, 2, 2, "EUR 1.00  JPY 200"},
		{report.ClassKeyWrites, 2, 2, "EUR 1.50"}, // 1.00 of pay_1 once, and 0.50 of pay_2, which was lost
		{report.ClassAtRisk, 1, 1, "EUR 7.00"},    // the greater of two claims on pay_5
		{report.ClassExplained, 1, 1, "EUR 4.00"},
		{report.ClassOther, 0, 0, "-"},
	} {
		r := moneyRow(t, d, c.class)
		if r.Count != c.count || r.InOutage != c.inside || report.MoneyList(r.Amounts) != c.sums || !r.Complete {
			t.Errorf("%s: %d, %d in the outage, %s, complete %v", c.class, r.Count, r.InOutage, report.MoneyList(r.Amounts), r.Complete)
		}
	}
	if len(d.NotCovered) != 0 || len(d.Lost) != 3 {
		t.Errorf("%d not covered, %d lost", len(d.NotCovered), len(d.Lost))
	}
}

// TestWhatWasNotReadIsSaid makes every row of a job whose run has a gap incomplete, and tells a gap once.
func TestWhatWasNotReadIsSaid(t *testing.T) {
	f := someFacts()
	gap := audit.Gap{Window: f.window, Reason: "the bucket does not answer"}
	for i, r := range f.runs {
		if r.Job == "receipts" || r.Job == "chain" {
			f.runs[i].Coverage = []audit.Coverage{{Source: "inventory", Scope: "receipts", Window: f.window, Gaps: []audit.Gap{gap}}}
		}
	}
	d := f.dossier()
	if len(d.NotCovered) != 1 || d.NotCovered[0].Job != "chain, receipts" {
		t.Errorf("not covered: %+v", d.NotCovered)
	}
	for class, want := range map[string]bool{
		report.ClassNoReceipt: false, report.ClassDouble: false, report.ClassOther: false, report.ClassAtRisk: false, report.ClassLost: true, report.ClassExplained: true,
	} {
		if got := moneyRow(t, d, class).Complete; got != want {
			t.Errorf("%s complete: %v", class, got)
		}
	}
	if !slices.ContainsFunc(d.Actions, func(a report.Action) bool { return strings.Contains(a.What, "1 thing read") }) {
		t.Errorf("nobody is asked to read it: %+v", d.Actions)
	}
}

// TestTimeThatNobodyLookedAt wants the newest run of each part of the window, and the parts that no run has looked at.
func TestTimeThatNobodyLookedAt(t *testing.T) {
	f := someFacts()
	at := func(minutes int) time.Time { return f.failover.Promoted.Add(time.Duration(minutes) * time.Minute) }
	run := func(id, job string, from, to, asOf int) audit.RunRecord {
		return audit.RunRecord{RunID: id, Job: job, Window: audit.Window{From: at(from), To: at(to)}, AsOf: at(asOf), Coverage: []audit.Coverage{{Source: job}}}
	}
	f.rules.jobs, f.runs = []string{"lww", "ledger"}, nil
	f.choose(f.window, []audit.RunRecord{
		run("a", "lww", -60, 0, 10), run("b", "lww", 0, 60, 70), run("c", "lww", -60, 60, 500), run("d", "lww", 90, 120, 500),
	})
	var ids []string
	for _, r := range f.runs {
		ids = append(ids, r.RunID)
	}
	if !slices.Equal(ids, []string{"c", "d"}) {
		t.Errorf("runs %v", ids)
	}
	var unseen []string
	for _, n := range f.unseen {
		unseen = append(unseen, fmt.Sprintf("%s %s %s", n.Job, n.Window.From.Format("15:04"), n.Window.To.Format("15:04")))
	}
	if want := []string{"lww 15:07 15:37", "ledger 13:07 16:07"}; !slices.Equal(unseen, want) {
		t.Errorf("not looked at: %v, want %v", unseen, want)
	}
}

// TestWindowWithoutACase is what the runs that saw the failover looked at, not what a case would have.
func TestWindowWithoutACase(t *testing.T) {
	f := someFacts()
	wide := f.window
	short := audit.Window{From: promotedAt.Add(-10 * time.Minute), To: promotedAt.Add(20 * time.Minute)}
	f.kase = nil
	f.choose(wide, []audit.RunRecord{{Job: "ledger", Window: short, AsOf: promotedAt.Add(time.Hour)}, {Job: "capture", Window: wide, AsOf: promotedAt.Add(time.Hour)}})
	if f.window != short {
		t.Errorf("window %s", f.window)
	}
	if f.choose(wide, nil); f.window != wide {
		t.Errorf("window %s of no run at all", f.window)
	}
}

// TestLostWithoutSnapshot takes what other layers know for lost only where no snapshot was compared, and proves nothing.
func TestLostWithoutSnapshot(t *testing.T) {
	f := someFacts()
	f.chains = []audit.Chain{
		{Scope: "payments", PaymentID: "pay_1", Broken: "ledger", At: promotedAt, Amount: audit.Money{Minor: 5, Currency: "EUR"}, Links: []audit.Link{
			{Layer: "ledger", State: audit.LinkAbsent}, {Layer: "receipt", State: audit.LinkPresent}, {Layer: "key", State: audit.LinkPresent},
		}},
		{Scope: "payments", PaymentID: "pay_2", Broken: "receipt", At: promotedAt},
	}
	if d := f.dossier(); len(d.Lost) != 0 {
		t.Errorf("lost though the snapshot was compared: %+v", d.Lost)
	}
	for i := range f.runs {
		f.runs[i].Coverage = f.runs[i].Coverage[:1]
	}
	d := f.dossier()
	if len(d.Lost) != 1 || d.Lost[0].Verdict != audit.Probable || d.Lost[0].Rebuild != "the key's record, the receipt; no row of the ledger is left" || d.Lost[0].Links[3].State != audit.LinkUnknown {
		t.Errorf("lost: %+v", d.Lost)
	}
	if moneyRow(t, d, report.ClassLost).Complete {
		t.Error("no lost row is claimed to be all there is")
	}
	if d.Actions[0].What != "Find a copy of the old primary" {
		t.Errorf("first of all: %+v", d.Actions[0])
	}
}

// TestLostFromFindings puts a chain together where none is stored.
func TestLostFromFindings(t *testing.T) {
	lost := storedFinding(audit.LedgerLostRow, "pay_1", 100, "EUR")
	lost.Evidence = []audit.Evidence{{Source: "ledger payments", Ref: "row id 7", Field: "status", Value: "captured", Note: "as the snapshot holds it"}}
	key := ofPayment(storedFinding(audit.ChainKeyWithoutEntry, "order-1", 100, "EUR"), "pay_1")
	settled := ofPayment(storedFinding(audit.SettlementMissingInLedger, "ref", 100, "EUR"), "pay_1")
	p := someFacts(lost, key, settled).dossier().Lost[0]
	var states []string
	for _, l := range p.Links {
		states = append(states, string(l.State))
	}
	if want := []string{"present", "lost", "unknown", "present"}; !slices.Equal(states, want) || p.Key != "order-1" || p.Links[1].Ref != "row id 7" {
		t.Errorf("%v %s %+v", states, p.Key, p.Links)
	}
	if want := "the snapshot's row, whole; confirmed by the key's record, the card network's line"; p.Rebuild != want {
		t.Errorf("%q, want %q", p.Rebuild, want)
	}
}

func TestAgainstTheOutage(t *testing.T) {
	f := someFacts()
	at := func(seconds int) report.Charge {
		return report.Charge{At: promotedAt.Add(time.Duration(seconds) * time.Second)}
	}
	for want, charges := range map[string][]report.Charge{
		"10 min before the outage":                {at(-645), at(-640)},
		"in the outage":                           {at(-30), at(0)},
		"after the outage":                        {at(60), at(90)},
		"charged on both sides of the outage":     {at(-60), at(90)},
		"not all charges say when they were made": {at(-60), {}},
	} {
		if got := f.against(charges); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestTimelineOfTheDossier pairs health checks, names what the data tells, and leaves other failovers' snapshots out.
func TestTimelineOfTheDossier(t *testing.T) {
	f := someFacts()
	f.failover.Snapshot, f.failover.SnapshotExpires = "rds:mine", promotedAt.AddDate(0, 0, 7)
	f.failover.Measures = []audit.Measure{{Layer: "ledger", Figure: "rto", Value: 45 * time.Second, Error: time.Second, Objective: time.Minute, Basis: "silence"}}
	event := func(minutes int, kind record.EventType, source string) audit.TopologyEvent {
		return audit.TopologyEvent{Cluster: "global", Region: "eu-west-1", Type: string(kind), Source: source, At: promotedAt.Add(time.Duration(minutes) * time.Minute), Message: string(kind)}
	}
	f.events = []audit.TopologyEvent{
		event(-1, record.HealthFailed, "api"), event(0, record.HealthFailed, "other"), event(0, record.WriterPromoted, "c"), event(1, record.Member, "m"),
		event(20, record.HealthRecovered, "api"), event(90, record.SnapshotSeen, "rds:mine"), event(91, record.SnapshotSeen, "rds:theirs"), event(100, record.IncidentNote, "i.yaml"),
	}
	f.settled = []audit.SettlementFile{
		{Feed: "visa", BusinessDate: "2026-11-20", SeenAt: promotedAt.Add(16 * time.Hour), Status: "accepted"},
		{Feed: "visa", BusinessDate: "2026-11-19", SeenAt: promotedAt.Add(-8 * time.Hour), Status: "accepted"},
	}
	var got []string
	for _, m := range f.dossier().Timeline {
		got = append(got, fmt.Sprintf("%s: %s, %s until %s", m.Lane, m.Name, m.At.Sub(promotedAt), m.Until.Sub(promotedAt)))
	}
	never := time.Time{}.Sub(promotedAt).String()
	want := []string{
		"health: eu-west-1 failing, 21 min, -1m0s until 20m0s",
		"ledger: last write kept, -45s until " + never,
		"ledger: no write for 45 s, -44s until 1s",
		"health: eu-west-1 failing, 0s until " + never,
		"control plane: eu-west-1 promoted, 0s until " + never,
		"ledger: first good write, 1s until " + never,
		"control plane: old primary's snapshot, 1h30m0s until " + never,
		"incident notes: incident_note, 1h40m0s until " + never,
		"settlement: visa file of 20 Nov, 16h0m0s until " + never,
		"control plane: snapshot expires, 168h0m0s until " + never,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestFiguresSayWhyTheyAreMissing keeps a figure that was not measured on the page, with the reason.
func TestFiguresSayWhyTheyAreMissing(t *testing.T) {
	f := someFacts()
	f.failover.Measures = []audit.Measure{{Layer: "ledger", Figure: "rpo", Value: time.Second}}
	f.failover.Unmeasured = []string{"ledger rto: no write after the promotion", "keys: no table is configured"}
	var got []string
	for _, x := range f.dossier().Figures {
		got = append(got, fmt.Sprintf("%s %s %s %s", x.Layer, x.Figure, x.State, x.Basis))
	}
	want := []string{
		"ledger rpo broken ", "ledger rto not measured no write after the promotion", "keys rpo not measured no table is configured",
		"keys rto not measured no table is configured", "receipts rpo not measured no run has measured it",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestActionsNameTheFiles orders what is to be done and names the file, or the command that makes it.
func TestActionsNameTheFiles(t *testing.T) {
	lost, double := storedFinding(audit.LedgerLostRow, "pay_1", 100, "EUR"), storedFinding(audit.ChainDoubleCharge, "order-9", 300, "EUR")
	f := someFacts(lost, storedFinding(audit.LedgerLostRow, "pay_2", 100, "EUR"), double)
	f.failover.Snapshot, f.failover.SnapshotExpires = "rds:mine", promotedAt.AddDate(0, 0, 2)
	d := f.dossier()
	for i, want := range []string{"Keep the old primary's snapshot", "Refund 1 order charged twice", "Re-insert 2 lost payments in the ledger"} {
		if d.Actions[i].What != want {
			t.Errorf("%d: %q, want %q", i, d.Actions[i].What, want)
		}
	}
	if d.Actions[1].File != "" || d.Actions[1].Command != "parallax repair write --at 2026-11-20T14:07:31Z" {
		t.Errorf("without files: %+v", d.Actions[1])
	}
}

// written gives facts a folder of repair files: a step of each file for each finding named, the rest by hand.
func written(t *testing.T, f *dossierFacts, steps map[string][]audit.StoredFinding, byHand ...audit.StoredFinding) string {
	t.Helper()
	m := repair.Manifest{Format: "parallax repair 1", Checksum: "sha256", Expires: promotedAt.AddDate(0, 0, 2).Truncate(time.Hour), Files: []repair.File{}}
	for _, name := range slices.Sorted(maps.Keys(steps)) {
		for _, x := range steps[name] {
			m.Steps = append(m.Steps, repair.Step{About: about(x), File: name, Row: &repair.RowGuard{PaymentID: x.Key}})
		}
	}
	for _, x := range byHand {
		m.ByHand = append(m.ByHand, repair.ByHand{About: about(x), Why: "two rows claim it"})
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, repair.ManifestName), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if f.repair, err = readRepairFolder(dir); err != nil {
		t.Fatal(err)
	}
	if named, err := readRepairFolder(filepath.Join(dir, repair.ManifestName)); err != nil || named.dir != dir {
		t.Errorf("the manifest named itself: %v", err)
	}
	return dir
}

// TestActionsCountTheFiles counts what the files mend, not what was found: what is by hand and what another file mends is not
// promised, and once only it is left no file is asked for.
func TestActionsCountTheFiles(t *testing.T) {
	lost, other := storedFinding(audit.LedgerLostRow, "pay_1", 100, "EUR"), storedFinding(audit.LedgerLostRow, "pay_2", 100, "EUR")
	changed, hand := storedFinding(audit.LedgerChangedRow, "pay_3", 70, "EUR"), storedFinding(audit.LedgerChangedRow, "pay_4", 50, "EUR")
	double, twin := storedFinding(audit.ChainDoubleCharge, "order-9", 300, "EUR"), storedFinding(audit.LWWDoubleAccept, "order-9", 300, "EUR")
	key, undecided := storedFinding(audit.LWWLostWrite, "order-1", 20, "EUR"), storedFinding(audit.LWWDoubleAccept, "order-2", 10, "EUR")
	f := someFacts(lost, other, changed, hand, double, twin, key, undecided)
	dir := written(t, f, map[string][]audit.StoredFinding{
		"ledger-payments.sql": {lost, other, changed, storedFinding(audit.LedgerLostRow, "pay_of_another_day", 1, "EUR")},
		"refunds.csv":         {double}, "keys-keys.json": {key},
	}, hand, undecided)
	for i, want := range []report.Action{
		{What: "Refund 1 order charged twice", Why: "EUR 3.00; until 22 Nov 14:00 UTC", File: filepath.Join(dir, "refunds.csv")},
		{What: "Re-insert 2 lost payments, mend 1 row", Why: "EUR 2.00; 1 by hand; 1 more in the file, of another time; until 22 Nov 14:00 UTC", File: filepath.Join(dir, "ledger-payments.sql")},
		{What: "Write 1 key record again", Why: "EUR 0.20; 1 by hand; until 22 Nov 14:00 UTC", File: filepath.Join(dir, "keys-keys.json")},
	} {
		want.Command = "parallax repair check " + dir
		if got := f.dossier().Actions[i]; got != want {
			t.Errorf("%d: %+v, want %+v", i, got, want)
		}
	}
	for i := range f.findings {
		if x := &f.findings[i]; x.Fingerprint != hand.Fingerprint && x.Fingerprint != undecided.Fingerprint {
			x.Status = audit.Cleared
		}
	}
	want := []report.Action{
		{What: "Mend 1 row of the ledger by hand", Why: "two rows claim it", Command: "parallax runbook ledger.changed_row"},
		{What: "Decide 1 key record by hand", Why: "two rows claim it", Command: "parallax runbook lww.double_accept"},
	}
	if got := f.dossier().Actions; !slices.Equal(got, want) {
		t.Errorf("after the repair: %+v", got)
	}
	f.repair = nil
	if got := f.dossier().Actions[1]; got.What != want[1].What || strings.Contains(got.Command, "repair write") {
		t.Errorf("a key that no file can mend: %+v", got)
	}
	if _, err := readRepairFolder(t.TempDir()); err == nil || !strings.Contains(err.Error(), "parallax repair write makes one") {
		t.Errorf("without a manifest: %v", err)
	}
}

// TestCriticalFindingsAreNamed gives stuck transfers and what was settled twice rows of their own, and asks to look at them.
func TestCriticalFindingsAreNamed(t *testing.T) {
	stuck, twice := storedFinding(audit.ChainStuckCommand, "trf-1", 100, "EUR"), storedFinding(audit.SettlementDuplicateInNetwork, "ref-1", 50, "EUR")
	stuck.Severity, twice.Severity = audit.Critical, audit.Critical
	d := someFacts(stuck, twice, storedFinding(audit.SettlementStatusMismatch, "ref-2", 20, "EUR")).dossier()
	if r := moneyRow(t, d, report.ClassStuck); r.Count != 1 {
		t.Errorf("stuck: %+v", r)
	}
	if r := moneyRow(t, d, report.ClassSettledTwice); r.Count != 2 || report.MoneyList(r.Amounts) != "EUR 0.70" {
		t.Errorf("settled twice: %+v", r)
	}
	want := report.Action{
		What: "Look at 2 critical findings", Why: "EUR 1.50; chain.stuck_command, settlement.duplicate_in_network",
		Command: "parallax findings list --severity critical",
	}
	if !slices.Equal(d.Actions, []report.Action{want}) {
		t.Errorf("%+v", d.Actions)
	}
}

// TestKeysAreLate says of the keys' RPO that they came later, and how many of their writes did not.
func TestKeysAreLate(t *testing.T) {
	f := someFacts(storedFinding(audit.LWWLostWrite, "order-1", 1, "EUR"))
	f.failover.Measures = []audit.Measure{{Layer: "keys", Figure: "rpo", Value: 46 * time.Second}, {Layer: "ledger", Figure: "rpo", Value: time.Second}}
	for _, x := range f.dossier().Figures {
		want := map[string]string{"keys": "late by 46 s, when eu-west-2 took over; 1 write lost or overwritten", "ledger": "1 s, "}[x.Layer]
		if got := x.Measured() + ", " + x.Note; x.State == report.FigureBroken && got != want {
			t.Errorf("%s: %q, want %q", x.Layer, got, want)
		}
	}
}

// TestInTheOutage takes a changed row by the moment of the change that was lost, and a receipt by the span of what its layer lost.
func TestInTheOutage(t *testing.T) {
	at := func(seconds int) time.Time { return promotedAt.Add(time.Duration(seconds) * time.Second) }
	changed := func(key string, lost int) audit.StoredFinding {
		x := storedFinding(audit.LedgerChangedRow, key, 1, "EUR")
		x.Region, x.Window = "eu-west-1", audit.At(at(-600))
		x.Evidence = []audit.Evidence{{Region: "eu-west-2", At: at(-30)}, {Region: "eu-west-1", At: at(lost)}}
		return x
	}
	missing := func(key string, taken int) audit.StoredFinding {
		x := storedFinding(audit.ReceiptMissing, key, 1, "EUR")
		x.Window = audit.At(at(taken))
		return x
	}
	f := someFacts(changed("pay_1", -20), changed("pay_2", -500), missing("pay_3", -50), missing("pay_4", -48), missing("pay_5", -300))
	f.failover.Marks = append(f.failover.Marks,
		audit.Mark{Layer: report.LaneReceipts, Name: "first lost", At: at(-50)}, audit.Mark{Layer: report.LaneReceipts, Name: "last lost", At: at(-48)})
	d := f.dossier()
	if r := moneyRow(t, d, report.ClassChanged); r.Count != 2 || r.InOutage != 1 {
		t.Errorf("changed: %+v", r)
	}
	if r := moneyRow(t, d, report.ClassNoReceipt); r.Count != 3 || r.InOutage != 2 {
		t.Errorf("without a receipt: %+v", r)
	}
}

func TestDossierRequest(t *testing.T) {
	for _, c := range []struct {
		r    DossierRequest
		want string
	}{
		{DossierRequest{}, "table"}, {DossierRequest{Out: "d.html"}, "html"}, {DossierRequest{Format: "print", Out: "d.html"}, "print"}, {DossierRequest{Out: "-"}, "table"},
		{DossierRequest{Format: "pdf"}, `--format: output "pdf" is not one of table, html, print, json, xlsx, csv`}, {DossierRequest{Format: "xlsx"}, "xlsx"},
		{DossierRequest{Format: "xlsx", Terminal: true}, "--format xlsx is nothing for a terminal: name a file with --out FILE.xlsx, or redirect standard output"},
		{DossierRequest{Format: "ndjson", Flag: "--output"}, `--output: output "ndjson" is not one of table, html, print, json, xlsx, csv`},
		{DossierRequest{Out: "d.doc"}, "--out d.doc: its ending names no format: give --format"},
	} {
		format, err := c.r.format()
		if got := fmt.Sprint(format); err == nil && got != c.want || err != nil && err.Error() != c.want {
			t.Errorf("%+v: %s %v, want %s", c.r, got, err, c.want)
		}
	}
}

// TestComparedIsTheOldPrimaryOfThisFailover: a copy of another failover's, or of another ledger's, is no witness of what was lost.
func TestComparedIsTheOldPrimaryOfThisFailover(t *testing.T) {
	f := someFacts()
	f.failover.From = "eu-west-2"
	snapshot := func(scope string, region audit.Region, gaps ...audit.Gap) audit.Coverage {
		return audit.Coverage{Source: "aurora snapshot", Scope: scope, Region: region, Gaps: gaps}
	}
	ledger := audit.Coverage{Source: "aurora", Scope: "payments"}
	for _, c := range []struct {
		name  string
		lines []audit.Coverage
		want  bool
	}{
		{"its own", []audit.Coverage{ledger, snapshot("payments", "eu-west-2")}, true},
		{"of the failover before", []audit.Coverage{ledger, snapshot("payments", "eu-west-1")}, false},
		{"not read wholly", []audit.Coverage{ledger, snapshot("payments", "eu-west-2", audit.Gap{Reason: "hangs"})}, false},
		{"of one ledger of two", []audit.Coverage{ledger, snapshot("payments", "eu-west-2"), {Source: "aurora", Scope: "wallets"}}, false},
		{"of another failover, as the run says", []audit.Coverage{ledger, snapshot("payments", "eu-west-2"), {Source: unwitnessedSource, Scope: "payments", Region: "eu-west-2"}}, false},
	} {
		if got := f.witnessed(c.lines); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// TestMoneyOfRows: two lost rows of one payment are two, money given back counts as such, and a sum that leaves 64 bits hides no
// other currency.
func TestMoneyOfRows(t *testing.T) {
	row := func(fingerprint string, minor int64, currency string) audit.StoredFinding {
		return audit.StoredFinding{Finding: audit.Finding{
			Fingerprint: audit.Fingerprint(fingerprint), Kind: audit.LedgerLostRow, Verdict: audit.Proven, Status: audit.Open, Severity: audit.Critical,
			Scope: "payments", Key: "pay_1", Window: audit.At(promotedAt), Amounts: []audit.Money{{Minor: minor, Currency: currency}},
		}}
	}
	f := someFacts(row("a", 1000, "EUR"), row("b", 700, "EUR"), row("c", -2500, "GBP"), row("d", 1<<62, "JPY"), row("e", 1<<62, "JPY"))
	got := moneyRow(t, f.dossier(), report.ClassLost)
	if want := []audit.Money{{Minor: 1700, Currency: "EUR"}, {Minor: -2500, Currency: "GBP"}}; got.Count != 5 || !slices.Equal(got.Amounts, want) {
		t.Errorf("%d rows, %v", got.Count, got.Amounts)
	}
}
