package lww

import (
	"slices"
	"strings"

	"parallax/internal/audit"
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

// clip shortens a value for evidence and hides what could be a card number: a run of 13 to 19 digits with a valid check
// digit keeps its first six and last four. Source of the check digit: ISO/IEC 7812-1, annex B.
func clip(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); {
		n := 0
		for i+n < len(text) && text[i+n] >= '0' && text[i+n] <= '9' {
			n++
		}
		switch run := text[i : i+n]; {
		case n >= 13 && n <= 19 && luhn(run):
			out.WriteString(run[:6] + strings.Repeat("*", n-10) + run[n-4:])
		case n > 0:
			out.WriteString(run)
		default:
			n = 1
			out.WriteByte(text[i])
		}
		i += n
	}
	if runes := []rune(out.String()); len(runes) > maxShown {
		return string(runes[:maxShown]) + "..."
	}
	return out.String()
}

func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
