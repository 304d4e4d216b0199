package lab

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"time"

	"parallax/internal/lab/cardfile"
)

// nightAndMornings enters what comes after the day: both inventories at midnight and the networks' files on two mornings.
func (w *World) nightAndMornings() {
	w.agenda.add(ends, func(ctx context.Context, _ time.Time) error {
		w.announce("inventories and settlement files")
		return w.collisions(ctx)
	})
	for region, at := range map[string]time.Time{london: inventoried.Add(-inventoryApart), dublin: inventoried} {
		w.agenda.add(at, func(_ context.Context, at time.Time) error { return w.receipts.WriteInventory(region, at) })
	}
	for _, d := range deliveries() {
		w.agenda.add(d.at, func(context.Context, time.Time) error { return w.deliver(d) })
	}
	w.agenda.add(audited, func(context.Context, time.Time) error { return nil })
}

// delivery is one file of a network: its name, when it came, the business date it reports.
type delivery struct {
	name, network string
	date, at      time.Time
	late          bool // holds what settled a day later
	write         func(d delivery, lines []cardfile.Line) ([]byte, error)
}

func deliveries() []delivery {
	first, second := clock(0, 0, 0), clock(0, 0, 0).AddDate(0, 0, 1)
	return []delivery{
		{"mastercard-20261118.ipm", "mastercard", first, firstDelivery, false, ipm(cardfile.EBCDIC, true)},
		{"mastercard-20261119.ipm", "mastercard", second, secondDelivery, true, ipm(cardfile.ASCII, false)},
		{"acquirer-visa-20261118.csv", "visa", first, firstDelivery, false, csv},
		{"acquirer-visa-20261119.csv", "visa", second, secondDelivery, true, csv},
	}
}

func ipm(encoding cardfile.Encoding, blocked bool) func(delivery, []cardfile.Line) ([]byte, error) {
	return func(d delivery, lines []cardfile.Line) ([]byte, error) {
		var out bytes.Buffer
		err := cardfile.IPM{FileID: cardfile.NewFileID(d.date, 1), Encoding: encoding, Blocked: blocked}.Write(&out, lines)
		return out.Bytes(), err
	}
}

func csv(d delivery, lines []cardfile.Line) ([]byte, error) {
	var out bytes.Buffer
	err := cardfile.WriteCSV(&out, d.date, lines)
	return out.Bytes(), err
}

// resent is the file that comes a second time, under another name.
const (
	resent   = "mastercard-20261118.ipm"
	resentAs = "mastercard-20261118-resend.ipm"
)

// deliver writes a file of a network.
func (w *World) deliver(d delivery) error {
	data, err := d.write(d, w.lines(d))
	if err != nil {
		return wrap(err, "write %s", d.name)
	}
	if err := w.leave(d.name, data, d.at); err != nil || d.name != resent {
		return err
	}
	w.truth.note("file.duplicate", resentAs, "")
	return w.leave(resentAs, data, d.at.Add(25*time.Minute))
}

// lines are what a file reports, in the order of the payments.
func (w *World) lines(d delivery) []cardfile.Line {
	inOrder := slices.SortedStableFunc(slices.Values(w.charges), func(a, b *payment) int { return a.at.Compare(b.at) })
	var lines []cardfile.Line
	for _, p := range inOrder {
		switch {
		case p.network != d.network || p.late != d.late:
		case p.bill != nil:
			lines = append(lines, p.bill(p.line())...)
		default:
			lines = append(lines, p.line())
		}
	}
	return lines
}

// leave puts a file into the folder as if it had come at that moment.
func (w *World) leave(name string, data []byte, at time.Time) error {
	path := filepath.Join(w.settlementDir(), name)
	if err := os.WriteFile(path, data, 0o644); err != nil { //nolint:gosec // a demo's files are for anyone to read
		return wrap(err, "deliver settlement file")
	}
	return wrap(os.Chtimes(path, at, at), "deliver settlement file")
}
