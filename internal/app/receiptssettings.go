package app

import (
	"fmt"
	"slices"
	"strings"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// checkSettings notes in the certificate what the buckets are set to. A pair that S3 does not replicate cannot be compared: each
// of its objects would look as if its replica were missing.
func (c *receiptAudit) checkSettings() {
	for i, s := range c.sides {
		other := c.sides[1-i].bucket
		s.line.Extents = append(s.line.Extents, audit.Extent{Name: "settings of " + s.bucket, Totals: settingsSaid(s.settings, other)})
		if s.settings.Absent {
			s.line.Gaps = append(s.line.Gaps, audit.Gap{
				Window: c.window, Reason: fmt.Sprintf("there is no bucket %s in %s", s.bucket, s.region),
				Remedy: "check receipts[].regions: bucket, and the role's account",
			})
		}
		if gap := s.unversioned(c.window); gap != nil {
			s.line.Gaps = append(s.line.Gaps, *gap)
		}
	}
	if gap := c.unreplicated(); gap != nil {
		c.line.Gaps = append(c.line.Gaps, *gap)
	}
}

// unversioned is the gap of a bucket that keeps no versions: S3 replicates nothing of it, and what was overwritten is gone.
func (s *receiptSide) unversioned(w audit.Window) *audit.Gap {
	if !s.settings.VersioningKnown || s.settings.Versioning == "Enabled" {
		return nil
	}
	state := "was never switched on"
	if s.settings.Versioning != "" {
		state = "is " + strings.ToLower(s.settings.Versioning)
	}
	return &audit.Gap{
		Window: w, Reason: fmt.Sprintf("versioning of bucket %s %s: S3 replicates nothing that is written to it", s.bucket, state),
		Remedy: "switch versioning on in both buckets, then replicate what is there by Batch Replication",
	}
}

// unreplicated is the gap of two buckets of which neither has a rule that leads to the other.
func (c *receiptAudit) unreplicated() *audit.Gap {
	for i, s := range c.sides {
		if !s.settings.RulesKnown || leads(s.settings, c.sides[1-i].bucket) {
			return nil
		}
	}
	return &audit.Gap{
		Window: c.window,
		Reason: fmt.Sprintf("no replication rule leads from %s to %s or back: nothing is replicated between them", c.sides[0].bucket, c.sides[1].bucket),
		Remedy: "make a replication rule in each bucket with the other as its destination, or correct receipts[].regions",
	}
}

func leads(b record.Bucket, destination string) bool {
	return slices.ContainsFunc(b.Rules, func(r record.ReplicationRule) bool { return r.Destination == destination })
}

// settingsSaid puts a bucket's settings into words.
func settingsSaid(b record.Bucket, other string) map[string]string {
	out := map[string]string{"versioning": "not known", "replication rules": "not known: every object counts as covered by one"}
	if b.VersioningKnown {
		out["versioning"] = strings.ToLower(b.Versioning)
		if b.Versioning == "" {
			out["versioning"] = "off"
		}
	}
	if b.RulesKnown {
		var rules []string
		for _, r := range b.Rules {
			if r.Destination == other {
				rules = append(rules, ruleSaid(r))
			}
		}
		out["replication rules"] = fmt.Sprintf("%d to %s", len(rules), other)
		if len(rules) > 0 {
			out["replication rules"] += ": " + strings.Join(rules, "; ")
		}
	}
	if len(b.Notes) > 0 {
		out["not read"] = strings.Join(b.Notes, "; ")
	}
	return out
}

func ruleSaid(r record.ReplicationRule) string {
	words := []string{fmt.Sprintf("%q for", r.ID)}
	if r.Prefix == "" {
		words = append(words, "all keys")
	} else {
		words = append(words, fmt.Sprintf("keys in %q", r.Prefix))
	}
	if r.Tagged {
		words = append(words, "with certain tags")
	}
	if r.DeleteMarkers {
		words = append(words, "and delete markers")
	}
	if r.TimeControl {
		words = append(words, "within 15 minutes")
	}
	if !r.Enabled {
		words = append(words, "(switched off)")
	}
	return strings.Join(words, " ")
}
