package aurora_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"parallax/internal/audit"
	lab "parallax/internal/lab/aurora"
	"parallax/internal/record"
	"parallax/sources/aurora"
)

const (
	dublin = "eu-west-1"
	london = "eu-west-2"
)

func startPair(t *testing.T) *lab.Pair {
	t.Helper()
	pair, err := lab.Start(t.Context(), lab.Options{Dir: t.TempDir(), Regions: [2]string{dublin, london}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pair.Close(); err != nil {
			t.Error(err)
		}
	})
	return pair
}

func payments(t *testing.T, pair *lab.Pair, role string) aurora.Source {
	t.Helper()
	return aurora.Source{
		Scope: "payments", Region: audit.Region(role), DB: open(t, pair.DSN(role)), Settings: quick(),
		Mapping: aurora.Mapping{Table: "payments", Columns: aurora.Columns{
			ID: "id", PaymentID: "payment_id", AmountMinor: "amount_minor", Currency: "currency", Status: "status", CreatedAt: "created_at",
		}},
	}
}

func pay(t *testing.T, pair *lab.Pair, from, to int) {
	t.Helper()
	_, err := pair.Writer().Exec(t.Context(), `insert into payments (payment_id, idempotency_key, region, amount_minor, currency, status, network, created_at, updated_at)
		select 'pay_' || lpad(i::text, 4, '0'), 'key_' || i, 'eu-west-1', i, 'EUR', 'captured', 'visa', $1::timestamptz + i * interval '1 second', $1
		from generate_series($2::int, $3::int) i`, noon, from, to)
	if err != nil {
		t.Fatal(err)
	}
}

func exec(t *testing.T, db *pgxpool.Pool, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := db.Exec(context.Background(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// counted counts the transactions of a source.
type counted struct {
	aurora.DB
	begun atomic.Int64
}

func (c *counted) BeginTx(ctx context.Context, o pgx.TxOptions) (pgx.Tx, error) {
	c.begun.Add(1)
	return c.DB.BeginTx(ctx, o)
}

// The first two leave the pair as they found it.
func TestPair(t *testing.T) {
	pair := startPair(t)
	t.Run("lag of a global database", func(t *testing.T) { lagOfAGlobalDatabase(t, pair) })
	t.Run("recovery conflicts", func(t *testing.T) { conflicts(t, pair) })
	t.Run("lag of a plain replica", func(t *testing.T) { lagOfAPlainReplica(t, pair) })
}

// A replica cancels a query whose rows the writer has vacuumed away meanwhile.
func conflicts(t *testing.T, pair *lab.Pair) {
	pay(t, pair, 1, 50)
	exec(t, pair.Standby(), "alter system set max_standby_streaming_delay = 0", "select pg_reload_conf()")
	if err := pair.WaitReplicated(t.Context()); err != nil {
		t.Fatal(err)
	}
	slow := payments(t, pair, london)
	slow.Mapping.Table, slow.Mapping.Query = "", "select payments.* from (select pg_sleep(0.4)) s, payments"

	t.Run("are waited out", func(t *testing.T) {
		src := slow
		db := &counted{DB: slow.DB}
		src.DB, src.Witness = db, record.Reader
		vacuumUntil(t, pair, func() bool { return db.begun.Load() > 2 })
		r := read(t, src, window, audit.Cursor{})
		if len(r.records) != 50 || len(r.last.Gaps) != 0 {
			t.Errorf("%d rows, gaps %+v", len(r.records), r.last.Gaps)
		}
		if db.begun.Load() < 6 { // the role, a cancelled page, the page, two counts of nulls and one of endless times
			t.Errorf("%d transactions: nothing was cancelled", db.begun.Load())
		}
	})
	t.Run("are waited out by digests", func(t *testing.T) { conflictsOfDigests(t, pair) })
	t.Run("that do not end are a gap", func(t *testing.T) {
		src := slow
		src.Witness, src.Settings.Retries = record.Reader, 1
		done := make(chan struct{})
		vacuumUntil(t, pair, func() bool {
			select {
			case <-done:
				return true
			default:
				return false
			}
		})
		r := read(t, src, window, audit.Cursor{})
		close(done)
		wantGap(t, r.last.Gaps, "conflict with recovery", "max_standby_streaming_delay")
	})
}

// conflictsOfDigests compares the two while the reader's statements are cancelled; the writer's are quick.
func conflictsOfDigests(t *testing.T, pair *lab.Pair) {
	writer, reader := payments(t, pair, dublin), payments(t, pair, london)
	db := &cancelled{DB: reader.DB}
	reader.DB = db
	reader.Mapping.Table, reader.Mapping.Query = "", "select payments.* from (select pg_sleep(0.15)) s, payments"
	vacuumUntil(t, pair, func() bool { return db.failed.Load() > 3 || db.begun.Load() > 60 })
	r := compared(t, writer, reader, aurora.CompareOptions{Fields: []string{"amount_minor", "status"}})
	if r.Method != aurora.MethodChecksums || r.Equal != 50 || len(r.Left)+len(r.Right)+len(gapsOf(r)) > 0 {
		t.Errorf("%s: %d equal, %d and %d not, gaps %+v", r.Method, r.Equal, len(r.Left), len(r.Right), gapsOf(r))
	}
	if db.failed.Load() == 0 {
		t.Error("nothing was cancelled")
	}
}

// cancelled counts transactions, and those that end in a rollback.
type cancelled struct {
	aurora.DB
	begun, failed atomic.Int64
}

func (c *cancelled) BeginTx(ctx context.Context, o pgx.TxOptions) (pgx.Tx, error) {
	c.begun.Add(1)
	tx, err := c.DB.BeginTx(ctx, o)
	return &watchedTx{Tx: tx, of: c}, err
}

type watchedTx struct {
	pgx.Tx
	of        *cancelled
	committed bool
}

func (w *watchedTx) Commit(ctx context.Context) error {
	w.committed = true
	return w.Tx.Commit(ctx)
}

func (w *watchedTx) Rollback(ctx context.Context) error {
	if !w.committed {
		w.of.failed.Add(1)
	}
	return w.Tx.Rollback(ctx)
}

// vacuumUntil updates and vacuums the writer's rows in the background.
func vacuumUntil(t *testing.T, pair *lab.Pair, enough func() bool) {
	t.Helper()
	var done sync.WaitGroup
	done.Go(func() {
		for !enough() {
			for _, sql := range []string{"update payments set updated_at = updated_at + interval '1 second'", "vacuum payments"} {
				if _, err := pair.Writer().Exec(context.Background(), sql); err != nil {
					t.Error(err)
					return
				}
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	t.Cleanup(done.Wait)
}

func TestWitnessesOfAFailover(t *testing.T) {
	pair := startPair(t)
	ctx := t.Context()
	pay(t, pair, 1, 20)
	if err := pair.Cut(ctx); err != nil {
		t.Fatal(err)
	}
	pay(t, pair, 21, 27)
	for _, step := range []func() error{
		pair.KillWriter, func() error { return pair.Promote(ctx) },
		func() error { return pair.RestoreSnapshot(ctx) }, func() error { return pair.Rebuild(ctx) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	snapshot := payments(t, pair, lab.Snapshot)
	snapshot.Witness = record.Snapshot
	for _, test := range []struct {
		src     aurora.Source
		rows    int
		witness record.Witness
	}{
		{payments(t, pair, london), 20, record.Writer},
		{payments(t, pair, dublin), 20, record.Reader},
		{snapshot, 27, record.Snapshot},
	} {
		r := read(t, test.src, window, audit.Cursor{})
		if len(r.records) != test.rows || r.records[0].Witness != test.witness || len(r.last.Gaps) != 0 {
			t.Errorf("%s: %d rows, witness %s, gaps %+v", test.witness, len(r.records), r.records[0].Witness, r.last.Gaps)
		}
	}
	t.Run("the writer dies between pages", func(t *testing.T) { diesBetweenPages(t, pair) })
}

func lagOfAGlobalDatabase(t *testing.T, pair *lab.Pair) {
	at := noon.Add(3 * time.Hour)
	lag := aurora.LagSource{Scope: "payments", Region: dublin, DB: open(t, pair.DSN(dublin)), Settings: quick()}
	if samples, err := lag.Lag(t.Context()); err != nil || len(samples) != 0 {
		t.Errorf("primary alone: %+v, %v", samples, err)
	}
	if err := pair.SetStatus(t.Context(), london, 4800, 9000, at); err != nil {
		t.Fatal(err)
	}
	want := audit.LagSample{
		Layer: "aurora", Scope: "payments", From: dublin, To: london, At: at, Lag: 4800 * time.Millisecond,
		Error: time.Millisecond, Method: aurora.MethodGlobal,
	}
	samples, err := lag.Lag(t.Context())
	if err != nil || len(samples) != 1 || samples[0] != want {
		t.Errorf("samples %+v, %v", samples, err)
	}
	exec(t, pair.Writer(), "update lab.status set rpo_lag_in_msec = -7 where ordinal = 1")
	if samples, err = lag.Lag(t.Context()); err == nil || len(samples) != 0 {
		t.Errorf("nonsense was measured: %+v", samples)
	}
}

func lagOfAPlainReplica(t *testing.T, pair *lab.Pair) {
	ctx := t.Context()
	exec(t, pair.Writer(), "drop function aurora_global_db_status")
	pay(t, pair, 101, 101)
	if err := pair.WaitReplicated(ctx); err != nil {
		t.Fatal(err)
	}
	writer := aurora.LagSource{Scope: "payments", Region: dublin, DB: open(t, pair.DSN(dublin)), Settings: quick()}
	if _, err := writer.Lag(ctx); !errors.Is(err, aurora.ErrWriter) {
		t.Errorf("writer: %v", err)
	}
	replica := aurora.LagSource{Scope: "payments", Region: london, Writer: dublin, DB: open(t, pair.DSN(london)), Settings: quick()}
	measure := func() audit.LagSample {
		t.Helper()
		samples, err := replica.Lag(ctx)
		if err != nil || len(samples) != 1 {
			t.Fatalf("samples %+v, %v", samples, err)
		}
		return samples[0]
	}
	time.Sleep(50 * time.Millisecond)
	if idle := measure(); idle.Lag != 0 || idle.Method != aurora.MethodIdle || idle.Error <= 0 || idle.From != dublin || idle.To != london {
		t.Errorf("idle: %+v", idle)
	}
	if err := pair.PauseReplay(ctx); err != nil {
		t.Fatal(err)
	}
	pay(t, pair, 102, 102)
	var behind audit.LagSample
	for range 100 {
		if behind = measure(); behind.Method == aurora.MethodReplay {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if behind.Lag < 50*time.Millisecond {
		t.Errorf("paused: %+v", behind)
	}
	if err := pair.ResumeReplay(ctx); err != nil {
		t.Fatal(err)
	}
	if err := pair.Cut(ctx); err != nil {
		t.Fatal(err)
	}
	if cut := measure(); cut.Method != aurora.MethodReplay || cut.Lag == 0 {
		t.Errorf("cut: %+v", cut)
	}
}

// diesBetweenPages kills the writer after its first page of ten rows.
func diesBetweenPages(t *testing.T, pair *lab.Pair) {
	src := payments(t, pair, pair.WriterRegion())
	src.Settings.PageRows = 10
	var rows int
	var killed bool
	var last record.Batch[record.Entry]
	for batch, err := range src.Read(t.Context(), window, audit.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		rows, last = rows+len(batch.Records), batch
		if !killed {
			killed = true
			if err := pair.KillWriter(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if rows != 10 || last.Extents[0].Records != 10 || !last.Watermark.IsZero() {
		t.Errorf("%d rows, extents %+v, watermark %s", rows, last.Extents, last.Watermark)
	}
	wantGap(t, last.Gaps, "cannot be reached")
	if want := noon.Add(10 * time.Second); !last.Gaps[0].Window.From.Equal(want) {
		t.Errorf("gap from %s, want %s", last.Gaps[0].Window.From, want)
	}
}
