package aurora_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"parallax/internal/audit"
	"parallax/sources/aurora"
)

func TestUnusableRowsAreExcludedAndLeaveGaps(t *testing.T) {
	tests := []struct {
		name                  string
		payment, minor, money any
		at                    any
		says                  string
	}{
		{"no amount", "bad", nil, "EUR", noon, "amount is null (payment bad)"},
		{"fraction of a cent", "bad", "12.5", "EUR", noon, "minor units (payment bad)"},
		{"not a number", "bad", "NaN", "EUR", noon, "minor units (payment bad)"},
		{"beyond 64 bits", "bad", "9223372036854775808", "EUR", noon, "minor units (payment bad)"},
		{"no currency", "bad", "1", nil, noon, "currency is null (payment bad)"},
		{"no payment id", nil, "1", "EUR", noon, "1 rows have no payment_id"},
		{"no time", "bad", "1", "EUR", nil, "1 rows have no created_at"},
		{"never", "bad", "1", "EUR", pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}, "1 rows have an infinite created_at"},
		{"ever", "bad", "1", "EUR", pgtype.Timestamptz{InfinityModifier: pgtype.NegativeInfinity, Valid: true}, "1 rows have an infinite created_at"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			owner, src := newLedger(t)
			insert(t, owner, "good", "1.00", "EUR", noon)
			insert(t, owner, test.payment, test.minor, test.money, test.at)
			r := read(t, src, window, audit.Cursor{})
			if ids(r.records) != "good" {
				t.Errorf("records: %s", ids(r.records))
			}
			wantGap(t, r.last.Gaps, test.says)
		})
	}
}

func TestDecimalAmountsTakeTheirCurrencysExponent(t *testing.T) {
	owner, src := newLedger(t)
	src.Mapping.Columns.Amount, src.Mapping.Columns.AmountMinor = "amount_minor", ""
	insert(t, owner, "a_eur", "12.5", "EUR", noon)
	insert(t, owner, "b_jpy", "1200", "JPY", noon)
	insert(t, owner, "c_bhd", "1.234", "BHD", noon)
	r := read(t, src, window, audit.Cursor{})
	want := []int64{1250, 1200, 1234}
	for i, e := range r.records {
		if e.Amount.Minor != want[i] {
			t.Errorf("%s: %d, want %d", e.PaymentID, e.Amount.Minor, want[i])
		}
	}
	insert(t, owner, "d_unknown", "1", "ZZZ", noon)
	insert(t, owner, "e_jpy", "1.5", "JPY", noon)
	r = read(t, src, window, audit.Cursor{})
	if len(r.records) != 3 || len(r.last.Gaps) != 2 || len(r.last.Excluded) != 2 {
		t.Errorf("%d records, gaps %+v", len(r.records), r.last.Gaps)
	}
}

func TestWhatCannotBeReadIsAGapWithItsRemedy(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(t *testing.T, owner *pgx.Conn, src *aurora.Source)
		says  []string
	}{
		{"table", func(_ *testing.T, _ *pgx.Conn, s *aurora.Source) { s.Mapping.Table = "public.gone" },
			[]string{"table public.gone", "does not exist", "ledgers[].table"}},
		{"column", func(_ *testing.T, _ *pgx.Conn, s *aurora.Source) { s.Mapping.Columns.Status = "state" },
			[]string{"table ledger", "state", "ledgers[].columns", "status=state"}},
		{"permission", func(t *testing.T, o *pgx.Conn, _ *aurora.Source) {
			mustExec(t, o, "revoke select on ledger from parallax_ro")
		}, []string{"permission denied", "grant select on table ledger"}},
		{"query", func(_ *testing.T, _ *pgx.Conn, s *aurora.Source) {
			s.Mapping.Table, s.Mapping.Query = "", "select 1; drop table ledger"
		}, []string{"the ledger's query", "one SELECT"}},
		{"type of the time", func(_ *testing.T, _ *pgx.Conn, s *aurora.Source) { s.Mapping.Columns.CreatedAt = "id" },
			[]string{"types of the mapped columns", "created_at=id"}},
		{"lock", func(t *testing.T, o *pgx.Conn, s *aurora.Source) {
			s.Settings.LockTimeout = 20 * time.Millisecond
			mustExec(t, o, "begin; lock table ledger in access exclusive mode")
		}, []string{"lock timeout", "locks the table"}},
		{"slow", func(_ *testing.T, _ *pgx.Conn, s *aurora.Source) {
			s.Settings.StatementTimeout = 30 * time.Millisecond
			s.Mapping.Table, s.Mapping.Query = "", "select ledger.* from ledger, pg_sleep(2)"
		}, []string{"statement timeout", "create an index on created_at"}},
		{"unreachable", func(t *testing.T, _ *pgx.Conn, s *aurora.Source) {
			s.DB = open(t, "postgres://parallax_ro:secret@127.0.0.1:1/payments?sslmode=disable")
		}, []string{"cannot be reached", "check the dsn"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			owner, src := newLedger(t)
			insert(t, owner, "pay_1", "1", "EUR", noon)
			test.spoil(t, owner, &src)
			r := read(t, src, window, audit.Cursor{})
			if len(r.records) != 0 || !r.last.Watermark.IsZero() {
				t.Errorf("records %s, watermark %s", ids(r.records), r.last.Watermark)
			}
			wantGap(t, r.last.Gaps, test.says...)
			if r.last.Gaps[0].Window != window || strings.Contains(fmt.Sprint(r.last.Gaps), "secret") {
				t.Errorf("gap: %+v", r.last.Gaps[0])
			}
		})
	}
}
