package app

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/lab/aurora"
	"parallax/sinks/report"
	"parallax/sinks/store"
)

// ledgerWorld is a ledger in two regions, a folder of settlement files, and an application that ties them out, with a store
// of its own.
type ledgerWorld struct {
	*testing.T
	app  *App
	pair *aurora.Pair
	dir  string
	dsn  string // of the store
	rows int
}

// newLedgerWorld has one feed, visa, of CSV files in the folder files; feed are more lines of it, more is more configuration.
func newLedgerWorld(t *testing.T, feed, more string) *ledgerWorld {
	t.Helper()
	w := &ledgerWorld{T: t, dir: worldFolder(t)}
	w.app, w.dsn = bareAt(t)
	pair, err := aurora.Start(t.Context(), aurora.Options{Dir: filepath.Join(w.dir, "ledger"), Regions: [2]string{dublin, london}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pair.Close(); err != nil {
			t.Error(err)
		}
	})
	w.pair = pair
	text := fmt.Sprintf(`data_dir: data
regions: [%s, %s]
ledgers:
  - name: payments
    table: payments
    columns: {id: id, payment_id: payment_id, amount_minor: amount_minor, currency: currency, status: status, network: network, network_reference: network_reference, rrn: rrn, auth_code: auth_code, owner_region: region, created_at: created_at, updated_at: updated_at}
    statuses: {charged: [captured, refunded], refused: [declined]}
    regions: {%s: {dsn: %q}, %s: {dsn: %q}}
settlement:
  - name: visa
    ledger: payments
    format: csv
    path: files/visa-*
    settle: 0s
    csv:
      columns: {reference: reference, type: type, amount: amount, currency: currency, business_date: date}
      types: {capture: presentment, refund: refund}
%s%s`, dublin, london, dublin, pair.DSN(dublin), london, pair.DSN(london), feed, more)
	path := filepath.Join(w.dir, "parallax.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if w.app.cfg, err = config.Load(path, nil); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if w.app.aws, err = newClients(t.Context(), w.app.cfg, zap.NewNop()); err != nil {
		t.Fatal(err)
	}
	return w
}

// format lets the feed be in a format that needs no description.
func (w *ledgerWorld) format(name string) {
	w.app.cfg.Settlement[0].Format = name
}

// pay writes a captured payment of visa, EUR 10.00.
func (w *ledgerWorld) pay(at time.Time, name string) {
	w.Helper()
	w.rows++
	_, err := w.pair.Writer().Exec(w.Context(), `insert into payments
		(payment_id, idempotency_key, region, amount_minor, currency, status, network, network_reference, created_at, updated_at)
		values ($1, $1, $2, 1000, 'EUR', 'captured', 'visa', $3, $4, $4)`, "pay_"+name, dublin, "V"+name, at)
	if err != nil {
		w.Fatal(err)
	}
}

// file delivers a settlement file of a day with one capture of EUR 10.00 for each name.
func (w *ledgerWorld) file(day time.Time, names ...string) {
	w.Helper()
	text := strings.Builder{}
	text.WriteString("reference,type,amount,currency,date\n")
	for _, name := range names {
		fmt.Fprintf(&text, "V%s,capture,10.00,EUR,%s\n", name, day.Format(time.DateOnly))
	}
	w.put("files/visa-"+day.Format("20060102")+".csv", text.String())
}

func (w *ledgerWorld) put(name, text string) {
	w.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
}

// take takes a file away.
func (w *ledgerWorld) take(name string) {
	w.Helper()
	if err := os.Remove(filepath.Join(w.dir, name)); err != nil {
		w.Fatal(err)
	}
}

// living are the findings that stand.
func (w *ledgerWorld) living() []audit.StoredFinding {
	w.Helper()
	found, _, err := w.app.store.Findings(w.Context(), store.Filter{Status: []audit.Status{audit.Expected, audit.Overdue, audit.Open}})
	if err != nil {
		w.Fatal(err)
	}
	return found
}

// run runs the settlement job as the morning after a day does.
func (w *ledgerWorld) run(asOf time.Time) report.Run {
	w.Helper()
	result, err := w.app.Run(w.Context(), Request{Job: "settlement", AsOf: asOf})
	if err != nil {
		w.Fatal(err)
	}
	return result.Runs[0]
}

// stand wants the living findings of the store to be these: kind, key and status.
func (w *ledgerWorld) stand(when string, want ...string) {
	w.Helper()
	var got []string
	for _, f := range w.living() {
		got = append(got, fmt.Sprintf("%s %s %s", f.Kind, f.Key, f.Status))
	}
	slices.Sort(got)
	if slices.Sort(want); !slices.Equal(got, want) {
		w.Errorf("%s: the store has\n%s\nwant\n%s", when, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
