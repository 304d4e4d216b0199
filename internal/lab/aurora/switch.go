package aurora

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"parallax/internal/pgserver"
)

// Switchover makes the standby the writer and the writer its standby, and loses nothing: the writer ends in order, and
// with that the standby has all it ever committed.
func (p *Pair) Switchover(ctx context.Context) error {
	if p.cut {
		return errors.New("switch over: the replication stream is cut")
	}
	if err := p.WaitReplicated(ctx); err != nil {
		return fmt.Errorf("switch over: %w", err)
	}
	old := p.nodes[p.writer]
	if err := old.stop(); err != nil {
		return fmt.Errorf("switch over: %w", err)
	}
	delete(p.nodes, old.role)
	standby, err := p.standby()
	if err != nil {
		return fmt.Errorf("switch over: %w", err)
	}
	if err := standby.server.Promote(ctx); err != nil {
		return fmt.Errorf("switch over: %w", err)
	}
	p.writer = standby.role
	if err := pgserver.Follow(p.dir(old.role), standby.server.DSN("", "")); err != nil {
		return fmt.Errorf("switch over: %w", err)
	}
	if err := p.start(ctx, old.role); err != nil {
		return fmt.Errorf("switch over: %w", err)
	}
	return p.setPrimary(ctx, p.writer)
}

// Old is the old primary, as its superuser, where it was left running when the standby was promoted: it still takes writes
// and none of them goes anywhere. Nil where there is none.
func (p *Pair) Old() *pgxpool.Pool {
	n := p.nodes[p.other()]
	if n == nil || n.killed || !p.cut {
		return nil
	}
	return n.db
}

// KillOld ends the old primary that was left running.
func (p *Pair) KillOld() error {
	if p.Old() == nil {
		return errors.New("kill the old primary: there is none that runs")
	}
	if err := p.nodes[p.other()].kill(); err != nil {
		return fmt.Errorf("kill the old primary: %w", err)
	}
	return nil
}

// Role is a server as its superuser, nil where none runs in that role.
func (p *Pair) Role(role string) *pgxpool.Pool {
	if n := p.nodes[role]; n != nil && !n.killed {
		return n.db
	}
	return nil
}
