package lab

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// row is a ledger row as a server holds it.
type row struct {
	id                                           int64
	payment, key, region, currency, status, netw string
	reference, rrn, auth                         string
	minor                                        int64
	created, updated                             time.Time
}

// ledgers are the three copies by payment id: London's writes, Dublin's is the new standby, the snapshot is the old primary.
type ledgers struct{ london, dublin, snapshot map[string]row }

func readLedgers(t *testing.T, w *World) ledgers {
	t.Helper()
	return ledgers{readLedger(t, w, london), readLedger(t, w, dublin), readLedger(t, w, "snapshot")}
}

func readLedger(t *testing.T, w *World, role string) map[string]row {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.ledger.pair.DSN(role))
	if err != nil {
		t.Fatalf("%s: %v", role, err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), `select id, payment_id, idempotency_key, region, currency, status, network,
		coalesce(network_reference, ''), rrn, auth_code, amount_minor, created_at, updated_at from payments`)
	if err != nil {
		t.Fatalf("%s: %v", role, err)
	}
	found := map[string]row{}
	var r row
	_, err = pgx.ForEachRow(rows, []any{
		&r.id, &r.payment, &r.key, &r.region, &r.currency, &r.status, &r.netw,
		&r.reference, &r.rrn, &r.auth, &r.minor, &r.created, &r.updated,
	}, func() error {
		found[r.payment] = r
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", role, err)
	}
	return found
}

func (l ledgers) check(t *testing.T, w *World) {
	lost, changed, collided, behind := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	byID := map[int64]row{}
	for _, r := range l.london {
		byID[r.id] = r
		if _, there := l.dublin[r.payment]; !there {
			behind[r.payment] = true
		}
	}
	for _, s := range l.snapshot {
		r, there := l.london[s.payment]
		switch {
		case !there:
			lost[s.payment] = true
		case r != s:
			changed[s.payment] = true
		}
		if other, taken := byID[s.id]; taken && other.payment != s.payment {
			collided[strconv.FormatInt(s.id, 10)] = true
		}
	}
	same(t, w, "ledger.lost_row", lost)
	same(t, w, "ledger.changed_row", changed)
	same(t, w, "ledger.id_collision", collided)
	same(t, w, "ledger.not_replicated", behind)
	l.checkTimes(t, w.Truth())
	l.checkCalls(t, w)
}

// checkTimes holds the measured truth against the rows.
func (l ledgers) checkTimes(t *testing.T, truth Truth) {
	var survivor, lastLost, good time.Time
	for _, s := range l.snapshot {
		_, there := l.london[s.payment]
		if there && s.created.After(survivor) {
			survivor = s.created
		}
		if !there && s.created.After(lastLost) {
			lastLost = s.created
		}
	}
	for _, r := range l.london {
		if _, old := l.snapshot[r.payment]; !old && (good.IsZero() || r.created.Before(good)) {
			good = r.created
		}
	}
	if !survivor.Equal(truth.LastSurvivor) || !lastLost.Equal(truth.LastLost) || !good.Equal(truth.FirstGood) {
		t.Errorf("rows say %s, %s, %s; truth says %s, %s, %s", survivor, lastLost, good, truth.LastSurvivor, truth.LastLost, truth.FirstGood)
	}
}

// checkCalls: every payment that was not given up has exactly one row somewhere, with its own money.
func (l ledgers) checkCalls(t *testing.T, w *World) {
	if len(w.payments) != w.options.Payments {
		t.Errorf("%d payments instead of %d", len(w.payments), w.options.Payments)
	}
	for _, p := range w.payments {
		r, there := l.london[p.id]
		if !there {
			r, there = l.snapshot[p.id]
		}
		if there == p.abandoned {
			t.Errorf("payment %s: has a row: %t", p.id, there)
		}
		if there && (r.minor != p.money.Minor || r.currency != p.money.Currency || r.key != p.key || r.region != p.region) {
			t.Errorf("payment %s: row %+v", p.id, r)
		}
	}
}
