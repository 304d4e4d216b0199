package ddbjson

import (
	"bytes"
	"math/bits"
	"slices"
)

// ranking puts members of known names in order without comparing them: each name has a rank, a bit for each rank that is
// there says what comes next.
type ranking struct {
	ranks  [beginnings]uint8 // of the names, by their place among the beginnings; one name has one rank, wherever it stands
	good   bool              // the ranks are those of the beginnings as they are now
	waited int               // objects put in order otherwise since they are not

	there  uint64            // the ranks of the object that was ranked last
	places [beginnings]uint8 // of its members, by rank
}

// patience is how many objects are put in order otherwise before the names are ranked anew, so that a table with more names than
// there is room for does not pay for it each time.
const patience = 32

// rank finds the order of members that all have begun as known ones do. It reports false where it cannot: a member is of
// another kind, one is there twice, or the ranks are old. A beginning that was taken down since the first member was read has
// the place of the one before it, so the two count as one that is there twice.
func (s *Scanner) rank(members []span) bool {
	r := &s.ranking
	if !r.good && !s.rankAnew() {
		return false
	}
	there := uint64(0)
	for i := range members {
		slot := members[i].slot
		if slot == 0 {
			return false
		}
		rank := r.ranks[(slot-1)%beginnings] % beginnings
		if there&(1<<rank) != 0 {
			return false
		}
		there |= 1 << rank
		r.places[rank] = uint8(i) //nolint:gosec // fewer than there are ranks
	}
	r.there = there
	return true
}

// writeRanked writes an object whose members were ranked. They lie in the body as they stand.
func (s *Scanner) writeRanked(out []byte, members []span) []byte {
	sign, in := byte('{'), s.in
	for there := s.ranking.there; there != 0; there &= there - 1 {
		m := &members[s.ranking.places[bits.TrailingZeros64(there)%beginnings]]
		out = append(append(out, sign), in[m.name.from:m.value.to]...)
		sign = ','
	}
	return append(out, '}')
}

// rankAnew ranks the names that are known now, if it is time to.
func (s *Scanner) rankAnew() bool {
	r := &s.ranking
	if r.waited++; r.waited < patience {
		return false
	}
	name := func(i uint8) []byte {
		b := s.known[i]
		return b.text[min(1, len(b.text)):max(0, int(b.name)-1)]
	}
	var order []uint8
	for i := range uint8(beginnings) {
		if len(s.known[i].text) > 0 {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b uint8) int { return bytes.Compare(name(a), name(b)) })
	rank := uint8(0)
	for i, slot := range order {
		if i > 0 && !bytes.Equal(name(order[i-1]), name(slot)) {
			rank++
		}
		r.ranks[slot] = rank
	}
	r.good, r.waited = true, 0
	return true
}
