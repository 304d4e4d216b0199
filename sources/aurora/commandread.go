package aurora

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// commandReading is the state of one Read.
type commandReading struct {
	CommandSource
	base    Source
	window  audit.Window
	after   *position
	first   *position
	records int64
	bad     int64 // amounts that could not be read
	gaps    []audit.Gap
}

// pages reads to the end of the window or to what stops it; it reports false when the consumer has broken off.
func (r *commandReading) pages(ctx context.Context, yield func(record.Batch[record.Command], error) bool) bool {
	witness, err := r.base.witness(ctx)
	if err != nil {
		r.stopped(err)
		return true
	}
	for {
		commands, more, err := r.page(ctx)
		if err != nil {
			r.stopped(err)
			return true
		}
		for i := range commands {
			commands[i].Region, commands[i].Witness = r.Region, witness
		}
		if len(commands) > 0 {
			r.moved(commands)
			if !yield(record.Batch[record.Command]{Records: commands, Region: r.Region}, nil) {
				return false
			}
		}
		if !more {
			r.countUnplaced(ctx)
			return true
		}
	}
}

func (r *commandReading) moved(commands []record.Command) {
	if r.first == nil {
		r.first = &position{commands[0].CreatedAt, commands[0].ID}
	}
	for i := range commands {
		if r.Columns.AmountMinor != "" && commands[i].Amount.Currency == "" {
			r.bad++
		}
	}
	last := commands[len(commands)-1]
	r.after, r.records = &position{last.CreatedAt, last.ID}, r.records+int64(len(commands))
}

// stopped marks the rest of the window as unread.
func (r *commandReading) stopped(err error) {
	rest := r.window
	if r.after != nil && r.after.at.After(rest.From) {
		rest.From = r.after.at
	}
	r.gaps = append(r.gaps, r.gap(rest, err))
}

func (r *commandReading) gap(w audit.Window, err error) audit.Gap {
	g := r.base.gap(w, err)
	g.Reason, g.Remedy = ofCommands(g.Reason), ofCommands(g.Remedy)
	if strings.Contains(g.Remedy, "created_at=") {
		g.Remedy = "check commands[].columns in the configuration; columns used: " + r.Columns.list()
	}
	return g
}

// page reads the commands behind the position and whether more follow. A page ends between two ids, never inside one: rows
// that share the last one's id and time are left to the next page.
func (r *commandReading) page(ctx context.Context) (commands []record.Command, more bool, err error) {
	err = r.base.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		for limit := r.base.Settings.PageRows; ; limit *= 2 {
			var queryErr error
			if commands, queryErr = r.query(ctx, tx, limit+1); queryErr != nil {
				return queryErr
			}
			if more = len(commands) > limit; !more {
				return nil
			}
			last, end := commands[len(commands)-1], len(commands)
			for end > 0 && commands[end-1].ID == last.ID && commands[end-1].CreatedAt.Equal(last.CreatedAt) {
				end--
			}
			if commands = commands[:end]; end > 0 {
				return nil
			}
		}
	})
	return commands, more, err
}

func (r *commandReading) query(ctx context.Context, tx pgx.Tx, limit int) ([]record.Command, error) {
	from, to := microsecond(r.window.From), microsecond(r.window.To)
	created, id := column(r.Columns.CreatedAt), "("+column(r.Columns.ID)+`::text collate "C")`
	args, seek := []any{from, to, limit}, ""
	if r.after != nil {
		args, seek = []any{r.after.at, to, limit, r.after.key}, fmt.Sprintf(" and (%s > $1::timestamptz or %s > $4)", created, id)
	}
	result, err := tx.Query(ctx, fmt.Sprintf(
		"select %s from %s where %s >= $1::timestamptz and %s < $2::timestamptz and %s is not null%s order by %s, %s limit $3",
		r.Columns.selectList(), r.base.Mapping.relation(), created, created, column(r.Columns.ID), seek, created, id), args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(result, r.scan)
}

// scan reads one row in the order of selectList. An endless deadline is none.
func (r *commandReading) scan(rows pgx.CollectableRow) (record.Command, error) {
	var c record.Command
	var created, updated, deadline pgtype.Timestamptz
	var id, transfer, side, status, payment, amount, currency, owner *string
	if err := rows.Scan(&created, &updated, &deadline, &id, &transfer, &side, &status, &payment, &amount, &currency, &owner); err != nil {
		return c, err
	}
	c = record.Command{
		ID: text(id), Transfer: text(transfer), Side: text(side), Status: text(status), PaymentID: text(payment), Owner: audit.Region(text(owner)),
		CreatedAt: finite(created), UpdatedAt: finite(updated), Deadline: finite(deadline),
	}
	if r.Columns.AmountMinor == "" {
		return c, nil
	}
	code := strings.ToUpper(strings.TrimSpace(text(currency)))
	minor, err := strconv.ParseInt(strings.TrimSpace(text(amount)), 10, 64)
	if err != nil || code == "" {
		return c, nil //nolint:nilerr // counted when it is yielded, for the transfer is judged all the same
	}
	c.Amount = money.Amount{Minor: minor, Currency: code}
	return c, nil
}

// countUnplaced reports commands that no page can hold.
func (r *commandReading) countUnplaced(ctx context.Context) {
	created, id := column(r.Columns.CreatedAt), column(r.Columns.ID)
	from := " from " + r.base.Mapping.relation() + " where "
	for _, c := range []struct {
		what, where string
		args        []any
	}{
		{"no " + r.Columns.ID, fmt.Sprintf("%s >= $1::timestamptz and %s < $2::timestamptz and %s is null", created, created, id), []any{microsecond(r.window.From), microsecond(r.window.To)}},
		{"no " + r.Columns.CreatedAt, created + " is null", nil},
		{"an infinite " + r.Columns.CreatedAt, created + " in ('infinity', '-infinity')", nil},
	} {
		var rows int64
		err := r.base.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
			return tx.QueryRow(ctx, "select count(*)"+from+c.where, c.args...).Scan(&rows)
		})
		switch {
		case err != nil:
			r.gaps = append(r.gaps, r.gap(r.window, fmt.Errorf("count commands with %s: %w", c.what, err)))
		case rows > 0:
			r.gaps = append(r.gaps, audit.Gap{
				Window: r.window, Reason: fmt.Sprintf("%s in %s: %d commands have %s and were not read", ofCommands(r.base.Mapping.name()), r.Region, rows, c.what),
				Remedy: "fill in these columns and declare them not null",
			})
		}
	}
}

// last is the batch that ends a read.
func (r *commandReading) last() record.Batch[record.Command] {
	extent := audit.Extent{Name: ofCommands(r.base.Mapping.name()), Records: r.records}
	if r.first != nil {
		extent.From, extent.To = r.first.String(), r.after.String()
	}
	b := record.Batch[record.Command]{Region: r.Region, Gaps: r.gaps, Extents: []audit.Extent{extent}}
	if r.bad > 0 {
		b.Excluded = []audit.Exclusion{{Reason: "amount of a command that is no whole number of minor units, or has no currency", Records: r.bad}}
	}
	return b
}
