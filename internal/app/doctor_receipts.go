package app

import (
	"context"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
)

// receipts says of each bucket how it is set to be replicated, and how old its newest inventory is.
func (d *doctor) receipts(ctx context.Context) {
	w := audit.Window{From: d.asOf.Add(-time.Second), To: d.asOf}
	for _, r := range d.cfg.Receipts {
		d.pair(ctx, r, w)
	}
}

func (d *doctor) pair(ctx context.Context, r config.Receipts, w audit.Window) {
	l, _ := d.app.ledgerNamed(r.Ledger)
	c := d.app.newReceiptAudit(r, l, task{window: w, asOf: d.asOf})
	if gap := d.app.sameBucket(r, w); gap != nil {
		d.missing("receipts", r.Name, gap.Reason, gap.Remedy)
		return
	}
	if err := c.open(ctx); err != nil {
		d.missing("receipts", r.Name, err.Error(), "see the error")
		return
	}
	for _, g := range c.line.Gaps {
		d.missing("receipts", r.Name, g.Reason, g.Remedy)
	}
	for i, s := range c.sides {
		d.bucket(s, c.sides[1-i].bucket)
	}
}

func (d *doctor) bucket(s *receiptSide, other string) {
	where := s.bucket + " in " + string(s.region)
	for _, g := range s.line.Gaps {
		d.missing("inventory", where, g.Reason, g.Remedy)
	}
	if s.list != nil {
		if len(s.late) == 0 {
			d.ok("inventory", where, s.stand(d.asOf))
		}
		_ = s.list.Close() // nothing of it was fetched
	}
	if s.settings.Absent {
		return
	}
	for _, note := range s.settings.Notes {
		reason, remedy, _ := strings.Cut(note, "; ")
		d.warn("bucket", where, reason, remedy)
	}
	told := settingsSaid(s.settings, other)
	switch {
	case !s.settings.RulesKnown || s.settings.Versioning != "Enabled":
	case !leads(s.settings, other):
		d.warn("bucket", where, "no replication rule leads to "+other+": what is written here stays here, and no run calls it missing there",
			"make a rule, unless nothing is ever written to this bucket")
	default:
		d.ok("bucket", where, "versioning "+told["versioning"]+", replication rules: "+told["replication rules"])
	}
}
