package app

import (
	"fmt"
	"slices"
	"time"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
)

// certify puts into the certificate what was read of both inventories, and what makes them say nothing.
func (c *receiptAudit) certify() {
	for _, s := range c.sides {
		s.certify(c.window)
		c.line.Gaps = append(c.line.Gaps, s.listing.gaps...)
	}
	if earlier := c.earlier(); !earlier.IsZero() {
		c.line.Watermark = earlier
	}
	if c.again != nil {
		c.line.Gaps = append(c.line.Gaps, c.again.gaps...)
	}
	if gap := c.unmatched(); gap != nil {
		c.line.Gaps = append(c.line.Gaps, *gap)
	}
	if c.drifted.beyond > 0 {
		c.line.Gaps = append(c.line.Gaps, audit.Gap{
			Window: c.window, Reason: fmt.Sprintf("%d objects more than the %d that are told of are not in the storage class that the policy wants",
				c.drifted.beyond, len(c.drifted.objects)),
			Remedy: "correct the lifecycle rules of the buckets, or receipts[].storage, and run again",
		})
	}
}

// certifyUnjudged leaves a gap for payments that nothing could be said of, though their receipts were due.
func (c *receiptAudit) certifyUnjudged(result receipt.Result) {
	u := result.Unjudged
	if u.Payments == 0 {
		return
	}
	c.line.Gaps = append(c.line.Gaps, audit.Gap{
		Window: audit.Window{From: u.From, To: c.window.To},
		Reason: fmt.Sprintf("%d payments without a receipt were not judged: it was due, but too young when the buckets were listed, and was not looked up by its key", u.Payments),
		Remedy: "run again over this window when the next inventories have come, or let the buckets be asked: receipts[].key, receipts[].live, s3:ListBucketVersions",
	})
}

// certifyHeld counts the earlier findings that stand for nothing new is known of them.
func (c *receiptAudit) certifyHeld(n int) {
	if n > 0 {
		c.line.Excluded = append(c.line.Excluded, audit.Exclusion{
			Reason: "finding of an earlier run that could not be judged anew, it stands as it was", Records: int64(n),
		})
	}
}

func (s *receiptSide) certify(w audit.Window) {
	s.line.Extents = append(s.line.Extents, s.listing.extents...)
	s.line.Records = s.rows.Load()
	if s.list == nil {
		return
	}
	extents, excluded, gaps := s.list.Coverage()
	s.line.Extents = append(s.line.Extents, extents...)
	s.line.Excluded = append(s.line.Excluded, excluded...)
	for _, g := range s.unread {
		if !slices.ContainsFunc(gaps, func(again audit.Gap) bool { return again == g }) {
			gaps = append(gaps, g)
		}
	}
	s.line.Gaps = append(s.line.Gaps, gaps...)
	s.complete = len(gaps) == 0 && s.unversioned(w) == nil
	s.line.Watermark = s.list.Scanned
}

// unmatched is the gap of buckets of which not one object is a receipt: then the pattern is wrong, not every receipt missing.
func (c *receiptAudit) unmatched() *audit.Gap {
	rows := c.sides[0].rows.Load() + c.sides[1].rows.Load()
	if rows == 0 || c.seen.receipt.Load() {
		return nil
	}
	return &audit.Gap{
		Window: c.window, Reason: fmt.Sprintf("no object of %d fits %s of %s, one of them is %q", rows, c.keyed(), c.rules.Scope, c.seen.first),
		Remedy: "correct " + c.keyed() + ": it must fit whole object keys and tell the payment_id",
	}
}

// keyed is the setting that tells a receipt by its key.
func (c *receiptAudit) keyed() string {
	if c.pair.KeyPattern == nil {
		return "receipts[].key"
	}
	return "receipts[].key_pattern"
}

// stand is how old an inventory is at the moment the audit speaks for, for people.
func (s *receiptSide) stand(asOf time.Time) string {
	return fmt.Sprintf("newest inventory of %s, %s old", s.list.Scanned.Format(time.RFC3339), asOf.Sub(s.list.Scanned).Truncate(time.Minute))
}
