package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
)

// writeChains enters what a run says of payments whose chain is or was broken. A payment is told by the run that speaks for the
// latest moment; one that has become whole stays, with nothing in broken.
func writeChains(ctx context.Context, tx pgx.Tx, o audit.Outcome) error {
	type key struct{ scope, payment string }
	var rows [][]any
	for _, c := range last(o.Chains, func(c audit.Chain) key { return key{safe(c.Scope), safe(c.PaymentID)} }) {
		c = cleanChain(c)
		links, err := jsonOf(c.Links)
		if err != nil {
			return err
		}
		rows = append(rows, []any{
			c.Scope, c.PaymentID, c.Key, string(c.Region), c.Amount.Minor, c.Amount.Currency, micro(c.At), c.Broken, links, o.AsOf, o.RunID,
		})
	}
	return upsert(ctx, tx, staged{
		table: "chain",
		columns: []string{
			"scope", "payment_id", "key", "region", "amount_minor", "currency", "at", "broken", "links", "as_of", "run_id",
		},
		conflict: `(scope, payment_id) do update set key = excluded.key, region = excluded.region,
			amount_minor = excluded.amount_minor, currency = excluded.currency, at = excluded.at, broken = excluded.broken,
			links = excluded.links, as_of = excluded.as_of, run_id = excluded.run_id where t.as_of <= excluded.as_of`,
		rows: rows,
	})
}

func cleanChain(c audit.Chain) audit.Chain {
	c.Scope, c.PaymentID, c.Key = safe(c.Scope), safe(c.PaymentID), safe(c.Key)
	c.Region, c.Amount.Currency, c.Broken = audit.Region(safe(string(c.Region))), safe(c.Amount.Currency), safe(c.Broken)
	c.Links = mapped(c.Links, func(l audit.Link) audit.Link {
		l.Layer, l.State, l.Region = safe(l.Layer), audit.LinkState(safe(string(l.State))), audit.Region(safe(string(l.Region)))
		l.Ref, l.Note = safe(l.Ref), safe(l.Note)
		return l
	})
	return c
}

// Chains returns the payments of a ledger taken inside a window whose chain is or was broken, as the newest run saw them, in
// order of time and payment id. A chain that has become whole has nothing in Broken.
func (s *Store) Chains(ctx context.Context, scope string, w audit.Window) ([]audit.Chain, error) {
	chains, err := collect(ctx, s.pool, scanChain, `select scope, payment_id, key, region, amount_minor, currency, at, broken, links
		from parallax.chain where scope = $1 and at >= $2 and at < $3
		order by at, payment_id collate "C"`, safe(scope), w.From.UTC(), w.To.UTC())
	if err != nil {
		return nil, fmt.Errorf("read chains of %q: %w", scope, err)
	}
	return chains, nil
}

// ChainsOf returns those of the given payments, in the same order, whenever they were taken.
func (s *Store) ChainsOf(ctx context.Context, scope string, payments []string) ([]audit.Chain, error) {
	chains, err := collect(ctx, s.pool, scanChain, `select scope, payment_id, key, region, amount_minor, currency, at, broken, links
		from parallax.chain where scope = $1 and payment_id = any($2)
		order by at, payment_id collate "C"`, safe(scope), mapped(payments, safe))
	if err != nil {
		return nil, fmt.Errorf("read chains of %q: %w", scope, err)
	}
	return chains, nil
}

func scanChain(row pgx.CollectableRow) (audit.Chain, error) {
	var c audit.Chain
	var links []byte
	err := row.Scan(&c.Scope, &c.PaymentID, &c.Key, &c.Region, &c.Amount.Minor, &c.Amount.Currency, &c.At, &c.Broken, &links)
	if err != nil {
		return c, err
	}
	utc(&c.At)
	return c, json.Unmarshal(links, &c.Links)
}
