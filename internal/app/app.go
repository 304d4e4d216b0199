// Package app puts the house together: it builds sources, auditors and sinks from the configuration and runs the jobs.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"go.uber.org/zap"

	"parallax/internal/config"
	"parallax/internal/pgserver"
	"parallax/sinks/store"
)

// Progress shows how far long work has come; total 0 means that nobody knows. An empty stage ends the display.
type Progress func(stage string, done, total int64)

// Options are what the process gives to the application.
type Options struct {
	Log      io.Writer // where log lines go
	Progress Progress  // nil shows nothing
}

// App is an opened configuration: its store is up to date and its clients are ready.
type App struct {
	cfg      *config.Config
	log      *zap.Logger
	aws      *clients
	store    *store.Store
	progress Progress
	ledgers  ledgerPools
	closers  []func() error // run last to first
}

// Open connects to the store (starting the private one if none is configured) and brings its tables up to date.
func Open(ctx context.Context, cfg *config.Config, o Options) (*App, error) {
	log, err := newLogger(cfg.Log, o.Log)
	if err != nil {
		return nil, err
	}
	a := &App{cfg: cfg, log: log, progress: o.Progress}
	if a.progress == nil {
		a.progress = func(string, int64, int64) {}
	}
	if a.aws, err = newClients(ctx, cfg, log); err != nil {
		return nil, err
	}
	if err := a.openStore(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// Close releases everything, last opened first closed. The private PostgreSQL stops if nobody else uses it.
func (a *App) Close() error {
	a.progress("", 0, 0)
	a.ledgers.leave()
	var err error
	for _, closer := range slices.Backward(a.closers) {
		err = errors.Join(err, closer())
	}
	a.closers = nil
	return err
}

func (a *App) onClose(f func() error) { a.closers = append(a.closers, f) }

func (a *App) openStore(ctx context.Context) error {
	dsn := a.cfg.Store.DSN.Reveal()
	if dsn == "" {
		a.progress("starting the private PostgreSQL", 0, 0)
		server, err := pgserver.Open(ctx, pgserver.Options{DataDir: storeDir(a.cfg)})
		if err != nil {
			return fmt.Errorf("start the private PostgreSQL (or configure store.dsn): %w", err)
		}
		a.onClose(server.Close)
		dsn = server.DSN("postgres", "postgres")
	}
	password, err := a.aws.password(a.cfg.Store, a.cfg.Store.Region)
	if err != nil {
		return err
	}
	if a.store, err = store.Open(ctx, store.Options{DSN: dsn, Password: password}); err != nil {
		return err
	}
	a.onClose(func() error { a.store.Close(); return nil })
	return a.store.Migrate(ctx)
}
