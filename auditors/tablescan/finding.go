package tablescan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

const (
	doubtAbsent  = "whether it never arrived or was removed there a moment before can't be told"
	doubtUndated = "the items do not say when they were written, so that only the time they were seen unchanged counts"
	noHistory    = "a comparison has no history and proves nothing"
)

// finding reports a difference that stood still.
func (t *tally) finding(s suspect) audit.Finding {
	var f audit.Finding
	if lacking := t.lacking(s); len(lacking) > 0 {
		f = t.missing(s, lacking)
	} else {
		f = t.apart(s)
	}
	f.Status, f.Verdict, f.Scope, f.Key = audit.Open, audit.Probable, t.rules.Table, s.key
	f.Window = t.in.Window
	if at := t.newest(s); !at.IsZero() {
		f.Window = audit.At(at)
	}
	if !t.dated(s) && s.stood < t.rules.Settle {
		f.Status, f.Severity = audit.Expected, audit.Low
		f.Rule += fmt.Sprintf("; taken for in flight until seen unchanged for %s: %s", t.rules.Settle, doubtUndated)
	}
	return f
}

// rule is how every finding of a scan was decided.
func (t *tally) rule(s suspect, what string) string {
	return fmt.Sprintf("table scan of every region, then the item read again %d times, unchanged for %s: %s; %s",
		len(t.in.Readings), s.stood.Round(time.Second), what, noHistory)
}

// lacking are the regions that have no such item, or an older version of it where the counters tell; none where the
// regions hold different items of which none is the newest.
func (t *tally) lacking(s suspect) []int {
	newest := -1
	for i, m := range s.images {
		switch {
		case m.Absent():
		case newest < 0 || t.rules.Attr.newer(m, s.images[newest]):
			newest = i
		}
	}
	var out []int
	for i, m := range s.images {
		switch {
		case m == s.images[newest]:
		case m.Absent() || t.rules.Attr.newer(s.images[newest], m):
			out = append(out, i)
		default:
			return nil
		}
	}
	return out
}

// missing is the finding of an item that regions lack: what one of the others holds is the newest version.
func (t *tally) missing(s suspect, lacking []int) audit.Finding {
	holds := 0
	for slices.Contains(lacking, holds) {
		holds++
	}
	newest, other := s.images[holds], s.images[lacking[0]]
	names := t.rules.Attr.names(newest, other)
	f := audit.Finding{
		Fingerprint: audit.NewFingerprint(audit.LWWNotReplicated, t.rules.Table, s.key, names[0]),
		Kind:        audit.LWWNotReplicated, Severity: audit.High, Region: t.rules.Regions[lacking[0]],
		Amounts: t.rules.Attr.money(newest, other),
	}
	f.Rule = t.rule(s, "the newest version by its counter is not what the region holds")
	verb := "is not what " + t.list(lacking) + " holds"
	if other.Absent() {
		f.Rule = t.rule(s, "the region has no item under the key, and "+doubtAbsent)
		verb = "is missing in " + t.list(lacking)
	}
	f.Reason = fmt.Sprintf("%s of %s stands in %s and %s, by a comparison of the tables themselves.",
		t.rules.Attr.label(newest), s.key, t.rules.Regions[holds], verb)
	f.Evidence = t.evidence(s, []int{holds, lacking[0]})
	return f
}

// apart is the finding of regions that hold different items under one key.
func (t *tally) apart(s suspect) audit.Finding {
	one := slices.IndexFunc(s.images, func(m record.Image) bool { return !m.Absent() })
	two := one + slices.IndexFunc(s.images[one:], func(m record.Image) bool { return !m.Absent() && m != s.images[one] })
	a, b := s.images[one], s.images[two]
	names := t.rules.Attr.names(a, b)
	slices.Sort(names)
	f := audit.Finding{
		Fingerprint: audit.NewFingerprint(audit.LWWDiverged, t.rules.Table, s.key, names...),
		Kind:        audit.LWWDiverged, Severity: t.rules.harm(a, b), Amounts: t.rules.Attr.money(a, b),
	}
	f.Rule = t.rule(s, "the regions hold different items, and none is known to be the newer one")
	f.Reason = fmt.Sprintf("The regions hold different items: %s in %s, %s in %s, by a comparison of the tables themselves.",
		t.rules.Attr.label(a), t.rules.Regions[one], t.rules.Attr.label(b), t.rules.Regions[two])
	f.Evidence = t.evidence(s, []int{one, two})
	return f
}

func (t *tally) list(regions []int) string {
	var names []string
	for _, i := range regions {
		names = append(names, string(t.rules.Regions[i]))
	}
	return strings.Join(names, " and ")
}

// evidence is what every region holds, then the attributes on which two of them differ.
func (t *tally) evidence(s suspect, pair []int) []audit.Evidence {
	source := "table " + t.rules.Table
	var out []audit.Evidence
	for i, m := range s.images {
		e := audit.Evidence{
			Source: source, Region: t.rules.Regions[i], At: s.at, Field: "item", Value: t.rules.Attr.label(m), Note: "read again at this moment",
		}
		if at, known := t.rules.Attr.written(m); known {
			e.Note += "; written at " + at.Format(time.RFC3339)
		}
		out = append(out, e)
	}
	a, b := s.images[pair[0]], s.images[pair[1]]
	if a.Absent() || b.Absent() {
		return out // all attributes differ
	}
	diffs := differences(a, b)
	for _, d := range diffs[:min(len(diffs), mostShown)] {
		note := ""
		if d.a == d.b {
			note = "they differ in what is not shown"
		}
		out = append(out,
			audit.Evidence{Source: source, Region: t.rules.Regions[pair[0]], At: s.at, Field: d.name, Value: d.a, Note: note},
			audit.Evidence{Source: source, Region: t.rules.Regions[pair[1]], At: s.at, Field: d.name, Value: d.b, Note: note})
	}
	if n := len(diffs) - mostShown; n > 0 {
		out = append(out, audit.Evidence{Source: source, At: s.at, Note: fmt.Sprintf("%d more attributes differ", n)})
	}
	return out
}
