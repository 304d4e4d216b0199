package drill_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"parallax/internal/lab/aurora"
	"parallax/internal/lab/drill"
)

// Of every sort of scenario: what the databases hold is what the player believes, asked of them in another way.
func TestTruthIsWhatTheDatabasesHold(t *testing.T) {
	base := t.TempDir()
	template, err := aurora.NewTemplate(t.Context(), filepath.Join(base, "template"))
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(10) {
		s := drill.New(seed)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w, err := drill.Open(t.Context(), s, drill.Options{Dir: filepath.Join(base, fmt.Sprint(seed)), Template: template})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := w.Close(); err != nil {
					t.Error(err)
				}
				_ = os.RemoveAll(filepath.Join(base, fmt.Sprint(seed))) // the next needs the room
			}()
			began := time.Now()
			if err := w.Play(t.Context()); err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %d facts, played in %s", s, len(w.Truth.Facts), time.Since(began).Round(time.Millisecond))
			for _, m := range w.Truth.Moves {
				t.Logf("%s %s to %s at %s: rpo %s rto %s", m.Move, m.From, m.To, m.Promoted.Format(time.TimeOnly), m.RPO(), m.RTO())
			}
			check(t, w)
		})
	}
}

type row struct {
	id      int64
	minor   int64
	status  string
	created time.Time
}

func rows(t *testing.T, db *pgxpool.Pool) map[string]row {
	t.Helper()
	found, err := db.Query(context.Background(), "select payment_id, id, amount_minor, status, created_at from payments")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]row{}
	var payment string
	var r row
	if _, err := pgx.ForEachRow(found, []any{&payment, &r.id, &r.minor, &r.status, &r.created}, func() error {
		out[payment] = r
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// check derives what can be derived of the databases alone: rows lost, ids given out twice, rows not replayed.
func check(t *testing.T, w *drill.World) {
	t.Helper()
	writer := rows(t, w.Pair.Writer())
	want := map[string]bool{}
	byID := map[int64]bool{}
	for _, r := range writer {
		byID[r.id] = true
	}
	for _, role := range []string{aurora.Snapshot, aurora.Snapshot2} {
		db := w.Pair.Role(role)
		if db == nil {
			continue
		}
		for payment, r := range rows(t, db) {
			if _, ok := writer[payment]; !ok {
				want["ledger.lost_row "+payment] = true
				if byID[r.id] {
					want[fmt.Sprintf("ledger.id_collision %d", r.id)] = true
				}
			}
		}
	}
	reader := rows(t, w.Pair.Standby())
	for payment, r := range writer {
		if _, ok := reader[payment]; !ok && !r.created.After(w.AsOf.Add(-drill.Margin)) {
			want["ledger.not_replicated "+payment] = true
		}
	}
	for key := range want {
		if _, ok := w.Truth.Facts[key]; !ok {
			t.Errorf("the databases show %s, the truth does not", key)
		}
	}
	for key, f := range w.Truth.Facts {
		switch {
		case f.Kind != "ledger.changed_row" && !want[key]:
			t.Errorf("the truth says %s, the databases do not", key)
		case f.Kind == "ledger.changed_row" && !differs(t, w, f.Key, writer, reader):
			t.Errorf("the truth says %s, but every copy has it alike", key)
		}
	}
}

func differs(t *testing.T, w *drill.World, payment string, writer, reader map[string]row) bool {
	t.Helper()
	have := writer[payment]
	other := []map[string]row{reader}
	for _, role := range []string{aurora.Snapshot, aurora.Snapshot2} {
		if db := w.Pair.Role(role); db != nil {
			other = append(other, rows(t, db))
		}
	}
	for _, rows := range other {
		if r, ok := rows[payment]; ok && (r.minor != have.minor || r.status != have.status) {
			return true
		}
	}
	return false
}

// The same seed makes the same drill, but for what PostgreSQL decides.
func TestScenariosRepeat(t *testing.T) {
	for seed := range uint64(50) {
		if a, b := drill.New(seed), drill.New(seed); a.String() != b.String() {
			t.Errorf("seed %d: %s and %s", seed, a, b)
		}
	}
}
