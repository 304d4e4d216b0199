package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parallax/internal/config"
	"parallax/internal/record"
	"parallax/sources/settlement/decode/decodetest"
)

const fixedConfig = `regions: [eu-west-1, eu-west-2]
ledgers:
  - name: payments
    table: payments
    columns: {payment_id: payment_id, amount_minor: amount_minor, currency: currency, status: status, created_at: created_at}
    statuses: {charged: [captured]}
    regions: {eu-west-1: {dsn: "postgres://a@one/pay"}, eu-west-2: {dsn: "postgres://a@two/pay"}}
settlement:
  - name: own
    ledger: payments
    format: fixed
    path: own-*
    fixed:
      currency: EUR
      types: {S: {line: presentment}, R: {line: refund, negative: true}}
      records:
        - {name: head, role: header, when: [{at: 1, is: [H]}], fields: {business_date: {at: 2, length: 6, format: YYMMDD}}}
        - {name: sale, role: line, when: [{at: 1, is: [D]}], fields: {code: {at: 2, length: 1}, reference: {at: 3, length: 6}, amount: {at: 9, length: 8, decimals: "2"}}}
        - {name: tail, role: trailer, when: [{at: 1, is: [T]}], totals: [{at: 2, length: 4, of: lines}, {at: 6, length: 10, of: sum}]}
`

// TestFixedColumnsAsConfigured reads a format that is known from the configuration alone.
func TestFixedColumnsAsConfigured(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parallax.yaml")
	if err := os.WriteFile(path, []byte(fixedConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	read, err := reader(cfg.Settlement[0])
	if err != nil {
		t.Fatal(err)
	}
	file := "H261118\nDSREF00100001250\nDRREF00200000250\nT00020000001500\n"
	lines, summary, err := decodetest.All(read, []byte(file), "own-1", "own")
	if err != nil || len(lines) != 2 || summary.Rejected != 0 {
		t.Fatalf("%d lines, %+v, %v", len(lines), summary, err)
	}
	if l := lines[0]; l.Reference != "REF001" || l.Amount.Minor != 1250 || l.Amount.Currency != "EUR" || l.BusinessDate != "2026-11-18" {
		t.Errorf("line %+v", l)
	}
	if l := lines[1]; l.Type != record.Refund || l.Amount.Minor != -250 {
		t.Errorf("refund %+v", l)
	}
	if _, _, err := decodetest.All(read, []byte(strings.Replace(file, "1500", "1501", 1)), "own-1", "own"); err == nil || !strings.Contains(err.Error(), "control total") {
		t.Errorf("a wrong total gave %v", err)
	}
}
