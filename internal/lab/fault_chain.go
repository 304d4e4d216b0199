package lab

import (
	"context"
	_ "embed" // the schema
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed commands.sql
var commandSchema string

// How long the application keeps its keys, and how long it keeps those of the clients that a wrong setting hits.
const (
	keptFor      = 48 * time.Hour
	keptTooShort = time.Hour
)

// keysThatExpire: three keys whose time to live ends long before the day is over.
func (w *World) keysThatExpire() {
	for range 3 {
		p := w.quiet(w.somewhere())
		p.shortLived = true
		w.take(p)
		w.truth.note("chain.key_retention", p.key, p.region, p.money)
	}
}

// expires is the payment's key's time to live, in seconds since 1970.
func (p *payment) expires(at time.Time) int64 {
	if p.shortLived {
		return at.Add(keptTooShort).Unix()
	}
	return at.Add(keptFor).Unix()
}

// transfers is how many there are.
const transfers = 240

// transfer is two commands that belong together.
type transfer struct {
	id, region    string
	at            time.Time
	money         Sum
	debit, credit string
}

// sagas enters transfers from account to account before and after the outage, two of which are stuck and two of which took
// effect on one side only. They have chances of their own, so that they move nothing else of the day.
func (w *World) sagas() {
	c := orders{chance: newChance(w.options.Seed, 4), day: w.day}
	before, after := make([]transfer, 0, transfers/2), make([]transfer, 0, transfers/2)
	for i := range transfers {
		t := transfer{id: fmt.Sprintf("trf-%04d", i+1), money: c.sum(), debit: "COMPLETED", credit: "COMPLETED"}
		if c.chance.IntN(40) == 0 {
			t.debit, t.credit = "FAILED", "FAILED"
		}
		if i < transfers/2 {
			t.region, t.at = dublin, c.chance.between(opening, quietTo)
			before = append(before, t)
			continue
		}
		t.region, t.at = london, c.chance.between(moved, closing)
		after = append(after, t)
	}
	for _, part := range [][]transfer{before, after} {
		w.spoil(&part[3], "PENDING", "PENDING")
		w.spoil(&part[7], "COMPLETED", "FAILED")
	}
	before[7].credit = "PENDING"
	w.agenda.add(quietTo, func(ctx context.Context, _ time.Time) error { return w.ledger.command(ctx, before) })
	w.agenda.add(closing, func(ctx context.Context, _ time.Time) error { return w.ledger.command(ctx, after) })
}

func (w *World) spoil(t *transfer, debit, credit string) {
	t.debit, t.credit = debit, credit
	w.truth.note("chain.stuck_command", t.id, t.region, t.money)
}

// command writes the commands of transfers on the present writer. Each second one states a deadline.
func (l *ledger) command(ctx context.Context, all []transfer) error {
	var rows [][]any
	for i, t := range all {
		var deadline *time.Time
		if i%2 == 1 {
			due := t.at.Add(2 * time.Minute)
			deadline = &due
		}
		for side, state := range map[string]string{"debit": t.debit, "credit": t.credit} {
			rows = append(rows, []any{
				t.id + "-" + side, t.id, side, state, deadline, t.money.Minor, t.money.Currency, t.region, t.at, t.at.Add(80 * time.Millisecond),
			})
		}
	}
	_, err := l.pair.Writer().CopyFrom(ctx, pgx.Identifier{"commands"}, []string{
		"command_id", "transfer_id", "side", "state", "deadline", "amount_minor", "currency", "region", "created_at", "updated_at",
	}, pgx.CopyFromRows(rows))
	return wrap(err, "write commands")
}
