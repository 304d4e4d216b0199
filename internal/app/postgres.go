package app

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/rds/auth"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/sources/aurora"
)

// password returns how a connection's password is had, or nil if the address carries it or none is needed.
func (c *clients) password(conn config.Connection, region audit.Region) (func(context.Context) (string, error), error) {
	if conn.Password.Set() {
		return func(context.Context) (string, error) { return conn.Password.Reveal(), nil }, nil
	}
	if !conn.RDSIAM {
		return nil, nil
	}
	parsed, err := pgx.ParseConfig(conn.DSN.Reveal())
	if err != nil {
		return nil, fmt.Errorf("read address %s: %w", conn.DSN, err)
	}
	if conn.Region != "" {
		region = conn.Region
	}
	host := net.JoinHostPort(parsed.Host, strconv.Itoa(int(parsed.Port)))
	credentials := c.base.Credentials
	return func(ctx context.Context) (string, error) {
		token, err := auth.BuildAuthToken(ctx, host, string(region), parsed.User, credentials)
		if err != nil {
			return "", fmt.Errorf("build RDS IAM token for %s: %w", host, err)
		}
		return token, nil
	}, nil
}

// ledgerPool opens read-only sessions to one copy of a ledger; they are closed with the application.
func (a *App) ledgerPool(ctx context.Context, conn config.Connection, region audit.Region) (*pgxpool.Pool, error) {
	password, err := a.aws.password(conn, region)
	if err != nil {
		return nil, err
	}
	pool, err := aurora.Open(ctx, aurora.Options{DSN: conn.DSN.Reveal(), Password: password, Settings: a.ledgerSettings()})
	if err != nil {
		return nil, err
	}
	a.ledgers.add(pool)
	return pool, nil
}

// ledgerPools are the sessions of ledgers that are open: for one run, so that a service that runs for months holds none
// meanwhile.
type ledgerPools struct {
	mu   sync.Mutex
	runs int // that are under way
	open []*pgxpool.Pool
}

// enter begins a run.
func (p *ledgerPools) enter() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.runs++
}

func (p *ledgerPools) add(pool *pgxpool.Pool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = append(p.open, pool)
}

// leave ends all sessions, at the same time, unless another run is under way.
func (p *ledgerPools) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.runs = max(p.runs-1, 0); p.runs > 0 {
		return
	}
	var all sync.WaitGroup
	for _, pool := range p.open {
		all.Go(func() { leave(pool) })
	}
	all.Wait()
	p.open = nil
}

// leavePatience is how long the application waits for its sessions to end. One whose database hangs is given up by the driver
// some 15 s later, in the background: nothing is lost with it, for it only reads.
const leavePatience = time.Second

func leave(pool *pgxpool.Pool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		pool.Close()
	}()
	select {
	case <-done:
	case <-time.After(leavePatience):
	}
}

func (a *App) ledgerSettings() aurora.Settings {
	return aurora.Settings{
		StatementTimeout: a.cfg.Limits.StatementTimeout, PageRows: a.cfg.Limits.PageRows, ConnectTimeout: a.cfg.AWS.Timeout,
	}
}
