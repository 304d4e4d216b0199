package aurora

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgxpool"

	"parallax/internal/pgserver"
)

// node is one running server and the lab's access to it.
type node struct {
	role   string // a region, Snapshot or Snapshot2
	server *pgserver.Server
	db     *pgxpool.Pool // of the payments
	admin  *pgxpool.Pool // of the database that always exists
	killed bool
}

// settings are the same on every server, as a standby refuses to start with less than its writer has.
// synchronous_commit stays on: a row whose commit was answered is in the log when the server is killed.
func settings() pgserver.Settings {
	s := pgserver.Throwaway()
	s["shared_buffers"] = "32MB"
	s["max_connections"] = "50"
	s["synchronous_commit"] = "on"
	s["wal_keep_size"] = "256MB" // a paused or late standby finds what it needs
	s["timezone"] = "UTC"
	s["log_timezone"] = "UTC"
	return s
}

func (p *Pair) dir(role string) string { return filepath.Join(p.options.Dir, role) }

// start starts the server of a role's folder.
func (p *Pair) start(ctx context.Context, role string, more ...pgserver.Settings) error {
	all := append([]pgserver.Settings{settings(), p.options.Settings, {"lab.skew": p.options.Skew[role].String()}}, more...)
	server, err := p.binaries.Start(ctx, p.dir(role), all...)
	if err != nil {
		return err
	}
	n := &node{role: role, server: server}
	p.nodes[role] = n
	if n.db, err = pgxpool.New(ctx, server.DSN(database, "")); err != nil {
		return fmt.Errorf("connect to the lab's database: %w", err)
	}
	if n.admin, err = pgxpool.New(ctx, server.DSN("", "")); err != nil {
		return fmt.Errorf("connect to the lab's database: %w", err)
	}
	return nil
}

// DSN is the address at which a role's server is or will be: a region's, Snapshot's or Snapshot2's. It is the same for the pair's
// life, and its user may only read. A role that does not exist has none.
func (p *Pair) DSN(role string) string { return p.addresses[role] }

// kill ends the server as a crash would.
func (n *node) kill() error {
	if n.killed {
		return fmt.Errorf("the server of %s is dead already", n.role)
	}
	if err := n.server.Kill(); err != nil {
		return err
	}
	n.killed = true
	return n.stop()
}

// stop drops the lab's connections and ends the server in order, if it still runs.
func (n *node) stop() error {
	for _, pool := range []*pgxpool.Pool{n.db, n.admin} {
		if pool != nil {
			pool.Close()
		}
	}
	if err := n.server.Close(); err != nil {
		return errors.Join(fmt.Errorf("stop the server of %s", n.role), err)
	}
	return nil
}
