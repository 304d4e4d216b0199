package repair_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab/aurora"
	"parallax/sinks/repair"
)

var asOf = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

func column(name, kind, v string) repair.Column {
	return repair.Column{Name: name, Type: kind, Value: &v}
}

// hostile is text that must come out of a file as it went in.
const hostile = "O'Brien \\' $repair$ \"; drop table payments; -- \n%s %% \u2028 naïve 😀 $repair1$ \\x00 :v 'E\\n'"

const oddTable = `create table odd ("id" bigserial primary key, "pay""id" text not null unique, note text, "n" numeric(12,2), doc json, raw bytea,
	tags text[], at timestamptz, "parallax_rows" int, total numeric generated always as (n * 2) stored, seq int generated always as identity)`

// oddRow is a row of types and names that a careless file would stumble over.
func oddRow(payment string) repair.Row {
	return repair.Row{
		About:   repair.About{Findings: []audit.Fingerprint{"f1"}, Kind: audit.LedgerLostRow, Scope: "odd", Key: payment},
		Table:   `"odd"`,
		Payment: column(`pay"id`, "text", payment),
		Insert: []repair.Column{
			column(`pay"id`, "text", payment), column("note", "text", hostile), column("n", "numeric(12,2)", "1.00"),
			column("doc", "json", `{"a": "it's"}`), column("raw", "bytea", `\x00ff27`), column("tags", "text[]", `{"a'b","c\\d"}`),
			column("at", "timestamp with time zone", "2026-11-18 14:07:00.123456+00"), {Name: "parallax_rows", Type: "integer"},
		},
		Lasting: []string{"n"},
	}
}

// ledgers are two real databases, the second of which replays the first one's changes.
type ledgers struct {
	*testing.T
	pair *aurora.Pair
	dir  string
}

func openLedgers(t *testing.T) ledgers {
	t.Helper()
	dir, err := os.MkdirTemp("", "repair") //nolint:usetesting // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })  // of the machine's own temporary files
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // the server runs as another user
		t.Fatal(err)
	}
	pair, err := aurora.Start(t.Context(), aurora.Options{Dir: filepath.Join(dir, "l"), Regions: [2]string{"eu-west-1", "eu-west-2"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pair.Close(); err != nil {
			t.Error(err)
		}
	})
	l := ledgers{T: t, pair: pair, dir: t.TempDir()}
	l.exec(oddTable)
	return l
}

func (l ledgers) exec(sql string, args ...any) {
	l.Helper()
	if _, err := l.pair.Writer().Exec(l.Context(), sql, args...); err != nil {
		l.Fatal(err)
	}
}

// file writes the SQL of some rows and returns its path.
func (l ledgers) file(expires time.Time, rows ...repair.Row) string {
	l.Helper()
	out, err := repair.Write(repair.Plan{AsOf: asOf, Written: asOf, Expires: expires, Rows: rows})
	if err != nil {
		l.Fatal(err)
	}
	path := filepath.Join(l.dir, out.Files[0].Name)
	if err := os.WriteFile(path, out.Files[0].Data, 0o600); err != nil {
		l.Fatal(err)
	}
	return path
}

func psql(ctx context.Context, path, address string) (string, error) {
	out, err := exec.CommandContext(ctx, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", path, address).CombinedOutput()
	return string(out), err
}

func (l ledgers) writer() string { return l.pair.Writer().Config().ConnString() }

// content is the whole table as text.
func (l ledgers) content() string {
	l.Helper()
	var text string
	if err := l.pair.Writer().QueryRow(l.Context(), "select coalesce(string_agg(o::text, E'\n' order by id), '') from odd o").Scan(&text); err != nil {
		l.Fatal(err)
	}
	return text
}

// run applies a file and wants it to say something.
func (l ledgers) run(path string, want ...string) {
	l.Helper()
	said, err := psql(l.Context(), path, l.writer())
	if err != nil {
		l.Fatalf("%v\n%s", err, said)
	}
	for _, w := range want {
		if !strings.Contains(said, w) {
			l.Errorf("it does not say %q:\n%s", w, said)
		}
	}
}

var later = time.Date(2126, 1, 1, 0, 0, 0, 0, time.UTC)

func TestInsertOnRealPostgreSQL(t *testing.T) {
	l := openLedgers(t)
	path := l.file(later, oddRow("pay'1"))
	l.run(path, "row inserted")
	var note, doc, raw, tags, total string
	err := l.pair.Writer().QueryRow(t.Context(), `select note, doc::text, raw::text, tags::text, total::text from odd where "pay""id" = 'pay''1' and parallax_rows is null`).
		Scan(&note, &doc, &raw, &tags, &total)
	if err != nil {
		t.Fatal(err)
	}
	if note != hostile || doc != `{"a": "it's"}` || raw != `\x00ff27` || tags != `{a'b,"c\\d"}` || total != "2.00" {
		t.Errorf("note %q doc %s raw %s tags %s total %s", note, doc, raw, tags, total)
	}
	before := l.content()
	l.run(path, "nothing done")
	if l.content() != before {
		t.Error("applied twice, it changed something")
	}
	if said, err := psql(t.Context(), path, l.pair.Standby().Config().ConnString()); err == nil || !strings.Contains(said, "replays the changes of another") {
		t.Errorf("on the reader: %v\n%s", err, said)
	}
	l.exec("create database elsewhere")
	address := strings.ReplaceAll(l.writer(), "/payments", "/elsewhere")
	if said, err := psql(t.Context(), path, strings.ReplaceAll(address, "dbname=payments", "dbname=elsewhere")); err == nil || !strings.Contains(said, "no such table") {
		t.Errorf("in another database: %v\n%s", err, said)
	}
}

func TestLateFileChangesNothing(t *testing.T) {
	l := openLedgers(t)
	path := l.file(asOf.AddDate(-10, 0, 0), oddRow("pay-1"))
	said, err := psql(t.Context(), path, l.writer())
	if err == nil || !strings.Contains(said, "has expired") || l.content() != "" {
		t.Errorf("%v\n%s\n%s", err, said, l.content())
	}
}

func TestConcurrentAppliersInsertOnce(t *testing.T) {
	l := openLedgers(t)
	l.exec(`alter table odd drop constraint "odd_pay""id_key"`) // the guard alone has to keep them apart
	l.exec(`create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.2); return new; end $$`)
	l.exec(`create trigger slow before insert on odd for each row execute function slow()`)
	path := l.file(later, oddRow("pay-1"), oddRow("pay-2"))
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			if said, err := psql(t.Context(), path, l.writer()); err != nil {
				t.Errorf("%v\n%s", err, said)
			}
		})
	}
	all.Wait()
	if strings.Count(l.content(), "pay-1") != 1 || strings.Count(l.content(), "pay-2") != 1 {
		t.Errorf("after six appliers:\n%s", l.content())
	}
}

func TestUpdateOnRealPostgreSQL(t *testing.T) {
	l := openLedgers(t)
	l.exec(`insert into odd ("pay""id", note, n, doc) values ('a', $1, 1, '{"k": 1}'), ('b', 'x', 2, null), ('c', 'x', 3, null)`, hostile)
	update := func(payment, finding string, expect, set []repair.Column) repair.Row {
		return repair.Row{
			About: repair.About{Findings: []audit.Fingerprint{audit.Fingerprint(finding)}, Kind: audit.LedgerChangedRow, Scope: "odd", Key: payment},
			Table: `"odd"`, Payment: column(`pay"id`, "text", payment), Expect: expect, Set: set, Lasting: []string{"note"},
		}
	}
	path := l.file(later,
		update("a", "f-a", []repair.Column{column("note", "text", hostile), column("doc", "json", `{"k": 1}`), {Name: "raw", Type: "bytea"}},
			[]repair.Column{column("note", "text", "it's"), column("doc", "json", `{"k": 2}`)}),
		update("b", "f-b", []repair.Column{column("note", "text", "x")}, []repair.Column{{Name: "note", Type: "text"}}),
		update("c", "f-c", []repair.Column{column("note", "text", "x")}, []repair.Column{column("note", "text", "y")}))
	l.exec(`update odd set note = 'mended by somebody else' where "pay""id" = 'b'`)
	l.run(path, "f-a payment a: row changed", "f-b payment b: nothing done", "f-c payment c: row changed")
	var notes string
	if err := l.pair.Writer().QueryRow(t.Context(), `select string_agg(note, '|' order by "pay""id") from odd`).Scan(&notes); err != nil {
		t.Fatal(err)
	}
	if notes != "it's|mended by somebody else|y" {
		t.Errorf("notes %q", notes)
	}
	before := l.content()
	l.run(path, "f-a payment a: nothing done", "f-c payment c: nothing done")
	if l.content() != before {
		t.Error("applied twice, it changed something")
	}
}

// TestRowsOfOnePayment inserts three rows of a payment, two of them alike, each once.
func TestRowsOfOnePayment(t *testing.T) {
	l := openLedgers(t)
	l.exec(`alter table odd drop constraint "odd_pay""id_key"`)
	rows := []repair.Row{oddRow("pay-1"), oddRow("pay-1"), oddRow("pay-1")}
	for i := range rows {
		rows[i].Findings = []audit.Fingerprint{audit.Fingerprint("f" + strconv.Itoa(i+1))}
		rows[i].Lasting, rows[i].Most = []string{"at", "n"}, 3
	}
	rows[1].Insert[6].Value = new("2026-11-18 14:08:00+00")
	path := l.file(later, rows...)
	l.run(path, "f1 payment pay-1: row inserted", "f2 payment pay-1: row inserted", "f3 payment pay-1: row inserted")
	l.run(path, "f1 payment pay-1: nothing done", "f2 payment pay-1: nothing done", "f3 payment pay-1: nothing done")
	if n := strings.Count(l.content(), "pay-1"); n != 3 {
		t.Errorf("%d rows:\n%s", n, l.content())
	}
	l.exec(`delete from odd where id = (select min(id) from odd)`) // one of the two that are alike
	l.exec(`insert into odd ("pay""id", n) values ('pay-1', 5)`)
	l.run(path, "f1 payment pay-1: nothing done", "f3 payment pay-1: nothing done")
}
