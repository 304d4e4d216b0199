package lab

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// played builds and plays a world.
func played(t *testing.T, seed uint64, payments int) *World {
	t.Helper()
	var hooked []string
	w, err := Build(t.Context(), Options{
		Dir: t.TempDir(), Seed: seed, Payments: payments,
		Hook: func(_ context.Context, at time.Time) error {
			hooked = append(hooked, at.Format("02T15:04"))
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := w.Play(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(hooked, " "); got != "18T14:06 18T14:30 18T14:45 18T15:10 19T03:10 19T15:10 20T03:10" {
		t.Errorf("hooks at %s", got)
	}
	return w
}

// keysOf are the keys the truth has for a kind, sorted.
func (t Truth) keysOf(kind string) []string {
	var keys []string
	for _, f := range t.Facts {
		if f.Kind == kind {
			keys = append(keys, f.Key)
		}
	}
	slices.Sort(keys)
	return keys
}

// same holds what a check found in the servers and files against the truth of a kind.
func same(t *testing.T, w *World, kind string, found map[string]bool) {
	t.Helper()
	if diff := cmp.Diff(w.Truth().keysOf(kind), slices.Sorted(maps.Keys(found))); diff != "" {
		t.Errorf("%s: truth and servers differ (-truth +servers):\n%s", kind, diff)
	}
}

// TestTruthIsWhatTheServersHold looks for every kind of fault with queries of its own.
func TestTruthIsWhatTheServersHold(t *testing.T) {
	for _, seed := range []uint64{7, 8} {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			w := played(t, seed, 300)
			l := readLedgers(t, w)
			t.Run("ledgers", func(t *testing.T) { l.check(t, w) })
			t.Run("keys", func(t *testing.T) { checkKeys(t, w, l) })
			t.Run("receipts", func(t *testing.T) { checkReceipts(t, w, l) })
			t.Run("files", func(t *testing.T) { checkFiles(t, w, l) })
			t.Run("chain", func(t *testing.T) { checkChain(t, w) })
			t.Run("moments", func(t *testing.T) { checkMoments(t, w.Truth()) })
			t.Run("counts", func(t *testing.T) { checkCounts(t, w) })
		})
	}
}

// TestSameSeedSameWorld plays one seed twice, and another.
func TestSameSeedSameWorld(t *testing.T) {
	first, second, other := played(t, 3, MinPayments), played(t, 3, MinPayments), played(t, 4, MinPayments)
	if diff := cmp.Diff(first.Truth(), second.Truth()); diff != "" {
		t.Errorf("one seed, two truths:\n%s", diff)
	}
	if cmp.Equal(first.Truth(), other.Truth()) {
		t.Error("two seeds, one truth")
	}
	for _, d := range deliveries() {
		a, b := readFile(t, first, d.name), readFile(t, second, d.name)
		if string(a) != string(b) {
			t.Errorf("%s differs between two plays of one seed", d.name)
		}
	}
}

func TestBuildRefusesAWorldTooSmall(t *testing.T) {
	_, err := Build(t.Context(), Options{Dir: t.TempDir(), Payments: MinPayments - 1})
	if err == nil || err.Error() != "build world: 119 payments are fewer than the 120 its faults need" {
		t.Errorf("error %v", err)
	}
}

func TestPlayEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w, err := Build(ctx, Options{
		Dir: t.TempDir(), Payments: MinPayments,
		Hook: func(context.Context, time.Time) error { cancel(); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Play(ctx); err == nil || !strings.Contains(err.Error(), "context canceled") {
		t.Errorf("error %v", err)
	}
	if err := w.Play(t.Context()); err == nil {
		t.Error("a world was played twice")
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

func checkMoments(t *testing.T, truth Truth) {
	inOrder := []time.Time{
		truth.LastSurvivor, truth.CutAt, truth.LastLost, truth.KeysPaused, truth.FirstRefused, truth.Promoted, truth.FirstGood, truth.KeysResumed,
	}
	if !slices.IsSortedFunc(inOrder, time.Time.Compare) {
		t.Errorf("moments out of order: %v", inOrder)
	}
	if cut := truth.KeysPaused.Sub(truth.CutAt); cut < 700*time.Millisecond || cut > time.Second {
		t.Errorf("cut %s before the outage", cut)
	}
	if gap := truth.CutAt.Sub(truth.LastSurvivor); gap > 50*time.Millisecond {
		t.Errorf("last row %s before the cut", gap)
	}
	if down := truth.FirstGood.Sub(truth.FirstRefused); down < 43*time.Second || down > 60*time.Second {
		t.Errorf("no ledger for %s", down)
	}
	if !truth.ReceiptsPaused.Equal(truth.KeysPaused) || !truth.ReceiptsResumed.Equal(truth.KeysResumed) {
		t.Errorf("receipts paused %s to %s", truth.ReceiptsPaused, truth.ReceiptsResumed)
	}
}

// checkCounts holds the number of each fault against the script's promise.
func checkCounts(t *testing.T, w *World) {
	truth, lost := w.Truth(), len(w.lost)
	if lost < 8 {
		t.Errorf("%d rows lost", lost)
	}
	want := map[string]int{
		"lww.double_accept": 7, "chain.double_charge": 5, "lww.lost_write": 5, "lww.lost_delete": 1, "lww.not_replicated": 1, "lww.diverged": 1,
		"ledger.lost_row": lost, "ledger.changed_row": 2, "ledger.not_replicated": 3,
		"receipt.missing": 4, "receipt.not_replicated": 3, "receipt.replication_failed": 2, "receipt.mismatch": 1,
		"receipt.delete_diverged": 1, "receipt.orphan": lost + 1, "receipt.storage_drift": 1,
		"settlement.missing_in_network": 3, "settlement.missing_in_ledger": lost + 2, "settlement.amount_mismatch": 2,
		"settlement.currency_mismatch": 1, "settlement.duplicate_in_network": 2, "settlement.duplicate_in_ledger": 1,
		"settlement.status_mismatch": 1, "file.duplicate": 1,
		"chain.key_without_entry": lost - 2 + 2, "chain.entry_without_key": 1, "chain.broken": 7,
		"chain.key_retention": 3, "chain.stuck_command": 4,
		"lag.breach": 4, "failover.detected": 1,
	}
	if n := len(truth.keysOf("ledger.id_collision")); n > 0 {
		want["ledger.id_collision"] = n
	}
	got := map[string]int{}
	for _, f := range truth.Facts {
		got[f.Kind]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-promised +noted):\n%s", diff)
	}
}

func readFile(t *testing.T, w *World, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(w.settlementDir() + "/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
