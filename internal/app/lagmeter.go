package app

import (
	"cmp"
	"slices"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/audit"
	"parallax/internal/config"
)

// lagMeter counts equal lags instead of keeping each: record times are whole seconds, so a day of any traffic has few
// different ones.
type lagMeter map[lwwLag]int64

type lwwLag struct {
	from, to audit.Region
	at       int64 // Unix seconds
	lag      time.Duration
}

func (m lagMeter) add(l lww.Lag) {
	m[lwwLag{l.From, l.To, l.Origin.Unix(), l.Arrived.Sub(l.Origin)}]++
}

// samples are the measurements of a table, in order of path and time.
func (m lagMeter) samples(table config.Table) []audit.LagSample {
	out := make([]audit.LagSample, 0, len(m))
	for l, n := range m {
		out = append(out, audit.LagSample{
			Layer: "dynamodb", Scope: table.Name, From: l.from, To: l.to, At: time.Unix(l.at, 0).UTC(), Lag: l.lag,
			Error: time.Second + table.Clock, Method: "stream record", Equal: n - 1,
		})
	}
	slices.SortFunc(out, func(a, b audit.LagSample) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), a.At.Compare(b.At), cmp.Compare(a.Lag, b.Lag))
	})
	return out
}
