package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// load writes the text to a file of its own and loads it.
func load(t *testing.T, text string, env ...string) (*Config, string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "parallax.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := Load(path, env)
	return cfg, filepath.Dir(path), err
}

func mustLoad(t *testing.T, text string, env ...string) (*Config, string) {
	t.Helper()
	cfg, dir, err := load(t, text, env...)
	if err != nil {
		t.Fatal(err)
	}
	return cfg, dir
}

func TestExampleLoads(t *testing.T) {
	t.Parallel()
	cfg, dir := mustLoad(t, string(Example()))
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"data_dir", cfg.DataDir, filepath.Join(dir, ".parallax")},
		{"archive.dir", cfg.Archive.Dir, filepath.Join(dir, ".parallax", "archive")},
		{"settlement path", cfg.Settlement[1].Path, filepath.Join(dir, "settlement/acquirer-visa-*.csv")},
		{"deliver_by", cfg.Settlement[0].DeliverBy.Duration(), 6 * time.Hour},
		{"deliver_by by default", cfg.Settlement[1].DeliverBy.String(), "06:00"},
		{"ledger region", string(cfg.Ledgers[0].Regions["eu-west-2"].Region), "eu-west-2"},
		{"key pattern", cfg.Receipts[0].Pattern().FindStringSubmatch("receipts/2026/11/18/pay_1.json")[1], "pay_1"},
		{"schedule", cfg.Schedules["lww"], "5 * * * *"},
		{"path", cfg.Path, filepath.Join(dir, "parallax.yaml")},
		{"store dsn", cfg.Store.DSN.Set(), false},
	} {
		if c.got != c.want {
			t.Errorf("%s = %v, want %v", c.what, c.got, c.want)
		}
	}
}

func TestTableDefaults(t *testing.T) {
	t.Parallel()
	cfg, _ := mustLoad(t, minimal+"tables: [{name: a}, {name: b, clock: 0s, scan: {after_gap: false}}]\narchive: {s3: s3://keep/a/b/}\n")
	a, b := cfg.Tables[0], cfg.Tables[1]
	if !a.Scan.AfterGap || a.Scan.ReadUnits != 100 || a.Clock != time.Second || b.Scan.AfterGap || b.Scan.ReadUnits != 100 || b.Clock != 0 {
		t.Errorf("%+v\n%+v", a, b)
	}
	if bucket, prefix, err := cfg.Archive.Bucket(); bucket != "keep" || prefix != "a/b" || err != nil {
		t.Errorf("%q %q %v", bucket, prefix, err)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	cfg, _ := mustLoad(t, minimal+"tables: [{name: a}]\nschedules: {lww: \"1 * * * *\"}\n")
	got := fmt.Sprintln(cfg.Tables[0].Settle, cfg.Ledgers[0].Margin, cfg.Ledgers[0].Compare, cfg.AWS.Timeout, cfg.AWS.Retries,
		cfg.Limits, cfg.Log, cfg.Objectives, cfg.Topology.SnapshotAlarm, cfg.Schedules["lww"], cfg.Schedules["capture"])
	const want = "15m0s 30s [amount_minor currency status] 30s 3 {30s 10000 512 10000} {info console} {0s 1m0s {5s 1s 15m0s}} 72h0m0s 1 * * * * */10 * * * *"
	if strings.TrimSpace(got) != want {
		t.Errorf("defaults are\n%s, want\n%s", got, want)
	}
}

func TestMissingFile(t *testing.T) {
	t.Parallel()
	_, err := Load(filepath.Join(t.TempDir(), "no.yaml"), nil)
	if err == nil || !strings.HasSuffix(err.Error(), "no.yaml does not exist: write one with `parallax config example > parallax.yaml`") {
		t.Errorf("got %v", err)
	}
}

func TestWrittenOutItLoadsAgain(t *testing.T) {
	t.Parallel()
	cfg, _ := mustLoad(t, string(Example()))
	text, err := yaml.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := mustLoad(t, string(text))
	second, err := yaml.Marshal(again)
	if err != nil || string(second) != string(text) {
		t.Errorf("the configuration shown differs from itself read again: %v\n%s\n%s", err, text, second)
	}
}

func TestAliasesAndVariables(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer(
		"{payment_id: a", "&c {payment_id: \"$${x}\"", "table: payments", "table: ${SCHEMA}.${TABLE}",
	).Replace(minimal) + "limits: {page_rows: \"${ROWS}\"}\naws: {timeout: \"${N}s\", s3_path_style: \"${STYLE}\"}\n" +
		"tables: [{name: &n keys, financial: [*n]}]\n"
	cfg, _ := mustLoad(t, text, "SCHEMA=public", "TABLE=pay", "ROWS=5", "N=9", "STYLE=true")
	got := fmt.Sprintln(cfg.Ledgers[0].Table, cfg.Ledgers[0].Columns.PaymentID, cfg.Limits.PageRows, cfg.AWS.Timeout, cfg.AWS.S3PathStyle, cfg.Tables[0].Financial)
	if want := "public.pay ${x} 5 9s true [keys]"; strings.TrimSpace(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	wantErrors(t, minimal+"data_dir: /a/${NO_SUCH}\n", nil, "p.yaml:10:11: data_dir: environment variable NO_SUCH is not set")
	wantErrors(t, minimal+"data_dir: /a/${}\n", nil, "p.yaml:10:11: data_dir: ${...} needs the name of an environment variable; write $${ for the characters themselves")
}

func TestSchema(t *testing.T) {
	t.Parallel()
	var s struct {
		Properties map[string]struct {
			Description string
			Type        string
			Properties  map[string]struct {
				Description, Pattern string
				Default              any
				Enum                 []string
			}
		}
		AdditionalProperties *bool
	}
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	if s.AdditionalProperties == nil || *s.AdditionalProperties || len(s.Properties) != 19 {
		t.Errorf("the schema allows unknown keys or has %d properties, not 19", len(s.Properties))
	}
	for name, p := range s.Properties {
		if p.Description == "" || p.Type == "" {
			t.Errorf("%s has no description or no type", name)
		}
	}
	if d := s.Properties["aws"].Properties["timeout"]; d.Default != "30s" || d.Pattern != durationPattern {
		t.Errorf("aws.timeout is %+v", d)
	}
	if d := s.Properties["limits"].Properties["page_rows"]; d.Default != 10000.0 {
		t.Errorf("limits.page_rows is %+v", d)
	}
	if d := s.Properties["log"].Properties["level"]; fmt.Sprint(d.Enum) != "[debug info warn error]" {
		t.Errorf("log.level is %+v", d)
	}
}

// TestEverySettingIsDescribed keeps a setting from being added without a word on what it is.
func TestEverySettingIsDescribed(t *testing.T) {
	t.Parallel()
	var s any
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	described := 0
	var walk func(key string, v any)
	walk = func(key string, v any) {
		m, ok := v.(map[string]any)
		if !ok {
			return
		}
		if properties, ok := m["properties"].(map[string]any); ok {
			for name, p := range properties {
				one, _ := p.(map[string]any)
				if text, _ := one["description"].(string); !strings.HasSuffix(text, ".") {
					t.Errorf("%s.%s has no description that is a sentence: %q", key, name, text)
				}
				described++
				walk(key+"."+name, p)
			}
		}
		walk(key+"[]", m["items"])
		walk(key+"{}", m["additionalProperties"])
	}
	walk("", s)
	if described < 100 {
		t.Errorf("only %d settings found", described)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(minimal)
	f.Add(string(Example()))
	f.Add("a: &a [*a]\nb: *a\n")
	f.Add("regions: ${HOME}\nstore: {dsn: \"postgres://u:p@h/d\"}\n<<: *x\n")
	f.Add("? [a]\n: {b: |\n  c}\n--- !!x\n'")
	f.Fuzz(func(t *testing.T, text string) {
		cfg, err := parse("p.yaml", []byte(text), []string{"HOME=/", "PARALLAX_LOG_LEVEL=info"})
		if (cfg == nil) == (err == nil) {
			t.Fatalf("got %v and %v: want a configuration or an error", cfg, err)
		}
		if err == nil {
			if _, err := yaml.Marshal(cfg); err != nil {
				t.Fatal(err)
			}
		}
	})
}
