package ledger

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// ShardInput is what was read of a ledger whose regions each write the payments of their own: the rows of every payment that
// is in more than one of them, and those that say that another region owns them. Only what became visible inside the window
// is reported.
type ShardInput struct {
	Window audit.Window
	AsOf   time.Time
	Rows   []record.Entry // of all regions
}

// ShardAuditor applies Rules to a sharded ledger.
type ShardAuditor struct{ Rules Rules }

// Audit returns ledger.in_two_regions findings. A payment that is being taken or moved at this moment is left out until it is
// older than the margin; one that was merely changed within the margin stands in both regions all the same.
func (a ShardAuditor) Audit(in ShardInput) audit.Judgement {
	c := comparison{rules: a.Rules, in: Input{Window: in.Window, AsOf: in.AsOf}, seen: map[audit.Fingerprint]int{}}
	byID := byPayment(in.Rows)
	for _, payment := range slices.Sorted(maps.Keys(byID)) {
		rows := sorted(byID[payment])
		regions := regionsOf(rows)
		changing := slices.IndexFunc(rows, func(e record.Entry) bool { return !c.settled(e) })
		if slices.ContainsFunc(rows, func(e record.Entry) bool { return !c.due(e) }) || changing >= 0 && len(regions) < 2 {
			c.count(&c.young, rows[len(rows)-1])
			continue
		}
		if len(regions) > 1 {
			f := inTwoRegions(c.rules, rows, regions)
			if changing >= 0 {
				f = c.touched(f, rows[changing])
			}
			c.report(f)
			continue
		}
		for _, e := range rows {
			if e.OwnerRegion != "" && e.OwnerRegion != e.Region {
				c.report(foreignOwner(c.rules, e))
			}
		}
	}
	audit.Sort(c.out.Findings)
	c.exclude("younger than the margin, may still be on its way", c.young)
	return c.out
}

func regionsOf(rows []record.Entry) []audit.Region {
	seen := map[audit.Region]bool{}
	for _, e := range rows {
		seen[e.Region] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// inTwoRegions is about a payment that more than one region took. The run that holds its last row reports it.
func inTwoRegions(rules Rules, rows []record.Entry, regions []audit.Region) audit.Finding {
	charged := map[audit.Region]bool{}
	for _, e := range rows {
		if slices.Contains(rules.Charged, e.Status) {
			charged[e.Region] = true
		}
	}
	first, last := rows[0], rows[len(rows)-1]
	f := base(rules, audit.LedgerInTwoRegions, first, audit.High, audit.Proven)
	f.Region, f.Amounts = "", amounts(last)
	if last.CreatedAt.After(first.CreatedAt) {
		f.Shown = last.CreatedAt
	}
	f.Rule = "one payment id in the slices of two regions"
	f.Reason = fmt.Sprintf("Payment %s stands in the ledgers of %s, though each payment belongs to one region only.", first.PaymentID, listed(regions))
	if len(charged) > 1 {
		f.Severity = audit.Critical
		f.Rule += ", charged in both"
		f.Reason = fmt.Sprintf("Payment %s is charged in the ledgers of %s, though each payment belongs to one region only: the customer may have paid twice.",
			first.PaymentID, listed(slices.Sorted(maps.Keys(charged))))
	}
	for _, e := range rows {
		f.Evidence = append(f.Evidence, observed(rules, e, "the row in "+string(e.Region)))
	}
	return f
}

// foreignOwner is about a row in one region that says of itself that it belongs to another.
func foreignOwner(rules Rules, e record.Entry) audit.Finding {
	f := base(rules, audit.LedgerInTwoRegions, e, audit.Medium, audit.Proven)
	f.Fingerprint = rowFingerprint(f.Kind, rules, e)
	f.Rule = "a row in one region whose owner is another"
	f.Reason = fmt.Sprintf("Payment %s stands in the ledger of %s only, but its row says that it belongs to %s.", e.PaymentID, e.Region, e.OwnerRegion)
	ev := observed(rules, e, "where the row stands")
	ev.Field, ev.Value = "owner_region", string(e.OwnerRegion)
	f.Evidence = []audit.Evidence{ev}
	return f
}

// listed writes names as a sentence does: "a", "a and b", "a, b and c".
func listed(regions []audit.Region) string {
	names := make([]string, len(regions))
	for i, r := range regions {
		names[i] = string(r)
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
