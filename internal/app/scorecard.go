package app

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"parallax/internal/audit"
	"parallax/internal/lab"
	"parallax/internal/pan"
	"parallax/sinks/report"
)

// score holds, for one kind, what the lab broke against what the jobs found.
type score struct {
	kind     audit.Kind
	injected int
	found    []audit.StoredFinding // those that are true
	missed   []lab.Fact
	false_   []audit.StoredFinding
	unequal  []audit.StoredFinding // true, with the wrong money
}

// scorecard compares findings with the truth, kind by kind. A finding is true if the lab noted a fact of its kind and key,
// and each fact makes one finding true.
func scorecard(facts []lab.Fact, findings []audit.StoredFinding) []score {
	type name struct{ kind, key string }
	open := map[name][]lab.Fact{}
	byKind := map[audit.Kind]*score{}
	at := func(kind audit.Kind) *score {
		if byKind[kind] == nil {
			byKind[kind] = &score{kind: kind}
		}
		return byKind[kind]
	}
	for _, f := range facts {
		n := name{f.Kind, pan.Mask(f.Key)} // as the store has it: a reference may look like a card number
		open[n] = append(open[n], f)
		at(audit.Kind(f.Kind)).injected++
	}
	for _, f := range findings {
		s, n := at(f.Kind), name{string(f.Kind), f.Key}
		if len(open[n]) == 0 {
			s.false_ = append(s.false_, f)
			continue
		}
		if !sameMoney(open[n][0], f) {
			s.unequal = append(s.unequal, f)
		}
		open[n] = open[n][1:]
		s.found = append(s.found, f)
	}
	for _, facts := range open {
		for _, f := range facts {
			s := at(audit.Kind(f.Kind))
			s.missed = append(s.missed, f)
		}
	}
	return inOrder(byKind)
}

func inOrder(byKind map[audit.Kind]*score) []score {
	var out []score
	for _, kind := range audit.Kinds() {
		s, found := byKind[kind]
		if !found {
			continue
		}
		slices.SortFunc(s.missed, func(a, b lab.Fact) int { return cmp.Compare(a.Key, b.Key) })
		out = append(out, *s)
	}
	return out
}

// sameMoney holds the money of a finding against the fact's, where the lab stated any.
func sameMoney(fact lab.Fact, f audit.StoredFinding) bool {
	if len(fact.Amounts) == 0 {
		return true
	}
	want := make([]audit.Money, 0, len(fact.Amounts))
	for _, a := range fact.Amounts {
		want = append(want, audit.Money{Minor: a.Minor, Currency: a.Currency})
	}
	return slices.Equal(want, f.Amounts)
}

// exact reports whether every fact was found with its money and nothing else was reported.
func exact(scores []score) bool {
	return !slices.ContainsFunc(scores, func(s score) bool {
		return len(s.missed) > 0 || len(s.false_) > 0 || len(s.unequal) > 0
	})
}

// row is the score as a line of the demo's table.
func (s score) row() []string {
	money := "-"
	if len(s.found) > 0 {
		money = report.AtStake(s.found)
	}
	return []string{
		" " + string(s.kind), fmt.Sprint(s.injected), fmt.Sprint(len(s.found)), fmt.Sprint(len(s.false_)), money, verdicts(s.found),
	}
}

// complaints names every fault missed, every false finding and every wrong sum.
func (s score) complaints() []string {
	var out []string
	for _, f := range s.missed {
		out = append(out, fmt.Sprintf("MISSED  %s %s", f.Kind, f.Key))
	}
	for _, f := range s.false_ {
		out = append(out, fmt.Sprintf("FALSE   %s %s: %s", f.Kind, f.Key, f.Reason))
	}
	for _, f := range s.unequal {
		out = append(out, fmt.Sprintf("MONEY   %s %s: reported %s", f.Kind, f.Key, report.MoneyList(f.Amounts)))
	}
	return out
}

// verdicts is "proven", or "4 proven, 1 probable".
func verdicts(findings []audit.StoredFinding) string {
	counts := map[audit.Verdict]int{}
	for _, f := range findings {
		counts[f.Verdict]++
	}
	var parts []string
	for _, v := range []audit.Verdict{audit.Proven, audit.Probable, audit.Undecidable} {
		switch n := counts[v]; {
		case n == len(findings) && n > 0:
			return string(v)
		case n > 0:
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	return strings.Join(parts, ", ")
}
