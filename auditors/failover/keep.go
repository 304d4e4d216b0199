package failover

import (
	"slices"
	"strings"

	"parallax/internal/audit"
)

// putBack is the remark of a loss that is measured no more, for what was lost stands in the ledger again.
const putBack = "; it stands in the ledger again by now"

// keep holds on to what an earlier run measured of a failover where its data is not there any more: a snapshot that was
// deleted, a loss that was made good.
func keep(earlier audit.Failover, f *audit.Failover) {
	if f.Planned {
		return
	}
	for _, m := range earlier.Measures {
		i := slices.IndexFunc(f.Measures, func(now audit.Measure) bool { return now.Layer == m.Layer && now.Figure == m.Figure })
		switch {
		case i < 0:
			f.Measures = append(f.Measures, m)
			f.Unmeasured = slices.DeleteFunc(f.Unmeasured, func(why string) bool { return strings.HasPrefix(why, m.Layer+" "+m.Figure+":") })
		case m.Layer == LayerLedger && m.Figure == "rpo" && m.Value > 0 && f.Measures[i].Value+f.Measures[i].Error == 0:
			if !strings.HasSuffix(m.Basis, putBack) {
				m.Basis += putBack
			}
			f.Measures[i] = m
		default:
			continue
		}
		keepMarks(earlier.Marks, m.Layer, f)
	}
}

func keepMarks(earlier []audit.Mark, layer string, f *audit.Failover) {
	for _, m := range earlier {
		if m.Layer == layer && !slices.ContainsFunc(f.Marks, func(now audit.Mark) bool { return now.Layer == m.Layer && now.Name == m.Name }) {
			f.Marks = append(f.Marks, m)
		}
	}
}
