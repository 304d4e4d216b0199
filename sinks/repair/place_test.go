package repair_test

import (
	"os/exec"
	"strings"
	"testing"

	"parallax/internal/audit"
	"parallax/sinks/repair"
)

// TestRefusedRowKeepsNoOtherFromBeingMended has the table refuse a row at once, and another at the end of its transaction.
func TestRefusedRowKeepsNoOtherFromBeingMended(t *testing.T) {
	l := openLedgers(t)
	l.exec(`create table customer (id text primary key)`)
	l.exec(`insert into customer values ('known')`)
	l.exec(`alter table odd add column now text references customer, add column later text references customer deferrable initially deferred`)
	customer := func(n, column, value string) repair.Row {
		r := oddRow("pay-" + n)
		r.Findings = []audit.Fingerprint{audit.Fingerprint("f" + n)}
		r.Insert = append(r.Insert, repair.Column{Name: column, Type: "text", Value: &value})
		return r
	}
	path := l.file(later, customer("1", "now", "gone"), customer("2", "now", "known"), customer("3", "later", "gone"), customer("4", "later", "known"))
	for _, want := range []string{"row inserted", "nothing done"} {
		said, err := psql(t.Context(), path, l.writer())
		if err == nil {
			t.Error("no error")
		}
		for _, w := range []string{"f1 payment pay-1: refused", "f3 payment pay-3: refused", "f2 payment pay-2: " + want, "f4 payment pay-4: " + want, "2 refused, see the warnings"} {
			if !strings.Contains(said, w) {
				t.Errorf("it does not say %q:\n%s", w, said)
			}
		}
	}
	if got := l.content(); strings.Contains(got, "pay-1") || strings.Contains(got, "pay-3") || !strings.Contains(got, "pay-2") || !strings.Contains(got, "pay-4") {
		t.Error(got)
	}
	// a policy that hides the row from the guard
	l.exec(`alter table odd drop constraint "odd_pay""id_key"`)
	l.exec(`create role mender login`)
	l.exec(`grant all on odd to mender; grant all on all sequences in schema public to mender`)
	l.exec(`alter table odd enable row level security`)
	l.exec(`create policy hide on odd for select to mender using (false)`)
	l.exec(`create policy add on odd for insert to mender with check (true)`)
	address := strings.ReplaceAll(strings.ReplaceAll(l.writer(), "user=postgres", "user=mender"), "postgres@", "mender@")
	said, err := psql(t.Context(), l.file(later, customer("2", "now", "known")), address)
	if err == nil || !strings.Contains(said, "row-level security") || strings.Count(l.content(), "pay-2") != 1 {
		t.Errorf("%v\n%s", err, said)
	}
}

// TestFileKnowsItsPlace runs a file in another database, beside another schema of the same table, in another cluster, and
// where the newest payment is unknown.
func TestFileKnowsItsPlace(t *testing.T) {
	l := openLedgers(t)
	l.exec(`insert into odd ("pay""id") values ('newest')`)
	row := oddRow("pay-1")
	newest := column(`pay"id`, "text", "newest")
	row.Table, row.Home = `public.odd`, repair.Home{Database: "payments", Newest: &newest}
	if err := l.pair.Writer().QueryRow(t.Context(), "select current_database(), system_identifier::text from pg_control_system()").
		Scan(&row.Home.Database, &row.Home.System); err != nil {
		t.Fatal(err)
	}
	refuses := func(r repair.Row, address, want string) {
		t.Helper()
		said, err := psql(t.Context(), l.file(later, r), address)
		if err == nil || !strings.Contains(said, want) || strings.Contains(l.content(), "pay-1") {
			t.Errorf("%v\n%s", err, said)
		}
	}
	l.exec("create database staging")
	staging := strings.ReplaceAll(strings.ReplaceAll(l.writer(), "/"+row.Home.Database, "/staging"), "dbname="+row.Home.Database, "dbname=staging")
	if out, err := exec.CommandContext(t.Context(), "psql", "-X", "-c", oddTable, staging).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	refuses(row, staging, "this database is staging, not "+row.Home.Database)
	other := row
	other.Home.System = "1"
	refuses(other, l.writer(), "another cluster")
	other, unknown := row, column(`pay"id`, "text", "unknown")
	other.Home.Newest = &unknown
	refuses(other, l.writer(), "not the ledger that was read")
	l.exec(`create schema tenant; create table tenant.odd (like public.odd including all)`)
	cmd := exec.CommandContext(t.Context(), "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", l.file(later, row), l.writer())
	cmd.Env = append(cmd.Environ(), "PGOPTIONS=-csearch_path=tenant,public")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(l.content(), "pay-1") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTwoNamesTwoFiles(t *testing.T) {
	var rows []repair.Row
	for _, name := range []string{"pay.eu", "pay_eu", "pay-eu"} {
		r := oddRow("pay-1")
		r.Scope = name
		rows = append(rows, r)
	}
	shard := oddRow("pay-1")
	shard.Scope, shard.Target = "pay", "eu"
	_, files := written(t, repair.Plan{Rows: append(rows, shard)})
	if len(files) != 5 || !strings.Contains(string(files["ledger-pay.eu.sql"]), "rows of ledger pay in eu") {
		t.Errorf("%d files", len(files))
	}
}
