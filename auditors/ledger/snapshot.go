package ledger

import (
	"maps"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// old is the old primary of one failover, as its snapshot shows it.
type old struct {
	Copy
	clock     time.Duration
	margin    time.Duration
	pairs     map[string]pairing // the writer's rows and its own, by payment
	shared    time.Time          // when the newest row that the writer has too was created
	firstLost time.Time          // see firstLoss
	promotion *Promotion         // that ended its time; nil where none is known
}

func (c *comparison) compareSnapshot(other Copy) {
	o := &old{Copy: other, clock: c.rules.Clock, margin: c.rules.Margin, pairs: map[string]pairing{}, promotion: promotionOf(other, c.in.Promotions)}
	writer, snapshot := byPayment(other.Writer), byPayment(other.Rows)
	for payment, rows := range snapshot {
		o.pairs[payment] = pair(c.rules.Compare, writer[payment], rows)
	}
	o.shared = o.newestShared()
	o.firstLost = o.firstLoss(c.rules.Compare)
	for _, payment := range slices.Sorted(maps.Keys(o.pairs)) {
		p := o.pairs[payment]
		for i, s := range p.right {
			f := lostRow(c.rules, s, c.in.Writer, p.inLeft || i > 0)
			switch {
			case o.splitBrain(s.CreatedAt):
				f = afterPromotion(f, *o.promotion, s.CreatedAt)
			case o.older(s.CreatedAt):
				f = olderThanShared(f, s, o.shared)
			}
			c.report(f)
		}
		for _, t := range p.twins {
			c.compareWithSnapshot(o, t)
		}
	}
}

func (c *comparison) compareWithSnapshot(o *old, t twin) {
	diffs := differences(c.rules.Compare, t.left, t.right)
	if len(diffs) == 0 {
		c.count(&c.out.Matched, t.right)
		return
	}
	verdict, lost := o.lostChange(t.left, t.right)
	if !lost {
		c.count(&c.moved, t.right)
		return
	}
	f := changedRow(c.rules, t, diffs, verdict)
	if o.splitBrain(t.right.UpdatedAt) {
		f = afterPromotion(f, *o.promotion, t.right.UpdatedAt)
	}
	c.report(f)
}

// promotionOf is the promotion that ended the old primary's time: of those away from its region the one nearest to its
// newest row. It goes on writing for a while where it was not fenced.
func promotionOf(other Copy, all []Promotion) *Promotion {
	newest := other.Newest
	for _, e := range other.Rows {
		if e.CreatedAt.After(newest) {
			newest = e.CreatedAt
		}
	}
	var best *Promotion
	for i := range all {
		p := &all[i]
		if p.From != other.Region || p.At.IsZero() {
			continue
		}
		if best == nil || p.At.Sub(newest).Abs() < best.At.Sub(newest).Abs() {
			best = p
		}
	}
	return best
}

// splitBrain reports whether the old primary did something after another region was promoted.
func (o *old) splitBrain(at time.Time) bool {
	return o.promotion != nil && at.After(o.promotion.At.Add(o.promotion.Error+o.clock))
}

// straggler is how much earlier than another a row may be dated and still be committed after it: the longest transaction that
// is reckoned with.
const straggler = time.Minute

// older reports whether the old primary wrote something so long before a row that survived that it cannot have been lost by the
// failover: what a failover loses are the last commits, and all of them.
func (o *old) older(at time.Time) bool {
	return !o.shared.IsZero() && at.Before(o.shared.Add(-straggler))
}

// newestShared is when the newest row that both copies hold was created. A row that was put back after the failover is none: it
// has another id.
func (o *old) newestShared() time.Time {
	newest := o.Shared
	for _, p := range o.pairs {
		for _, t := range p.twins {
			if t.sure && sameRow(t.left, t.right) && t.left.ID == t.right.ID && t.right.CreatedAt.After(newest) {
				newest = t.right.CreatedAt
			}
		}
	}
	return newest
}

// firstLoss is when the old primary first wrote what the new writer never received: a row, or a change that is newer than
// the writer's. Replication keeps commit order, so whatever it wrote later is lost as well. Zero if nothing was lost. What is
// older than rows that survived tells nothing of the failover.
func (o *old) firstLoss(compare []string) time.Time {
	var first time.Time
	note := func(at time.Time) {
		if !o.older(at) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	for _, p := range o.pairs {
		for _, s := range p.right {
			note(s.CreatedAt)
		}
		for _, t := range p.twins {
			if !sameRow(t.left, t.right) {
				note(t.right.CreatedAt)
				continue
			}
			if t.sure && len(differences(compare, t.left, t.right)) > 0 && o.newer(t.left, t.right) == audit.Proven {
				note(t.right.UpdatedAt)
			}
		}
	}
	return first
}

// newer tells how sure it is that the old primary's version of a row is newer than the writer's: empty where it is older.
func (o *old) newer(w, s record.Entry) audit.Verdict {
	switch {
	case s.UpdatedAt.IsZero() || w.UpdatedAt.IsZero():
		return audit.Probable // nothing tells which version is younger
	case w.UpdatedAt.Equal(s.UpdatedAt) || !w.UpdatedAt.After(s.UpdatedAt.Add(-o.clock)):
		return audit.Proven
	case w.UpdatedAt.Before(s.UpdatedAt):
		return audit.Probable // by less than the clocks may be apart
	default:
		return ""
	}
}

// sameRow reports whether two entries of one payment are one row. A row that a repair put back has another id and the same
// creation; one that was written anew has another creation, even where the id was given out again and is the same.
func sameRow(w, s record.Entry) bool { return w.CreatedAt.Equal(s.CreatedAt) }

// arrived reports whether the old primary wrote its version of a row so long before the first loss that it had left it by then:
// longer than rows are in flight, by one and the same clock. That decides where the clocks of the two regions are too far apart
// to tell which version is newer.
func (o *old) arrived(w, s record.Entry) bool {
	return !s.UpdatedAt.IsZero() && !w.UpdatedAt.IsZero() && o.newer(w, s) != audit.Proven &&
		!o.firstLost.IsZero() && s.UpdatedAt.Before(o.firstLost.Add(-o.margin))
}

// lostChange decides whether the old primary's version of a row holds a change that the new writer never received.
// The writer's version being younger is no finding: rows go on living after a failover.
func (o *old) lostChange(w, s record.Entry) (audit.Verdict, bool) {
	if !sameRow(w, s) {
		return audit.Probable, true // the payment was written anew, and unlike: this row never arrived
	}
	if verdict := o.newer(w, s); verdict != "" {
		if o.arrived(w, s) {
			return "", false
		}
		return verdict, true
	}
	if !s.UpdatedAt.After(s.CreatedAt) {
		return "", false // it never changed there, so no change of it is lost
	}
	// Changed on both sides: only the old primary's clock says that its change came too late.
	if o.splitBrain(s.UpdatedAt) || !o.firstLost.IsZero() && !s.UpdatedAt.Before(o.firstLost) {
		return audit.Probable, true
	}
	return "", false
}

// collisions finds row ids that the new writer gave to another payment while the payment that had it before is gone. Once
// that stands in the ledger again, under an id of its own, nothing refers to it by the old one that was not put right. The
// two rows may lie far apart in time: the finding belongs to the window of the snapshot's.
func (c *comparison) collisions(other Copy) {
	holders := other.Holders
	if holders == nil {
		holders = other.Writer
	}
	byID := make(map[string][]record.Entry, len(holders))
	for _, w := range holders {
		if w.ID != "" {
			byID[w.ID] = append(byID[w.ID], w)
		}
	}
	writer := byPayment(other.Writer)
	for _, s := range other.Rows {
		same := func(w record.Entry) bool { return w.PaymentID == s.PaymentID }
		switch taken := byID[s.ID]; {
		case len(taken) == 0 || slices.ContainsFunc(taken, same):
		case len(writer[s.PaymentID]) > 0:
			c.count(&c.rebooked, s)
		default:
			c.report(idCollision(c.rules, taken[0], s))
		}
	}
}
