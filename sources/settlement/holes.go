package settlement

import (
	"cmp"
	"maps"
	"slices"
)

// holes finds the numbers that are missing in one series. Files are taken by date, then by number; a smaller number on a
// later date begins a new round, as at the beginning of a year.
func (s Sequence) holes(series []numbered) []hole {
	slices.SortFunc(series, func(a, b numbered) int {
		return cmp.Or(cmp.Compare(a.date, b.date), cmp.Compare(a.number, b.number), cmp.Compare(a.name, b.name))
	})
	if s.Last > 0 {
		s.unwindDays(series)
	}
	var out []hole
	for i, next := range series {
		var before numbered
		var missing []span
		switch {
		case i > 0:
			before = series[i-1]
			missing = s.between(before.number, next.number)
		case s.Daily:
			before.number = s.First - 1
			missing = s.between(before.number, next.number)
		}
		if missing = without(missing, series, next); len(missing) > 0 && !next.gone {
			out = append(out, hole{series: next.series, before: before, after: next, missing: missing})
		}
	}
	return out
}

// between are the numbers from one file to the next one.
func (s Sequence) between(before, next int64) []span {
	switch {
	case next > before+1:
		if s.Last > 0 && next-before > (s.Last-s.First)/2 {
			return nil // more likely one of the round before
		}
		return []span{{before + 1, next - 1}}
	case next >= before || s.Last == 0 || before > s.Last || next < s.First:
		return nil
	}
	var out []span // the round ended between them
	if before < s.Last {
		out = append(out, span{before + 1, s.Last})
	}
	if next > s.First {
		out = append(out, span{s.First, next - 1})
	}
	if s.Last-before+next-s.First > (s.Last-s.First)/2 {
		return nil // more likely a file that came late
	}
	return out
}

// unwindDays puts the files of a day on which a round ended into their order: those before its end first.
func (s Sequence) unwindDays(series []numbered) {
	for from := 0; from < len(series); {
		to := from + 1
		for to < len(series) && series[to].date == series[from].date {
			to++
		}
		day := series[from:to]
		for i := 1; i < len(day); i++ {
			if day[i].number-day[i-1].number > (s.Last-s.First)/2 {
				turned := slices.Concat(day[i:], day[:i])
				copy(day, turned)
				break
			}
		}
		from = to
	}
}

// without takes the numbers that are there out of some spans: files that are dated otherwise than their numbers run.
func without(spans []span, series []numbered, next numbered) []span {
	for _, n := range series {
		if len(spans) == 0 {
			break
		}
		if !near(n.date, next.date) {
			continue
		}
		i := slices.IndexFunc(spans, func(s span) bool { return s.from <= n.number && n.number <= s.to })
		if i < 0 {
			continue
		}
		var parts []span
		if s := spans[i]; s.from < n.number {
			parts = append(parts, span{s.from, n.number - 1})
		}
		if s := spans[i]; n.number < s.to {
			parts = append(parts, span{n.number + 1, s.to})
		}
		spans = slices.Replace(spans, i, i+1, parts...)
	}
	return spans
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
