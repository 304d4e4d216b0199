package aurora_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"parallax/sources/aurora"
)

// A cast to the bare name of a type may cut a value: character is char(1).
func TestLookupComparesIDsWhole(t *testing.T) {
	for _, kind := range []string{"char(36)", "varchar(36)", "short", "padded", "name"} {
		t.Run(kind, func(t *testing.T) {
			owner, src := newLedger(t)
			mustExec(t, owner, "create domain short as varchar(6) check (value <> 'never'); create domain padded as char(12)")
			fill(t, owner, 20)
			mustExec(t, owner, "alter table ledger alter payment_id type "+kind+`, alter "Merchant Id" type char(12)`)
			src.Mapping.Columns.NetworkReference = "Merchant Id"
			long := "pay_19" + strings.Repeat("9", 80)
			if found, err := src.Lookup(t.Context(), []string{"pay_3", "pay_14", "pay", "p", "never", long}); err != nil || ids(found) != "pay_14 pay_3" {
				t.Errorf("by id: %q, %v", ids(found), err)
			}
			if found, err := src.LookupReferences(t.Context(), []string{"shop", "s"}); err != nil || len(found) != 20 {
				t.Errorf("by reference: %d, %v", len(found), err)
			}
			if rows, err := src.FullRows(t.Context(), []string{"pay_3"}); err != nil || len(rows) != 1 {
				t.Errorf("whole rows: %d, %v", len(rows), err)
			}
		})
	}
}

func TestLookupOfBitsAndOfWhatHasNoEquality(t *testing.T) {
	for _, kind := range []string{"bit(6) using id::int::bit(6)", `json using concat('"', payment_id::text, '"')::json`} {
		owner, src := newLedger(t)
		fill(t, owner, 20)
		mustExec(t, owner, "alter table ledger alter payment_id type "+kind)
		var id string
		if err := owner.QueryRow(t.Context(), "select payment_id::text from ledger where id = 5").Scan(&id); err != nil {
			t.Fatal(err)
		}
		if found, err := src.Lookup(t.Context(), []string{id, "0", "x"}); err != nil || ids(found) != id {
			t.Errorf("%s: %q, %v", kind, ids(found), err)
		}
	}
}

// An index of the column's own type leads to the rows, so that not each look-up reads the whole table.
func TestLookupUsesTheIndex(t *testing.T) {
	for _, kind := range []string{"char(36)", "varchar(36)", "text"} {
		owner, src := newLedger(t)
		mustExec(t, owner, "alter table ledger alter payment_id type "+kind)
		fill(t, owner, 20_000)
		mustExec(t, owner, "create index on ledger (payment_id)")
		mustExec(t, owner, "analyze ledger")
		if found, err := src.Lookup(t.Context(), []string{"pay_7", "pay_8"}); err != nil || ids(found) != "pay_7 pay_8" {
			t.Fatalf("%s: %q, %v", kind, ids(found), err)
		}
		src.DB.(interface{ Close() }).Close() // a session reports what it read when it ends
		var scans int64
		for range 50 {
			if err := owner.QueryRow(t.Context(), "select coalesce(sum(idx_scan), 0) from pg_stat_user_indexes where relname = 'ledger'").Scan(&scans); err != nil {
				t.Fatal(err)
			}
			if scans > 0 {
				break
			}
			mustExec(t, owner, "select pg_sleep(0.05)")
		}
		if scans == 0 {
			t.Errorf("%s: the index was not used", kind)
		}
	}
}

// One id that the column cannot hold says nothing of the others.
func TestLookupLeavesOutWhatTheColumnCannotHold(t *testing.T) {
	for kind, odd := range map[string][]string{
		"bigint":   {"74537604221222132450823", "Vabc", "1e3", "", "a\x00b", "a\xffb"},
		"smallint": {"40000", "-40000"},
		"uuid":     {"74537604221222132450823", "a\x00b"},
		"numeric":  {"Vabc", "1e999999"},
		"text":     {"a\x00b", "a\xffb"},
	} {
		t.Run(kind, func(t *testing.T) {
			owner, src := newLedger(t)
			fill(t, owner, 10)
			using, want := "id", "3"
			if kind == "uuid" {
				using, want = "lpad(id::text, 32, '0')::uuid", "00000000-0000-0000-0000-000000000003"
			}
			mustExec(t, owner, fmt.Sprintf("alter table ledger alter payment_id type %s using %s", kind, using))
			for _, id := range odd {
				if found, err := src.Lookup(t.Context(), []string{want, id}); err != nil || ids(found) != want {
					t.Errorf("with %.30q: %q, %v", id, ids(found), err)
				}
			}
		})
	}
}

// A policy hides rows without a word: what it may hide was not read.
func TestRowLevelSecurityIsAGap(t *testing.T) {
	one, other, left, right := twoLedgers(t, 50)
	mustExec(t, other, "delete from ledger where id > 40")
	mustExec(t, one, "alter table ledger enable row level security; create policy p on ledger for select using (id <= 30)")
	r := compared(t, left, right, aurora.CompareOptions{})
	if len(r.Left)+len(r.Right) != 0 || r.Equal != 0 {
		t.Errorf("%d and %d differ, %d equal", len(r.Left), len(r.Right), r.Equal)
	}
	wantGap(t, r.LeftRead.Gaps, "row-level security", "bypassrls")
	var refused *aurora.ReadError
	if _, err := left.Lookup(t.Context(), []string{"pay_45"}); !errors.As(err, &refused) || !strings.Contains(refused.Remedy, "bypassrls") {
		t.Errorf("looked up: %v", err)
	}
	if err := left.Readable(t.Context()); err == nil {
		t.Error("the ledger is said to be readable")
	}
	mustExec(t, one, "alter role parallax_ro bypassrls")
	t.Cleanup(func() { mustExec(t, one, "alter role parallax_ro nobypassrls") })
	if r = compared(t, left, right, aurora.CompareOptions{}); len(r.Left) != 10 || len(gapsOf(r)) != 0 {
		t.Errorf("with bypassrls: %d differ, gaps %+v", len(r.Left), gapsOf(r))
	}
}
