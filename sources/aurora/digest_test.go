package aurora_test

import (
	"fmt"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/sources/aurora"
)

func digests(t *testing.T, src aurora.Source, w audit.Window, n int) []aurora.Digest {
	t.Helper()
	d, err := src.Digests(t.Context(), w, n, []string{"amount_minor", "currency", "status", "merchant"})
	if err != nil {
		t.Fatal(err)
	}
	return d.All
}

// TestDigestsTellEveryDifference changes one value at a time: each must show in the one stretch that holds the row.
func TestDigestsTellEveryDifference(t *testing.T) {
	fill := fmt.Sprintf(`insert into ledger select n, 'pay_' || n, null, n, 'EUR', 'captured', '%s'::timestamptz + n * interval '1 second', null, 'm'
		from generate_series(1, 3000) n`, noon.Format(time.RFC3339))
	owner, one := newLedger(t)
	mustExec(t, owner, fill)
	changed, two := newLedger(t)
	mustExec(t, changed, fill)
	want := digests(t, one, window, 100)
	if got := aurora.Differ(want, digests(t, two, window, 100)); len(got) != 0 {
		t.Fatalf("equal copies differ in %v", got)
	}
	var rows int64
	for _, d := range want {
		rows += d.Rows
	}
	if rows != 3000 || len(want) != 84 { // 3000 seconds in stretches of 36
		t.Errorf("%d rows in %d stretches", rows, len(want))
	}
	at := noon.Add(1500 * time.Second)
	for name, change := range map[string]string{
		"amount": "update ledger set amount_minor = 7 where id = 1500", "scale of an amount": "update ledger set amount_minor = '1500.0' where id = 1500",
		"status": "update ledger set status = 'refunded' where id = 1500", "null": "update ledger set status = null where id = 1500",
		"empty for null": `update ledger set "Merchant Id" = '' where id = 1500`, "row id": "update ledger set id = 99999 where id = 1500",
		"payment id": "update ledger set payment_id = 'pay_x' where id = 1500", "lost": "delete from ledger where id = 1500",
		"twice":          "insert into ledger select * from ledger where id = 1500",
		"a pair swapped": "update ledger set amount_minor = 3001 - amount_minor where id in (1500, 1501)",
	} {
		t.Run(name, func(t *testing.T) {
			mustExec(t, changed, change)
			t.Cleanup(func() { mustExec(t, changed, "truncate ledger"); mustExec(t, changed, fill) })
			got := aurora.Differ(want, digests(t, two, window, 100))
			if len(got) != 1 || !got[0].Holds(at) {
				t.Errorf("they differ in %v, want the stretch of %s", got, at)
			}
		})
	}
}

// TestDigestsHalveWhatTakesTooLong gives half a second to rows that take three halves.
func TestDigestsHalveWhatTakesTooLong(t *testing.T) {
	owner, src := newLedger(t)
	mustExec(t, owner, fmt.Sprintf(`insert into ledger select n, 'pay_' || n, null, n, 'EUR', 'captured', '%s'::timestamptz + n * interval '10 seconds', null, 'm'
		from generate_series(1, 300) n`, noon.Format(time.RFC3339)))
	whole := digests(t, src, window, 64)
	src.Mapping.Table, src.Mapping.Query = "", `select id, payment_id, idempotency_key, amount_minor, currency, status || pg_sleep(0.005)::text as status, created_at, updated_at, "Merchant Id" from ledger`
	src.Settings.StatementTimeout = 500 * time.Millisecond
	parts := digests(t, src, window, 64)
	if got := aurora.Differ(whole, parts); len(got) != 0 || len(parts) != len(whole) {
		t.Errorf("asked for in parts %d stretches differ, %d and %d", len(got), len(whole), len(parts))
	}
}
