package lww

import (
	"slices"
	"strings"

	"parallax/internal/record"
)

// keyed are the records of one key, by region in the order of Rules.Regions.
type keyed struct {
	key     string
	changes [][]*record.Change
}

// group sorts records out by key and region; keys come in the order of their text, the records of each as they were given.
func group(t *tally, changes []record.Change) []keyed {
	regions := len(t.rules.Regions)
	number := make(map[string]int, len(changes)/4)
	place := make([]int, len(changes)) // the record's key and region as one number, -1 for a foreign one
	var sizes []int
	for i := range changes {
		c := &changes[i]
		region := slices.Index(t.rules.Regions, c.Region)
		if c.Table != "" && c.Table != t.rules.Table || region < 0 {
			t.exclude(c.At, exclForeign)
			place[i] = -1
			continue
		}
		n, known := number[c.Key]
		if !known {
			n = len(number)
			number[c.Key] = n
			sizes = append(sizes, make([]int, regions)...)
		}
		place[i] = n*regions + region
		sizes[place[i]]++
	}
	lists := make([][]*record.Change, len(sizes))
	all := make([]*record.Change, len(changes))
	for p, size := range sizes {
		lists[p], all = all[:0:size], all[size:]
	}
	for i, p := range place {
		if p >= 0 {
			lists[p] = append(lists[p], &changes[i])
		}
	}
	out := make([]keyed, 0, len(number))
	for key, n := range number {
		out = append(out, keyed{key: key, changes: lists[n*regions : (n+1)*regions]})
	}
	slices.SortFunc(out, func(a, b keyed) int { return strings.Compare(a.key, b.key) })
	return out
}
