package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"parallax/auditors/ledger"
	"parallax/internal/audit"
	"parallax/internal/record"
)

// pauses are how long to wait before suspects are read again: 2 seconds in all.
func pauses() []time.Duration {
	return []time.Duration{100 * time.Millisecond, 400 * time.Millisecond, 1500 * time.Millisecond}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return fmt.Errorf("read suspects again: %w", ctx.Err())
	}
}

// fewSuspects are read again three times, more of them once.
const fewSuspects = 10_000

// judge applies the rules, reads every suspect again and reports what persists. Both sides go on being written to while they
// are compared, so that two readings of one row may be of two moments.
func (c *ledgerAudit) judge(ctx context.Context, writer *ledgerCopy, pairs []*ledgerPair) (audit.Judgement, error) {
	first := c.audit(writer, pairs, func(*ledgerPair) bool { return true })
	r := recheck{ledgerAudit: c, writer: writer, pairs: pairs, suspects: first.Findings, seen: map[string]string{}}
	r.remember()
	waits := pauses()
	if live := c.audit(writer, pairs, func(p *ledgerPair) bool { return !p.other.snapshot() }); len(live.Findings) == 0 {
		waits = []time.Duration{0} // a snapshot stands still, and rows do not vanish from a writer
	}
	if len(first.Findings) > fewSuspects {
		waits = waits[len(waits)-1:]
	}
	for _, wait := range waits {
		if len(r.suspects) == 0 {
			break
		}
		if err := r.again(ctx, wait); err != nil {
			return audit.Judgement{}, err
		}
	}
	first.Findings, first.Matched = r.confirmed(), 0 // what is alike is counted in the line of each copy
	r.exclude(&first)
	return first, nil
}

func (c *ledgerAudit) audit(writer *ledgerCopy, pairs []*ledgerPair, of func(*ledgerPair) bool) audit.Judgement {
	in := ledger.Input{Window: c.window, AsOf: c.asOf, Writer: writer.src.Region, Promotions: c.promotions}
	for _, p := range pairs {
		if of(p) {
			in.Copies = append(in.Copies, p.copy)
		}
	}
	return ledger.Auditor{Rules: c.rules}.Audit(in)
}

// recheck is the repeated reading of suspects.
type recheck struct {
	*ledgerAudit
	writer   *ledgerCopy
	pairs    []*ledgerPair
	suspects []audit.Finding
	seen     map[string]string // by payment, what the live copies held of it last
	moving   map[string]bool   // payments that changed between the last two readings
	gone     int64             // suspects that were none any more
	failed   error
}

// again reads the payments of all suspects in every copy and keeps the suspects that still are.
func (r *recheck) again(ctx context.Context, wait time.Duration) error {
	if err := sleep(ctx, wait); err != nil {
		return err
	}
	r.progress(fmt.Sprintf("reading %d suspects of ledger %s again", len(r.suspects), r.ledger.Name), 0, 0)
	var payments []string
	for _, f := range r.suspects {
		payments = append(payments, ledger.Payments(f)...)
	}
	for _, p := range r.pairs {
		reason, err := r.complete(ctx, r.writer, p, slices.Clone(payments))
		if err != nil {
			return err
		}
		if reason != nil {
			p.other.gap(gapOf(r.window, reason))
			r.failed = reason
			p.copy.Writer, p.copy.Rows, p.copy.Holders = nil, nil, nil // what could not be confirmed is not reported
		}
	}
	before := len(r.suspects)
	still := map[audit.Fingerprint]bool{}
	for _, f := range r.suspects {
		still[f.Fingerprint] = true
	}
	now := r.audit(r.writer, r.pairs, func(*ledgerPair) bool { return true }).Findings
	r.suspects = slices.DeleteFunc(now, func(f audit.Finding) bool { return !still[f.Fingerprint] })
	r.gone += int64(before - len(r.suspects))
	r.remember()
	return nil
}

// remember notes what the copies that are written to hold, and which payments have changed since the last time.
func (r *recheck) remember() {
	rowsOf := map[string][]string{}
	for _, p := range r.pairs {
		if p.other.snapshot() {
			continue
		}
		for _, rows := range [][]record.Entry{p.copy.Writer, p.copy.Rows} {
			for _, e := range rows {
				rowsOf[e.PaymentID] = append(rowsOf[e.PaymentID], fmt.Sprintf("%s|%s|%s|%s|%d|%s|%s|%v",
					e.Region, e.ID, e.CreatedAt, e.UpdatedAt, e.Amount.Minor, e.Amount.Currency, e.Status, e.Extra))
			}
		}
	}
	r.moving = map[string]bool{}
	now := make(map[string]string, len(rowsOf))
	for payment, rows := range rowsOf {
		slices.Sort(rows)
		is := strings.Join(rows, "\n")
		now[payment] = is
		was, known := r.seen[payment]
		r.moving[payment] = known && was != is
	}
	r.seen = now
}

// confirmed are the suspects that differed at every reading and stood still between the last two.
func (r *recheck) confirmed() []audit.Finding {
	return slices.DeleteFunc(slices.Clone(r.suspects), r.moves)
}

// moves reports whether a suspect is of a payment that is being written right now. What a snapshot witnesses does not hang on
// that.
func (r *recheck) moves(f audit.Finding) bool {
	return r.moving[f.Key] && !slices.ContainsFunc(f.Evidence, func(e audit.Evidence) bool { return strings.Contains(e.Note, string(record.Snapshot)) })
}

// exclude counts the suspects that were none.
func (r *recheck) exclude(j *audit.Judgement) {
	moving := int64(0)
	for _, f := range r.suspects {
		if r.moves(f) {
			moving++
		}
	}
	for _, e := range []audit.Exclusion{
		{Reason: "differed when first read and agreed when read again", Records: r.gone},
		{Reason: "changed while it was compared, so it is still on its way", Records: moving},
	} {
		if e.Records > 0 && r.failed == nil {
			j.Excluded = append(j.Excluded, e)
		}
	}
}
