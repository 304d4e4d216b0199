package drill

import (
	"fmt"
	"time"
)

// Fact is one thing that is wrong with the ledger at the end of a drill.
type Fact struct {
	Kind     string // as the findings' kinds are named: "ledger.lost_row"
	Key      string // payment id, or the row id where it was given out twice
	Minor    int64  // amount at stake in minor units, where Currency is not empty
	Currency string
	Unproven bool // it rests on a clock, or on two rows being of one payment: nobody can prove it
	Optional bool // the records allow both that it is wrong and that it is not
}

// Truth is all that is wrong, and how each move went.
type Truth struct {
	Facts map[string]Fact // by kind and key
	Moves []MoveTruth
}

// MoveTruth is how one move went. Moments are those the rows tell, by a clock that is right.
type MoveTruth struct {
	Move      Move
	From, To  string
	Promoted  time.Time
	Survived  time.Time // newest write that arrived before the cut
	LastLost  time.Time // newest write that never left the old primary; Survived where none was lost
	LastWrite time.Time // newest write accepted before the promotion
	FirstGood time.Time // first write the new writer accepted
}

// RPO is the span of commits that was lost; zero where none was.
func (m MoveTruth) RPO() time.Duration { return max(m.LastLost.Sub(m.Survived), 0) }

// RTO is how long nobody could write to a ledger that is in force.
func (m MoveTruth) RTO() time.Duration { return m.FirstGood.Sub(m.LastWrite) }

func (t *Truth) add(f Fact) {
	key := f.Kind + " " + f.Key
	if known, ok := t.Facts[key]; ok { // two witnesses of one thing: the surer one counts
		f.Unproven, f.Optional = f.Unproven && known.Unproven, f.Optional && known.Optional
	}
	t.Facts[key] = f
}

// settle holds what every server must hold by now against one another, as the player knows it.
func (w *World) settle() error {
	w.Truth.Facts = map[string]Fact{}
	for _, o := range w.old {
		w.settleSnapshot(o)
	}
	if w.reader != nil {
		w.settleReader()
	}
	return nil
}

func (w *World) settleSnapshot(o old) {
	holder := map[int64]string{}
	for payment, r := range w.hand.rows {
		holder[r.id] = payment
	}
	lossBegins, arrivedUntil := w.surroundings(o)
	doubt := time.Duration(0) // how long before the loss a version may not have arrived
	if w.Scenario.Skew != 0 { // which of two versions is newer cannot be told either
		doubt = Margin
	}
	for payment, s := range o.rows {
		n, there := w.hand.rows[payment]
		switch {
		case !there:
			w.Truth.add(Fact{Kind: "ledger.lost_row", Key: payment, Minor: s.minor, Currency: s.currency})
			if other, taken := holder[s.id]; taken && other != payment {
				w.Truth.add(Fact{Kind: "ledger.id_collision", Key: fmt.Sprint(s.id)})
			}
		case s.minor == n.minor && s.currency == n.currency && s.status == n.status:
		case !sameRow(s, n): // paid again, and not alike
			w.Truth.add(changed(payment, n, true, false))
		case s.changedAfterCut && !n.committedAt.After(o.promoted):
			w.Truth.add(changed(payment, n, false, false))
		case s.changedAfterCut: // and changed by the new writer, too
			w.Truth.add(changed(payment, n, true, s.updated.Before(lossBegins)))
		case !s.updated.Before(lossBegins.Add(-doubt)) || s.updated.After(arrivedUntil):
			w.Truth.add(changed(payment, n, true, true))
		}
	}
}

func changed(payment string, inForce row, unproven, optional bool) Fact {
	return Fact{
		Kind: "ledger.changed_row", Key: payment, Minor: inForce.minor, Currency: inForce.currency, Unproven: unproven, Optional: optional,
	}
}

func sameRow(a, b row) bool { return a.id == b.id && a.created.Equal(b.created) }

// surroundings are what the rows alone tell of where the loss begins: the oldest write that is surely lost, and the newest
// that surely arrived. Between the two nobody can tell.
func (w *World) surroundings(o old) (lossBegins, arrivedUntil time.Time) {
	lossBegins = o.promoted.AddDate(1, 0, 0)
	for payment, s := range o.rows {
		n, there := w.hand.rows[payment]
		switch {
		case s.insertedAfterCut && (!there || !sameRow(s, n)), s.changedAfterCut && !n.committedAt.After(o.promoted):
			if s.updated.Before(lossBegins) {
				lossBegins = s.updated
			}
		case there && sameRow(s, n) && s.updated.Equal(n.updated):
			if s.updated.After(arrivedUntil) {
				arrivedUntil = s.updated
			}
		}
	}
	return lossBegins, arrivedUntil
}

// settleReader holds the standby that stands still against the writer.
func (w *World) settleReader() {
	settled := func(r row) bool { return !r.updated.After(w.AsOf.Add(-Margin)) }
	for payment, n := range w.hand.rows {
		r, there := w.reader[payment]
		switch {
		case !settled(n):
		case !there:
			w.Truth.add(Fact{Kind: "ledger.not_replicated", Key: payment, Minor: n.minor, Currency: n.currency})
		case r.status != n.status || r.minor != n.minor:
			w.Truth.add(changed(payment, n, false, false))
		}
	}
}
