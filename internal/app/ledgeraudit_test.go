package app

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/lab/aurora"
	"parallax/internal/pgserver"
	"parallax/sinks/report"
)

// auditWorld is a ledger on a real pair of servers, and further databases that pose as its copies.
type auditWorld struct {
	*testing.T
	app    *App
	pair   *aurora.Pair
	others *pgserver.Server
	made   int
	asOf   time.Time // two hours after noon
}

// auditLab has what the worlds of several tests share, which takes long to make.
type auditLab struct {
	template *aurora.Template
	others   *pgserver.Server
}

func newAuditLab(t *testing.T) auditLab {
	t.Helper()
	template, err := aurora.NewTemplate(t.Context(), filepath.Join(t.TempDir(), "template"))
	if err != nil {
		t.Fatal(err)
	}
	others, err := pgserver.Open(t.Context(), pgserver.Options{Ephemeral: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = others.Close() })
	return auditLab{template, others}
}

// noon is defined with the tests of runs; a window of two hours begins with it.
func (lab auditLab) world(t *testing.T, skew map[string]time.Duration) *auditWorld {
	t.Helper()
	w := &auditWorld{T: t, others: lab.others, asOf: noon.Add(2 * time.Hour)}
	w.app, _ = bareAt(t)
	var err error
	w.pair, err = aurora.Start(t.Context(), aurora.Options{
		Dir: filepath.Join(worldFolder(t), "l"), Regions: [2]string{dublin, london}, Template: lab.template, Skew: skew,
	})
	w.must(err)
	t.Cleanup(func() { _ = w.pair.Close() })
	w.app.cfg = &config.Config{
		Regions: []audit.Region{dublin, london}, Topology: config.Topology{GlobalCluster: "payments"},
		Limits: config.Limits{StatementTimeout: 10 * time.Second, MaxFindings: 1000},
		Ledgers: []config.Ledger{{
			Name: "payments", Table: "payments", Compare: []string{"amount_minor", "currency", "status"}, Margin: 30 * time.Second, Pace: 100,
			Columns: config.Columns{
				ID: "id", PaymentID: "payment_id", AmountMinor: "amount_minor", Currency: "currency", Status: "status", OwnerRegion: "region",
				CreatedAt: "created_at", UpdatedAt: "updated_at", AuthCode: "auth_code",
			},
			Statuses: config.Statuses{Charged: []string{"captured", "refunded"}},
			Regions:  map[audit.Region]config.LedgerRegion{dublin: at(w.pair.DSN(dublin)), london: at(w.pair.DSN(london))},
		}},
	}
	w.app.aws = &clients{cfg: w.app.cfg}
	t.Cleanup(func() { _ = w.app.Close() })
	return w
}

func at(dsn string) config.LedgerRegion {
	return config.LedgerRegion{Connection: config.Connection{DSN: config.NewDSN(dsn)}}
}

func (w *auditWorld) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *auditWorld) ledger() *config.Ledger { return &w.app.cfg.Ledgers[0] }

// restored configures a database as the old primary of a region.
func (w *auditWorld) restored(region audit.Region, dsn string) {
	w.ledger().Snapshots = append(w.ledger().Snapshots, config.Connection{DSN: config.NewDSN(dsn), Region: region})
}

const payment = `insert into payments (payment_id, idempotency_key, region, amount_minor, currency, status, network, created_at, updated_at)
	values ($1, $1, $2, 1000, 'EUR', 'captured', 'visa', $3, $3)`

// pay writes payments name_0, name_1, ... on the writer, a second apart.
func (w *auditWorld) pay(name string, n int, from time.Time) {
	w.Helper()
	for i := range n {
		_, err := w.pair.Writer().Exec(w.Context(), payment, fmt.Sprintf("%s_%d", name, i), dublin, from.Add(time.Duration(i)*time.Second))
		w.must(err)
	}
}

func (w *auditWorld) writer(sql string, args ...any) {
	w.Helper()
	_, err := w.pair.Writer().Exec(w.Context(), sql, args...)
	w.must(err)
}

// failOver lets the writer die with what it wrote since the cut, promotes the other region and rebuilds the old one.
func (w *auditWorld) failOver() {
	w.Helper()
	w.must(w.pair.KillWriter())
	w.must(w.pair.Promote(w.Context()))
	w.must(w.pair.RestoreSnapshot(w.Context()))
	w.must(w.pair.Rebuild(w.Context()))
}

// promoted puts a failover into the history.
func (w *auditWorld) promoted(from, to audit.Region, at time.Time) {
	w.Helper()
	w.made++
	w.must(w.app.store.Commit(w.Context(), audit.Outcome{
		RunID: fmt.Sprintf("failover-%d", w.made), Job: "failover", Window: audit.Window{From: noon, To: w.asOf}, AsOf: w.asOf, Basis: "b",
		Coverage:  []audit.Coverage{{Source: "topology", Scope: "payments", Window: audit.Window{From: noon, To: w.asOf}}},
		Failovers: []audit.Failover{{Cluster: "payments", Key: fmt.Sprint(w.made), From: from, To: to, Seen: audit.SeenInEvents, At: at.Add(-time.Minute), Promoted: at}},
	}))
}

// run audits the two hours and wants the findings: "kind key" each.
func (w *auditWorld) run(verdict audit.RunVerdict, want ...string) report.Run {
	w.Helper()
	w.must(w.pair.WaitReplicated(w.Context()))
	return w.runNow(verdict, want...)
}

func (w *auditWorld) runNow(verdict audit.RunVerdict, want ...string) report.Run {
	w.Helper()
	result, err := w.app.Run(w.Context(), Request{Job: "ledger", From: noon, To: w.asOf, AsOf: w.asOf})
	w.must(err)
	run := result.Runs[0]
	var got []string
	for _, f := range run.Reported {
		got = append(got, string(f.Kind)+" "+f.Key)
	}
	slices.Sort(got)
	slices.Sort(want)
	if run.Verdict != verdict || !slices.Equal(got, want) {
		w.Errorf("%s with\n%s\nwant %s with\n%s\ngaps: %s", run.Verdict, strings.Join(got, "\n"), verdict, strings.Join(want, "\n"), gapsIn(run))
	}
	return run
}

func gapsIn(run report.Run) string {
	var all []string
	for _, c := range run.Coverage {
		for _, g := range c.Gaps {
			all = append(all, c.Source+" "+string(c.Region)+": "+g.Reason)
		}
	}
	return strings.Join(all, "\n")
}

func (w *auditWorld) gap(run report.Run, words string) {
	w.Helper()
	if !strings.Contains(gapsIn(run), words) {
		w.Errorf("no gap says %q:\n%s", words, gapsIn(run))
	}
}

func (w *auditWorld) finding(run report.Run, kind audit.Kind, key string) audit.Finding {
	w.Helper()
	for _, f := range run.Reported {
		if f.Kind == kind && f.Key == key {
			return f.Finding
		}
	}
	w.Errorf("no finding %s %s", kind, key)
	return audit.Finding{}
}
