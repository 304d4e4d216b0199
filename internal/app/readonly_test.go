package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"parallax/internal/config"
	"parallax/internal/lab"
	"parallax/internal/lab/aurora"
)

// A run of all jobs over a world writes nothing to any of its databases: no statement of it could, no transaction gets an id, no
// row counter moves, no lock is stronger than a reader's, and every session has its time limit before it reads.
func TestARunWritesNothingToWhatItAudits(t *testing.T) {
	w, app := proofWorld(t)
	var servers []*watched
	for role, conn := range ledgerConnections(app) {
		servers = append(servers, watch(t, role, filepath.Join(filepath.Dir(w.ConfigPath()), "aurora", role+".log"), conn.DSN.Reveal()))
	}
	from, to := w.Window()
	result, err := app.Run(t.Context(), Request{Job: allJobs, AsOf: w.AsOf(), From: from, To: to})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Runs) != len(JobNames()) {
		t.Errorf("%d runs", len(result.Runs))
	}
	for _, s := range servers {
		s.holds(t)
	}
	cannotWrite(t, app)
}

// refusals are the codes with which PostgreSQL refuses to write: in a read-only transaction, without the privilege, in recovery.
var refusals = map[string]bool{"25006": true, "42501": true, "0A000": true}

// cannotWrite lets sessions of the audit try to write: under the role of the audit, and under one that may.
func cannotWrite(t *testing.T, app *App) {
	t.Helper()
	for _, region := range app.cfg.Ledgers[0].Regions {
		if !strings.Contains(region.DSN.Reveal(), "parallax_ro@") {
			t.Fatalf("the lab's role is another one: %s", region.DSN)
		}
		conn := region.Connection
		for role, sql := range map[string]string{
			"parallax_ro": "begin read write; update payments set status = 'x'",
			"postgres":    "update payments set status = 'x'",
		} {
			as := conn
			as.DSN = config.DSN{Secret: config.NewSecret(strings.Replace(conn.DSN.Reveal(), "parallax_ro@", role+"@", 1))}
			pool, err := app.ledgerPool(t.Context(), as, "")
			if err != nil {
				t.Fatal(err)
			}
			_, err = pool.Exec(t.Context(), sql)
			var refused *pgconn.PgError
			if !errors.As(err, &refused) || !refusals[refused.Code] {
				t.Errorf("%s: %s: %v", role, sql, err)
			}
			var limit string
			if err := pool.QueryRow(t.Context(), "show statement_timeout").Scan(&limit); err != nil || limit == "0" {
				t.Errorf("%s: statement_timeout %q, %v", role, limit, err)
			}
		}
	}
}

// proofWorld is a world that was played, and the application that audits it.
func proofWorld(t *testing.T) (*lab.World, *App) {
	t.Helper()
	w, err := lab.Build(t.Context(), lab.Options{Dir: filepath.Join(worldFolder(t), "world"), Seed: 3, Payments: 150})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, entry := range w.Env() {
		name, value, _ := strings.Cut(entry, "=")
		t.Setenv(name, value)
	}
	if err := w.Play(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(w.ConfigPath(), nil)
	if err != nil {
		t.Fatal(err)
	}
	app, err := Open(t.Context(), cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Close(); err != nil {
			t.Error(err)
		}
	})
	return w, app
}

// ledgerConnections are those of the ledger, by the lab's role.
func ledgerConnections(a *App) map[string]config.Connection {
	l := a.cfg.Ledgers[0]
	out := map[string]config.Connection{aurora.Snapshot: *l.Snapshot}
	for region, r := range l.Regions {
		out[string(region)] = r.Connection
	}
	return out
}

// watched is a server that a superuser looks at while the audit reads it.
type watched struct {
	role, log string
	conn      *pgx.Conn
	before    string // its counters
	logged    int    // length of its log before the audit
	stop      func()
	mu        sync.Mutex
	locks     map[string]int // seen of the audit's sessions, by kind and mode
}

// watch lets a server log every statement, keeps its own housekeeping from changing anything, and looks at the locks.
func watch(t *testing.T, role, log, dsn string) *watched {
	t.Helper()
	w := &watched{role: role, log: log, locks: map[string]int{}}
	w.conn = w.connect(t, dsn)
	for _, sql := range []string{
		"alter system set autovacuum = off", "alter system set log_statement = 'all'",
		"alter system set log_line_prefix = '%a|%p|'", "select pg_reload_conf()",
		// What the world's own sessions have written is counted when they end.
		"select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and application_name <> 'watch'",
	} {
		if _, err := w.conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %s: %v", role, sql, err)
		}
	}
	time.Sleep(200 * time.Millisecond) // the reload arrives
	raw, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	w.logged, w.before = len(raw), w.counters(t)
	sampler := w.connect(t, dsn)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	w.stop = func() { cancel(); <-done }
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			w.sample(ctx, sampler)
			time.Sleep(time.Millisecond)
		}
	}()
	return w
}

func (w *watched) connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), strings.Replace(dsn, "parallax_ro@", "postgres@", 1)+"&application_name=watch")
	if err != nil {
		t.Fatalf("%s: %v", w.role, err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// counters are what any write would move: the next transaction's id, the rows written and the temporary files.
func (w *watched) counters(t *testing.T) (text string) {
	t.Helper()
	err := w.conn.QueryRow(t.Context(), `select 'next transaction ' || pg_snapshot_xmax(pg_current_snapshot())
		|| ', rows written ' || (select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) from pg_stat_user_tables)
		|| ', temporary files ' || (select temp_files from pg_stat_database where datname = current_database())`).Scan(&text)
	if err != nil {
		t.Fatalf("%s: %v", w.role, err)
	}
	return text
}

func (w *watched) sample(ctx context.Context, conn *pgx.Conn) {
	rows, err := conn.Query(ctx, `select l.locktype || ' ' || l.mode from pg_locks l join pg_stat_activity a using (pid)
		where a.application_name = 'parallax'
		union all select 'transaction id' from pg_stat_activity where application_name = 'parallax' and backend_xid is not null`)
	if err != nil {
		return // the audit has ended
	}
	seen, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, lock := range seen {
		w.locks[lock]++
	}
}

// holds wants the server to be as it was, and everything that the audit did there to be reading.
func (w *watched) holds(t *testing.T) {
	t.Helper()
	w.stop()
	if after := w.counters(t); after != w.before {
		t.Errorf("%s: before the run %s; after it %s", w.role, w.before, after)
	}
	allowed := map[string]bool{
		"relation AccessShareLock": true,
		"virtualxid ExclusiveLock": true, // of each transaction on itself
		"object RowExclusiveLock":  true, // on the database, held by every session while it connects
	}
	for lock := range w.locks {
		if !allowed[lock] {
			t.Errorf("%s: a session held %s", w.role, lock)
		}
	}
	if len(w.locks) == 0 {
		t.Errorf("%s: no session was seen", w.role)
	}
	raw, err := os.ReadFile(w.log)
	if err != nil {
		t.Fatal(err)
	}
	read, sessions := w.statements(t, string(raw[w.logged:]))
	if read == 0 || sessions == 0 {
		t.Errorf("%s: %d statements of %d sessions read payments", w.role, read, sessions)
	}
	t.Logf("%s: %d statements of %d sessions read payments; locks %v; %s", w.role, read, sessions, w.locks, w.before)
}

var statementLine = regexp.MustCompile(`^parallax\|(\d+)\|LOG:  (?:statement|execute [^:]*): ?(.*)$`)

// statements goes through what a server logged of the audit: reading statements only, transactions that are read-only, and a
// time limit in each session before it reads payments.
func (w *watched) statements(t *testing.T, log string) (read, sessions int) {
	t.Helper()
	limited, reading := map[string]bool{}, map[string]bool{}
	lines := strings.Split(log, "\n")
	for i, line := range lines {
		m := statementLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		parts := []string{m[2]}
		for next := i + 1; next < len(lines) && (strings.HasPrefix(lines[next], "\t") || strings.Contains(lines[next], "|DETAIL:")); next++ {
			parts = append(parts, strings.TrimSpace(lines[next]))
		}
		text := strings.ToLower(strings.Join(parts, " "))
		word, _, _ := strings.Cut(strings.TrimSpace(text), " ")
		switch strings.Trim(word, ";") {
		case "select", "with", "explain", "show", "commit", "rollback", "declare", "fetch", "close", "--":
		case "begin":
			if !strings.Contains(text, "read only") {
				t.Errorf("%s: a transaction that is not read-only: %s", w.role, text)
			}
		default:
			t.Errorf("%s: a statement that does not read: %s", w.role, text)
		}
		if strings.Contains(text, "'statement_timeout'") {
			limited[m[1]] = true
		}
		if strings.Contains(text, `"payments"`) {
			read++
			reading[m[1]] = true
			if !limited[m[1]] {
				t.Errorf("%s: a session reads without a time limit: %s", w.role, text)
			}
		}
	}
	return read, len(reading)
}
