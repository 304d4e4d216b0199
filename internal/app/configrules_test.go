package app

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/reconcile"
)

// loadText loads a configuration beside the files it names.
func loadText(t *testing.T, text string, files ...string) *config.Config {
	t.Helper()
	dir := t.TempDir()
	for _, name := range append(files, "parallax.yaml") {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load(filepath.Join(dir, "parallax.yaml"), []string{"MASTERCARD_PASSPHRASE=x"})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// optional are the lines of the example that are settings, not prose.
var optional = regexp.MustCompile(`(?m)^( *)#( {2,}\S|\S)`)

// TestWholeExampleIsGood takes the comment signs off every setting of the example.
func TestWholeExampleIsGood(t *testing.T) {
	t.Parallel()
	text := string(config.Example())
	whole := optional.ReplaceAllString(text, "$1$2")
	if len(text)-len(whole) < 60 {
		t.Fatalf("only %d settings are optional", len(text)-len(whole))
	}
	if err := checkRules(loadText(t, text)); err != nil {
		t.Errorf("as it is: %v", err)
	}
	cfg := loadText(t, whole, "keys/parallax-store", "keys/restored-2", "keys/mastercard.asc", "keys/mastercard-signs.asc", "keys/known_hosts", "keys/id_ed25519")
	if err := checkRules(cfg); err != nil {
		t.Errorf("all of it: %v", err)
	}
	if len(cfg.Settlement) != 3 || len(cfg.Statements) != 1 || len(cfg.Settlement[0].Rules.Fees) != 1 || cfg.Ledgers[0].Snapshot == nil {
		t.Errorf("not every setting was found: %+v", cfg.Settlement)
	}
}

// ruled is the least configuration with a feed.
const ruled = `regions: [eu-west-1, eu-west-2]
ledgers:
  - name: payments
    table: payments
    columns: {payment_id: a, amount_minor: b, currency: c, status: d, created_at: e, extra: {arn: f}}
    statuses: {charged: [captured]}
    regions:
      eu-west-1: {dsn: "postgres://ro@one:5432/pay"}
      eu-west-2: {dsn: "postgres://ro@two:5432/pay"}
settlement:
  - name: visa
    ledger: payments
    format: ipm
    path: v*
`

func TestCheckRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ rules, want string }{
		"good":          {"    rules: {tiers: [{name: a, key: [arn]}, {name: b, key: [\"idempotency_key:payment_id\"]}], tolerance: {GBP: 1}}\n", ""},
		"line field":    {"    rules: {tiers: [{name: a, key: [\"reference:nope\"]}]}\n", `15:31: settlement.visa.rules.tiers.a.key: tier "a": ledger field "reference" and line field "nope": lines have`},
		"ledger field":  {"    rules: {tiers: [{name: a, key: [\"nope:reference\"]}]}\n", "15:31: settlement.visa.rules.tiers.a.key: the ledger has no field nope: it has payment_id,"},
		"empty field":   {"    rules: {tiers: [{name: a, key: [\":reference\"]}]}\n", `15:31: settlement.visa.rules.tiers.a.key: tier "a"`},
		"currency":      {"    rules: {tolerance: {gbp: 1}}\n", "15:25: settlement.visa.rules.tolerance.gbp: not a currency: write its ISO 4217 letters in upper case, such as GBP"},
		"fee currency":  {"    rules: {fees: [{name: f, currencies: [XQQ], basis_points: \"1\"}]}\n", "15:30: settlement.visa.rules.fees.f.currencies: not a currency"},
		"fixed":         {"    rules: {fees: [{name: f, fixed: {EURO: 1}}]}\n", "15:38: settlement.visa.rules.fees.f.fixed.EURO: not a currency"},
		"many digits":   {"    rules: {fees: [{name: f, basis_points: \"0.0000000000000000000001\"}]}\n", `15:20: settlement.visa.rules.fees.f: fee rule "f": basis points`},
		"days and like": {"    expect_business_days: 4\n    rules: {like: mastercard}\n", "11:5: settlement.visa.missing_business_days: must not be less than expect_business_days"},
		"name taken":    {"    rules: {fees: [{name: net, basis_points: \"1\"}]}\n", `15:20: settlement.visa.rules.fees.net: fee rule 1: name "net" is empty or taken`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := checkRules(loadText(t, ruled+c.rules))
			switch {
			case c.want == "":
				if err != nil {
					t.Errorf("got %v", err)
				}
			case err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n"):
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestRulesLikeANetwork(t *testing.T) {
	t.Parallel()
	rules := func(more string) reconcile.Rules {
		cfg := loadText(t, ruled+more)
		return matchRules(cfg.Settlement[0], cfg.Ledgers[0])
	}
	r := rules("    rules: {like: stripe}\n")
	if r.ExpectBusinessDays != 3 || r.MissingBusinessDays != 5 || !r.WrongPeriod || !r.FX.Check || r.FX.Minor != 1 || r.Calendar.Zone != nil {
		t.Errorf("like stripe is %+v", r)
	}
	r = rules("    missing_business_days: 2\n    expect_business_days: 1\n    rules: {like: amex, wrong_period: false, fx: {check: false}}\n")
	if r.ExpectBusinessDays != 1 || r.MissingBusinessDays != 2 || r.WrongPeriod || r.FX.Check || r.Calendar.Zone == nil {
		t.Errorf("what is given is replaced: %+v", r)
	}
	r = rules("")
	if r.ExpectBusinessDays != 1 || r.MissingBusinessDays != 2 || r.WrongPeriod || r.FX.Check || r.Calendar.Zone != nil {
		t.Errorf("without like: %+v", r)
	}
}

func TestWrongRulesAreAGap(t *testing.T) {
	t.Parallel()
	gap, wrong := wrongRules("visa", reconcile.Rules{Tolerances: map[string]int64{"GBP": -1}}, audit.Window{})
	if !wrong || gap.Reason != "the rules cannot be applied: tolerance of GBP is negative" || gap.Remedy == "" {
		t.Errorf("got %+v, %v", gap, wrong)
	}
	good := reconcile.Defaults("visa")
	good.Exponent = exponent
	if _, wrong := wrongRules("visa", good, audit.Window{}); wrong {
		t.Error("good rules are a gap")
	}
}
