package csvfile

import (
	"slices"
	"strings"

	"parallax/internal/record"
)

// meaning is what a value in the type column stands for.
type meaning struct {
	line     record.LineType
	reversal bool
	skip     string // why the row is no settlement line
}

// types finds the meaning of a value: as it stands, in lower case, and by the patterns, the longest first.
type types struct {
	exact    map[string]meaning
	patterns []pattern
}

type pattern struct {
	prefix, suffix string
	means          meaning
}

func newTypes(p Profile) types {
	t := types{exact: map[string]meaning{}}
	for value, line := range p.Types {
		t.add(value, meaning{line: record.LineType(line), reversal: slices.Contains(p.Reversals, value)})
	}
	for value, reason := range p.Skip {
		t.add(value, meaning{skip: reason})
	}
	slices.SortFunc(t.patterns, func(a, b pattern) int {
		if n := len(b.prefix) + len(b.suffix) - len(a.prefix) - len(a.suffix); n != 0 {
			return n
		}
		return strings.Compare(a.prefix+"*"+a.suffix, b.prefix+"*"+b.suffix)
	})
	return t
}

func (t *types) add(value string, means meaning) {
	if before, after, found := strings.Cut(value, "*"); found {
		t.patterns = append(t.patterns, pattern{strings.ToLower(before), strings.ToLower(after), means})
		return
	}
	t.exact[value] = means
}

func (t types) find(value string) (meaning, bool) {
	if means, ok := t.exact[value]; ok {
		return means, true
	}
	lower := strings.ToLower(value)
	if means, ok := t.exact[lower]; ok {
		return means, true
	}
	for _, p := range t.patterns {
		if len(lower) >= len(p.prefix)+len(p.suffix) && strings.HasPrefix(lower, p.prefix) && strings.HasSuffix(lower, p.suffix) {
			return p.means, true
		}
	}
	return meaning{}, false
}
