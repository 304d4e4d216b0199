package aurora_test

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"parallax/sources/aurora"
)

// proxy passes connections on to the tests' server until it falls silent: connections stay open and nothing comes any more.
type proxy struct {
	listener net.Listener
	silent   atomic.Bool
	conns    sync.Map // closed with it
}

func newProxy(t *testing.T) *proxy {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config, err := pgx.ParseConfig(server.DSN("", ""))
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener}
	var running sync.WaitGroup
	running.Go(func() { p.serve(filepath.Join(config.Host, ".s.PGSQL.5432"), &running) })
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
	})
	return p
}

func (p *proxy) serve(socket string, running *sync.WaitGroup) {
	for {
		near, err := p.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("unix", socket) //nolint:noctx // a test's own server
		if err != nil {
			_ = near.Close()
			continue
		}
		p.conns.Store(near, nil)
		for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
			running.Go(func() { p.pass(way[0], way[1]) })
		}
	}
}

func (p *proxy) pass(from, to net.Conn) {
	defer func() { _ = to.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if p.silent.Load() {
			continue // read and lost
		}
		if _, err := to.Write(buffer[:n]); err != nil && !errors.Is(err, io.ErrClosedPipe) {
			return
		}
	}
}

// through leads a source through the proxy.
func (p *proxy) through(t *testing.T, s aurora.Source) aurora.Source {
	t.Helper()
	config := s.DB.(interface{ Config() *pgxpool.Config }).Config().ConnConfig
	host, port, err := net.SplitHostPort(p.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s.Settings = aurora.Settings{StatementTimeout: 300 * time.Millisecond, AnswerGrace: 200 * time.Millisecond, ConnectTimeout: 500 * time.Millisecond, Backoff: time.Millisecond}
	pool, err := aurora.Open(t.Context(), aurora.Options{
		DSN: "host=" + host + " port=" + port + " user=" + config.User + " dbname=" + config.Database + " sslmode=disable", Settings: s.Settings,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	t.Cleanup(func() { // before the pool, which would wait for silent connections
		p.conns.Range(func(conn, _ any) bool { _ = conn.(net.Conn).Close(); return true })
	})
	s.DB = pool
	return s
}

// silenceAfter lets the proxy fall silent when a number of transactions has begun.
type silenceAfter struct {
	aurora.DB
	proxy *proxy
	left  atomic.Int64
	begun atomic.Int64
}

func (s *silenceAfter) BeginTx(ctx context.Context, o pgx.TxOptions) (pgx.Tx, error) {
	s.begun.Add(1)
	if s.left.Add(-1) < 0 {
		s.proxy.silent.Store(true)
	}
	return s.DB.BeginTx(ctx, o)
}

// TestASilentRegionIsWaitedForOnce: a region that keeps its connections open and answers nothing costs one time limit, not
// one for each retry or each further statement.
func TestASilentRegionIsWaitedForOnce(t *testing.T) {
	_, _, left, right := twoLedgers(t, 500)
	right.Settings.PageRows = 50
	for after := range int64(12) {
		p := newProxy(t)
		slow := p.through(t, right)
		db := &silenceAfter{DB: slow.DB, proxy: p}
		db.left.Store(after)
		slow.DB = db
		start := time.Now()
		r := compared(t, left, slow, aurora.CompareOptions{})
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("silent after %d: %s", after, took)
		}
		if p.silent.Load() {
			says := "no answer within 500ms"
			if after == 0 { // while it was connected to, which is told in other words
				says = ""
			}
			wantGap(t, r.RightRead.Gaps, says, "check the")
			if begun := db.begun.Load(); begun != after+1 {
				t.Errorf("silent after %d transactions: %d were begun", after, begun)
			}
		}
		if len(r.Left)+len(r.Right)+len(r.LeftRead.Gaps) > 0 {
			t.Errorf("silent after %d: %d rows, %+v", after, len(r.Left)+len(r.Right), r.LeftRead.Gaps)
		}
	}
}

// dropping ends the sessions of the reading role before some transaction.
type dropping struct {
	aurora.DB
	admin *pgx.Conn
	left  atomic.Int64
}

func (d *dropping) BeginTx(ctx context.Context, o pgx.TxOptions) (pgx.Tx, error) {
	tx, err := d.DB.BeginTx(ctx, o)
	if d.left.Add(-1) == 0 {
		_, _ = d.admin.Exec(ctx, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'parallax_ro' and datname = current_database()")
	}
	return tx, err
}

// TestCredentialsThatExpire: a connection is lost in the middle of a comparison, and there is no password for another.
func TestCredentialsThatExpire(t *testing.T) {
	one, _, left, right := twoLedgers(t, 500)
	config := left.DB.(interface{ Config() *pgxpool.Config }).Config().ConnConfig.ConnString()
	for after := range int64(10) {
		var expired atomic.Bool
		pool, err := aurora.Open(t.Context(), aurora.Options{DSN: config, Settings: quick(), Password: func(context.Context) (string, error) {
			if expired.Swap(true) {
				return "", errors.New("failed to refresh cached credentials, token expired")
			}
			return "secret", nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		db := &dropping{DB: pool, admin: one}
		db.left.Store(after + 1)
		src := left
		src.DB = db
		r := compared(t, src, right, aurora.CompareOptions{})
		pool.Close()
		if db.left.Load() > 0 {
			break // it took fewer transactions
		}
		if len(r.LeftRead.Gaps) == 0 || !strings.Contains(r.LeftRead.Gaps[0].Reason, "no RDS IAM token could be made") || !strings.Contains(r.LeftRead.Gaps[0].Remedy, "AWS_PROFILE") {
			t.Errorf("lost at transaction %d: gaps %+v", after, r.LeftRead.Gaps)
		}
		if len(r.Left)+len(r.Right) > 0 {
			t.Errorf("lost at transaction %d: %d rows", after, len(r.Left)+len(r.Right))
		}
	}
}

// TestALostConnectionIsReplaced: the same with credentials that last is no gap.
func TestALostConnectionIsReplaced(t *testing.T) {
	one, other, left, right := twoLedgers(t, 500)
	mustExec(t, other, "delete from ledger where id = 77")
	for _, method := range []aurora.Method{aurora.MethodChecksums, aurora.MethodMerge} {
		for after := range int64(6) {
			db := &dropping{DB: left.DB, admin: one}
			db.left.Store(after + 1)
			src := left
			src.DB = db
			r := compared(t, src, right, aurora.CompareOptions{Method: method})
			if ids(r.Left) != "pay_77" || r.Equal != 499 || len(gapsOf(r)) > 0 {
				t.Errorf("%s, lost at transaction %d: left %s, %d equal, gaps %+v", method, after, ids(r.Left), r.Equal, gapsOf(r))
			}
		}
	}
}

// TestPaceLeavesTheDatabaseAlone: at a quarter, three times as long as statements run nothing does.
func TestPaceLeavesTheDatabaseAlone(t *testing.T) {
	_, _, left, right := twoLedgers(t, 5)
	left.Mapping.Table, left.Mapping.Query = "", "select ledger.* from ledger, pg_sleep(0.05)"
	right.Mapping.Table, right.Mapping.Query = "", "select * from ledger"
	took := func(pace int) time.Duration {
		left.Settings.Pace = pace
		start := time.Now()
		if r := compared(t, left, right, aurora.CompareOptions{Method: aurora.MethodMerge}); r.Equal != 5 {
			t.Fatalf("%+v", r)
		}
		return time.Since(start)
	}
	whole, quarter := took(0), took(25)
	if quarter < 2*whole {
		t.Errorf("%s without a limit, %s at 25 percent", whole, quarter)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	left.Settings.Pace = 1
	start := time.Now()
	if _, err := aurora.Compare(ctx, left, right, window, aurora.CompareOptions{}); err == nil || time.Since(start) > 3*time.Second {
		t.Errorf("%v after %s: the pause does not end with its context", err, time.Since(start))
	}
}

// TestWithoutAnIndex reads stretches by one walk through the table, and names the index where even that takes too long.
func TestWithoutAnIndex(t *testing.T) {
	one, other, left, right := twoLedgers(t, 1)
	for _, owner := range []*pgx.Conn{one, other} {
		mustExec(t, owner, "drop index ledger_created_at_idx")
		mustExec(t, owner, `insert into ledger select n, 'pay_' || n, 'key', 100, 'EUR', 'captured',
			$1::timestamptz + n / 40 * interval '1 second' + n * interval '1 microsecond', null, 'shop' from generate_series(2, 20000) n`, noon)
	}
	mustExec(t, other, "update ledger set status = 'refunded' where id in (10, 11, 4000, 19999)")
	r := compared(t, left, right, aurora.CompareOptions{})
	if r.Method != aurora.MethodChecksums || ids(r.Left) != "pay_10 pay_11 pay_4000 pay_19999" || ids(r.Right) != ids(r.Left) || r.Equal != 19996 || len(gapsOf(r)) > 0 {
		t.Errorf("%s: left %s, %d equal, gaps %+v", r.Method, ids(r.Left), r.Equal, gapsOf(r))
	}
	slowly := func(s aurora.Source, pause string) aurora.Source {
		s.Mapping.Table, s.Mapping.Query = "", `select id, payment_id, idempotency_key, amount_minor, currency, status || pg_sleep(`+pause+`)::text as status,
			created_at, updated_at, "Merchant Id" from ledger where id <= 1000`
		s.Settings.StatementTimeout = 300 * time.Millisecond
		return s
	}
	o := aurora.CompareOptions{}
	r = compared(t, slowly(left, "0.001"), slowly(right, "0.001"), o) // a second for all of them: parts are asked for
	if r.Method != aurora.MethodChecksums || ids(r.Left) != "pay_10 pay_11" || len(gapsOf(r)) > 0 {
		t.Errorf("%s, %s: left %s, gaps %+v", r.Method, r.Why, ids(r.Left), gapsOf(r))
	}
	stuck := slowly(left, "0.001")
	stuck.Mapping.Query = "select ledger.* from ledger, pg_sleep(1)"
	r = compared(t, left, stuck, o)
	wantGap(t, r.RightRead.Gaps, "statement timeout", "create an index on created_at")
	if len(r.Left)+len(r.Right)+len(r.LeftRead.Gaps) > 0 {
		t.Errorf("%+v", r)
	}
}
