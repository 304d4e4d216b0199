package app

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"parallax/internal/lab/cardfile"
	"parallax/sinks/report"
	"parallax/sinks/store"
	"parallax/sources/settlement/ipm/ipmtest"
)

// testNumbers are card numbers of the networks' published test ranges, put together here so that none stands in the source.
func testNumbers() []string {
	return []string{"411111" + "1111111111", "555555" + "5555554444", "37828" + "2246310005", "601111" + "1111111117"}
}

// noCardNumber looks for whole card numbers in a text, also where spaces, dashes or line ends part their digits.
func noCardNumber(t *testing.T, where string, data []byte) {
	t.Helper()
	plain := strings.NewReplacer(" ", "", "-", "", "\n", "", "\r", "", "\t", "", "\x00", "").Replace(string(data))
	for _, number := range testNumbers() {
		if at := strings.Index(plain, number); at >= 0 {
			t.Errorf("%s holds a card number: ...%s...", where, plain[max(0, at-40):at+6])
		}
	}
}

// TestNoCardNumberAnywhere lets the settlement job and match read files that are full of card numbers, in the fields where
// they belong and in all others, and then looks for one in the store, the log, what was printed, the folders and what is left
// in the temporary folder.
func TestNoCardNumberAnywhere(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	w := newLedgerWorld(t, "", "  - {name: mastercard, ledger: payments, format: ipm, path: \"files/m-*\", settle: 0s}\n")
	var log bytes.Buffer
	w.app.log = zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&log), zapcore.DebugLevel))
	day := time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)
	var text strings.Builder
	text.WriteString("reference,type,amount,currency,date,card," + testNumbers()[0] + "\n")
	for i, n := range testNumbers() {
		fmt.Fprintf(&text, "%s,capture,10.00,EUR,2026-11-18,%s,%s\n", n, n, n)     // where the reference belongs
		fmt.Fprintf(&text, "ref %s %d,%s,10.00,EUR,2026-11-18,%s,x\n", n, i, n, n) // where the type belongs: rejected
		fmt.Fprintf(&text, "V%d,capture,%s,EUR,2026-11-18,%s,x\n", i, n, n)        // where the amount belongs
		fmt.Fprintf(&text, "V%d,capture,10.00,%s,%s,%s,x\n", i, n, n, n)           // currency and date
		fmt.Fprintf(&text, "%s-%s-%s-%s,capture,1,EUR,2026-11-18,,x\n", n[:4], n[4:8], n[8:12], n[12:])
	}
	w.put("files/visa-20261118.csv", text.String())
	w.put("files/m-20261118.ipm", string(cardfulIPM()))
	w.put("files/m-20261119.ipm", string(cardfulIPM()[:900]))
	w.pay(day.Add(12*time.Hour), testNumbers()[1])
	run := w.run(day.Add(55 * time.Hour))
	if len(run.Reported) < 5 {
		t.Errorf("%d findings: the files were not read as they were meant to be", len(run.Reported))
	}
	var out bytes.Buffer
	for _, format := range []report.Format{report.Table, report.JSON, report.CSV, report.NDJSON} {
		if err := report.Runs(&out, format, []report.Run{run}); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range dresses() {
		w.matchCardful(d, &out)
	}
	noCardNumber(t, "what was printed", out.Bytes())
	noCardNumber(t, "the log", log.Bytes())
	w.scanStore()
	scanFolder(t, temp)
	if err := os.RemoveAll(filepath.Join(w.dir, "files")); err != nil {
		t.Fatal(err)
	}
	if err := w.pair.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(w.dir, "ledger")); err != nil { // it had a card number put into it
		t.Fatal(err)
	}
	scanFolder(t, w.dir)
}

// cardfulIPM is a clearing file with card numbers in the elements of text.
func cardfulIPM() []byte {
	var f ipmtest.File
	f.Header()
	for i, n := range testNumbers() {
		message := ipmtest.Presentment(i + 1)
		message[2], message[43], message[63], message[72] = n, "Shop "+n, "MCC"+n, "call "+n
		f.Add("1240", message)
	}
	f.Add("1644", ipmtest.Elements{24: "693", 72: testNumbers()[1]})
	f.Trailer()
	return f.Bytes()
}

// matchCardful ties out a file of some format whose texts are card numbers, and prints the result in every way.
func (w *ledgerWorld) matchCardful(d dress, out *bytes.Buffer) {
	w.Helper()
	var lines []cardfile.Line
	for i, n := range testNumbers() {
		lines = append(lines, cardfile.Line{
			Kind: cardfile.Capture, Issuer: n[:6], Reference: n, PaymentID: n, RRN: n[:12], Auth: n[:6], ARN: "0000000" + n[:min(16, len(n))], Note: n,
			Minor: int64(1000 + i), Currency: "EUR", Batch: n, At: time.Date(2026, 11, 18, 12, i, 0, 0, time.UTC),
		})
	}
	var file bytes.Buffer
	if err := d.write(&file, lines, false); err != nil {
		return // a format in which such a text cannot be written
	}
	w.put("match/"+d.name, file.String())
	w.put("match/ledger.csv", "payment_id,amount,currency,network_reference,rrn,auth_code\n"+testNumbers()[2]+",1.00,EUR,"+testNumbers()[3]+",x,y\n")
	for _, format := range []string{"table", "json", "csv", "ndjson"} {
		_, err := Match(context.Background(), MatchOptions{
			Ledger: filepath.Join(w.dir, "match/ledger.csv"), Settlement: filepath.Join(w.dir, "match", d.name), Format: d.format,
			AsOf: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), Output: format,
		}, out, out)
		fmt.Fprintln(out, err)
	}
	if err := os.RemoveAll(filepath.Join(w.dir, "match")); err != nil {
		w.Fatal(err)
	}
}

// scanStore reads every row of every table as text.
func (w *ledgerWorld) scanStore() {
	w.Helper()
	conn, err := pgx.Connect(w.Context(), w.dsn)
	if err != nil {
		w.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // the test ends
	rows, err := conn.Query(w.Context(), "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'parallax'")
	if err != nil {
		w.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 8 {
		w.Fatalf("%d tables, %v", len(tables), err)
	}
	found := 0
	for _, table := range tables {
		rows, err := conn.Query(w.Context(), "select t::text from "+table+" t")
		if err != nil {
			w.Fatal(err)
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			w.Fatal(err)
		}
		found += len(all)
		noCardNumber(w.T, table, []byte(strings.Join(all, "\n")))
	}
	if found < 20 {
		w.Errorf("the store holds %d rows only", found)
	}
	if _, total, err := w.app.store.Findings(w.Context(), store.Filter{}); err != nil || total == 0 {
		w.Errorf("%d findings, %v", total, err)
	}
}

func scanFolder(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil {
			noCardNumber(t, path, data)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
