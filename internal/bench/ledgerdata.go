package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"parallax/internal/pgserver"
)

// ledgerSchema is a ledger as services keep them. Payments come at ten a second, each at a moment of its own.
const ledgerSchema = `create table payments (id bigint not null, payment_id text not null, amount_minor bigint not null,
	currency text not null, status text not null, created_at timestamptz not null);
insert into payments select n, 'pay_' || md5(n::text), 100 + n %% 99900, case when n %% 5 = 0 then 'GBP' else 'EUR' end, 'captured',
	timestamptz '2026-11-01 00:00:00Z' + n * interval '100 milliseconds' + (n * 7919 %% 90000) * interval '1 microsecond' from generate_series(1, %[1]d::bigint) n;
alter table payments add primary key (id); create unique index on payments (payment_id); create index on payments (created_at);`

// ledgerDifferences are made in the second copy; differences of them in all.
const ledgerDifferences = `delete from payments where id %% (%[1]d / 40) = 7 and id <= 40 * (%[1]d / 40);
update payments set status = 'refunded' where id %% (%[1]d / 40) = 8 and id <= 40 * (%[1]d / 40);
insert into payments select id + %[1]d, 'extra_' || id, amount_minor, currency, status, created_at + interval '3 milliseconds'
	from payments where id %% (%[1]d / 20) = 9 and id <= 20 * (%[1]d / 20);`

func ledgerSettings() pgserver.Settings {
	s := pgserver.Throwaway()
	s["shared_buffers"], s["max_wal_size"], s["work_mem"], s["autovacuum"] = "1GB", "8GB", "32MB", "off"
	s["timezone"], s["log_timezone"] = "UTC", "UTC"
	return s
}

// openLedgers starts two servers on a folder, which is filled first unless it is there already.
func openLedgers(ctx context.Context, dir string, rows int64) (pair *ledgerPair, err error) {
	binaries, err := pgserver.Find("")
	if err != nil {
		return nil, err
	}
	dirs := []string{filepath.Join(dir, "left"), filepath.Join(dir, "right")}
	done := filepath.Join(dir, "ready")
	if _, err := os.Stat(done); errors.Is(err, os.ErrNotExist) {
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the server's account has to enter
			return nil, err
		}
		if err := fillLedgers(ctx, binaries, dirs, rows); err != nil {
			return nil, err
		}
		if err := os.WriteFile(done, nil, 0o600); err != nil {
			return nil, err
		}
	}
	pair = &ledgerPair{}
	for _, one := range dirs {
		server, err := binaries.Start(ctx, one, ledgerSettings())
		if err != nil {
			return nil, errors.Join(err, pair.close())
		}
		pair.servers = append(pair.servers, server)
	}
	return pair, nil
}

// fillLedgers makes the first copy, has the second follow it, and lets them differ.
func fillLedgers(ctx context.Context, binaries pgserver.Binaries, dirs []string, rows int64) (err error) {
	if err := binaries.Initdb(ctx, dirs[0], "--no-sync"); err != nil {
		return err
	}
	left, err := binaries.Start(ctx, dirs[0], ledgerSettings())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, left.Close()) }()
	if err := execAll(ctx, left, fmt.Sprintf(ledgerSchema, rows), "vacuum (analyze, freeze) payments"); err != nil {
		return err
	}
	if err := binaries.BaseBackup(ctx, left, dirs[1]); err != nil {
		return err
	}
	right, err := binaries.Start(ctx, dirs[1], ledgerSettings())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, right.Close()) }()
	if err := right.Promote(ctx); err != nil {
		return err
	}
	return execAll(ctx, right, fmt.Sprintf(ledgerDifferences, rows), "vacuum (analyze) payments")
}

func execAll(ctx context.Context, server *pgserver.Server, statements ...string) error {
	conn, err := pgx.Connect(ctx, server.DSN("", ""))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%.40s: %w", sql, err)
		}
	}
	return nil
}

// load is what both servers have taken so far.
func (p *ledgerPair) load(ctx context.Context) (load, error) {
	var all load
	for _, server := range p.servers {
		seconds, err := processorTime(server.Dir())
		if err != nil {
			return all, err
		}
		conn, err := pgx.Connect(ctx, server.DSN("", ""))
		if err != nil {
			return all, err
		}
		var blocks int64
		err = conn.QueryRow(ctx, "select blks_read + blks_hit from pg_stat_database where datname = current_database()").Scan(&blocks)
		if err := errors.Join(err, conn.Close(ctx)); err != nil {
			return all, err
		}
		all.ServerCPU += seconds
		all.Blocks += blocks
	}
	return all, nil
}

// processorTime is what a server's processes have taken, those that have ended included: their parent counts them.
// Source: proc(5), /proc/[pid]/stat.
func processorTime(dir string) (float64, error) {
	data, err := os.ReadFile(filepath.Join(dir, "postmaster.pid")) //nolint:gosec // of our own server
	if err != nil {
		return 0, err
	}
	parent, _, _ := strings.Cut(string(data), "\n")
	processes, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	var ticks int64
	for _, p := range processes {
		stat, err := os.ReadFile(filepath.Join("/proc", p.Name(), "stat"))
		if err != nil {
			continue // no process, or one that has ended
		}
		_, rest, _ := strings.Cut(string(stat), ") ") // behind the name
		fields := strings.Fields(rest)
		if len(fields) < 15 || p.Name() != parent && fields[1] != parent {
			continue
		}
		last := 13 // user and system
		if p.Name() == parent {
			last = 15 // and those of the children that have ended
		}
		for _, field := range fields[11:last] {
			n, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("processor time of %s: %w", p.Name(), err)
			}
			ticks += n
		}
	}
	return float64(ticks) / 100, nil // USER_HZ is 100 on every Linux that Go runs on
}
