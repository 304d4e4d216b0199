package aurora_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/lab/aurora"
)

const (
	dublin = "eu-west-1"
	london = "eu-west-2"
)

var day = time.Date(2026, 11, 18, 14, 0, 0, 0, time.UTC)

func start(t *testing.T) *aurora.Pair {
	t.Helper()
	pair, err := aurora.Start(t.Context(), aurora.Options{Dir: t.TempDir(), Regions: [2]string{dublin, london}})
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

// pay commits each payment on its own, as the world's API does.
func pay(t *testing.T, pair *aurora.Pair, name string, count int) {
	t.Helper()
	for i := range count {
		_, err := pair.Writer().Exec(t.Context(), `insert into payments
			(payment_id, idempotency_key, region, amount_minor, currency, status, network, created_at, updated_at)
			values ($1, $1, 'eu-west-1', 100, 'EUR', 'captured', 'visa', $2, $2)`, fmt.Sprintf("%s_%02d", name, i), day)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// seen counts the payments of a name at an address, through the role of the audit.
func seen(t *testing.T, pair *aurora.Pair, role, name string) (count int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pair.DSN(role))
	if err != nil {
		t.Fatalf("%s: %v", role, err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(t.Context(), "select count(*) from payments where payment_id like $1 || '_%'", name).Scan(&count); err != nil {
		t.Fatalf("%s: %v", role, err)
	}
	return count
}

func TestDrillLosesExactlyWhatWasCommittedAfterTheCut(t *testing.T) {
	pair := start(t)
	ctx := t.Context()
	addresses := []string{pair.DSN(dublin), pair.DSN(london), pair.DSN(aurora.Snapshot)}
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	pay(t, pair, "kept", 40)
	must("cut", pair.Cut(ctx))
	pay(t, pair, "lost", 17)
	_, err := pair.Writer().Exec(ctx, "update payments set status = 'refunded' where payment_id = 'kept_03'")
	must("update", err)
	must("kill", pair.KillWriter())
	if _, err := pair.Writer().Exec(ctx, "select 1"); err == nil {
		t.Error("the killed writer answers")
	}
	must("promote", pair.Promote(ctx))
	pay(t, pair, "new", 9)
	must("restore", pair.RestoreSnapshot(ctx))
	must("rebuild", pair.Rebuild(ctx))
	pay(t, pair, "late", 3)
	must("wait", pair.WaitReplicated(ctx))

	for _, want := range []struct {
		role                    string
		kept, lost, after, last int
	}{{aurora.Snapshot, 40, 17, 0, 0}, {london, 40, 0, 9, 3}, {dublin, 40, 0, 9, 3}} {
		got := []int{seen(t, pair, want.role, "kept"), seen(t, pair, want.role, "lost"), seen(t, pair, want.role, "new"), seen(t, pair, want.role, "late")}
		if fmt.Sprint(got) != fmt.Sprint([]int{want.kept, want.lost, want.after, want.last}) {
			t.Errorf("%s has %v, want %+v", want.role, got, want)
		}
	}
	if again := []string{pair.DSN(dublin), pair.DSN(london), pair.DSN(aurora.Snapshot)}; fmt.Sprint(again) != fmt.Sprint(addresses) {
		t.Errorf("addresses moved from %v to %v", addresses, again)
	}
	if pair.WriterRegion() != london {
		t.Errorf("%s writes", pair.WriterRegion())
	}
}

func TestPausedReplayDelaysButLosesNothing(t *testing.T) {
	pair := start(t)
	pay(t, pair, "before", 2)
	if err := pair.PauseReplay(t.Context()); err != nil {
		t.Fatal(err)
	}
	pay(t, pair, "behind", 3)
	time.Sleep(100 * time.Millisecond)
	if before, behind := seen(t, pair, london, "before"), seen(t, pair, london, "behind"); before != 2 || behind != 0 {
		t.Errorf("paused: %d and %d rows", before, behind)
	}
	if err := pair.ResumeReplay(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := pair.WaitReplicated(t.Context()); err != nil {
		t.Fatal(err)
	}
	if behind := seen(t, pair, london, "behind"); behind != 3 {
		t.Errorf("resumed: %d rows", behind)
	}
}

func TestAuditRoleReadsPaymentsAndTheStatusOnly(t *testing.T) {
	pair := start(t)
	conn, err := pgx.Connect(t.Context(), pair.DSN(dublin))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for sql, allowed := range map[string]bool{
		"select * from payments":                            true,
		"select * from aurora_global_db_status()":           true,
		"select * from aurora_global_db_instance_status()":  true,
		"select * from lab.status":                          false,
		"delete from payments":                              false,
		"insert into payments (payment_id) values ('mine')": false,
		"create table mine (i int)":                         false,
	} {
		if _, err := conn.Exec(t.Context(), sql); (err == nil) != allowed {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func TestStatusFollowsTheWriter(t *testing.T) {
	pair := start(t)
	ctx := t.Context()
	status := func() string {
		t.Helper()
		var text string
		err := pair.Writer().QueryRow(ctx, `select string_agg(aws_region || ' ' || rpo_lag_in_msec || ' ' || durability_lag_in_msec, ', ')
			from aurora_global_db_status()`).Scan(&text)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if err := pair.SetStatus(ctx, london, 250, 300, day); err != nil {
		t.Fatal(err)
	}
	if got := status(); got != "eu-west-1 -1 -1, eu-west-2 250 300" {
		t.Errorf("before: %s", got)
	}
	if err := pair.KillWriter(); err != nil {
		t.Fatal(err)
	}
	if err := pair.Promote(ctx); err != nil {
		t.Fatal(err)
	}
	if got := status(); got != "eu-west-2 -1 -1" {
		t.Errorf("after: %s", got)
	}
}

func TestWrongOrderIsAnError(t *testing.T) {
	pair := start(t)
	if err := pair.RestoreSnapshot(t.Context()); err == nil || !strings.Contains(err.Error(), "still runs") {
		t.Errorf("restored from a live standby: %v", err)
	}
	if err := pair.Cut(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := pair.WaitReplicated(t.Context()); err == nil {
		t.Error("waited for a stream that is cut")
	}
	if _, err := aurora.Start(t.Context(), aurora.Options{Dir: t.TempDir(), Regions: [2]string{dublin, dublin}}); err == nil {
		t.Error("one region twice was accepted")
	}
}

// A game of several moves on one pair made from a template: a switchover there, a failover back that leaves the old primary
// running, and a second failover. Every row is where it was written.
func TestMovesOfAPairFromATemplate(t *testing.T) {
	ctx := t.Context()
	template, err := aurora.NewTemplate(ctx, t.TempDir()+"/template")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	pair, err := aurora.Start(ctx, aurora.Options{Dir: t.TempDir(), Regions: [2]string{dublin, london}, Template: template})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("started in %s", time.Since(began))
	t.Cleanup(func() {
		if err := pair.Close(); err != nil {
			t.Error(err)
		}
	})
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	pay(t, pair, "dublin", 5)
	must("switch over", pair.Switchover(ctx))
	if pair.WriterRegion() != london || pair.Old() != nil {
		t.Fatalf("%s writes, the old primary is %v", pair.WriterRegion(), pair.Old())
	}
	pay(t, pair, "london", 5)
	must("cut", pair.Cut(ctx))
	pay(t, pair, "lost", 3)
	must("promote", pair.Promote(ctx))
	if _, err := pair.Old().Exec(ctx, "update payments set status = 'refunded' where payment_id = 'lost_00'"); err != nil {
		t.Fatalf("the old primary takes no writes: %v", err)
	}
	pay(t, pair, "new", 4)
	must("kill the old primary", pair.KillOld())
	must("restore", pair.RestoreSnapshot(ctx))
	must("rebuild", pair.Rebuild(ctx))
	must("cut again", pair.Cut(ctx))
	pay(t, pair, "again", 2)
	must("kill", pair.KillWriter())
	must("promote again", pair.Promote(ctx))
	must("restore again", pair.RestoreSnapshot(ctx))
	must("rebuild again", pair.Rebuild(ctx))
	for role, want := range map[string]string{
		dublin: "[5 5 0 4 0]", london: "[5 5 0 4 0]", aurora.Snapshot: "[5 5 3 0 0]", aurora.Snapshot2: "[5 5 0 4 2]",
	} {
		var got []int
		for _, name := range []string{"dublin", "london", "lost", "new", "again"} {
			got = append(got, seen(t, pair, role, name))
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s has %v, want %s", role, got, want)
		}
	}
	if pair.WriterRegion() != london {
		t.Errorf("%s writes", pair.WriterRegion())
	}
	must("a third", pair.Cut(ctx))
	must("kill", pair.KillWriter())
	must("promote", pair.Promote(ctx))
	if err := pair.RestoreSnapshot(ctx); err == nil || !strings.Contains(err.Error(), "two failovers") {
		t.Errorf("a third snapshot: %v", err)
	}
}
