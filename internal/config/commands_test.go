package config

import (
	"slices"
	"testing"
	"time"
)

// withCommands is the minimal configuration with a table of commands; more is added to it.
func withCommands(columns, more string) string {
	return minimal + `commands:
  - name: transfers
    ledger: payments
    columns: {id: a, transfer: b, status: c, created_at: d` + columns + `}
` + more
}

func TestCommandsLoad(t *testing.T) {
	t.Parallel()
	cfg, err := parse("p.yaml", []byte(withCommands(", side: e", "    table: commands\n")), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := cfg.Commands[0]
	if !slices.Equal(c.Pending, []string{"PENDING"}) || !slices.Equal(c.Done, []string{"COMPLETED"}) ||
		!slices.Equal(c.Sides, []string{"debit", "credit"}) || c.Deadline != 5*time.Minute {
		t.Errorf("defaults: %+v", c)
	}
	if _, err := parse("p.yaml", []byte(withCommands("", "    query: select 1\n    sides: []\n")), nil); err != nil {
		t.Errorf("without sides: %v", err)
	}
}

func TestBrokenCommands(t *testing.T) {
	t.Parallel()
	const table = "    table: commands\n"
	for _, c := range []struct{ name, text, want string }{
		{"neither", withCommands("", ""), "p.yaml:11:5: commands.transfers: needs a table or a query"},
		{"both", withCommands("", table+"    query: select 1\n"), "p.yaml:11:5: commands.transfers: has both a table and a query: keep one of them"},
		{"writes", withCommands("", "    query: delete from commands\n"), "p.yaml:14:5: commands.transfers.query: must be one statement that reads: select ... or with ..."},
		{"half an amount", withCommands(", currency: e", table), "p.yaml:13:5: commands.transfers.columns: amount_minor and currency belong together: name both or neither"},
		{"both statuses", withCommands("", table+"    done: [PENDING]\n"), "p.yaml:15:5: commands.transfers.done: status PENDING stands under pending and under done"},
		{"nothing is done", withCommands("", table+"    done: []\n"), "p.yaml:15:5: commands.transfers.done: must name a status: else nothing is ever done"},
		{"one side", withCommands(", side: e", table+"    sides: [debit]\n"), "p.yaml:15:5: commands.transfers.sides: name the sides that every transfer must have, two at least"},
		{"a side twice", withCommands(", side: e", table+"    sides: [debit, debit]\n"), "p.yaml:15:5: commands.transfers.sides: side debit stands twice"},
		{"empty status", withCommands("", table+"    pending: [\" \"]\n"), "p.yaml:15:5: commands.transfers.pending: a value is empty"},
		{"deadline", withCommands("", table+"    deadline: 0s\n"), "p.yaml:15:5: commands.transfers.deadline: must be above zero"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantErrors(t, c.text, nil, c.want)
		})
	}
}
