package app

import (
	"context"
	"fmt"
	"io"
	"time"

	"go.uber.org/zap"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/sinks/report"
)

// doctor collects what its checks say. It changes nothing.
type doctor struct {
	cfg    *config.Config
	aws    *clients
	app    *App // nil when the store cannot be opened
	asOf   time.Time
	checks []report.Check
}

// Doctor tries everything a run needs and writes what it found; it reports whether nothing is missing.
func Doctor(ctx context.Context, cfg *config.Config, o Options, asOf time.Time, w io.Writer, output string) (bool, error) {
	format, err := report.ParseFormat(output, report.Table, report.JSON, report.NDJSON, report.CSV)
	if err != nil {
		return false, err
	}
	d := &doctor{cfg: cfg, asOf: asOf}
	if d.aws, err = newClients(ctx, cfg, zap.NewNop()); err != nil {
		return false, err
	}
	d.app = &App{cfg: cfg, aws: d.aws, progress: func(string, int64, int64) {}}
	defer func() { _ = d.app.Close() }()
	d.ok("configuration", cfg.Path, "read and understood")
	for _, check := range []func(context.Context){
		d.store(o), d.schedules, d.credentials, d.archive, d.tables, d.ledgers, d.commands, d.receipts, d.events, d.settlement, d.topology, d.signs,
	} {
		check(ctx)
		if err := ctx.Err(); err != nil {
			return false, err
		}
	}
	return report.Healthy(d.checks), report.Checks(w, format, d.checks)
}

func (d *doctor) ok(what, where, detail string) { d.say("ok", what, where, detail, "") }

func (d *doctor) warn(what, where, detail, remedy string) { d.say("warn", what, where, detail, remedy) }

func (d *doctor) missing(what, where, detail, remedy string) {
	d.say("missing", what, where, detail, remedy)
}

func (d *doctor) say(state, what, where, detail, remedy string) {
	d.checks = append(d.checks, report.Check{State: state, What: what, Where: where, Detail: detail, Remedy: remedy})
}

// bounded gives one check its share of time, so that one silent address does not hold up the rest.
func (d *doctor) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d.cfg.AWS.Timeout)
}

func (d *doctor) store(o Options) func(context.Context) {
	return func(ctx context.Context) {
		where := "private PostgreSQL in " + storeDir(d.cfg)
		if d.cfg.Store.DSN.Set() {
			where = d.cfg.Store.DSN.String()
		}
		a, err := Open(ctx, d.cfg, Options{Log: o.Log})
		if err != nil {
			d.missing("findings store", where, err.Error(), "without store.dsn: apt-get install postgresql; with it: check address, password and network")
			return
		}
		d.app.onClose(a.Close)
		version, err := a.SchemaVersion(ctx)
		if err != nil {
			d.missing("findings store", where, err.Error(), "run parallax migrate with a role that may create tables")
			return
		}
		d.ok("findings store", where, fmt.Sprintf("reachable, schema version %d", version))
	}
}

func (d *doctor) schedules(context.Context) {
	for _, name := range JobNames() {
		spec, set := d.cfg.Schedules[name]
		if !set {
			d.warn("schedule", name, "none: the job needs --from and --to", "set schedules."+name)
			continue
		}
		w, err := Request{Job: name, AsOf: d.asOf}.window(d.cfg, name)
		if err != nil {
			d.missing("schedule", name, err.Error(), "write five cron fields, for example \"5 * * * *\"")
			continue
		}
		d.ok("schedule", name, fmt.Sprintf("%s; a run now covers %s", spec, w))
	}
}

func (d *doctor) credentials(ctx context.Context) {
	ctx, cancel := d.bounded(ctx)
	defer cancel()
	if len(d.cfg.Tables)+len(d.cfg.Receipts) == 0 && d.cfg.Topology.GlobalCluster == "" {
		return
	}
	c, err := d.aws.base.Credentials.Retrieve(ctx)
	if err != nil {
		d.missing("AWS credentials", "default chain", "none found", "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run under a role")
		return
	}
	d.ok("AWS credentials", c.Source, "found")
}

func (d *doctor) topology(ctx context.Context) {
	if d.cfg.Topology.GlobalCluster == "" {
		d.warn("topology", "-", "not configured: failovers are not detected", "set topology.global_cluster and topology.clusters")
		return
	}
	t := task{window: audit.Window{From: d.asOf.Add(-time.Hour), To: d.asOf}, asOf: d.asOf}
	_, coverage, err := d.app.readTopology(ctx, t)
	if err != nil {
		d.missing("RDS API", d.cfg.Topology.GlobalCluster, err.Error(), "see the error")
		return
	}
	d.coverage("RDS API", coverage)
}

// coverage says of each line of a certificate whether it is complete; a gap comes with its own remedy.
func (d *doctor) coverage(what string, lines []audit.Coverage) {
	for _, c := range lines {
		where := c.Scope + " in " + string(c.Region)
		if c.Source == "aurora snapshot" {
			where += " (snapshot of the old primary)"
		}
		if c.Complete() {
			d.ok(what, where, "reachable and readable")
		}
		for _, g := range c.Gaps {
			d.missing(what, where, g.Reason, g.Remedy)
		}
	}
}
