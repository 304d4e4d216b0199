package chain

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// keepSlack is by how much a key may fall short of what it must be kept: streams show whole seconds, and a writer computes the
// expiry by its own clock before it writes.
const keepSlack = time.Minute

// deadTTL is how old an expiry must be to mean nothing. Source: Amazon DynamoDB Developer Guide, "Using time to live (TTL)":
// an item whose expiry lies more than five years in the past is not deleted.
const deadTTL = 5 * 365 * 24 * time.Hour

// cause is why a key does not live as long as it must.
type cause string

const (
	expiresEarly cause = "expires early"
	expired      cause = "removed by time to live"
	deletedEarly cause = "deleted"
)

// shortLife is a key that does not, or will not, live as long as it must.
type shortLife struct {
	key, payment string
	cause        cause
	region       audit.Region
	born, until  time.Time
	shown        time.Time // when the record that shows it was written
	seq          string
	amount       audit.Money
	again        []record.Entry // charges made under the key from then on
}

// shortLived finds the keys that a retry within the promised time would not meet any more.
func (w *walk) shortLived() {
	if w.rules.Keep <= keepSlack {
		return
	}
	var all []shortLife
	older := int64(0)
	for key, records := range recordsByKey(w.in.Keys) {
		life, short, known := w.lifeOf(key, records)
		switch {
		case !known:
			older++
		case short && w.in.Window.Covers(life.due()):
			all = append(all, life)
		}
	}
	if older > 0 {
		w.out.Excluded = append(w.out.Excluded, audit.Exclusion{Reason: "key that is older than the archive, so how long it is kept is not known", Records: older})
	}
	slices.SortFunc(all, func(a, b shortLife) int { return cmp.Or(a.born.Compare(b.born), strings.Compare(a.key, b.key)) })
	w.reportShort(all)
}

func (l shortLife) due() audit.Window {
	if l.shown.After(l.born) {
		return audit.At(l.shown)
	}
	return audit.At(l.born)
}

// recordsByKey groups the records of all regions by key, in the order of time, and each region's in that of its stream.
func recordsByKey(changes []record.Change) map[string][]*record.Change {
	out := map[string][]*record.Change{}
	for i := range changes {
		out[changes[i].Key] = append(out[changes[i].Key], &changes[i])
	}
	for _, records := range out {
		slices.SortStableFunc(records, func(a, b *record.Change) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Region, b.Region), bySeq(a, b))
		})
	}
	return out
}

func bySeq(a, b *record.Change) int {
	switch {
	case record.SeqLess(a.Seq, b.Seq):
		return -1
	case record.SeqLess(b.Seq, a.Seq):
		return 1
	default:
		return 0
	}
}

// lifeOf is how long a key lives; known is false where its beginning lies before what was read, or no record holds it.
func (w *walk) lifeOf(key string, records []*record.Change) (life shortLife, short, known bool) {
	first, tip, gone := records[0], w.keys[key], removal(w.rules, records)
	if first.Event == "MODIFY" || !first.Old.Absent() {
		return life, false, false
	}
	last := lastHeld(records)
	if last == nil {
		return life, false, false
	}
	life = shortLife{key: key, born: first.At, payment: last.New.Text(w.rules.PaymentID), region: last.Region, seq: last.Seq}
	status := last.New.Text(w.rules.Status)
	if gone != nil {
		life.payment, status = gone.Old.Text(w.rules.PaymentID), gone.Old.Text(w.rules.Status)
		life.cause, life.until, life.shown, life.region, life.seq = deletedEarly, gone.At, gone.At, gone.Region, gone.Seq
		if gone.ByTTL {
			life.cause = expired
		}
		life.born = bornAs(w.rules, records, life.payment, first.At)
	} else if until, set, ok := expiry(w.rules.TTL, last, records); ok && tip.exists {
		life.cause, life.until, life.shown = expiresEarly, until, set
	}
	if amounts := keyAmounts(w.rules, last.New); len(amounts) > 0 {
		life.amount = amounts[0]
	}
	return life, life.cause != "" && life.until.Sub(life.born) < w.rules.Keep-keepSlack && w.matters(&life, status), true
}

// matters reports whether a repeat of the key's payment would charge someone twice, and notes who was. A refused payment was
// not charged; a key whose payment the ledger never booked may be given up.
func (w *walk) matters(life *shortLife, status string) bool {
	for _, e := range w.charges()[life.key] {
		if e.PaymentID != life.payment && !e.CreatedAt.Before(life.until) {
			life.again = append(life.again, e)
		}
	}
	if w.rules.refused(status) {
		return len(life.again) > 0
	}
	if life.cause != deletedEarly || len(life.again) > 0 {
		return true
	}
	for _, ledger := range []map[string]record.Entry{w.entries, w.snapshot} {
		if e, booked := ledger[life.payment]; booked && !w.rules.refused(e.Status) {
			return true
		}
	}
	return false
}

// lastHeld is the last record that leaves an item.
func lastHeld(records []*record.Change) *record.Change {
	for _, c := range slices.Backward(records) {
		if !c.New.Absent() {
			return c
		}
	}
	return nil
}

// removal is the first record of a key's removal that lasted: after it the key is gone, or was taken by another payment. A
// key that came back as it was is none: another region's write has undone its deletion. What one region removed by its time
// to live arrives in the others as a plain deletion.
func removal(rules Rules, records []*record.Change) *record.Change {
	var gone *record.Change
	for _, c := range records {
		switch {
		case c.New.Absent() && gone == nil:
			gone = c
		case c.New.Absent() && c.ByTTL && !gone.ByTTL:
			gone = c
		case c.New.Absent() || gone == nil:
		case c.New.Text(rules.PaymentID) != gone.Old.Text(rules.PaymentID):
			return gone
		default:
			gone = nil
		}
	}
	return gone
}

// bornAs is when a key first named a payment.
func bornAs(rules Rules, records []*record.Change, payment string, otherwise time.Time) time.Time {
	for _, c := range records {
		if payment != "" && c.New.Text(rules.PaymentID) == payment {
			return c.At
		}
	}
	return otherwise
}

// expiry is when an item expires, and when that was first said. An expiry that is no number, or so old that DynamoDB does
// not heed it, is none.
func expiry(attr string, last *record.Change, records []*record.Change) (until, set time.Time, ok bool) {
	if attr == "" {
		return until, set, false
	}
	value, there := last.New.Attr(attr)
	if !there || value.Type != "N" {
		return until, set, false
	}
	seconds, err := strconv.ParseInt(value.Text, 10, 64)
	if err != nil {
		return until, set, false
	}
	until = time.Unix(seconds, 0).UTC()
	if last.At.Sub(until) > deadTTL {
		return until, set, false
	}
	for _, c := range records {
		if said, there := c.New.Attr(attr); there && said == value {
			return until, c.At, true
		}
	}
	return until, last.At, true
}
