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

// gapFinding tells of the parts of a stream that are lost, because nothing will read them later: one finding a stream and
// run, however many shards it lost. What was refused or got no answer is only a gap of the run: a later capture reads it, or
// finds it lost.
func gapFinding(c audit.Coverage) (audit.Finding, bool) {
	gaps := slices.DeleteFunc(slices.Clone(c.Gaps), func(g audit.Gap) bool { return !g.Lost })
	if len(gaps) == 0 {
		return audit.Finding{}, false
	}
	key := c.Scope + "/" + string(c.Region)
	hull := gaps[0].Window
	apart := make([]string, 0, len(gaps))
	var evidence []audit.Evidence
	for i, g := range gaps {
		hull = audit.Window{From: minTime(hull.From, g.Window.From), To: maxTime(hull.To, g.Window.To)}
		apart = append(apart, g.Window.String()+" "+g.Reason)
		if i < maxGapEvidence {
			evidence = append(evidence, audit.Evidence{
				Source: "stream " + c.Scope, Region: c.Region, At: g.Window.From, Field: "not read", Value: g.Reason, Note: g.Remedy,
			})
		}
	}
	if c.Watermark.IsZero() {
		// The next capture speaks for the same time once more, and must not clear by its silence what is lost for good.
		hull.From = minTime(hull.From, c.Window.From.Add(-time.Microsecond))
	}
	slices.Sort(apart)
	reason := fmt.Sprintf("Part of the stream of %s in %s is lost: %s.", c.Scope, c.Region, gaps[0].Reason)
	if more := len(gaps) - 1; more > 0 {
		reason = fmt.Sprintf("%d parts of the stream of %s in %s are lost; the first: %s.", more+1, c.Scope, c.Region, gaps[0].Reason)
	}
	return audit.Finding{
		Fingerprint: audit.NewFingerprint(audit.CoverageGap, c.Scope, key, apart...),
		Kind:        audit.CoverageGap, Severity: audit.High, Verdict: audit.Proven, Status: audit.Open,
		Scope: c.Scope, Key: key, Region: c.Region, Window: hull, Rule: "part of a stream that nothing will read any more", Reason: reason, Evidence: evidence,
	}, true
}

// maxGapEvidence bounds how many gaps a finding lists; the certificate lists all.
const maxGapEvidence = 10
