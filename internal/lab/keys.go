package lab

import (
	"fmt"
	"strconv"
	"time"

	"parallax/internal/lab/globaltable"
)

// keyTable is the global table of idempotency keys.
const keyTable = "idempotency-keys"

// text and number are attribute values.
func text(s string) globaltable.Value { return globaltable.Value{Type: "S", Text: s} }
func number(n int64) globaltable.Value {
	return globaltable.Value{Type: "N", Text: strconv.FormatInt(n, 10)}
}

// accept writes the payment's idempotency key in its region, where no such key may exist yet.
func (w *World) accept(p *payment, at time.Time) error {
	item := w.write(p, p.region, at, "accepted")
	item["pk"], item["payment_id"] = text(p.key), text(p.id)
	item["amount_minor"], item["currency"] = number(p.money.Minor), text(p.money.Currency)
	item["expires"] = number(p.expires(at))
	err := w.table.Put(p.region, at, item, globaltable.Condition{Absent: true})
	return wrap(err, "accept key %s in %s", p.key, p.region)
}

// capture writes the network's answer to the key, provided that the key is still as this payment left it.
func (w *World) capture(p *payment, at time.Time) error {
	mine := globaltable.Condition{Attr: "write_id", Equals: p.writeID}
	err := w.table.Update(p.region, at, p.key, w.write(p, p.region, at, p.status()), mine)
	return wrap(err, "capture key %s in %s", p.key, p.region)
}

// rewrite sets the status of a key in a region, whatever the other region does.
func (w *World) rewrite(p *payment, region string, at time.Time, status string) error {
	err := w.table.Update(region, at, p.key, w.write(p, region, at, status), globaltable.Condition{})
	return wrap(err, "set key %s to %s in %s", p.key, status, region)
}

// forget deletes a key in a region.
func (w *World) forget(p *payment, region string, at time.Time) error {
	return wrap(w.table.Delete(region, at, p.key, globaltable.Condition{}), "delete key %s in %s", p.key, region)
}

// write is what every write of a key sets: an id of its own, the version after the one its region sees, where, when, and
// the status.
func (w *World) write(p *payment, region string, at time.Time, status string) globaltable.Item {
	w.writes++
	p.writeID = fmt.Sprintf("w-%s%06x", w.accident.text(crockford, 6), w.writes)
	held, _ := w.table.Get(region, p.key)
	version, _ := strconv.ParseInt(held["version"].Text, 10, 64) // zero where there is none
	return globaltable.Item{
		"write_id": text(p.writeID), "version": number(version + 1), "origin": text(region),
		"written_at": text(stamp(at)), "status": text(status),
	}
}

// wrap says what was being done when an error came.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}
