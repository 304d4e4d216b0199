package aurora

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// CommandColumns names the columns of a table of commands. ID, Transfer, Status and CreatedAt are needed; AmountMinor and
// Currency belong together. A name is taken as it is written, upper and lower case included.
type CommandColumns struct {
	ID, Transfer, Side, Status string
	Deadline                   string // timestamptz; one without time zone is taken as UTC, as everywhere
	PaymentID                  string
	AmountMinor, Currency      string
	Region                     string
	CreatedAt, UpdatedAt       string
}

// CommandSource is one table, or query, of commands in one database of a ledger.
type CommandSource struct {
	Scope    string         // the configured commands
	Region   audit.Region   // of the database
	Witness  record.Witness // Snapshot is believed; otherwise the database is asked
	Table    string
	Query    string
	Columns  CommandColumns
	DB       DB
	Settings Settings
}

// Read yields the commands created inside w in the order of creation time and id, in short READ ONLY transactions, page by
// page; it begins anew every time. What the database refuses, silence, and commands that no page can hold (without an id or
// a creation time) are gaps. A command whose amount is no number, or has no currency, comes without amount. Only a mapping
// that cannot be right and the end of ctx are errors.
func (s CommandSource) Read(ctx context.Context, w audit.Window, _ audit.Cursor) iter.Seq2[record.Batch[record.Command], error] {
	return func(yield func(record.Batch[record.Command], error) bool) {
		r := &commandReading{CommandSource: s, base: s.source(), window: w}
		if err := s.check(); err != nil {
			yield(record.Batch[record.Command]{Region: s.Region}, fmt.Errorf("read commands %s in %s: %w", s.Scope, s.Region, err))
			return
		}
		if !w.Empty() && !r.pages(ctx, yield) {
			return
		}
		if err := ctx.Err(); err != nil {
			yield(record.Batch[record.Command]{Region: s.Region}, fmt.Errorf("read commands %s in %s: %w", s.Scope, s.Region, err))
			return
		}
		yield(r.last(), nil)
	}
}

// Identify tells as which witness the database speaks. The error is in the words of a gap.
func (s CommandSource) Identify(ctx context.Context) (record.Witness, error) {
	witness, err := s.source().Identify(ctx)
	return witness, commandWords(err)
}

// source is the ledger source of the same database, whose transactions, retries and words are used.
func (s CommandSource) source() Source {
	return Source{
		Scope: s.Scope, Region: s.Region, Witness: s.Witness, DB: s.DB, Settings: s.Settings.withDefaults(),
		Mapping: Mapping{Table: s.Table, Query: s.Query, Columns: Columns{PaymentID: s.Columns.ID, CreatedAt: s.Columns.CreatedAt}},
	}
}

func (s CommandSource) check() error {
	c := s.Columns
	switch {
	case (s.Table == "") == (s.Query == ""):
		return errors.New("commands need a table or a query, and not both")
	case c.ID == "" || c.Transfer == "" || c.Status == "" || c.CreatedAt == "":
		return errors.New("commands need the columns id, transfer, status and created_at")
	case (c.AmountMinor == "") != (c.Currency == ""):
		return errors.New("amount_minor and currency of commands belong together")
	}
	return nil
}

// list names the columns as they are mapped.
func (c CommandColumns) list() string {
	var named []string
	for _, pair := range [][2]string{
		{"id", c.ID}, {"transfer", c.Transfer}, {"side", c.Side}, {"status", c.Status}, {"deadline", c.Deadline}, {"payment_id", c.PaymentID},
		{"amount_minor", c.AmountMinor}, {"currency", c.Currency}, {"region", c.Region}, {"created_at", c.CreatedAt}, {"updated_at", c.UpdatedAt},
	} {
		if pair[1] != "" {
			named = append(named, pair[0]+"="+pair[1])
		}
	}
	return strings.Join(named, " ")
}

// selectList is in the order that scanCommand expects.
func (c CommandColumns) selectList() string {
	list := []string{column(c.CreatedAt) + "::timestamptz", asTime(c.UpdatedAt), asTime(c.Deadline)}
	for _, name := range []string{c.ID, c.Transfer, c.Side, c.Status, c.PaymentID, c.AmountMinor, c.Currency, c.Region} {
		list = append(list, asText(name))
	}
	return strings.Join(list, ", ")
}

// commandWords says of an error or gap which settings it is about: those of the commands, not of their ledger.
func commandWords(err error) error {
	var said *ReadError
	if errors.As(err, &said) {
		return &ReadError{Reason: ofCommands(said.Reason), Remedy: ofCommands(said.Remedy), err: said.err}
	}
	return err
}

func ofCommands(text string) string {
	return strings.NewReplacer("ledgers[].", "commands[].", "the ledger's query", "the commands' query", "column ledger.", "column ").Replace(text)
}
