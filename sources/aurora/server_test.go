package aurora_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"parallax/sources/aurora"
)

func TestClockOffsetIsKnownToItsError(t *testing.T) {
	_, src := newLedger(t)
	offset, accuracy, err := src.ClockOffset(t.Context())
	if err != nil || accuracy <= 0 || offset.Abs() > accuracy { // one machine, one clock
		t.Errorf("offset %s within %s: %v", offset, accuracy, err)
	}
	src.DB = open(t, "postgres://parallax_ro@127.0.0.1:1/payments?sslmode=disable")
	var refused *aurora.ReadError
	if _, _, err := src.ClockOffset(t.Context()); !errors.As(err, &refused) || refused.Remedy == "" {
		t.Errorf("%v", err)
	}
}

func TestIdentityTellsWhatTheRoleMaySee(t *testing.T) {
	owner, src := newLedger(t)
	all, err := src.Identity(t.Context())
	if err != nil || all.System == "" || all.Timeline != 1 || all.Encoding != "UTF8" || all.Major < 11 || !strings.HasPrefix(all.Version, "1") || all.Replays || all.Database == "" {
		t.Errorf("%+v, %v", all, err)
	}
	for _, function := range []string{"pg_control_system()", "pg_control_checkpoint()"} {
		mustExec(t, owner, "revoke execute on function "+function+" from public")
	}
	want := all
	want.System, want.Timeline = "", 0
	if some, err := src.Identity(t.Context()); err != nil || some != want {
		t.Errorf("%+v, %v", some, err)
	}
}

func TestLookupByRowID(t *testing.T) {
	owner, src := newLedger(t)
	fill(t, owner, 6000)
	found, err := src.LookupIDs(t.Context(), []string{"7", "5999", "6001", "7"})
	if err != nil || ids(found) != "pay_5999 pay_7" {
		t.Errorf("found %s, %v", ids(found), err)
	}
	src.Mapping.Columns.ID = ""
	if found, err := src.LookupIDs(t.Context(), []string{"7"}); err != nil || len(found) != 0 {
		t.Errorf("without a column: %v, %v", found, err)
	}
}

func TestFullRowsTellHowColumnsAreFilled(t *testing.T) {
	owner, src := newLedger(t)
	mustExec(t, owner, "drop table ledger")
	mustExec(t, owner, `create table ledger (id bigint generated always as identity, payment_id text not null, gone int, amount_minor numeric(12,2) default 0, currency char(3),
		"Odd ""Name" jsonb, total numeric generated always as (amount_minor * 2) stored, tags text[], created_at timestamptz default now(), status text, blob bytea)`)
	mustExec(t, owner, "alter table ledger drop column gone")
	mustExec(t, owner, "grant select on ledger to parallax_ro")
	mustExec(t, owner, `insert into ledger (payment_id, amount_minor, currency, "Odd ""Name", tags, created_at, blob) values
		('pay_1', 12.5, 'EUR', '{"a": [1]}', '{x,"y,z"}', '2026-11-18 12:00:00.000001Z', '\x00ff'), ('pay_2', 1, 'EUR', null, null, '2026-11-18 12:00:00Z', null)`)
	src.Mapping.Columns = aurora.Columns{ID: "id", PaymentID: "payment_id", AmountMinor: "amount_minor", Currency: "currency", CreatedAt: "created_at"}
	rows, err := src.FullRows(t.Context(), []string{"pay_2", "pay_1", "pay_3"})
	if err != nil || len(rows) != 2 || rows[0].PaymentID != "pay_1" {
		t.Fatalf("%+v, %v", rows, err)
	}
	text := func(s string) *string { return &s }
	want := []aurora.FullColumn{
		{Name: "id", Type: "bigint", Value: text("1"), NotNull: true, Identity: "always"},
		{Name: "payment_id", Type: "text", Value: text("pay_1"), NotNull: true},
		{Name: "amount_minor", Type: "numeric(12,2)", Value: text("12.50"), Default: "0"},
		{Name: "currency", Type: "character(3)", Value: text("EUR")},
		{Name: `Odd "Name`, Type: "jsonb", Value: text(`{"a": [1]}`)},
		{Name: "total", Type: "numeric", Value: text("25.00"), Generated: true},
		{Name: "tags", Type: "text[]", Value: text(`{x,"y,z"}`)},
		{Name: "created_at", Type: "timestamp with time zone", Value: text("2026-11-18 12:00:00.000001+00"), Default: "now()"},
		{Name: "status", Type: "text"},
		{Name: "blob", Type: "bytea", Value: text(`\x00ff`)},
	}
	for i, c := range rows[0].Columns {
		w := want[i]
		if (c.Value == nil) != (w.Value == nil) || c.Value != nil && *c.Value != *w.Value {
			t.Errorf("%s: value differs", c.Name)
		}
		c.Value, w.Value = nil, nil
		if c != w {
			t.Errorf("%+v, want %+v", c, w)
		}
	}
	if rows[1].Columns[4].Value != nil {
		t.Error("a null of the second row has the value of the first")
	}
	src.Mapping.Table, src.Mapping.Query = "", "select * from ledger"
	if _, err := src.FullRows(t.Context(), []string{"pay_1"}); !errors.Is(err, aurora.ErrQuery) {
		t.Errorf("of a query: %v", err)
	}
}

// A lookup of many payments goes in few statements, also while nothing but the whole table can be read.
func TestLookupOfManyPayments(t *testing.T) {
	owner, src := newLedger(t)
	fill(t, owner, 12_000)
	var wanted []string
	rows, err := owner.Query(t.Context(), "select payment_id from ledger")
	if err != nil {
		t.Fatal(err)
	}
	if wanted, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		t.Fatal(err)
	}
	db := &counted{DB: src.DB}
	src.DB = db
	found, err := src.Lookup(t.Context(), wanted)
	if err != nil || len(found) != 12_000 || db.begun.Load() > 7 {
		t.Errorf("%d found in %d transactions: %v", len(found), db.begun.Load(), err)
	}
}
