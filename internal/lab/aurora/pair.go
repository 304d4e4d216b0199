// Package aurora stands in for an Aurora PostgreSQL global database of two regions: two real PostgreSQL servers on this
// machine, one the physical replica of the other. What a failover loses is lost by PostgreSQL itself.
//
// It knows nothing of the product. Aurora's status functions exist in both servers and read a table the lab fills.
package aurora

import (
	"context"
	_ "embed" // the schema
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"parallax/internal/pgserver"
)

// Snapshot is the role, beside the two regions, of the old primary's data after it was restored; Snapshot2 is that of the
// second failover's old primary.
const (
	Snapshot  = "snapshot"
	Snapshot2 = "snapshot-2"
)

// Reader is the database role with the right to SELECT from payments and nothing else.
const Reader = "parallax_ro"

const database = "payments"

// patience bounds every wait for a server to reach a state it must reach.
const patience = 30 * time.Second

//go:embed schema.sql
var schema string

// Options say where the pair lives.
type Options struct {
	Dir      string            // folder for the servers' data; it is made if it is absent
	Regions  [2]string         // the first writes at the beginning
	Template *Template         // copied instead of made anew, where there is one
	Settings pgserver.Settings // further ones, of every server

	Skew map[string]time.Duration // how far a region's clock is ahead, as the audit's role sees it
}

// Pair is two servers and, after a failover, a third, after two a fourth. A method returns when its effect can be relied on. Methods must
// not run at the same time; what Writer returns may be used from several goroutines.
type Pair struct {
	options   Options
	binaries  pgserver.Binaries
	nodes     map[string]*node  // by role: a region, Snapshot or Snapshot2
	addresses map[string]string // by role
	writer    string            // region
	cut       bool
	aside     []string // roles whose data was set aside, oldest first
	closing   sync.Once
	closeErr  error
}

// Start makes the schema on the writer, copies it to the standby and starts the replication between them.
func Start(ctx context.Context, o Options) (pair *Pair, err error) {
	if o.Regions[0] == "" || o.Regions[1] == "" || o.Regions[0] == o.Regions[1] || slices.Contains(o.Regions[:], Snapshot) || slices.Contains(o.Regions[:], Snapshot2) {
		return nil, fmt.Errorf("start aurora pair: regions %q are not two names", o.Regions)
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, fmt.Errorf("start aurora pair: %w", err)
	}
	binaries, err := pgserver.Find("")
	if err != nil {
		return nil, fmt.Errorf("start aurora pair: %w", err)
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("start aurora pair: %w", err)
	}
	p := &Pair{options: o, binaries: binaries, nodes: map[string]*node{}, addresses: map[string]string{}, writer: o.Regions[0]}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("start aurora pair: %w", err), p.Close())
			pair = nil
		}
	}()
	return p, p.startPair(ctx)
}

func (p *Pair) startPair(ctx context.Context) error {
	for _, role := range []string{p.options.Regions[0], p.options.Regions[1], Snapshot, Snapshot2} {
		address, err := pgserver.Address(p.dir(role), database, Reader)
		if err != nil {
			return err
		}
		p.addresses[role] = address
	}
	if p.options.Template != nil {
		return p.startCopies(ctx)
	}
	if err := makeCluster(ctx, p.binaries, p.dir(p.writer)); err != nil {
		return err
	}
	if err := p.start(ctx, p.writer); err != nil {
		return err
	}
	if err := p.setPrimary(ctx, p.writer); err != nil {
		return err
	}
	return p.addStandby(ctx, p.options.Regions[1])
}

// addStandby copies the writer's data for a region and starts it as the writer's replica.
func (p *Pair) addStandby(ctx context.Context, region string) error {
	if err := p.binaries.BaseBackup(ctx, p.nodes[p.writer].server, p.dir(region)); err != nil {
		return err
	}
	if err := p.start(ctx, region); err != nil {
		return err
	}
	p.cut = false
	return p.WaitReplicated(ctx)
}

// Writer is the present writer, as its superuser. After KillWriter and until Promote its statements fail.
func (p *Pair) Writer() *pgxpool.Pool { return p.nodes[p.writer].db }

// Standby is the present standby, as its superuser; nil where there is none.
func (p *Pair) Standby() *pgxpool.Pool {
	n, err := p.standby()
	if err != nil {
		return nil
	}
	return n.db
}

// WriterRegion is the region that writes.
func (p *Pair) WriterRegion() string { return p.writer }

func (p *Pair) standby() (*node, error) {
	for _, region := range p.options.Regions {
		if n := p.nodes[region]; region != p.writer && n != nil {
			return n, nil
		}
	}
	return nil, errors.New("there is no standby")
}

// WaitReplicated returns when the standby has replayed everything the writer has committed.
func (p *Pair) WaitReplicated(ctx context.Context) error {
	if p.cut {
		return errors.New("wait for the standby: the replication stream is cut")
	}
	standby, err := p.standby()
	if err != nil {
		return fmt.Errorf("wait for the standby: %w", err)
	}
	var lsn string
	if err := p.Writer().QueryRow(ctx, "select pg_current_wal_lsn()::text").Scan(&lsn); err != nil {
		return fmt.Errorf("wait for the standby: %w", err)
	}
	return until(ctx, "the standby has replayed "+lsn, func(ctx context.Context) (done bool, err error) {
		err = standby.db.QueryRow(ctx, "select coalesce(pg_last_wal_replay_lsn() >= $1::text::pg_lsn, false)", lsn).Scan(&done)
		return done, err
	})
}

// Cut lets everything committed so far arrive in the standby, and nothing that is committed later.
func (p *Pair) Cut(ctx context.Context) error {
	if err := p.WaitReplicated(ctx); err != nil {
		return fmt.Errorf("cut replication: %w", err)
	}
	standby, err := p.standby()
	if err != nil {
		return fmt.Errorf("cut replication: %w", err)
	}
	for _, sql := range []string{"alter system set primary_conninfo = ''", "select pg_reload_conf()"} {
		if _, err := standby.admin.Exec(ctx, sql); err != nil {
			return fmt.Errorf("cut replication: %w", err)
		}
	}
	p.cut = true
	return until(ctx, "the standby no longer receives", func(ctx context.Context) (done bool, err error) {
		err = standby.admin.QueryRow(ctx, "select not exists (select from pg_stat_wal_receiver)").Scan(&done)
		return done, err
	})
}

// KillWriter ends the writer's processes without any warning to them.
func (p *Pair) KillWriter() error {
	if err := p.nodes[p.writer].kill(); err != nil {
		return fmt.Errorf("kill the writer: %w", err)
	}
	return nil
}

// Promote makes the standby the writer, with what it has received.
func (p *Pair) Promote(ctx context.Context) error {
	standby, err := p.standby()
	if err != nil {
		return fmt.Errorf("promote: %w", err)
	}
	if err := standby.server.Promote(ctx); err != nil {
		return err
	}
	p.writer = standby.role
	return p.setPrimary(ctx, p.writer)
}

// RestoreSnapshot starts the data of the killed writer, read-only, in the role Snapshot, or Snapshot2 after the second
// failover: what a system snapshot of the old primary holds once it is restored. Its region has no server until Rebuild.
func (p *Pair) RestoreSnapshot(ctx context.Context) error {
	if err := p.setAside(); err != nil {
		return fmt.Errorf("restore snapshot: %w", err)
	}
	if len(p.aside) == 0 {
		return errors.New("restore snapshot: no writer was killed")
	}
	role := p.aside[len(p.aside)-1]
	if err := p.start(ctx, role, pgserver.Settings{"default_transaction_read_only": "on"}); err != nil {
		return fmt.Errorf("restore snapshot: %w", err)
	}
	return nil
}

// Rebuild gives the region of the killed writer a new standby, copied from the present writer, at its region's address.
func (p *Pair) Rebuild(ctx context.Context) error {
	if err := p.setAside(); err != nil {
		return fmt.Errorf("rebuild: %w", err)
	}
	if err := p.addStandby(ctx, p.other()); err != nil {
		return fmt.Errorf("rebuild: %w", err)
	}
	return nil
}

// setAside moves the killed writer's data to the folder of the next snapshot, once.
func (p *Pair) setAside() error {
	old := p.nodes[p.other()]
	if old == nil {
		return nil
	}
	if !old.killed {
		return fmt.Errorf("the server of %s still runs", old.role)
	}
	free := []string{Snapshot, Snapshot2}[len(p.aside):]
	if len(free) == 0 {
		return errors.New("there were two failovers already")
	}
	delete(p.nodes, old.role)
	p.aside = append(p.aside, free[0])
	return os.Rename(p.dir(old.role), p.dir(free[0]))
}

func (p *Pair) other() string {
	if p.writer == p.options.Regions[0] {
		return p.options.Regions[1]
	}
	return p.options.Regions[0]
}

// PauseReplay lets the standby replay all there is and then no more. What it receives waits, and is not lost.
func (p *Pair) PauseReplay(ctx context.Context) error {
	if err := p.WaitReplicated(ctx); err != nil {
		return fmt.Errorf("pause replay: %w", err)
	}
	standby, err := p.standby()
	if err != nil {
		return fmt.Errorf("pause replay: %w", err)
	}
	if _, err := standby.admin.Exec(ctx, "select pg_wal_replay_pause()"); err != nil {
		return fmt.Errorf("pause replay: %w", err)
	}
	return until(ctx, "replay is paused", func(ctx context.Context) (done bool, err error) {
		err = standby.admin.QueryRow(ctx, "select pg_get_wal_replay_pause_state() = 'paused'").Scan(&done)
		return done, err
	})
}

// ResumeReplay ends a pause.
func (p *Pair) ResumeReplay(ctx context.Context) error {
	standby, err := p.standby()
	if err == nil {
		_, err = standby.admin.Exec(ctx, "select pg_wal_replay_resume()")
	}
	if err != nil {
		return fmt.Errorf("resume replay: %w", err)
	}
	return nil
}

// Close stops every server. Their data stays.
func (p *Pair) Close() error {
	p.closing.Do(func() {
		for _, role := range []string{Snapshot, Snapshot2, p.other(), p.writer} { // a standby before what it follows
			if n := p.nodes[role]; n != nil {
				p.closeErr = errors.Join(p.closeErr, n.stop())
			}
		}
	})
	return p.closeErr
}

// until asks again until done; an error of the question is one of the wait.
func until(ctx context.Context, what string, done func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		ok, err := done(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("wait until %s: %w", what, err)
		case ok:
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w", what, ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}
