package aurora_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/aurora"
)

var commandColumns = aurora.CommandColumns{
	ID: "Id", Transfer: "transfer", Side: "side", Status: "status", Deadline: "deadline", AmountMinor: "minor", Currency: "currency", CreatedAt: "created",
}

// commandSource is a table of commands that holds nothing, read by a role with SELECT only, two rows a page.
func commandSource(t *testing.T) (aurora.CommandSource, func(sql string, args ...any)) {
	t.Helper()
	owner, dsn := newDatabase(t)
	mustExec(t, owner, `create table commands ("Id" bigint, transfer int, side text, status text, deadline timestamp, minor text, currency text, created timestamptz)`)
	mustExec(t, owner, "grant select on commands to parallax_ro")
	pool, err := aurora.Open(t.Context(), aurora.Options{DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return aurora.CommandSource{
		Scope: "transfers", Region: "eu-west-1", Table: "commands", Columns: commandColumns, DB: pool, Settings: aurora.Settings{PageRows: 2},
	}, func(sql string, args ...any) { t.Helper(); mustExec(t, owner, sql, args...) }
}

var commandDay = audit.Window{From: time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC)}

func readCommands(t *testing.T, s aurora.CommandSource) pipeline.Reading[record.Command] {
	t.Helper()
	r, err := pipeline.Collect(t.Context(), s, audit.Coverage{Source: "commands", Window: commandDay}, audit.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func commandIDs(commands []record.Command) string {
	var out []string
	for _, c := range commands {
		out = append(out, c.ID)
	}
	return strings.Join(out, " ")
}

func TestCommandsAreReadPageByPage(t *testing.T) {
	s, exec := commandSource(t)
	noon := commandDay.From.Add(12 * time.Hour)
	for _, id := range []int{3, 10, 2, 2, 2, 1} { // one instant, one row three times over the end of a page
		exec(`insert into commands values ($1, 7, 'debit', 'PENDING', '2026-11-18 12:05', '12', 'eur', $2)`, id, noon)
	}
	exec(`insert into commands values (4, 7, 'debit', 'PENDING', 'infinity', '1.5', 'EUR', $1), (5, 7, null, null, null, null, null, $2),
		(6, 7, 'debit', 'PENDING', null, '1', 'EUR', $3)`, commandDay.From, commandDay.To.Add(-time.Microsecond), commandDay.To)
	r := readCommands(t, s)
	if got := commandIDs(r.Records); got != "4 1 10 2 2 2 3 5" {
		t.Errorf("read %s", got)
	}
	first, one := r.Records[0], r.Records[1]
	if !first.Deadline.IsZero() || first.Amount.Currency != "" {
		t.Errorf("an endless deadline, an amount in decimals: %+v", first)
	}
	want := record.Command{
		Region: "eu-west-1", Witness: record.Writer, ID: "1", Transfer: "7", Side: "debit", Status: "PENDING", Deadline: noon.Add(5 * time.Minute),
		CreatedAt: noon,
	}
	want.Amount.Minor, want.Amount.Currency = 12, "EUR"
	if one != want {
		t.Errorf("got %+v\nwant %+v", one, want)
	}
	if !r.Coverage.Complete() || r.Coverage.Records != 8 || len(r.Coverage.Excluded) != 1 || r.Coverage.Excluded[0].Records != 2 {
		t.Errorf("coverage %+v", r.Coverage)
	}
	s.Table, s.Query = "", `select * from commands where "Id" < 4;`
	if got := commandIDs(readCommands(t, s).Records); got != "1 2 2 2 3" {
		t.Errorf("by query: read %s", got)
	}
}

func TestCommandsOfASnapshotAreNotAsked(t *testing.T) {
	s, exec := commandSource(t)
	exec(`insert into commands values (1, 7, 'debit', 'PENDING', null, '12', 'EUR', '2026-11-18 12:00+00')`)
	s.Witness = record.Snapshot
	if r := readCommands(t, s); len(r.Records) != 1 || r.Records[0].Witness != record.Snapshot {
		t.Errorf("read %+v", r.Records)
	}
}

func TestCommandMappingsThatCannotBeRight(t *testing.T) {
	s, _ := commandSource(t)
	for what, spoil := range map[string]func(*aurora.CommandSource){
		"a table or a query":        func(s *aurora.CommandSource) { s.Query = "select 1" },
		"transfer, status and crea": func(s *aurora.CommandSource) { s.Columns.Transfer = "" },
		"belong together":           func(s *aurora.CommandSource) { s.Columns.Currency = "" },
	} {
		wrong := s
		spoil(&wrong)
		err := readError(t.Context(), wrong)
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := readError(ctx, s); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled read: %v", err)
	}
}

// readError is the error that a read ends with.
func readError(ctx context.Context, s aurora.CommandSource) error {
	for _, err := range s.Read(ctx, commandDay, audit.Cursor{}) {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestManyPagesOfCommandsBreakOffWhereTheReaderStops(t *testing.T) {
	s, exec := commandSource(t)
	exec(`insert into commands select i, i, 'debit', 'PENDING', null, '1', 'EUR', '2026-11-18 12:00+00'::timestamptz + i * interval '1 second' from generate_series(1, 9) i`)
	var got []string
	for b, err := range s.Read(t.Context(), commandDay, audit.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(len(b.Records)))
		if len(got) == 2 {
			break
		}
	}
	if !slices.Equal(got, []string{"2", "2"}) {
		t.Errorf("pages %v", got)
	}
}
