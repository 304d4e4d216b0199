package orc

import "encoding/binary"

// unpackBits reads numbers of so many bits, most significant bit first, which are all there: len(data) is at least
// bitBytes(len(to), width). Source: ORC v1, "Direct".
func unpackBits(to []int64, data []byte, width int) {
	switch width {
	case 8:
		for i := range to {
			to[i] = int64(data[i])
		}
		return
	case 16:
		for i := range to {
			to[i] = int64(binary.BigEndian.Uint16(data[2*i:]))
		}
		return
	}
	i := 0
	if width <= 56 {
		// Eight bytes at once hold any number of up to 56 bits, wherever in a byte it begins.
		shift, mask := 64-width, uint64(1)<<width-1
		for at := 0; i < len(to) && at>>3+8 <= len(data); i++ {
			word := binary.BigEndian.Uint64(data[at>>3:])
			to[i] = int64(word >> (shift - at&7) & mask) //nolint:gosec // the bits as they are
			at += width
		}
	}
	for ; i < len(to); i++ {
		to[i] = slowBits(data, i*width, width)
	}
}

// slowBits reads one number that begins at a bit, byte by byte.
func slowBits(data []byte, at, width int) int64 {
	var v uint64
	for width > 0 {
		have := min(8-at&7, width)
		b := data[at>>3] << (at & 7) >> (8 - have)
		v = v<<have | uint64(b)
		at += have
		width -= have
	}
	return int64(v) //nolint:gosec // the bits as they are
}

// bitBytes is how many bytes so many numbers of so many bits take.
func bitBytes(count, width int) int { return (count*width + 7) / 8 }

// widths are the bits of a number by their code of five bits. Source: ORC v1, "Direct".
var widths = [32]int{
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26, 28, 30, 32, 40, 48, 56, 64,
}

// closestWidth is the least of the widths that holds so many bits, of at most 64.
func closestWidth(bits int) int {
	for _, w := range widths {
		if w >= bits {
			return w
		}
	}
	return 64
}

// unzigzag turns 0, 1, 2, 3 into 0, -1, 1, -2. Source: ORC v1, "Base 128 Varint".
func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) } //nolint:gosec // the bits as they are
