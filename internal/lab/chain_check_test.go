package lab

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// checkChain looks for keys that expire within the day they must be kept, and for transfers that are not done or refused
// on both sides.
func checkChain(t *testing.T, w *World) {
	short := map[string]bool{}
	for _, p := range w.payments {
		item, there := w.table.Get(p.region, p.key)
		if p.keyless || !there {
			continue
		}
		expires, err := strconv.ParseInt(item["expires"].Text, 10, 64)
		if err != nil || item["expires"].Type != "N" {
			t.Errorf("key %s expires at %+v", p.key, item["expires"])
		}
		if time.Unix(expires, 0).Sub(p.at) < 24*time.Hour-time.Minute {
			short[p.key] = true
		}
	}
	same(t, w, "chain.key_retention", short)
	for _, role := range []string{dublin, london} {
		same(t, w, "chain.stuck_command", uneven(t, w.ledger.pair.DSN(role)))
	}
}

// uneven are the transfers that are neither completed nor failed as a whole.
func uneven(t *testing.T, dsn string) map[string]bool {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), `select transfer_id from commands group by transfer_id
		having count(*) <> 2 or (not bool_and(state = 'COMPLETED') and not bool_and(state = 'FAILED'))`)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, id := range ids {
		found[id] = true
	}
	return found
}
