package aurora_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/aurora"
)

var (
	noon   = time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	window = audit.Window{From: noon, To: noon.Add(time.Hour)}
)

func columns() aurora.Columns {
	return aurora.Columns{
		ID: "id", PaymentID: "payment_id", IdempotencyKey: "idempotency_key", AmountMinor: "amount_minor", Currency: "currency",
		Status: "status", CreatedAt: "created_at", UpdatedAt: "updated_at", Extra: map[string]string{"merchant": "Merchant Id"},
	}
}

const ledgerTable = `create table ledger (id bigserial, payment_id text, idempotency_key text, amount_minor numeric,
	currency text, status text, created_at timestamptz, updated_at timestamptz, "Merchant Id" text)`

// newLedger makes a database with an empty ledger that parallax_ro may read.
func newLedger(t *testing.T) (owner *pgx.Conn, src aurora.Source) {
	t.Helper()
	owner, dsn := newDatabase(t)
	mustExec(t, owner, ledgerTable)
	mustExec(t, owner, "grant select on all tables in schema public to parallax_ro")
	return owner, aurora.Source{
		Scope: "payments", Region: "eu-west-1", Mapping: aurora.Mapping{Table: "ledger", Columns: columns()},
		DB: open(t, dsn), Settings: quick(),
	}
}

func quick() aurora.Settings {
	return aurora.Settings{StatementTimeout: 5 * time.Second, Backoff: time.Millisecond}
}

func open(t *testing.T, dsn string) *pgxpool.Pool {
	t.Helper()
	db, err := aurora.Open(t.Context(), aurora.Options{DSN: dsn, Settings: quick()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func mustExec(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(context.Background(), sql, args...); err != nil {
		t.Fatalf("%.60s: %v", sql, err)
	}
}

func insert(t *testing.T, conn *pgx.Conn, payment any, minor any, currency any, at any) {
	t.Helper()
	mustExec(t, conn, `insert into ledger (payment_id, idempotency_key, amount_minor, currency, status, created_at, updated_at, "Merchant Id")
		values ($1, 'key', $2::text::numeric, $3, 'captured', $4, $4, 'shop')`, payment, minor, currency, at)
}

// result is a whole read.
type result struct {
	records  []record.Entry
	batches  int
	last     record.Batch[record.Entry]
	cursors  []audit.Cursor
	perBatch []int
}

func read(t *testing.T, s aurora.Source, w audit.Window, from audit.Cursor) result {
	t.Helper()
	var r result
	for batch, err := range s.Read(t.Context(), w, from) {
		if err != nil {
			t.Fatalf("read: %v", err)
		}
		r.records, r.last, r.batches = append(r.records, batch.Records...), batch, r.batches+1
		r.cursors, r.perBatch = append(r.cursors, batch.Cursor), append(r.perBatch, len(batch.Records))
	}
	return r
}

func ids(entries []record.Entry) string {
	var all []string
	for _, e := range entries {
		all = append(all, e.PaymentID)
	}
	return strings.Join(all, " ")
}

func wantGap(t *testing.T, gaps []audit.Gap, parts ...string) {
	t.Helper()
	if len(gaps) != 1 {
		t.Fatalf("%d gaps, want 1: %+v", len(gaps), gaps)
	}
	text := gaps[0].Reason + " | " + gaps[0].Remedy
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("gap %q does not say %q", text, part)
		}
	}
}

func TestRowsComeWhole(t *testing.T) {
	owner, src := newLedger(t)
	insert(t, owner, "pay_1", "1250", "eur ", noon)
	insert(t, owner, "pay_0", "1", "EUR", noon.Add(-time.Microsecond))
	insert(t, owner, "pay_2", "1", "EUR", window.To)
	insert(t, owner, "pay_3", "77", "XTS", window.To.Add(-time.Microsecond))
	r := read(t, src, window, audit.Cursor{})
	if got := ids(r.records); got != "pay_1 pay_3" {
		t.Fatalf("window holds %q", got)
	}
	first := r.records[0]
	if first.Amount != (money.Amount{Minor: 1250, Currency: "EUR"}) || first.Region != "eu-west-1" || first.Witness != record.Writer ||
		first.ID != "1" || first.IdempotencyKey != "key" || !first.CreatedAt.Equal(noon) || first.Extra["merchant"] != "shop" {
		t.Errorf("entry: %+v", first)
	}
	if len(r.last.Gaps) != 0 || !r.last.Watermark.Equal(window.To.Add(-time.Microsecond)) {
		t.Errorf("gaps %+v, watermark %s", r.last.Gaps, r.last.Watermark)
	}
	extent := r.last.Extents[0]
	if extent.Records != 2 || !strings.HasSuffix(extent.From, " pay_1") || !strings.HasSuffix(extent.To, " pay_3") ||
		extent.Totals["EUR minor units"] != "1250" {
		t.Errorf("extent: %+v", extent)
	}
}

// Pages end between keys: neither equal times nor wholly equal keys may lose or repeat a row.
func TestEqualTimesAcrossPageBorders(t *testing.T) {
	owner, src := newLedger(t)
	var want []string
	for i := range 25 {
		at := noon.Add(time.Duration(i/10) * time.Second)
		id := fmt.Sprintf("pay_%02d", i)
		insert(t, owner, id, "1", "EUR", at)
		want = append(want, id)
	}
	for range 4 { // one key four times: more than a page holds
		insert(t, owner, "twin", "1", "EUR", noon.Add(time.Minute))
		want = append(want, "twin")
	}
	insert(t, owner, "zz", "1", "EUR", noon.Add(time.Minute))
	want = append(want, "zz")
	for _, size := range []int{1, 2, 3, 7, 10, 29, 30, 31} {
		src.Settings.PageRows = size
		r := read(t, src, window, audit.Cursor{})
		if got := ids(r.records); got != strings.Join(want, " ") {
			t.Errorf("pages of %d: %s", size, got)
		}
		for i := range r.batches - 1 {
			if resumed := read(t, src, window, r.cursors[i]); len(resumed.records) != len(want)-sum(r.perBatch[:i+1]) {
				t.Errorf("pages of %d: resumed after batch %d with %d rows", size, i, len(resumed.records))
			}
		}
	}
}

func sum(numbers []int) (total int) {
	for _, n := range numbers {
		total += n
	}
	return total
}

func TestForeignCursorIsRefused(t *testing.T) {
	_, src := newLedger(t)
	for _, cursor := range []audit.Cursor{{Pos: "x"}, {Stream: "aurora/other/eu-west-1", Pos: "2026-11-18T12:00:00Z pay_1"}} {
		for _, err := range src.Read(t.Context(), window, cursor) {
			if err == nil {
				t.Errorf("cursor %+v was accepted", cursor)
			}
		}
	}
}

func TestSessionsRefuseToWrite(t *testing.T) {
	owner, src := newLedger(t)
	mustExec(t, owner, "grant insert, update, delete on ledger to parallax_ro")
	for _, options := range []pgx.TxOptions{{}, {AccessMode: pgx.ReadOnly}} {
		tx, err := src.DB.BeginTx(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		_, err = tx.Exec(t.Context(), "insert into ledger (payment_id) values ('written')")
		if err == nil || !strings.Contains(err.Error(), "25006") {
			t.Errorf("insert with %+v: %v", options, err)
		}
		_ = tx.Rollback(t.Context())
	}
	var name, readOnly string
	tx, err := src.DB.BeginTx(t.Context(), pgx.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if err := tx.QueryRow(t.Context(), "select current_setting('application_name'), current_setting('default_transaction_read_only')").Scan(&name, &readOnly); err != nil {
		t.Fatal(err)
	}
	if name != "parallax" || readOnly != "on" {
		t.Errorf("session %q, read only %q", name, readOnly)
	}
}

func TestQueryInsteadOfTable(t *testing.T) {
	owner, src := newLedger(t)
	insert(t, owner, "pay_1", "5", "EUR", noon)
	insert(t, owner, "pay_2", "5", "GBP", noon)
	src.Mapping.Table, src.Mapping.Query = "", "select * from ledger where currency = 'GBP' -- ours\n;"
	if r := read(t, src, window, audit.Cursor{}); ids(r.records) != "pay_2" || len(r.last.Gaps) != 0 {
		t.Errorf("records %q, gaps %+v", ids(r.records), r.last.Gaps)
	}
}

func TestColumnTypesOfOtherLedgers(t *testing.T) {
	owner, src := newLedger(t)
	mustExec(t, owner, `create schema "Odd.Schema"; grant usage on schema "Odd.Schema" to parallax_ro;
		create table "Odd.Schema".ledger (payment_id uuid not null, amount_minor int, currency char(5), created_at timestamp not null);
		insert into "Odd.Schema".ledger values ('7b0e6f0e-0000-4000-8000-000000000001', 5, 'EUR', '2026-11-18 12:00:00');
		grant select on "Odd.Schema".ledger to parallax_ro`)
	src.Mapping = aurora.Mapping{Table: `"Odd.Schema".ledger`, Columns: aurora.Columns{
		PaymentID: "payment_id", AmountMinor: "amount_minor", Currency: "currency", CreatedAt: "created_at"}}
	r := read(t, src, window, audit.Cursor{})
	if len(r.records) != 1 || !r.records[0].CreatedAt.Equal(noon) || r.records[0].Amount.Currency != "EUR" || len(r.last.Gaps) != 0 {
		t.Fatalf("records %+v, gaps %+v", r.records, r.last.Gaps)
	}
	found, err := src.Lookup(t.Context(), []string{"7b0e6f0e-0000-4000-8000-000000000001", "not a uuid"})
	if err != nil || len(found) != 1 {
		t.Errorf("looked up %+v: %v", found, err)
	}
}

func TestLookupReadsSuspectsAgain(t *testing.T) {
	owner, src := newLedger(t)
	if found, err := src.Lookup(t.Context(), []string{"pay_1"}); err != nil || len(found) != 0 {
		t.Errorf("empty ledger: %+v, %v", found, err)
	}
	insert(t, owner, "pay_2", "2", "EUR", noon)
	insert(t, owner, "pay_1", "1", "EUR", noon.Add(-240*time.Hour))
	insert(t, owner, "pay_3", nil, "EUR", noon)
	found, err := src.Lookup(t.Context(), []string{"pay_2", "pay_1", "absent", "pay_1"})
	if err != nil || ids(found) != "pay_1 pay_2" {
		t.Errorf("looked up %q: %v", ids(found), err)
	}
	if found, err = src.Lookup(t.Context(), []string{"pay_1", "pay_3"}); err == nil || found != nil {
		t.Errorf("a row without amount: %+v, %v", found, err)
	}
	src.Mapping.Table = "gone"
	if _, err = src.Lookup(t.Context(), []string{"pay_1"}); err == nil {
		t.Error("a missing table answered")
	}
}

func TestBrokenMappingIsAnError(t *testing.T) {
	_, src := newLedger(t)
	src.Mapping.Columns.AmountMinor = ""
	for _, err := range src.Read(t.Context(), window, audit.Cursor{}) {
		if err == nil || !strings.Contains(err.Error(), "amount_minor or amount") {
			t.Errorf("error: %v", err)
		}
	}
}

func TestEmptyWindowAndEmptyTable(t *testing.T) {
	owner, src := newLedger(t)
	if r := read(t, src, window, audit.Cursor{}); len(r.last.Gaps) != 0 || r.last.Extents[0].Records != 0 || !r.last.Watermark.IsZero() {
		t.Errorf("empty table: %+v", r.last)
	}
	insert(t, owner, "pay_1", "1", "EUR", noon)
	if r := read(t, src, audit.Window{From: noon, To: noon}, audit.Cursor{}); len(r.records) != 0 {
		t.Errorf("empty window: %+v", r.records)
	}
}

func TestConsumerMayStopAtAnyBatch(t *testing.T) {
	owner, src := newLedger(t)
	for i := range 5 {
		insert(t, owner, fmt.Sprint(i), "1", "EUR", noon)
	}
	src.Settings.PageRows = 2
	for range src.Read(t.Context(), window, audit.Cursor{}) {
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range src.Read(ctx, window, audit.Cursor{}) {
		cancel()
		last = err
	}
	if last == nil {
		t.Error("a cancelled read ended without an error")
	}
}

func TestDSNErrorsHideThePassword(t *testing.T) {
	_, err := aurora.Open(t.Context(), aurora.Options{DSN: "postgres://u:topsecret@host:notaport/db"})
	if err == nil || strings.Contains(err.Error(), "topsecret") {
		t.Errorf("error: %v", err)
	}
}
