package app

import (
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
)

// Where no copy can be read nothing is found, and every copy and the missing writer are gaps.
func TestLedgerWithoutWriterFindsNothing(t *testing.T) {
	dsn := config.DSN{Secret: config.NewSecret("postgres://nobody@127.0.0.1:1/payments?sslmode=disable")}
	one := config.LedgerRegion{Connection: config.Connection{DSN: dsn}}
	cfg := &config.Config{Ledgers: []config.Ledger{{
		Name: "payments", Table: "payments", Regions: map[audit.Region]config.LedgerRegion{"eu-west-1": one, "eu-west-2": one},
		Columns: config.Columns{PaymentID: "payment_id", CreatedAt: "created_at", Currency: "currency", AmountMinor: "amount_minor"},
	}}}
	a := &App{cfg: cfg, aws: &clients{cfg: cfg}, progress: func(string, int64, int64) {}}
	t.Cleanup(func() { _ = a.Close() })
	noon := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	o, err := a.ledgerJob(t.Context(), task{window: audit.Window{From: noon, To: noon.Add(time.Hour)}, asOf: noon.Add(time.Hour)})
	if err != nil || len(o.Findings) != 0 {
		t.Fatalf("findings %+v, %v", o.Findings, err)
	}
	if len(o.Coverage) != 3 || o.Verdict() != audit.RunInconclusive {
		t.Errorf("verdict %s, coverage %+v", o.Verdict(), o.Coverage)
	}
}
