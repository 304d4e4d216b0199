package lww

import (
	"slices"

	"parallax/internal/record"
)

// relink puts records that bear one time into the order in which their images follow from one another: the feed they come
// from does not promise any. They must be in the order of their times. What the images leave open stays as it was.
func relink(changes []*record.Change) {
	for i := 0; i < len(changes); {
		n := i + 1
		for n < len(changes) && changes[n].At.Equal(changes[i].At) {
			n++
		}
		if n-i > 1 {
			var before *record.Change
			if i > 0 {
				before = changes[i-1]
			}
			copy(changes[i:n], trails(before, changes[i:n]))
		}
		i = n
	}
}

// trails walks from image to image until every record is used: on from what the record before left behind, if that is known,
// and from the beginning of another trail wherever one ends.
func trails(before *record.Change, changes []*record.Change) []*record.Change {
	g := graph{next: map[record.Image][]*record.Change{}, in: map[record.Image]int{}}
	for _, ch := range changes {
		g.next[ch.Old] = append(g.next[ch.Old], ch)
		g.in[ch.New]++
	}
	out := make([]*record.Change, 0, len(changes))
	if before != nil && len(g.next[before.New]) > 0 {
		out = g.trail(out, before.New)
	}
	for len(out) < len(changes) {
		start := g.open(changes)
		out = g.trail(out, start)
	}
	return out
}

// graph has images as nodes and records as edges.
type graph struct {
	next map[record.Image][]*record.Change // records not used yet, by their old image
	in   map[record.Image]int              // of them, how many end in an image
}

// open is where a trail begins: an image that more records leave than reach, or else any that a record leaves.
func (g graph) open(changes []*record.Change) record.Image {
	var some *record.Change
	for _, ch := range changes {
		left := g.next[ch.Old]
		if len(left) > g.in[ch.Old] {
			return ch.Old
		}
		if some == nil && len(left) > 0 {
			some = ch
		}
	}
	return some.Old
}

// trail appends the longest walk from an image that uses every record it can reach by walking: Hierholzer's algorithm.
func (g graph) trail(out []*record.Change, from record.Image) []*record.Change {
	type step struct {
		at  record.Image
		via *record.Change
	}
	stack := []step{{at: from}}
	var backwards []*record.Change
	for len(stack) > 0 {
		top := stack[len(stack)-1]
		if left := g.next[top.at]; len(left) > 0 {
			ch := left[0]
			g.next[top.at] = left[1:]
			g.in[ch.New]--
			stack = append(stack, step{at: ch.New, via: ch})
			continue
		}
		stack = stack[:len(stack)-1]
		if top.via != nil {
			backwards = append(backwards, top.via)
		}
	}
	slices.Reverse(backwards)
	return append(out, backwards...)
}
