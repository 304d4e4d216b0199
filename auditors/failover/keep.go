package failover

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// putBack is the remark of a loss that is measured no more, for what was lost stands in the ledger again.
const putBack = "; it stands in the ledger again by now"

// keep holds on to what an earlier run measured of a failover where its data is not there any more: a snapshot that was
// deleted, a loss that was made good. What another copy says, or the same one now, goes before what an earlier run made of it; that
// the copy is gone stays said.
func keep(earlier audit.Failover, l Layers, f *audit.Failover) {
	if f.Planned {
		return
	}
	for _, m := range earlier.Measures {
		i := slices.IndexFunc(f.Measures, func(now audit.Measure) bool { return now.Layer == m.Layer && now.Figure == m.Figure })
		switch {
		case i < 0 && l.Entries != nil && m.Copy != "" && slices.ContainsFunc(l.Copies, func(c Copy) bool { return fingerprint(c.Entries) == m.Copy }):
			continue
		case i < 0:
			f.Measures = append(f.Measures, m)
			if m.Copy == "" {
				f.Unmeasured = slices.DeleteFunc(f.Unmeasured, func(why string) bool { return strings.HasPrefix(why, m.Layer+" "+m.Figure+":") })
			}
		case m.Layer == LayerLedger && m.Figure == "rpo" && m.Value > 0 && m.Copy == f.Measures[i].Copy && f.Measures[i].Value+f.Measures[i].Error == 0:
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

// tellingRows is how many of its newest rows tell a copy from another.
const tellingRows = 100

// fingerprint tells a copy of an old primary from another by its newest rows, which stay the same however often it is restored.
func fingerprint(rows []record.Entry) string {
	newest := slices.Clone(rows)
	slices.SortFunc(newest, func(x, y record.Entry) int {
		return cmp.Or(y.CreatedAt.Compare(x.CreatedAt), cmp.Compare(x.PaymentID, y.PaymentID), cmp.Compare(x.ID, y.ID))
	})
	sum := sha256.New()
	for _, e := range newest[:min(len(newest), tellingRows)] {
		fmt.Fprintf(sum, "%q %q %d %d %q %d %s\n", e.ID, e.PaymentID, e.CreatedAt.UnixMicro(), e.UpdatedAt.UnixMicro(), e.Status, e.Amount.Minor, e.Amount.Currency)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

func keepMarks(earlier []audit.Mark, layer string, f *audit.Failover) {
	for _, m := range earlier {
		if m.Layer == layer && !slices.ContainsFunc(f.Marks, func(now audit.Mark) bool { return now.Layer == m.Layer && now.Name == m.Name }) {
			f.Marks = append(f.Marks, m)
		}
	}
}
