package aurora

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"parallax/internal/pgserver"
)

// Template is the data folder of an empty ledger, made once and copied for many pairs. Pairs of one template share their
// system identifier.
type Template struct{ dir string }

// NewTemplate makes a template in a folder, which must not exist or be empty.
func NewTemplate(ctx context.Context, dir string) (*Template, error) {
	binaries, err := pgserver.Find("")
	if err == nil {
		err = makeCluster(ctx, binaries, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("make template of a pair: %w", err)
	}
	return &Template{dir: dir}, nil
}

// makeCluster makes the cluster of an empty ledger. Its server has ended in order when it returns.
func makeCluster(ctx context.Context, binaries pgserver.Binaries, dir string) (err error) {
	if err := binaries.Initdb(ctx, dir, "--no-sync", "--wal-segsize=1"); err != nil {
		return err
	}
	server, err := binaries.Start(ctx, dir, settings())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	if err := execute(ctx, server.DSN("", ""), "create database "+database); err != nil {
		return err
	}
	if err := execute(ctx, server.DSN(database, ""), schema); err != nil {
		return fmt.Errorf("make the schema: %w", err)
	}
	return nil
}

func execute(ctx context.Context, dsn, sql string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

// startCopies starts a pair from two copies of the template: the standby follows from the very beginning of the writer's log.
func (p *Pair) startCopies(ctx context.Context) error {
	standby := p.options.Regions[1]
	for _, region := range p.options.Regions {
		if err := pgserver.Copy(p.options.Template.dir, p.dir(region)); err != nil {
			return err
		}
	}
	if err := p.start(ctx, p.writer); err != nil {
		return err
	}
	if err := pgserver.Follow(p.dir(standby), p.nodes[p.writer].server.DSN("", "")); err != nil {
		return err
	}
	if err := p.start(ctx, standby); err != nil {
		return err
	}
	return p.setPrimary(ctx, p.writer)
}
