package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parallax/internal/config"
)

const basisConfig = `data_dir: data
regions: [eu-west-1, eu-west-2]
store: {dsn: "postgres://p@store/parallax"}
aws: {endpoints: {eu-west-1: {s3: "http://127.0.0.1:9000"}}}
limits: {max_findings: 500}
log: {level: info}
schedules: {ledger: "*/15 * * * *"}
tables:
  - {name: keys, financial: [amount]}
ledgers:
  - name: payments
    table: payments
    columns: {payment_id: a, amount_minor: b, currency: c, status: d, created_at: e}
    statuses: {charged: [captured], refused: [declined]}
    regions:
      eu-west-1: {dsn: "postgres://ro:first@one:5432/pay"}
      eu-west-2: {dsn: "postgres://ro@two:5432/pay", password_env: LEDGER_PASSWORD}
    snapshot: {dsn: "postgres://ro@old:5432/pay", region: eu-west-1}
receipts:
  - name: receipts
    ledger: payments
    key_pattern: 'r/(?P<payment_id>[^/]+)\.json'
    regions:
      eu-west-1: {bucket: aaa, inventory: {bucket: iii, id: x}}
      eu-west-2: {bucket: bbb, inventory: {bucket: iii, id: y}}
`

// basisText is the basis of a configuration file's ledger job.
func basisText(t *testing.T, text, job string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "parallax.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path, []string{"LEDGER_PASSWORD=x"})
	if err != nil {
		t.Fatal(err)
	}
	basis, err := basisOf(cfg, job)
	if err != nil {
		t.Fatal(err)
	}
	return basis
}

func TestBasis(t *testing.T) {
	was := basisText(t, basisConfig, "ledger")
	if basisText(t, basisConfig, "chain") == was {
		t.Error("two jobs share a basis")
	}
	for name, tc := range map[string]struct {
		old, with string
		same      bool
	}{
		"nothing":           {"pay", "pay", true},
		"store":             {"p@store", "p@elsewhere", true},
		"data folder":       {"data_dir: data", "data_dir: other", true},
		"log":               {"level: info", "level: debug", true},
		"schedule":          {"*/15", "*/5", true},
		"most findings":     {"500", "700", true},
		"password":          {"ro:first", "ro:second", true},
		"password's place":  {", password_env: LEDGER_PASSWORD", "", true},
		"snapshot removed":  {`    snapshot: {dsn: "postgres://ro@old:5432/pay", region: eu-west-1}` + "\n", "", false},
		"snapshot's server": {"ro@old", "ro@older", false},
		"statuses":          {"charged: [captured]", "charged: [captured, settled]", false},
		"refused":           {"refused: [declined]", "refused: []", false},
		"mapping":           {"amount_minor: b", "amount_minor: x", false},
		"reader's server":   {"@two", "@three", false},
		"user":              {"ro@two", "other@two", false},
		"endpoint":          {":9000", ":9001", false},
		"key pattern":       {"[^/]+", "[^/]*", false},
		"financial":         {"[amount]", "[amount, currency]", false},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(basisConfig, tc.old) {
				t.Fatalf("the configuration has no %q", tc.old)
			}
			now := basisText(t, strings.Replace(basisConfig, tc.old, tc.with, 1), "ledger")
			if (now == was) != tc.same {
				t.Errorf("same basis: %t, want %t", now == was, tc.same)
			}
		})
	}
}
