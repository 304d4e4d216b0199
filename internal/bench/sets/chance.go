package sets

import "math/bits"

// mix is a 64-bit word that depends on every bit of its arguments: the finisher of splitmix64.
func mix(seed, n uint64) uint64 {
	x := n*0x9e3779b97f4a7c15 + seed
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// order is a permutation of 0 to n-1 that is computed, not stored: a Feistel network over the next even power of two,
// walked on until it is back below n.
type order struct {
	n    uint64
	half int
	seed uint64
}

func newOrder(n, seed uint64) order {
	width := max(2, bits.Len64(n-1))
	return order{n: n, half: (width + 1) / 2, seed: seed}
}

func (o order) at(i uint64) uint64 {
	mask := uint64(1)<<o.half - 1
	for {
		left, right := i>>o.half, i&mask
		for round := range uint64(4) {
			left, right = right, left^mix(o.seed+round, right)&mask
		}
		if i = left<<o.half | right; i < o.n {
			return i
		}
	}
}
