package app

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
	"parallax/internal/lab/aurora"
)

// Every case breaks a ledger of two real servers in one way and names all that must be found, and nothing else.
func TestLedgerAudit(t *testing.T) {
	lab := newAuditLab(t)
	for _, test := range []struct {
		name string
		skew map[string]time.Duration
		run  func(*auditWorld)
	}{
		{"nothing wrong", nil, nothingWrong},
		{"lost, and booked again", nil, lostAndRebooked},
		{"changed on the old primary", nil, changedOnTheOldPrimary},
		{"split brain", nil, splitBrain},
		{"two failovers", nil, twoFailovers},
		{"not replicated", nil, notReplicated},
		{"clocks minutes apart", map[string]time.Duration{london: 3 * time.Minute}, clocksApart},
		{"copies that are none", nil, copiesThatAreNone},
		{"a backup of minutes before", nil, backupOfMinutesBefore(90 * time.Second)},
		{"a backup of minutes before, and a late event", nil, backupOfMinutesBefore(140 * time.Second)},
		{"erased in force", nil, erasedInForce},
		{"changed without a date", nil, changedWithoutADate},
		{"a reader of another ledger", nil, readerOfAnother(lab)},
		{"everything differs", nil, everythingDiffers},
		{"updated while compared", nil, updatedWhileCompared},
		{"two accept writes and one cannot be read", nil, twoWritersOneUnread},
		{"sharded", nil, shardedLedger},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(lab.world(t, test.skew))
		})
	}
}

func nothingWrong(w *auditWorld) {
	w.pay("fine", 50, noon)
	run := w.run(audit.RunClean)
	var lines []string
	for _, c := range run.Coverage {
		lines = append(lines, fmt.Sprint(c.Source, " ", c.Region, " ", c.Records))
	}
	if got := strings.Join(lines, ", "); got != "aurora eu-west-1 50, aurora eu-west-2 50" || run.Coverage[0].Matched != 50 {
		w.Errorf("certificate: %s, matched %d", got, run.Coverage[0].Matched)
	}
}

func lostAndRebooked(w *auditWorld) {
	w.pay("kept", 30, noon)
	w.must(w.pair.Cut(w.Context()))
	w.pay("lost", 3, noon.Add(time.Hour))
	w.failOver()
	w.writer("select setval('payments_id_seq', 30)") // a sequence is logged 32 numbers ahead, which would hide what is meant
	w.pay("new", 2, noon.Add(time.Hour+time.Minute))
	w.restored(dublin, w.pair.DSN(aurora.Snapshot))
	w.promoted(dublin, london, noon.Add(time.Hour+30*time.Second))
	run := w.run(audit.RunFindings, "ledger.lost_row lost_0", "ledger.lost_row lost_1", "ledger.lost_row lost_2",
		"ledger.id_collision "+w.idOf("new_0"), "ledger.id_collision "+w.idOf("new_1"))
	if f := w.finding(run, audit.LedgerLostRow, "lost_0"); f.Verdict != audit.Proven || f.Region != dublin || strings.Contains(f.Rule, "promotion") {
		w.Errorf("lost row: %+v", f)
	}
	// What a repair does: raise the sequence, book the rows again under ids of their own, with their own moments.
	w.writer("select setval('payments_id_seq', 1000)")
	w.pay("lost", 3, noon.Add(time.Hour))
	w.run(audit.RunClean)
	w.writer("update payments set status = 'refunded', updated_at = updated_at + interval '1 hour' where payment_id = 'lost_1'")
	w.run(audit.RunClean)
}

func (w *auditWorld) idOf(payment string) (id string) {
	w.Helper()
	w.must(w.pair.Writer().QueryRow(w.Context(), "select id::text from payments where payment_id = $1", payment).Scan(&id))
	return id
}

func changedOnTheOldPrimary(w *auditWorld) {
	w.pay("kept", 30, noon)
	w.must(w.pair.Cut(w.Context()))
	w.writer("update payments set status = 'refunded', amount_minor = 7, updated_at = $1 where payment_id = 'kept_4'", noon.Add(time.Hour))
	w.writer("update payments set status = 'disputed', updated_at = $1 where payment_id = 'kept_5'", noon.Add(time.Hour+time.Second))
	w.failOver()
	w.writer("update payments set status = 'refunded', updated_at = $1 where payment_id in ('kept_5', 'kept_6')", noon.Add(70*time.Minute))
	w.restored(dublin, w.pair.DSN(aurora.Snapshot))
	run := w.run(audit.RunFindings, "ledger.changed_row kept_4", "ledger.changed_row kept_5")
	if f := w.finding(run, audit.LedgerChangedRow, "kept_4"); f.Verdict != audit.Proven || len(f.Evidence) != 4 {
		w.Errorf("both fields of a change: %+v", f)
	}
	if f := w.finding(run, audit.LedgerChangedRow, "kept_5"); f.Verdict != audit.Probable {
		w.Errorf("changed on both sides: %+v", f)
	}
}

func splitBrain(w *auditWorld) {
	w.pay("kept", 30, noon)
	w.must(w.pair.Cut(w.Context()))
	w.pay("lost", 1, noon.Add(time.Hour))
	w.must(w.pair.Promote(w.Context()))
	promotion := noon.Add(time.Hour + 5*time.Second)
	_, err := w.pair.Old().Exec(w.Context(), payment, "split_0", dublin, promotion.Add(2*time.Second))
	w.must(err)
	w.must(w.pair.KillOld())
	w.must(w.pair.RestoreSnapshot(w.Context()))
	w.must(w.pair.Rebuild(w.Context()))
	w.restored(dublin, w.pair.DSN(aurora.Snapshot))
	w.promoted(dublin, london, promotion)
	run := w.run(audit.RunFindings, "ledger.lost_row lost_0", "ledger.lost_row split_0")
	if f := w.finding(run, audit.LedgerLostRow, "lost_0"); strings.Contains(f.Rule, "after the promotion") {
		w.Errorf("lost on the way: %s", f.Rule)
	}
	if f := w.finding(run, audit.LedgerLostRow, "split_0"); !strings.Contains(f.Rule, "written by the old primary after the promotion") {
		w.Errorf("split brain: %s", f.Rule)
	}
}

func twoFailovers(w *auditWorld) {
	w.pay("kept", 30, noon)
	w.must(w.pair.Cut(w.Context()))
	w.pay("first", 2, noon.Add(20*time.Minute))
	w.failOver()
	w.promoted(dublin, london, noon.Add(21*time.Minute))
	w.writer("select setval('payments_id_seq', 30)")
	w.pay("between", 10, noon.Add(25*time.Minute))
	w.must(w.pair.WaitReplicated(w.Context()))
	w.must(w.pair.Cut(w.Context()))
	w.writer("update payments set status = 'refunded', updated_at = $1 where payment_id = 'between_3'", noon.Add(39*time.Minute))
	w.pay("second", 1, noon.Add(40*time.Minute))
	w.failOver()
	w.promoted(london, dublin, noon.Add(41*time.Minute))
	w.restored(dublin, w.pair.DSN(aurora.Snapshot))
	w.restored(london, w.pair.DSN(aurora.Snapshot2))
	collided := "ledger.id_collision " + w.idOf("between_0")
	alsoCollided := "ledger.id_collision " + w.idOf("between_1")
	run := w.run(audit.RunFindings, "ledger.lost_row first_0", "ledger.lost_row first_1", "ledger.lost_row second_0", "ledger.changed_row between_3",
		collided, alsoCollided)
	if f := w.finding(run, audit.LedgerLostRow, "first_1"); f.Region != dublin || strings.Contains(f.Rule, "promotion") {
		w.Errorf("lost at the first: %+v", f)
	}
	if f := w.finding(run, audit.LedgerLostRow, "second_0"); f.Region != london || strings.Contains(f.Rule, "promotion") {
		w.Errorf("lost at the second: %+v", f)
	}
}

func notReplicated(w *auditWorld) {
	w.pay("fine", 20, noon)
	w.must(w.pair.PauseReplay(w.Context()))
	w.pay("waiting", 2, noon.Add(time.Hour))
	w.pay("young", 1, w.asOf.Add(-20*time.Second))
	run := w.runNow(audit.RunFindings, "ledger.not_replicated waiting_0", "ledger.not_replicated waiting_1")
	if f := w.finding(run, audit.LedgerNotReplicated, "waiting_0"); f.Region != london {
		w.Errorf("waits for %s", f.Region)
	}
	w.must(w.pair.ResumeReplay(w.Context()))
	w.run(audit.RunClean)
}

// Where the clocks differ by three minutes, a row must be older by as much before it is missed.
func clocksApart(w *auditWorld) {
	w.pay("fine", 5, noon)
	w.must(w.pair.PauseReplay(w.Context()))
	w.pay("waiting", 1, w.asOf.Add(-4*time.Minute))
	w.pay("young", 1, w.asOf.Add(-3*time.Minute))
	run := w.runNow(audit.RunFindings, "ledger.not_replicated waiting_0")
	var clocks []string
	for _, c := range run.Coverage {
		for _, e := range c.Extents {
			if e.Name == "clock" {
				clocks = append(clocks, e.Totals["apart from ours"])
			}
		}
	}
	if len(clocks) != 2 || !strings.HasPrefix(clocks[1], "at most 3m0") {
		w.Errorf("clocks: %q", clocks)
	}
	w.must(w.pair.ResumeReplay(w.Context()))
}

const paymentsTable = `create table payments (id bigint, payment_id text, idempotency_key text, region text, amount_minor bigint, currency text,
	status text, network text, auth_code text, created_at timestamptz, updated_at timestamptz)`

// database makes a database on another server with the statements' content; options choose its collation.
func (w *auditWorld) database(options string, statements ...string) string {
	w.Helper()
	w.made++
	name := fmt.Sprintf("copy%d_%d", w.made, time.Now().UnixNano())
	for _, step := range []struct {
		dsn string
		sql []string
	}{
		{w.others.DSN("", ""), []string{"create database " + name + " template template0 " + options}},
		{w.others.DSN(name, ""), statements},
	} {
		conn, err := pgx.Connect(w.Context(), step.dsn)
		w.must(err)
		for _, sql := range step.sql {
			_, err := conn.Exec(w.Context(), sql)
			w.must(err)
		}
		w.must(conn.Close(w.Context()))
	}
	return w.others.DSN(name, "")
}

// rows are a statement that makes payments prefix_0 ... as pay does.
func rows(prefix string, n int, region, status string, from time.Time) string {
	return fmt.Sprintf(`insert into payments select n + 1, '%s_' || n, '%s_' || n, '%s', 1000, 'EUR', '%s', 'visa', null, t, t
		from (select n, timestamptz '%s' + n * interval '1 second' as t from generate_series(0, %d) n) s`, prefix, prefix, region, status, from.Format(time.RFC3339), n-1)
}

// copiesThatAreNone puts in the old primary's place what is none, or not readable, or only looks different.
func copiesThatAreNone(w *auditWorld) {
	w.pay("pay", 60, noon)
	w.promoted(dublin, london, noon.Add(time.Hour))
	w.gap(w.run(audit.RunInconclusive), "the old primary of the failover to eu-west-2")
	try := func(words string, verdict audit.RunVerdict, want []string, options string, statements ...string) {
		w.Helper()
		w.ledger().Snapshots = nil
		w.restored(dublin, w.database(options, statements...))
		run := w.run(verdict, want...)
		if words != "" {
			w.gap(run, words)
		}
	}
	try("does not look like a copy of this ledger", audit.RunInconclusive, nil, "", paymentsTable, rows("stranger", 40, dublin, "captured", noon.Add(59*time.Minute)))
	try("does not look like a copy of this ledger", audit.RunInconclusive, nil, "", paymentsTable,
		rows("long_before", 40, dublin, "captured", noon.Add(-240*time.Hour)), rows("stranger", 5, dublin, "captured", noon.Add(59*time.Minute)))
	try("was taken before that failover", audit.RunInconclusive, nil, "", paymentsTable, rows("pay", 5, dublin, "captured", noon))
	w.writer("delete from payments where payment_id = 'pay_59'")
	last := []string{"ledger.lost_row pay_59"}
	for _, collation := range []string{"", "lc_collate 'C.UTF-8' lc_ctype 'C.UTF-8'", "locale_provider icu icu_locale 'en-US'"} {
		try("", audit.RunFindings, last, collation, paymentsTable, rows("pay", 60, dublin, "captured", noon))
	}
	try("", audit.RunFindings, last, "", strings.NewReplacer("id bigint", "id int", "amount_minor bigint", "amount_minor numeric(12, 2)", "created_at timestamptz", "created_at timestamp").Replace(paymentsTable),
		rows("pay", 60, dublin, "captured", noon))
	try("auth_code", audit.RunInconclusive, nil, "", strings.Replace(paymentsTable, "auth_code text", "authorisation text", 1), rows("pay", 60, dublin, "captured", noon))
	try("payments", audit.RunInconclusive, nil, "", "create table bookings (id int)")
}

// readerOfAnother gives the writer a replica that follows another one.
func readerOfAnother(lab auditLab) func(*auditWorld) {
	return func(w *auditWorld) {
		other := lab.world(w.T, nil)
		w.pay("mine", 30, noon)
		other.pay("theirs", 30, noon)
		other.must(other.pair.WaitReplicated(w.Context()))
		w.ledger().Regions[london] = other.ledger().Regions[london]
		w.gap(w.run(audit.RunInconclusive), "the reader in eu-west-2 does not look like a copy of this ledger: of 30 of its payments, 0 are")
	}
}

func everythingDiffers(w *auditWorld) {
	w.pay("pay", 200, noon)
	w.app.cfg.Limits.MaxFindings = 10
	w.restored(dublin, w.database("", paymentsTable, rows("pay", 200, dublin, "disputed", noon), "update payments set updated_at = updated_at + interval '1 hour'"))
	w.must(w.pair.WaitReplicated(w.Context()))
	result, err := w.app.Run(w.Context(), Request{Job: "ledger", From: noon, To: w.asOf, AsOf: w.asOf})
	w.must(err)
	run := result.Runs[0]
	if len(run.Reported) != 10 || run.Verdict != audit.RunInconclusive {
		w.Errorf("%d findings, %s", len(run.Reported), run.Verdict)
	}
	w.gap(run, "200 findings, only the gravest 10 kept")
}

// updatedWhileCompared changes rows all the time, with and without a moment of their last change.
func updatedWhileCompared(w *auditWorld) {
	w.pay("pay", 50, noon)
	ctx, stop := context.WithCancel(w.Context())
	var writing sync.WaitGroup
	defer writing.Wait()
	defer stop()
	writing.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			_, _ = w.pair.Writer().Exec(ctx, "update payments set amount_minor = amount_minor + 1, updated_at = now() where payment_id = 'pay_' || $1::int", n%5)
		}
	})
	for range 3 {
		w.runNow(audit.RunClean)
	}
	w.ledger().Columns.UpdatedAt = ""
	for range 3 {
		w.runNow(audit.RunClean)
	}
}

// twoWritersOneUnread: the one that can be read may be the one that is no longer in force.
func twoWritersOneUnread(w *auditWorld) {
	w.pay("pay", 5, noon)
	other := w.database("", paymentsTable, rows("other", 5, dublin, "captured", noon))
	w.ledger().Regions[london] = at(other)
	w.gap(w.runNow(audit.RunInconclusive), "accepts writes in eu-west-1 and eu-west-2 at once")
	w.ledger().Regions[london] = at(w.database("", "create table bookings (id int)"))
	w.gap(w.runNow(audit.RunInconclusive), "accepts writes in eu-west-1 and eu-west-2 at once")
}

func shardedLedger(w *auditWorld) {
	w.ledger().Mode = "sharded"
	dublins := w.database("", paymentsTable, rows("dublin", 30, dublin, "captured", noon), rows("both", 2, dublin, "captured", noon.Add(time.Hour)),
		rows("once", 1, dublin, "declined", noon.Add(time.Hour)), rows("foreign", 1, london, "captured", noon.Add(time.Hour)))
	londons := w.database("", paymentsTable, rows("london", 30, london, "captured", noon), rows("both", 2, london, "captured", noon.Add(61*time.Minute)),
		rows("once", 1, london, "captured", noon.Add(61*time.Minute)))
	old := w.database("", paymentsTable, rows("london", 30, london, "captured", noon), rows("lost", 1, london, "captured", noon.Add(time.Hour)))
	w.ledger().Regions[dublin], w.ledger().Regions[london] = at(dublins), at(londons)
	w.restored(london, old)
	run := w.runNow(audit.RunFindings, "ledger.in_two_regions both_0", "ledger.in_two_regions both_1", "ledger.in_two_regions once_0",
		"ledger.in_two_regions foreign_0", "ledger.lost_row lost_0", "ledger.id_collision 1")
	for key, severity := range map[string]audit.Severity{"both_0": audit.Critical, "once_0": audit.High, "foreign_0": audit.Medium} {
		if f := w.finding(run, audit.LedgerInTwoRegions, key); f.Severity != severity {
			w.Errorf("%s is %s", key, f.Severity)
		}
	}
	copies, err := w.app.readLedger(w.Context(), *w.ledger(), audit.Window{From: noon, To: w.asOf})
	if err != nil || len(copies.writer) != 67 || len(copies.snapshot) != 31 {
		w.Errorf("slices together: %d rows, %d of the snapshot, %v", len(copies.writer), len(copies.snapshot), err)
	}
	w.ledger().Regions[london] = at(w.database("", "create table bookings (id int)"))
	w.gap(w.runNow(audit.RunInconclusive, "ledger.in_two_regions foreign_0"), "fewer than two of its regions could be read")
}
