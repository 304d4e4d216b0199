package app

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/lab/globaltable"
	"parallax/internal/lab/loopback"
	"parallax/sinks/report"
	"parallax/sinks/store"
)

const (
	dublin = "eu-west-1"
	london = "eu-west-2"
)

// tableWorld is a global table of keys in two regions, and an application that audits it with a store of its own.
type tableWorld struct {
	*testing.T
	app    *App
	keys   *globaltable.Cluster
	url    map[string]string // of DynamoDB in each region
	dir    string
	writes int
}

// settings are lines of the configuration in place of the world's own.
type settings struct {
	archive string // the keys of archive; a folder unless set
	scan    string // of the table; the default but a short pause
	limits  string
	table   string // more lines of the table
	s3      string // endpoint
	kinesis map[string]string
}

// newTableWorld opens a world at noon, whose replication takes two seconds. around, if set, stands before each region's
// DynamoDB.
func newTableWorld(t *testing.T, around func(region string, h http.Handler) http.Handler) *tableWorld {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	w := &tableWorld{T: t, app: bare(t), dir: t.TempDir(), url: map[string]string{}}
	w.keys = globaltable.New(globaltable.Options{
		Regions: []string{dublin, london}, Table: "keys", HashKey: "pk", Seed: 3, Start: noon, MinDelay: 2 * time.Second, MaxDelay: 2 * time.Second,
	})
	for _, region := range []string{dublin, london} {
		handler := w.keys.Handler(region)
		if around != nil {
			handler = around(region, handler)
		}
		url, stop, err := loopback.Serve(handler)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		w.url[region] = url
	}
	w.configure(settings{})
	return w
}

// configure writes a configuration and lets the application go on with it.
func (w *tableWorld) configure(s settings) {
	w.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "data_dir: data\nregions: [%s, %s]\naws:\n  timeout: 5s\n  retries: 1\n  s3_path_style: true\n  endpoints:\n", dublin, london)
	for _, region := range []string{dublin, london} {
		fmt.Fprintf(&text, "    %s: {dynamodb: %q, dynamodbstreams: %q", region, w.url[region], w.url[region])
		if s.s3 != "" {
			fmt.Fprintf(&text, ", s3: %q", s.s3)
		}
		if url := s.kinesis[region]; url != "" {
			fmt.Fprintf(&text, ", kinesis: %q", url)
		}
		text.WriteString("}\n")
	}
	scan := s.scan
	if scan == "" {
		scan = "pause: 20ms"
	}
	fmt.Fprintf(&text, `archive: {%s}
limits: {%s}
tables:
  - name: keys
    settle: 15m
    attributes: {write_id: write_id, version: version, origin: origin, written_at: written_at, payment_id: payment_id, amount_minor: amount_minor, currency: currency, status: status}
    financial: [amount_minor, currency, status, payment_id]
    scan: {%s}
%s`, s.archive, s.limits, scan, s.table)
	path := filepath.Join(w.dir, "parallax.yaml")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		w.Fatal(err)
	}
	cfg, err := config.Load(path, nil)
	if err != nil {
		w.Fatalf("%v\n%s", err, text.String())
	}
	w.app.cfg = cfg
	if w.app.aws, err = newClients(w.Context(), cfg, zap.NewNop()); err != nil {
		w.Fatal(err)
	}
}

// write sets a key in a region as the payments service does: with a write id, the version after the one it sees, where,
// when and the new status.
func (w *tableWorld) write(region string, at time.Time, key, status string) {
	w.Helper()
	w.keys.Advance(at)
	w.writes++
	held, _ := w.keys.Get(region, key)
	version, _ := strconv.Atoi(held["version"].Text) // zero where there is none
	text := func(s string) globaltable.Value { return globaltable.Value{Type: "S", Text: s} }
	err := w.keys.Update(region, at, key, globaltable.Item{
		"write_id": text(fmt.Sprintf("w-%d", w.writes)), "version": {Type: "N", Text: strconv.Itoa(version + 1)}, "origin": text(region),
		"written_at": text(at.Format(time.RFC3339)), "payment_id": text("pay-" + key), "amount_minor": {Type: "N", Text: "1250"},
		"currency": text("EUR"), "status": text(status),
	}, globaltable.Condition{})
	if err != nil {
		w.Fatal(err)
	}
}

// remove deletes a key in a region.
func (w *tableWorld) remove(region string, at time.Time, key string) {
	w.Helper()
	if err := w.keys.Delete(region, at, key, globaltable.Condition{}); err != nil {
		w.Fatal(err)
	}
}

// quiet accepts a key in Dublin and captures it a minute later.
func (w *tableWorld) quiet(at time.Time, key string) {
	w.Helper()
	w.write(dublin, at, key, "accepted")
	w.write(dublin, at.Add(time.Minute), key, "captured")
}

// lose accepts a key and lets both regions write it a minute later, a second apart: Dublin's write is lost.
func (w *tableWorld) lose(at time.Time, key string) {
	w.Helper()
	w.write(dublin, at, key, "accepted")
	w.write(dublin, at.Add(time.Minute), key, "refunded")
	w.write(london, at.Add(time.Minute+time.Second), key, "disputed")
}

// try runs a job over a window and speaks for a moment, to which the world moves on.
func (w *tableWorld) try(job string, window audit.Window, asOf time.Time) (report.Run, error) {
	w.Helper()
	w.keys.Advance(asOf)
	result, err := w.app.Run(w.Context(), Request{Job: job, AsOf: asOf, From: window.From, To: window.To})
	if err != nil {
		return report.Run{}, err
	}
	return result.Runs[0], nil
}

// run is try where nothing may fail.
func (w *tableWorld) run(job string, window audit.Window, asOf time.Time) report.Run {
	w.Helper()
	run, err := w.try(job, window, asOf)
	if err != nil {
		w.Fatal(err)
	}
	return run
}

// capture captures both streams up to a moment.
func (w *tableWorld) capture(asOf time.Time) report.Run {
	w.Helper()
	return w.run("capture", audit.Window{From: asOf.Add(-time.Minute), To: asOf}, asOf)
}

// living are the findings of the lww job that stand open, as "kind key verdict", in order.
func (w *tableWorld) living() []string {
	w.Helper()
	return w.found(audit.Expected, audit.Overdue, audit.Open)
}

func (w *tableWorld) found(status ...audit.Status) []string {
	w.Helper()
	all, _, err := w.app.store.Findings(w.Context(), store.Filter{Jobs: []string{"lww"}, Status: status})
	if err != nil {
		w.Fatal(err)
	}
	return said(all)
}

// said are findings as "kind key verdict", in order.
func said(findings []audit.StoredFinding) []string {
	out := []string{}
	for _, f := range findings {
		out = append(out, fmt.Sprintf("%s %s %s", f.Kind, f.Key, f.Verdict))
	}
	slices.Sort(out)
	return out
}

// wantFindings compares what is said with what should be.
func (w *tableWorld) wantFindings(what string, got []string, want ...string) {
	w.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// wantVerdict compares how a run ended, and shows its gaps where it ended otherwise.
func (w *tableWorld) wantVerdict(run report.Run, want audit.RunVerdict) {
	w.Helper()
	if run.Verdict != want {
		w.Errorf("%s over %s ended %s, want %s; gaps %q", run.Job, run.Window, run.Verdict, want, gapsOf(run, ""))
	}
}

// wantGap wants a gap of a source whose reason and remedy together hold all the words.
func (w *tableWorld) wantGap(run report.Run, source string, words ...string) {
	w.Helper()
	gaps := gapsOf(run, source)
	for _, g := range gaps {
		if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(g, word) }) {
			return
		}
	}
	w.Errorf("%s has no gap of %s with %q, only %q", run.Job, source, words, gaps)
}

// gapsOf are the gaps of a source ("": of all) as "reason; remedy".
func gapsOf(run report.Run, source string) []string {
	var out []string
	for _, line := range linesOf(run, source) {
		for _, g := range line.Gaps {
			out = append(out, g.Reason+"; "+g.Remedy)
		}
	}
	return out
}

// linesOf are the lines of a certificate about a source, "" for all.
func linesOf(run report.Run, source string) []audit.Coverage {
	var out []audit.Coverage
	for _, line := range run.Coverage {
		if source == "" || line.Source == source {
			out = append(out, line)
		}
	}
	return out
}

// minute is a time of the world's day: so many minutes past noon.
func minute(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }

// The world is what its tests take it for: a quiet hour is clean, a lost write is found and proven.
func TestTableWorld(t *testing.T) {
	w := newTableWorld(t, nil)
	w.capture(minute(1))
	w.quiet(minute(10), "quiet")
	w.capture(minute(59))
	w.wantVerdict(w.run("lww", minutes(5, 40), minute(59)), audit.RunClean)
	w.lose(minute(70), "lost")
	w.capture(minute(119))
	run := w.run("lww", minutes(60, 100), minute(119))
	w.wantVerdict(run, audit.RunFindings)
	w.wantFindings("found", said(run.Reported), "lww.lost_write lost proven")
}

// segments are the names of the segments that the manifest names.
func (w *tableWorld) segments() []string {
	w.Helper()
	all, err := w.app.store.Segments(w.Context(), "keys", audit.Window{From: noon.AddDate(-1, 0, 0), To: noon.AddDate(1, 0, 0)})
	if err != nil {
		w.Fatal(err)
	}
	names := []string{}
	for _, s := range all {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return names
}

// files are the names of the files in the archive's folder.
func (w *tableWorld) files() []string {
	w.Helper()
	names := []string{}
	for file, err := range w.app.place().List(w.Context(), "") {
		if err != nil {
			w.Fatal(err)
		}
		names = append(names, file.Name)
	}
	slices.Sort(names)
	return names
}

// wantNothingCommitted wants a store that no run has written to.
func (w *tableWorld) wantNothingCommitted() {
	w.Helper()
	runs, err := w.app.store.LastRuns(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	cursors, err := w.app.store.Cursors(w.Context(), "capture")
	if err != nil {
		w.Fatal(err)
	}
	if segments := w.segments(); len(runs)+len(cursors)+len(segments) > 0 {
		w.Errorf("committed: %d runs, %d cursors, segments %q", len(runs), len(cursors), segments)
	}
}
