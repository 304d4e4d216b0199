package lww

import (
	"slices"

	"parallax/internal/audit"
)

// mended reports whether the key's own history shows that a loss was put right: by a write under the id that a repair of that
// finding has, and, where a removal was lost, by a removal after it. Such an id names one finding, so no other write can be
// taken for its repair; one that did not reach every region is a finding of its own.
func (h *history) mended(f audit.Finding) bool {
	if f.Kind != audit.LWWLostWrite && f.Kind != audit.LWWLostDelete {
		return false
	}
	id := audit.RepairWriteID(f.Fingerprint)
	return slices.ContainsFunc(h.chains, func(c *chain) bool {
		for i := range c.states {
			if h.versionID(&c.states[i]) != id {
				continue
			}
			if f.Kind == audit.LWWLostWrite || i+1 < len(c.states) && c.states[i+1].absent() && !c.states[i+1].start {
				return true
			}
		}
		return false
	})
}

// versionID is the write id of a state, empty where it has none.
func (h *history) versionID(s *state) string {
	if s.base < 0 {
		return ""
	}
	return h.versions.list[s.base].id
}
