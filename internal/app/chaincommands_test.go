package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab/aurora"
	"parallax/sinks/report"
)

const commandsConfig = `commands:
  - name: transfers
    ledger: payments
    table: commands
    columns: {id: id, transfer: transfer_id, side: side, status: status, deadline: deadline, payment_id: payment_id, amount_minor: amount_minor, currency: currency, region: region, created_at: created_at, updated_at: updated_at}
`

// newCommandWorld is a ledger world with a table of commands that holds nothing.
func newCommandWorld(t *testing.T, columns string) *ledgerWorld {
	t.Helper()
	w := newLedgerWorld(t, "", commandsConfig)
	if columns == "" {
		columns = `id text primary key, transfer_id text, side text, status text, deadline timestamptz, payment_id text, amount_minor bigint, currency text,
			region text, created_at timestamptz, updated_at timestamptz`
	}
	w.sql("create table commands (" + columns + ")")
	w.sql("grant select on commands to " + aurora.Reader)
	w.replicated()
	return w
}

func (w *ledgerWorld) sql(text string, args ...any) {
	w.Helper()
	if _, err := w.pair.Writer().Exec(w.Context(), text, args...); err != nil {
		w.Fatal(err)
	}
}

func (w *ledgerWorld) replicated() {
	w.Helper()
	if err := w.pair.WaitReplicated(w.Context()); err != nil {
		w.Fatal(err)
	}
}

// transfer writes both commands of a transfer of EUR 5.00.
func (w *ledgerWorld) transfer(at time.Time, id, debit, credit string) {
	w.Helper()
	for side, status := range map[string]string{"debit": debit, "credit": credit} {
		if status != "" {
			w.command(at, id, side, status)
		}
	}
}

func (w *ledgerWorld) command(at time.Time, id, side, status string) {
	w.Helper()
	w.sql(`insert into commands (id, transfer_id, side, status, payment_id, amount_minor, currency, region, created_at, updated_at)
		values ($1, $2, $3, $4, $5, 500, 'EUR', $6, $7, $7)`, id+"-"+side, id, side, status, "pay-"+id, dublin, at)
}

// chain runs the chain job over an hour and returns its run and what it says of commands: key and reason.
func (w *ledgerWorld) chain() (report.Run, []string) {
	w.Helper()
	result, err := w.app.Run(w.Context(), Request{Job: "chain", From: noon, To: noon.Add(time.Hour), AsOf: noon.Add(2 * time.Hour)})
	if err != nil {
		w.Fatal(err)
	}
	var said []string
	for _, f := range result.Runs[0].Reported {
		if f.Kind == audit.ChainStuckCommand {
			said = append(said, f.Key+": "+f.Reason)
		}
	}
	slices.Sort(said)
	return result.Runs[0], said
}

func commandGaps(run report.Run) []string {
	var gaps []string
	for _, c := range run.Coverage {
		if strings.HasPrefix(c.Source, "commands") {
			for _, g := range c.Gaps {
				gaps = append(gaps, c.Source+" "+string(c.Region)+": "+g.Reason+" -> "+g.Remedy)
			}
		}
	}
	return gaps
}

func (w *ledgerWorld) says(what string, got []string, want ...string) {
	w.Helper()
	if len(got) != len(want) {
		w.Errorf("%s: got %d\n%s\nwant %d", what, len(got), strings.Join(got, "\n"), len(want))
		return
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			w.Errorf("%s: got %q, want %q in it", what, got[i], want[i])
		}
	}
}

func TestTransfersThatAreStuckOrHalfDoneAndWhatAFailoverLost(t *testing.T) {
	w := newCommandWorld(t, "")
	w.app.cfg.Limits.PageRows = 3
	for i := range 10 {
		w.transfer(noon.Add(time.Duration(i)*time.Second), fmt.Sprintf("good-%d", i), "COMPLETED", "COMPLETED")
	}
	w.transfer(noon.Add(time.Minute), "half", "COMPLETED", "FAILED")
	w.transfer(noon.Add(2*time.Minute), "stuck", "PENDING", "PENDING")
	w.transfer(noon.Add(2*time.Minute), "alone", "COMPLETED", "")
	w.command(noon.Add(3*time.Minute), "torn", "credit", "COMPLETED")
	w.replicated()

	run, said := w.chain()
	w.says("before the failover", said, "alone: Transfer alone took effect on one side only: debit is done, but credit has no command", "half: ", "stuck: ", "torn: ")
	w.says("gaps", commandGaps(run))

	// The debit of torn is committed on the old primary and never leaves it.
	if err := w.pair.Cut(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.command(noon.Add(3*time.Minute), "torn", "debit", "COMPLETED")
	w.transfer(noon.Add(3*time.Minute), "gone", "COMPLETED", "COMPLETED")
	if err := w.pair.KillWriter(); err != nil {
		t.Fatal(err)
	}
	if err := w.pair.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	run, said = w.chain()
	w.says("while the old region is away", said, "alone", "half", "stuck", "torn: Transfer torn took effect on one side only: credit is done, but debit has no command")
	w.says("gaps", commandGaps(run), "commands "+dublin+": table commands in "+dublin+": database cannot be reached")

	if err := w.pair.RestoreSnapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn := w.app.cfg.Ledgers[0].Regions[dublin].Connection
	conn.Region = dublin
	if err := conn.DSN.UnmarshalText([]byte(w.pair.DSN(aurora.Snapshot))); err != nil {
		t.Fatal(err)
	}
	w.app.cfg.Ledgers[0].Snapshot = &conn
	_, said = w.chain()
	w.says("with the snapshot", said, "alone", "half", "stuck", "but debit was lost in a failover: only the old primary has it done")
}

func TestCommandsThatCannotBeReadAreGaps(t *testing.T) {
	w := newCommandWorld(t, `id text, transfer_id text, side text, status text, deadline timestamptz, payment_id text, amount_minor text, currency text,
			region text, created_at timestamptz, updated_at timestamptz`)
	put := func(id, transfer, side, status, amount, at any) {
		w.sql(`insert into commands values ($1, $2, $3, $4, null, null, $5, 'EUR', null, $6, null)`, id, transfer, side, status, amount, at)
	}
	at := noon.Add(time.Minute)
	put("1", "t-1", "debit", "PENDING", "12.5", at)
	put("1", "t-1", "debit", "PENDING", "12.5", at) // the same row twice
	put(nil, "t-2", "debit", "PENDING", "1", at)
	put("3", nil, "debit", "PENDING", "1", at)
	put("4", "t-4", "debit", nil, "1", at)
	put("5", "t-5", nil, "PENDING", "1", at)
	put("6", "t-6", "debit", "PENDING", "1", nil)
	w.sql("insert into commands (id, transfer_id, side, status, created_at) values ('7', 't-7', 'debit', 'PENDING', 'infinity')")
	w.replicated()
	run, said := w.chain()
	w.says("said", said, "t-1: Transfer t-1 is stuck: debit (command 1) still PENDING")
	w.says("gaps", commandGaps(run), "1 commands have no id", "1 commands have no created_at", "1 commands have an infinite created_at",
		"1 without a side were not judged (5)", "1 without a status were not judged (4)", "1 without a transfer were not judged (3)")

	for _, spoilt := range [][2]string{
		{"alter table commands drop column deadline", "column deadline does not exist (42703) -> check commands[].columns"},
		{"alter table commands add column deadline date", ""},
		{"revoke select on commands from " + aurora.Reader, "permission denied for table commands (42501) -> grant select on table commands"},
		{"drop table commands", `relation "commands" does not exist (42P01) -> check commands[].table`},
	} {
		w.sql(spoilt[0])
		w.replicated()
		if spoilt[1] == "" {
			continue
		}
		run, said = w.chain()
		w.says(spoilt[0], said)
		w.says(spoilt[0], commandGaps(run), spoilt[1])
		if run.Verdict != audit.RunInconclusive {
			w.Errorf("%s: %s", spoilt[0], run.Verdict)
		}
	}
}
