package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/lab/health"
	"parallax/internal/record"
	"parallax/sources/incident"
)

// signs is an application that knows two health checks and an incident file, and nothing else.
func signs(t *testing.T, notes string) (*App, *health.Server) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "lab", "AWS_SECRET_ACCESS_KEY": "lab", "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	server := health.New(health.Options{Clock: func() time.Time { return minute(600) }})
	url, stop, err := server.Serve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	path := filepath.Join(t.TempDir(), "incident.yaml")
	if err := os.WriteFile(path, []byte(notes), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := &config.Config{
		AWS: config.AWS{Timeout: 10 * time.Second, Retries: 1, Endpoints: map[audit.Region]config.Endpoints{"us-east-1": {Route53: url, CloudWatch: url}}},
		Topology: config.Topology{GlobalCluster: "global", Incident: path, HealthChecks: []config.HealthCheck{
			{ID: "check-1", Region: dublin, Name: "dublin-api"}, {ID: "check-2", Region: london},
		}},
	}
	clients, err := newClients(t.Context(), cfg, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	return &App{cfg: cfg, aws: clients, progress: func(string, int64, int64) {}}, server
}

func TestReadSigns(t *testing.T) {
	a, server := signs(t, "- {at: "+minute(7).Format(time.RFC3339)+", note: we promote London}\n- {at: "+minute(90).Format(time.RFC3339)+", note: too late}\n")
	for _, id := range []string{"check-1", "check-2"} {
		server.Add(id, minute(-600))
	}
	server.Set("check-1", minute(5), false)
	server.Set("check-1", minute(20), true)
	events, coverage, err := a.readSigns(t.Context(), task{window: minutes(0, 60), asOf: minute(600)})
	if err != nil {
		t.Fatal(err)
	}
	count := map[record.EventType]int{}
	for _, e := range events {
		count[e.Type]++
	}
	if count[record.HealthFailed] != 1 || count[record.HealthRecovered] != 1 || count[record.IncidentNote] != 1 || len(coverage) != 3 {
		t.Errorf("events %+v, %d lines of coverage", events, len(coverage))
	}
	for _, c := range coverage {
		if !c.Complete() || c.Scope != "global" || len(c.Extents) == 0 {
			t.Errorf("coverage %+v", c)
		}
	}
	if coverage[1].Source != "health check check-2" || coverage[2].Excluded[0].Records != 1 {
		t.Errorf("coverage %+v", coverage)
	}
}

func TestSignsThatCannotBeReadAreGaps(t *testing.T) {
	a, server := signs(t, "- {at: 2026-11-18T14:07, note: we promote London}\n")
	server.Add("check-1", minute(-600)) // the other is unknown
	events, coverage, err := a.readSigns(t.Context(), task{window: minutes(0, 60), asOf: minute(600)})
	if err != nil || len(events) > 0 || len(coverage) != 3 {
		t.Fatalf("events %+v, coverage %+v, %v", events, coverage, err)
	}
	for i, want := range []string{"", "NoSuchHealthCheck", "incident.yaml:1: at has no zone"} {
		c := coverage[i]
		if (want == "") != c.Complete() || want != "" && (!strings.Contains(c.Gaps[0].Reason, want) || c.Gaps[0].Remedy == "") {
			t.Errorf("%s: gaps %+v, want %q", c.Source, c.Gaps, want)
		}
	}
	if _, err := incident.Read(a.cfg.Topology.Incident); err == nil || strings.Contains(coverage[2].Gaps[0].Reason, filepath.Dir(a.cfg.Topology.Incident)) {
		t.Errorf("the gap shows the folder: %q", coverage[2].Gaps[0].Reason)
	}
}
