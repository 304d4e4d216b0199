package failover

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
)

// measure reads the recovery figures of every layer whose data is at hand. A figure without the data it needs is left out,
// never guessed, and the failover says why.
func (a Auditor) measure(l Layers, all []change, i int, f *audit.Failover) {
	near := a.surroundings(all, i)
	near = audit.Window{From: later(near.From, l.Around.From), To: earlier(near.To, l.Around.To)}
	a.ledger(l, all, i, near, f)
	a.keys(l, near, all[i].began, f)
	a.receipts(l, near, f)
	f.Unmeasured = append(f.Unmeasured, l.Further...)
}

// add notes a figure. Its value is the middle of [low, high], between which the truth lies.
func add(f *audit.Failover, m audit.Measure, low, high time.Duration) {
	low = min(max(low, 0), high)
	m.Error = (high - low) / 2
	m.Value = low + m.Error
	if m.Value+m.Error < high {
		m.Error++
	}
	f.Measures = append(f.Measures, m)
}

// unmeasured notes why a figure, or with an empty one all figures of a layer, is not there.
func (a Auditor) unmeasured(f *audit.Failover, layer, figure, why string) {
	if why == "" {
		why = "not read"
	}
	f.Unmeasured = append(f.Unmeasured, strings.TrimSpace(layer+" "+figure)+": "+why)
}

func mark(f *audit.Failover, layer, name string, at time.Time, err time.Duration, basis string) {
	if !at.IsZero() {
		f.Marks = append(f.Marks, audit.Mark{Layer: layer, Name: name, At: at, Error: err, Basis: basis})
	}
}

// spacing is the median pause between neighbours of sorted times, a silence left out; ok is false for fewer than three pauses,
// which tell nothing of what is usual.
func spacing(times []time.Time, silentFrom, silentTo time.Time) (usual time.Duration, ok bool) {
	var pauses []time.Duration
	for i := 1; i < len(times); i++ {
		if times[i-1].Before(silentTo) && times[i].After(silentFrom) {
			continue
		}
		pauses = append(pauses, times[i].Sub(times[i-1]))
	}
	if len(pauses) < 3 {
		return 0, false
	}
	slices.Sort(pauses)
	return pauses[len(pauses)/2], true
}

// silence is the longest pause in sorted times that touches [began, promoted].
func silence(times []time.Time, began, promoted time.Time) (from, to time.Time, ok bool) {
	for i := 1; i < len(times); i++ {
		before, after := times[i-1], times[i]
		if after.Before(began) || before.After(promoted) {
			continue
		}
		if !ok || after.Sub(before) > to.Sub(from) {
			from, to, ok = before, after, true
		}
	}
	return from, to, ok
}

// count is "1 write" or "2 writes".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05.000") }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func newest(times []time.Time) time.Time {
	var out time.Time
	for _, t := range times {
		out = later(out, t)
	}
	return out
}

func oldest(times []time.Time) time.Time {
	var out time.Time
	for _, t := range times {
		if out.IsZero() || t.Before(out) {
			out = t
		}
	}
	return out
}
