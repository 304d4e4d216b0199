package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestSecretPrintsNowhere(t *testing.T) {
	t.Parallel()
	const password = "hunter2-hunter2"
	text := strings.Replace(minimal, "ro@one", "ro:"+password+"@one", 1) + "store: {dsn: \"host=h user=u\", password_env: DB}\n"
	cfg, _ := mustLoad(t, text, "DB="+password)
	if got := cfg.Store.Password.Reveal(); got != password {
		t.Fatalf("password_env gives %q", got)
	}
	if got := cfg.Ledgers[0].Regions["eu-west-1"].DSN.Reveal(); !strings.Contains(got, password) {
		t.Fatalf("the dsn lost its password: %q", got)
	}
	shown, err := yaml.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(cfg.Store.Password)
	if err != nil {
		t.Fatal(err)
	}
	type private struct{ password Secret } // fmt can't call the methods of an unexported field
	hex := fmt.Sprintf("%x", password)
	for what, text := range map[string]string{
		"all of it as YAML": string(shown), "JSON": string(asJSON), "YAML": string(asYAML),
		"%v": fmt.Sprintf("%v", cfg), "%+v": fmt.Sprintf("%+v", *cfg), "%#v": fmt.Sprintf("%#v", *cfg),
		"%s": fmt.Sprintf("%s", cfg.Store.Password), "%q": fmt.Sprintf("%q", cfg.Store.DSN), "%x": fmt.Sprintf("%x", cfg.Store.Password),
		"unexported": fmt.Sprintf("%+v %#v", private{cfg.Store.Password}, private{cfg.Store.Password}),
		"ledgers":    fmt.Sprintf("%v %#v", cfg.Ledgers, cfg.Ledgers),
	} {
		if strings.Contains(text, password) || strings.Contains(text, hex) {
			t.Errorf("%s shows the password", what)
		}
	}
	if !strings.Contains(string(shown), "postgres://ro:***@one:5432/pay") {
		t.Errorf("the address is not shown without its password:\n%s", shown)
	}
}

func TestDSNHidesItsPassword(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"postgres://u:p%40s@h:5432/d?sslmode=disable": "postgres://u:***@h:5432/d?sslmode=disable",
		"postgres://u@h/d":                            "postgres://u@h/d",
		"postgres://u@h/d?password=abc":               "postgres://u@h/d?password=***",
		"postgres://u@h/d?sslpassword=abc":            "postgres://u@h/d?sslpassword=***",
		"host=h user=u password=abc dbname=d":         "host=h user=u password=*** dbname=d",
		"host=h password = 'a b\\'c' dbname=d":        "host=h password = *** dbname=d",
		"postgres://u:p:%zz@h":                        "***",
		"":                                            "",
	} {
		if got := NewDSN(text).String(); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

func TestBadDSNShowsNothing(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{"postgres://u:hunter2:x@h:notaport/d", "postgres://u:hunter2%zz@h/d", "hunter2", "password=hunter2 port=x"} {
		text := strings.Replace(minimal, "postgres://ro@one:5432/pay", dsn, 1)
		wantErrors(t, text, nil, "p.yaml:8:24: ledgers.payments.regions.eu-west-1.dsn: not a PostgreSQL address: write postgres://user@host:5432/database, with %-escapes for special characters")
	}
	// A line that can't be parsed is not repeated either.
	_, err := parse("p.yaml", []byte("store: {dsn: \"postgres://u:hunter2@h/d\"\nregions: [a]\n"), nil)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestPasswordSources(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _ := mustLoad(t, minimal+"store: {dsn: \"host=h\", password_file: \""+file+"\"}\n")
	if got := cfg.Store.Password.Reveal(); got != "from-file" {
		t.Errorf("password_file gives %q", got)
	}
	for _, c := range []struct{ store, want string }{
		{"{dsn: \"host=h\", password_env: NOPE}", "p.yaml:10:24: store.password_env: environment variable NOPE is not set"},
		{"{dsn: \"host=h\", password_file: /no/such/file}", "p.yaml:10:24: store.password_file: open /no/such/file: no such file or directory"},
		{"{dsn: \"host=h\", rds_iam: true}", "p.yaml:10:24: store.rds_iam: an RDS IAM token needs the region of the server: set region beside it"},
		{"{dsn: \"host=h\", rds_iam: true, region: eu-west-1, password_env: X}", "p.yaml:10:1: store: the password comes from password_env and rds_iam: keep one of them"},
		{"{dsn: \"postgres://u:p@h/d\", password_env: X}", "p.yaml:10:1: store: the password comes from dsn and password_env: keep one of them"},
		{"{password_env: X}", "p.yaml:10:1: store: password_env needs a dsn beside it"},
	} {
		wantErrors(t, minimal+"store: "+c.store+"\n", []string{"X=1"}, c.want)
	}
}

func TestVariablesOverrideSettings(t *testing.T) {
	t.Parallel()
	cfg, dir := mustLoad(t, string(Example()),
		"PARALLAX_DATA_DIR=data", "PARALLAX_STORE_DSN=postgres://u@h/d", "PARALLAX_STORE_PASSWORD_ENV=PARALLAX_STORE_PASSWORD",
		"PARALLAX_STORE_PASSWORD=s3", "PARALLAX_LOG_LEVEL=debug", "PARALLAX_REGIONS=eu-west-1, eu-west-2,eu-west-3",
		"PARALLAX_LEDGERS_PAYMENTS_REGIONS_EU_WEST_1_DSN=postgres://x@y/z", "PARALLAX_LEDGERS_PAYMENTS_SNAPSHOT_DSN=postgres://x@old/z",
		"PARALLAX_LEDGERS_PAYMENTS_SNAPSHOT_REGION=eu-west-1", "PARALLAX_TABLES_IDEMPOTENCY_KEYS_SETTLE=20m",
		"PARALLAX_SCHEDULES_LWW=9 * * * *", "PARALLAX_AWS_ENDPOINTS_EU_WEST_3_S3=http://127.0.0.1:9", "PARALLAX_AWS_RETRIES=7",
		"PARALLAX_RECEIPTS_RECEIPTS_KEY_PATTERN=receipts/[0-9/]+/(?P<payment_id>.+)[.]json", "PARALLAX_SETTLEMENT_VISA_DELIVER_BY=07:30", "UNRELATED=1")
	got := fmt.Sprintln(cfg.DataDir == filepath.Join(dir, "data"), cfg.Store.DSN, cfg.Store.Password.Reveal(), cfg.Log.Level, cfg.Regions,
		cfg.Ledgers[0].Regions["eu-west-1"].DSN, cfg.Ledgers[0].Regions["eu-west-1"].RDSIAM, cfg.Ledgers[0].Snapshot.DSN, cfg.Tables[0].Settle,
		cfg.Schedules["lww"], cfg.AWS.Endpoints["eu-west-3"].S3, len(cfg.AWS.Endpoints), cfg.AWS.Retries, cfg.Receipts[0].Pattern(), cfg.Settlement[1].DeliverBy)
	const want = "true postgres://u@h/d s3 debug [eu-west-1 eu-west-2 eu-west-3] postgres://x@y/z true postgres://x@old/z 20m0s 9 * * * * " +
		"http://127.0.0.1:9 1 7 receipts/[0-9/]+/(?P<payment_id>.+)[.]json 07:30"
	if strings.TrimSpace(got) != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}

// Passwords of further snapshots come from where those of the first do, and a variable finds each by its number.
func TestFurtherSnapshots(t *testing.T) {
	t.Parallel()
	text := strings.Replace(minimal, "    regions:", "    snapshots: [{dsn: \"host=a dbname=p\", region: eu-west-1, password_env: OLD}, {dsn: \"host=b dbname=p\", region: eu-west-2}]\n    regions:", 1)
	cfg, _ := mustLoad(t, text, "OLD=s3cret", "PARALLAX_LEDGERS_PAYMENTS_SNAPSHOTS_1_DSN=host=c dbname=p")
	restored := cfg.Ledgers[0].Restored()
	if len(restored) != 2 || restored[0].Password.Reveal() != "s3cret" || restored[1].DSN.String() != "host=c dbname=p" {
		t.Errorf("restored: %v", restored)
	}
	wantErrors(t, strings.Replace(text, "region: eu-west-2}]", "region: eu-west-2, rds_iam: true, password_env: OLD}]", 1), []string{"OLD=1"},
		"p.yaml:7:81: ledgers.payments.snapshots.1: the password comes from password_env and rds_iam: keep one of them")
}

func TestBadVariables(t *testing.T) {
	t.Parallel()
	wantErrors(t, minimal, []string{"PARALLAX_STORE_DNS=x", "PARALLAX_AWS_TIMEOUT=soon", "PARALLAX_LIMITS_PAGE_ROWS=x", "PARALLAX_AWS_S3_PATH_STYLE=x", "PARALLAX_XYZZYXYZZYXYZZYXYZZY=1"},
		"environment variable PARALLAX_AWS_S3_PATH_STYLE: aws.s3_path_style: want true or false",
		"environment variable PARALLAX_AWS_TIMEOUT: aws.timeout: want a duration such as 30s, 15m or 72h",
		"environment variable PARALLAX_LIMITS_PAGE_ROWS: limits.page_rows: want a whole number",
		"environment variable PARALLAX_STORE_DNS: unknown setting, did you mean PARALLAX_STORE_DSN?",
		"environment variable PARALLAX_XYZZYXYZZYXYZZYXYZZY: unknown setting")
	wantErrors(t, minimal+"tables: [{name: a-b}, {name: a_b}]\n", []string{"PARALLAX_TABLES_A_B_SETTLE=1m"},
		"environment variable PARALLAX_TABLES_A_B_SETTLE: stands for both tables.a-b.settle and tables.a_b.settle: set them in the file")
}
