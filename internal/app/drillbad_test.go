package app

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"parallax/internal/audit"
	"parallax/internal/lab/aurora"
	"parallax/internal/lab/drill"
	"parallax/internal/lab/loopback"
	"parallax/sinks/report"
)

// small is a failover with something of every sort, quickly played.
func small(seed uint64) drill.Scenario {
	return drill.Scenario{
		Seed: seed, Moves: []drill.Move{drill.Failover}, LostRows: 6, LostUpdates: 3, Collide: true, Spacing: 2 * time.Second,
	}
}

// What a ledger may do to an audit: each time it says what it could not read, or finds exactly what is true.
func TestDrillsOfBadInput(t *testing.T) {
	stand := newDrillStand(t)
	for name, test := range map[string]func(*drilled, *drillStand){
		"a snapshot of another ledger":           snapshotOfAnother,
		"a snapshot without a row":               snapshotWithoutRows,
		"a snapshot without a mapped column":     snapshotWithoutColumn,
		"a snapshot without the table":           snapshotWithoutTable,
		"a snapshot of other types":              snapshotOfOtherTypes,
		"a reader that hangs at once":            hangs(drill.Dublin, 0),
		"a writer that hangs at once":            hangs(drill.London, 0),
		"a snapshot that hangs at once":          hangs(aurora.Snapshot, 0),
		"a reader that hangs in mid-run":         hangs(drill.Dublin, 1500),
		"a writer that hangs in mid-run":         hangs(drill.London, 1500),
		"a snapshot that hangs in mid-run":       hangs(aurora.Snapshot, 1500),
		"a password that no longer holds":        passwordChanged,
		"rows that change while they are read":   rowsChange,
		"a snapshot that differs in every row":   allDiffer,
		"a snapshot that is the ledger itself":   snapshotIsWriter,
		"a region in which nobody listens":       nobodyListens,
		"a ledger whose rows have no payment id": rowsWithoutID,
	} {
		t.Run(name, func(t *testing.T) {
			d := stand.open(t, small(100+uint64(stand.stores)))
			d.play()
			if strings.Contains(name, "hangs") {
				t.Parallel() // they do nothing but wait
			}
			test(d, stand)
		})
	}
}

// wantUnread wants a run that says what it could not read, in these words, and finds nothing that is not true.
func (d *drilled) wantUnread(run report.Run, words ...string) {
	d.Helper()
	gaps := strings.Join(gapsOf(run, ""), "\n")
	if run.Verdict != audit.RunInconclusive {
		d.Errorf("%s, want inconclusive; gaps %q", run.Verdict, gaps)
	}
	for _, word := range words {
		if !strings.Contains(gaps, word) {
			d.Errorf("no gap says %q: %q", word, gaps)
		}
	}
	for _, f := range run.Reported {
		if _, known := d.world.Truth.Facts[string(f.Kind)+" "+f.Key]; !known {
			d.Errorf("not true: %s %s: %s", f.Kind, f.Key, f.Reason)
		}
	}
}

func (d *drilled) ledger() report.Run {
	d.Helper()
	return d.audit("ledger", d.world.From, d.world.AsOf)
}

func (d *drilled) dsnOf(role string) string { return d.world.Pair.DSN(role) }

// instead lets the configuration name another address for a role.
func (d *drilled) instead(role, dsn string) {
	d.edits = append(d.edits, fmt.Sprintf("%q", d.dsnOf(role)), fmt.Sprintf("%q", dsn))
}

func snapshotOfAnother(d *drilled, stand *drillStand) {
	other := stand.open(d.T, small(99))
	other.play()
	d.instead(aurora.Snapshot, other.dsnOf(aurora.Snapshot))
	run := d.ledger()
	d.wantUnread(run, "does not look like a copy of this ledger")
	if len(run.Reported) > 0 {
		d.Errorf("found in another ledger: %q", said(run.Reported))
	}
	d.wantNoRPO()
}

// wantNoRPO wants the failover job to measure no loss by a snapshot that can witness none.
func (d *drilled) wantNoRPO() {
	d.Helper()
	run := d.audit("failover", d.world.From, d.world.AsOf)
	if run.Verdict == audit.RunClean || len(d.failovers) != 1 {
		d.Fatalf("%s, failovers %+v; gaps %q", run.Verdict, d.failovers, gapsOf(run, ""))
	}
	if m, measured := measured(d.failovers[0], "rpo"); measured {
		d.Errorf("rpo is measured by a snapshot that witnesses nothing: %+v", m)
	}
	if !strings.Contains(strings.Join(d.failovers[0].Unmeasured, "\n"), "rpo") {
		d.Errorf("it is not said why there is no rpo: %q", d.failovers[0].Unmeasured)
	}
}

func snapshotWithoutRows(d *drilled, stand *drillStand) {
	other := stand.open(d.T, small(98))
	d.instead(aurora.Snapshot, other.dsnOf(drill.Dublin))
	d.wantUnread(d.ledger(), "the snapshot of eu-west-1 holds not one row")
	d.wantNoRPO()
}

// change changes a restored snapshot, as only its owner could.
func (d *drilled) change(role string, sql ...string) {
	d.Helper()
	db := d.world.Pair.Role(role)
	for _, one := range append([]string{"set default_transaction_read_only = off"}, sql...) {
		if err := db.AcquireFunc(d.Context(), func(c *pgxpool.Conn) error {
			_, err := c.Exec(d.Context(), "set default_transaction_read_only = off;"+one, pgx.QueryExecModeSimpleProtocol)
			return err
		}); err != nil {
			d.Fatal(err)
		}
	}
}

func snapshotWithoutColumn(d *drilled, _ *drillStand) {
	d.change(aurora.Snapshot, "alter table payments drop column rrn")
	d.wantUnread(d.ledger(), "rrn")
}

func snapshotWithoutTable(d *drilled, _ *drillStand) {
	d.change(aurora.Snapshot, "alter table payments rename to payments_of_old")
	d.wantUnread(d.ledger(), "payments")
}

func snapshotOfOtherTypes(d *drilled, _ *drillStand) {
	d.change(aurora.Snapshot,
		"alter table payments alter column amount_minor type numeric(20), alter column status type varchar(20)",
		`alter table payments alter column payment_id type text collate "und-x-icu"`)
	d.wantFacts(d.ledger())
}

func snapshotIsWriter(d *drilled, _ *drillStand) {
	writer := d.behindProxy(drill.London) // configured under the writer's own address it would be refused at once
	d.instead(aurora.Snapshot, "postgres://parallax_ro@"+writer.Addr()+"/payments?sslmode=disable")
	d.wantUnread(d.ledger(), "the snapshot is the database of eu-west-2 itself")
}

func nobodyListens(d *drilled, _ *drillStand) {
	d.instead(drill.Dublin, "postgres://parallax_ro@127.0.0.1:1/payments?sslmode=disable")
	d.wantUnread(d.ledger(), "eu-west-1")
}

func rowsWithoutID(d *drilled, _ *drillStand) {
	d.change(aurora.Snapshot, "alter table payments alter column payment_id drop not null",
		`insert into payments (idempotency_key, region, amount_minor, currency, status, network, created_at, updated_at)
			select 'k', 'eu-west-1', 1, 'EUR', 'captured', 'visa', max(created_at) - interval '1 minute', max(created_at) from payments`)
	d.wantUnread(d.ledger(), "payment_id")
}

// proxied lets a role be reached through a proxy, by a user.
func (d *drilled) proxied(role, user string) *loopback.Proxy {
	d.Helper()
	p := d.behindProxy(role)
	d.instead(role, "postgres://"+user+"@"+p.Addr()+"/payments?sslmode=disable")
	return p
}

func (d *drilled) behindProxy(role string) *loopback.Proxy {
	d.Helper()
	address, err := url.Parse(d.dsnOf(role))
	if err != nil {
		d.Fatal(err)
	}
	p, err := loopback.NewProxy("unix", filepath.Join(address.Query().Get("host"), ".s.PGSQL.5432"))
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(p.Close)
	return p
}

// hangs is a region whose connections stay open and silent, from the beginning or once so many bytes have come. The run must
// end about when one statement has timed out, not when many have.
func hangs(role string, after int64) func(*drilled, *drillStand) {
	return func(d *drilled, _ *drillStand) {
		d.edits = append(d.edits, "statement_timeout: 5s", "statement_timeout: 1s", "timeout: 5s\n", "timeout: 2s\n")
		p := d.proxied(role, aurora.Reader)
		if after == 0 {
			p.Hang()
		} else {
			p.HangAfter(after)
		}
		for _, job := range []string{"ledger", "failover"} {
			began := time.Now()
			run := d.audit(job, d.world.From, d.world.AsOf)
			took := time.Since(began)
			d.Logf("%s: %s in %s after %d connections and %d bytes: %q", job, run.Verdict, took.Round(time.Millisecond), p.Accepted(), p.Passed(), gapsOf(run, ""))
			if took > 20*time.Second {
				d.Errorf("the %s job took %s of a region that hangs", job, took)
			}
			if job == "ledger" {
				d.wantUnread(run)
			} else if run.Verdict != audit.RunInconclusive {
				d.Errorf("the failover job ended %s", run.Verdict)
			}
		}
	}
}

// passwordChanged lets the role's password change while a run reads: what was connected goes on, what is connected anew is
// refused.
func passwordChanged(d *drilled, _ *drillStand) {
	hba := filepath.Join(d.dir, "pair", drill.London, "pg_hba.conf")
	raw, err := os.ReadFile(hba)
	if err != nil {
		d.Fatal(err)
	}
	if err := os.WriteFile(hba, append([]byte("local all auditor scram-sha-256\n"), raw...), 0o600); err != nil {
		d.Fatal(err)
	}
	writer := d.world.Pair.Writer()
	for _, sql := range []string{"create role auditor login password 'first'", "grant select on payments to auditor", "select pg_reload_conf()"} {
		if _, err := writer.Exec(d.Context(), sql); err != nil {
			d.Fatal(err)
		}
	}
	password := filepath.Join(d.dir, "password")
	if err := os.WriteFile(password, []byte("first"), 0o600); err != nil {
		d.Fatal(err)
	}
	p := d.proxied(drill.London, "auditor")
	address := d.edits[len(d.edits)-1]
	d.edits[len(d.edits)-1] = address + fmt.Sprintf(", password_file: %q", password)
	d.wantFacts(d.ledger())

	cfg := d.configured()
	done := make(chan struct{})
	before := p.Passed()
	go func() { // as soon as the run has read something
		defer close(done)
		for p.Passed() < before+1500 && d.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
		_, err := writer.Exec(d.Context(), "alter role auditor password 'second'")
		if err != nil {
			d.Error(err)
		}
		p.Break()
	}()
	run := d.auditWith(cfg, "ledger", d.world.From, d.world.AsOf)
	<-done
	d.wantUnread(run, "password")
	for _, g := range gapsOf(run, "") {
		if strings.Contains(g, "first") || strings.Contains(g, "second") {
			d.Errorf("the password is shown: %s", g)
		}
	}
}

// rowsChange lets the writer change old rows all the time, without saying when: each copy is right, and another one a
// moment later.
func rowsChange(d *drilled, _ *drillStand) {
	writer := d.world.Pair.Writer()
	ctx, cancel := context.WithCancel(d.Context())
	done := make(chan int)
	go func() {
		n := 0
		for ; ctx.Err() == nil; n++ {
			_, _ = writer.Exec(ctx, `update payments set auth_code = $1, status = case status when 'captured' then 'refunded' else 'captured' end
				where id = (select id from payments where status in ('captured', 'refunded') and network_reference is not null and created_at < $2
					order by random() limit 1)`, fmt.Sprint(n), d.world.From.Add(40*time.Minute)) // the end of ctx is the only error
		}
		done <- n
	}()
	run := d.ledger()
	cancel()
	d.Logf("%d changes meanwhile", <-done)
	for _, f := range run.Reported {
		if _, known := d.world.Truth.Facts[string(f.Kind)+" "+f.Key]; !known {
			d.Errorf("not true: %s %s: %s", f.Kind, f.Key, f.Reason)
		}
	}
	if run.Verdict == audit.RunClean {
		d.Errorf("clean, of %d facts", len(d.world.Truth.Facts))
	}
}

// allDiffer: what is reported is bounded, and the run says by how much.
func allDiffer(d *drilled, _ *drillStand) {
	d.change(aurora.Snapshot, "update payments set amount_minor = amount_minor + 1, updated_at = updated_at + interval '3 hours'")
	d.edits = append(d.edits, "statement_timeout: 5s", "statement_timeout: 5s, max_findings: 20")
	run := d.ledger()
	if run.Verdict != audit.RunInconclusive || len(run.Reported) != 20 || !strings.Contains(strings.Join(gapsOf(run, ""), "\n"), "only the gravest 20 kept") {
		d.Errorf("%s, %d findings, gaps %q", run.Verdict, len(run.Reported), gapsOf(run, ""))
	}
}
