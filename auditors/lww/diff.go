package lww

import (
	"slices"
	"strings"

	"parallax/internal/audit"
	"parallax/internal/pan"
	"parallax/internal/record"
)

// difference is one attribute on which the lost branch and the kept one disagree with what they had in common.
type difference struct {
	name       string
	base       string
	lost, kept string
	what       string // reverted, clobbered or same
}

// threeWay compares what the lost branch changed with what the kept one did: reverted to the common value, clobbered by
// another one, or the same in both. Attributes that only the kept branch changed were not lost and are left out, and so
// are those that name the write itself.
func (a Attributes) threeWay(base, lost, kept record.Image) []difference {
	own := []string{a.WriteID, a.Version, a.Origin, a.WrittenAt, a.TTL}
	names := map[string]bool{}
	for _, m := range []record.Image{base, lost, kept} {
		for name := range m.All() {
			names[name] = true
		}
	}
	var out []difference
	for name := range names {
		b, inBase := base.Attr(name)
		l, inLost := lost.Attr(name)
		k, inKept := kept.Attr(name)
		if slices.Contains(own, name) || (l == b && inLost == inBase) {
			continue
		}
		d := difference{name: name, base: show(b, inBase), lost: show(l, inLost), kept: show(k, inKept)}
		switch {
		case l == k && inLost == inKept:
			d.what = "same"
		case k == b && inKept == inBase:
			d.what = "reverted"
		default:
			d.what = "clobbered"
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b difference) int { return strings.Compare(a.name, b.name) })
	return out
}

func show(a record.Attr, there bool) string {
	if !there {
		return "(none)"
	}
	return clip(a.Text)
}

// onlySame reports whether there are differences from what both had in common, and the kept branch has every one of them.
func onlySame(diffs []difference) bool {
	return len(diffs) > 0 && !slices.ContainsFunc(diffs, func(d difference) bool { return d.what != "same" })
}

// harm is the severity of losing these differences.
func (r Rules) harm(diffs []difference) audit.Severity {
	for _, d := range diffs {
		if d.what != "same" && slices.Contains(r.Financial, d.name) {
			return audit.High
		}
	}
	return audit.Medium
}

const maxShown = 80 // runes of an attribute's value that a finding repeats

// clip makes a value fit for evidence.
func clip(text string) string { return pan.Clip(text, maxShown) }
