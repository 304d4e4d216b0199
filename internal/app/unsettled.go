package app

import (
	"slices"

	"parallax/internal/audit"
	"parallax/internal/history"
)

// resettle takes out of a result what earlier runs have found and what still stands as they found it: it is no news, and a
// quiet window stays clean. It returns the findings that were judged again and are gone or have changed.
func resettle(result *history.Result, unsettled []audit.StoredFinding) []audit.Fingerprint {
	var moved []audit.Fingerprint
	for _, was := range unsettled {
		if slices.Contains(result.Withheld, was.Key) {
			continue
		}
		i := slices.IndexFunc(result.Findings, func(f audit.Finding) bool { return f.Fingerprint == was.Fingerprint })
		if i >= 0 && stands(was, result.Findings[i]) {
			result.Findings = slices.Delete(result.Findings, i, i+1)
			continue
		}
		moved = append(moved, was.Fingerprint)
	}
	return moved
}

// stands reports whether a finding says what the store holds. What a person has made of its status is no difference.
func stands(was audit.StoredFinding, now audit.Finding) bool {
	return was.Verdict == now.Verdict && was.Severity == now.Severity && was.Reason == now.Reason &&
		(was.Status == now.Status || was.Status == audit.Acknowledged && now.Status == audit.Open)
}
