package lab

import (
	"cmp"
	"slices"
)

// note enters a fact into the truth.
func (t *Truth) note(kind, key, region string, amounts ...Sum) {
	t.Facts = append(t.Facts, Fact{Kind: kind, Key: key, Region: region, Amounts: amounts})
}

// sorted is a copy with the facts by kind and key.
func (t Truth) sorted() Truth {
	t.Facts = slices.Clone(t.Facts)
	slices.SortStableFunc(t.Facts, func(a, b Fact) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key))
	})
	return t
}
