package drill

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"parallax/internal/lab/aurora"
	"parallax/internal/lab/rdsapi"
)

// The regions, and the name of the global cluster. Dublin writes first.
const (
	Dublin = "eu-west-1"
	London = "eu-west-2"
	Global = "payments-global"
)

// Margin is the ledger's margin in the configuration: younger rows are in flight.
const Margin = 30 * time.Second

// opening is when the drill's day begins: a Wednesday afternoon.
var opening = time.Date(2026, 11, 18, 13, 0, 0, 0, time.UTC)

// Options say where a drill is played.
type Options struct {
	Dir      string
	Template *aurora.Template                                           // may be nil
	Observe  func(ctx context.Context, stage Stage, at time.Time) error // called while the drill stands still; may be nil
}

// Stage is a moment of a drill at which somebody may look at it.
type Stage string

// The stages. At the first nothing has happened yet; at the second, of drills with a split brain, both regions take writes.
const (
	Before Stage = "before"
	Both   Stage = "both take writes"
)

// World is one drill: two regions, the RDS API, and what is true of them.
type World struct {
	Scenario Scenario
	Pair     *aurora.Pair
	RDS      *rdsapi.Server
	Truth    Truth
	From     time.Time // window in which everything happens
	AsOf     time.Time // its end, and the moment to audit for

	options   Options
	traffic   chance
	moves     chance
	endpoints map[string]string // of RDS, by region
	closers   []func() error
	hand      hand      // of the present writer
	at        time.Time // true time of the newest write
	paid      int       // payments so far
	old       []old     // primaries that a failover left behind
	reader    table     // what the standby has replayed, where it stands still; else nil

	mu  sync.Mutex
	now time.Time // the lab's present
}

// old is a primary that a failover left behind, with what it holds.
type old struct {
	role     string // of its restored snapshot
	region   string
	rows     table
	promoted time.Time
}

// Open starts the servers of a scenario; nothing has been written yet.
func Open(ctx context.Context, s Scenario, o Options) (w *World, err error) {
	w = &World{
		Scenario: s, options: o, traffic: newChance(s.Seed, 2), moves: newChance(s.Seed, 3),
		endpoints: map[string]string{}, From: opening, now: opening, at: opening.Add(time.Minute),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
			w = nil
		}
	}()
	w.RDS = rdsapi.New(rdsapi.Options{
		Global: Global, Clusters: map[string]string{Dublin: cluster(Dublin), London: cluster(London)}, Writer: Dublin, Clock: w.present,
	})
	for _, region := range []string{Dublin, London} {
		url, stop, err := w.RDS.Serve(region)
		if err != nil {
			return w, err
		}
		w.endpoints[region] = url
		w.closers = append(w.closers, func() error { stop(); return nil })
	}
	w.Pair, err = aurora.Start(ctx, aurora.Options{
		Dir: filepath.Join(o.Dir, "pair"), Regions: [2]string{Dublin, London}, Template: o.Template,
		Skew: map[string]time.Duration{London: s.Skew},
	})
	if err != nil {
		return w, err
	}
	w.closers = append(w.closers, w.Pair.Close)
	w.hand = hand{db: w.Pair.Writer(), region: Dublin, rows: table{}, log: &log{}}
	return w, nil
}

// Close stops every server. Their data stays.
func (w *World) Close() error {
	var err error
	for _, closer := range slices.Backward(w.closers) {
		err = errors.Join(err, closer())
	}
	w.closers = nil
	return err
}

func cluster(region string) string { return "payments-" + region }

func (w *World) present() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *World) setPresent(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = t
}

func (w *World) observe(ctx context.Context, stage Stage) error {
	w.setPresent(w.at)
	if w.options.Observe == nil {
		return nil
	}
	if err := w.options.Observe(ctx, stage, w.at); err != nil {
		return fmt.Errorf("observe the drill %q: %w", stage, err)
	}
	return nil
}

// Config is a configuration of this world as it stands: a ledger in two regions, the snapshots that are restored, and the
// topology.
func (w *World) Config(dataDir, storeDSN string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "data_dir: %q\nstore: {dsn: %q}\nregions: [%s, %s]\naws:\n  timeout: 5s\n  retries: 2\n  endpoints:\n", dataDir, storeDSN, Dublin, London)
	for _, region := range []string{Dublin, London} {
		fmt.Fprintf(&b, "    %s: {rds: %q}\n", region, w.endpoints[region])
	}
	fmt.Fprintf(&b, `ledgers:
  - name: payments
    table: payments
    columns: {id: id, payment_id: payment_id, idempotency_key: idempotency_key, amount_minor: amount_minor, currency: currency, status: status, network: network, network_reference: network_reference, rrn: rrn, auth_code: auth_code, owner_region: region, created_at: created_at, updated_at: updated_at}
    statuses: {charged: [captured, refunded, disputed], refused: [declined]}
    margin: %s
    pace: 100
    regions:
      %s: {dsn: %q}
      %s: {dsn: %q}
`, Margin, Dublin, w.Pair.DSN(Dublin), London, w.Pair.DSN(London))
	b.WriteString(w.snapshots())
	fmt.Fprintf(&b, "topology:\n  global_cluster: %s\n  clusters: {%s: %s, %s: %s}\nlimits: {statement_timeout: 5s}\nlog: {level: error}\n",
		Global, Dublin, cluster(Dublin), London, cluster(London))
	return b.String()
}

// snapshots are the lines of the old primaries that are restored.
func (w *World) snapshots() string {
	var b strings.Builder
	for i, o := range w.old {
		if w.Pair.Role(o.role) == nil {
			continue
		}
		if i == 0 {
			fmt.Fprintf(&b, "    snapshot: {region: %s, dsn: %q}\n", o.region, w.Pair.DSN(o.role))
		} else {
			fmt.Fprintf(&b, "    snapshots: [{region: %s, dsn: %q}]\n", o.region, w.Pair.DSN(o.role))
		}
	}
	return b.String()
}
