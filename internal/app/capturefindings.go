package app

import (
	"fmt"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/sources/ddbstream"
	"parallax/sources/kinesis"
)

// nearTrim warns long before a feed forgets what was not read: when the last complete reading is older than three quarters
// of the time that it keeps its records.
func nearTrim(src feed, c audit.Coverage, t task) (audit.Finding, bool) {
	through, known := src.ReadThrough()
	age, keeps := t.asOf.Sub(through), retention(c)
	limit := keeps / 4 * 3
	if !known || age < limit {
		return audit.Finding{}, false
	}
	key := c.Scope + "/" + string(c.Region)
	return audit.Finding{
		Fingerprint: audit.NewFingerprint(audit.CoverageStreamNearTrim, c.Scope, key, through.UTC().Format(time.RFC3339)),
		Kind:        audit.CoverageStreamNearTrim, Severity: audit.High, Verdict: audit.Proven, Status: audit.Open,
		Scope: c.Scope, Key: key, Region: c.Region, Window: audit.At(t.window.From),
		Rule:     fmt.Sprintf("last complete reading older than %s; the stream keeps its records for %s", limit, keeps),
		Reason:   fmt.Sprintf("The stream of %s in %s was last read completely %s ago; after %s its records are lost.", c.Scope, c.Region, age.Round(time.Minute), keeps),
		Evidence: []audit.Evidence{{Source: "stream " + c.Scope, Region: c.Region, At: through, Note: "last complete reading"}},
	}, true
}

// retention is how long a feed keeps its records, as it says itself; a table's own stream does not, and keeps them a day.
func retention(c audit.Coverage) time.Duration {
	for _, x := range c.Extents {
		if x.Name == kinesis.ExtentFeed {
			if d, err := time.ParseDuration(x.Totals["retention"]); err == nil && d > 0 {
				return d
			}
		}
	}
	return ddbstream.Retention
}

// gapFindings tell of the parts of a stream that were not read, one finding a stream and run for each sort, however many
// shards it is about: what is lost, because nothing will read it later, and what a later capture may still read.
func gapFindings(c audit.Coverage) []audit.Finding {
	var lost, unread []audit.Gap
	for _, g := range c.Gaps {
		if g.Lost {
			lost = append(lost, g)
		} else {
			unread = append(unread, g)
		}
	}
	var out []audit.Finding
	if len(lost) > 0 {
		f := gapFinding(c, lost, "is lost")
		f.Severity, f.Verdict, f.Rule = audit.High, audit.Proven, "part of a stream that nothing will read any more"
		if c.Watermark.IsZero() {
			// The next capture speaks for the same time once more, and must not clear by its silence what is lost for good.
			f.Window.From = minTime(f.Window.From, c.Window.From.Add(-time.Microsecond))
		}
		apart := make([]string, 0, len(lost))
		for _, g := range lost {
			apart = append(apart, g.Window.String()+" "+g.Reason)
		}
		slices.Sort(apart)
		f.Fingerprint = audit.NewFingerprint(audit.CoverageGap, c.Scope, f.Key, apart...)
		out = append(out, f)
	}
	if len(unread) > 0 {
		f := gapFinding(c, unread, "was not read")
		f.Severity, f.Verdict, f.Rule = audit.Medium, audit.Probable, "part of a stream that a later capture may still read, within the time that the stream keeps it"
		// The same one for as long as reading has not come further.
		f.Fingerprint = audit.NewFingerprint(audit.CoverageGap, c.Scope, f.Key, "unread", f.Window.From.UTC().Format(time.RFC3339Nano))
		out = append(out, f)
	}
	return out
}

// gapFinding is what findings of either sort have in common.
func gapFinding(c audit.Coverage, gaps []audit.Gap, what string) audit.Finding {
	f := audit.Finding{
		Kind: audit.CoverageGap, Status: audit.Open, Scope: c.Scope, Key: c.Scope + "/" + string(c.Region), Region: c.Region, Window: gaps[0].Window,
		Reason: fmt.Sprintf("Part of the stream of %s in %s %s: %s.", c.Scope, c.Region, what, gaps[0].Reason),
	}
	if more := len(gaps) - 1; more > 0 {
		f.Reason += fmt.Sprintf(" The same goes for %d more parts.", more)
	}
	for i, g := range gaps {
		f.Window = audit.Window{From: minTime(f.Window.From, g.Window.From), To: maxTime(f.Window.To, g.Window.To)}
		if i < maxGapEvidence {
			f.Evidence = append(f.Evidence, audit.Evidence{
				Source: "stream " + c.Scope, Region: c.Region, At: g.Window.From, Field: "not read", Value: g.Reason, Note: g.Remedy,
			})
		}
	}
	return f
}

// maxGapEvidence bounds how many gaps a finding lists; the certificate lists all.
const maxGapEvidence = 10
