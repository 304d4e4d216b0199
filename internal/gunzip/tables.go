package gunzip

import "math/bits"

const (
	litBits  = 12 // codes of so many bits are found at once
	distBits = 9
	maxLit   = 288
	maxDist  = 32
	maxCode  = 15 // bits of a code
)

// An entry of a table says what the bits that come next begin with.
//
//	bits 0-5    how many bits to take, with the extra bits of a length or a distance
//	literal     isLiteral; two: there are two; bits 16-23 the first, 8-15 the second
//	length      bits 16-30 the least length or distance, 8-11 how many bits the code itself has
//	longer code isSpecial and isLonger; bits 16-30 where its table begins, 8-11 how many bits it has beyond the first
//	the end     isSpecial and isEnd
//	no code     isSpecial
const (
	isLiteral = 1 << 31
	two       = 1 << 30
	isSpecial = 1 << 15
	isLonger  = 1 << 14
	isEnd     = 1 << 13
	taken     = 63
)

// The least lengths and distances, and how many bits are added to them. Source: RFC 1951, 3.2.5.
var (
	lengthBase  = [29]uint32{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra = [29]uint32{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
)

// literalEntry is the entry of a symbol of the first alphabet without its length.
func literalEntry(symbol int) (entry, extra uint32) {
	switch {
	case symbol < 256:
		return isLiteral | uint32(symbol)<<16, 0 //nolint:gosec // a byte
	case symbol == 256:
		return isSpecial | isEnd, 0
	case symbol-257 < len(lengthBase):
		return lengthBase[symbol-257] << 16, lengthExtra[symbol-257]
	default:
		return isSpecial, 0
	}
}

// distanceEntry is the entry of a symbol of the second alphabet without its length.
func distanceEntry(symbol int) (entry, extra uint32) {
	switch {
	case symbol < 4:
		return uint32(symbol+1) << 16, 0 //nolint:gosec // at most 4
	case symbol < 30:
		extra = uint32(symbol/2 - 1)                        //nolint:gosec // at most 13
		return (uint32(2+symbol&1)<<extra + 1) << 16, extra //nolint:gosec // at most 24577
	default:
		return isSpecial, 0
	}
}

// build makes the table of an alphabet from the lengths of its codes, which must leave no bits without a meaning; only a
// single code may, and none at all. sub are the tables of codes that are longer than the first table's bits.
// Source: RFC 1951, 3.2.2.
func (r *Reader) build(lengths []uint8, table []uint32, width int, sub []uint32, entryOf func(int) (uint32, uint32)) ([]uint32, bool) {
	sub = sub[:0]
	r.counts = [16]int{}
	for _, n := range lengths {
		r.counts[n]++
	}
	used := len(lengths) - r.counts[0]
	r.counts[0] = 0
	code, left := 0, 1
	for n := 1; n <= maxCode; n++ {
		code = (code + r.counts[n-1]) << 1
		r.next[n] = code
		if left = left<<1 - r.counts[n]; left < 0 {
			return sub, false
		}
	}
	if left > 0 && (used > 1 || used == 1 && r.counts[1] != 1) {
		return sub, false
	}
	for i := range table {
		table[i] = isSpecial
	}
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		reversed := int(bits.Reverse16(uint16(r.next[n])) >> (16 - n)) //nolint:gosec // at most 15 bits
		r.next[n]++
		entry, extra := entryOf(symbol)
		if entry&(isLiteral|isSpecial) != 0 {
			entry |= uint32(n)
		} else {
			entry |= uint32(n)<<8 | (uint32(n) + extra)
		}
		if int(n) <= width {
			for i := reversed; i < len(table); i += 1 << n {
				table[i] = entry
			}
			continue
		}
		sub = r.longer(table, width, sub, reversed, int(n), entry)
	}
	return sub, true
}

// longer enters a code that is longer than the first table's bits. Codes come by symbol, not by length: each second table
// has room for the longest of all codes.
func (r *Reader) longer(table []uint32, width int, sub []uint32, code, n int, entry uint32) []uint32 {
	first := code & (1<<width - 1)
	more := maxCode - width
	at := table[first]
	if at&isLonger == 0 || at&isSpecial == 0 || at&isLiteral != 0 {
		start := len(sub)
		for range 1 << more {
			sub = append(sub, isSpecial)
		}
		at = isSpecial | isLonger | uint32(start)<<16 | uint32(more)<<8 //nolint:gosec // small
		table[first] = at
	}
	start := int(at >> 16)
	for i := code >> width; i < 1<<more; i += 1 << (n - width) {
		sub[start+i] = entry
	}
	return sub
}

// pair makes entries of two literals where both codes fit the table's bits.
func (r *Reader) pair() {
	for i := len(r.lit) - 1; i >= 0; i-- {
		e := r.lit[i]
		if e&isLiteral == 0 {
			continue
		}
		n := e & taken
		// The bits behind the first code are those of a smaller index, whose entry is still that of one literal.
		next := r.lit[i>>n]
		if next&isLiteral != 0 && next&two == 0 && n+next&taken <= litBits {
			r.lit[i] = isLiteral | two | e&0xff0000 | next>>8&0xff00 | (n + next&taken)
		}
	}
}
