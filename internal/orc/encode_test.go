package orc

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// The encoders of this file know the format from its specification alone, and choose among what it allows at random: readers
// must cope with all of it, whatever a certain writer does.

func zigzag(v int64) uint64 { return uint64(v<<1) ^ uint64(v>>63) }

// wire is a number as streams have it.
func wire(v int64, signed bool) uint64 {
	if signed {
		return zigzag(v)
	}
	return uint64(v)
}

// packBits writes numbers of so many bits, most significant bit first.
func packBits(values []uint64, width int) []byte {
	out := make([]byte, (len(values)*width+7)/8)
	at := 0
	for _, v := range values {
		for b := width - 1; b >= 0; b-- {
			if v>>b&1 == 1 {
				out[at/8] |= 0x80 >> (at % 8)
			}
			at++
		}
	}
	return out
}

// codeOf is the code of the least width, or of one somewhat larger, that holds so many bits.
func codeOf(rng *rand.Rand, need int) int {
	code := slices.IndexFunc(widths[:], func(w int) bool { return w >= need })
	if rng.IntN(3) == 0 {
		code = min(31, code+rng.IntN(4))
	}
	return code
}

func widest(values []uint64) int {
	need := 1
	for _, v := range values {
		need = max(need, bits.Len64(v))
	}
	return need
}

// encodeInts writes runs of one of the versions.
func encodeInts(rng *rand.Rand, values []int64, v2, signed bool) []byte {
	var out []byte
	for len(values) > 0 {
		var n int
		if v2 {
			n, out = encodeV2(rng, out, values, signed)
		} else {
			n, out = encodeV1(rng, out, values, signed)
		}
		values = values[n:]
	}
	return out
}

func encodeV1(rng *rand.Rand, out []byte, values []int64, signed bool) (int, []byte) {
	run := 1
	var delta int64
	if len(values) > 1 {
		delta = values[1] - values[0]
		for run < len(values) && run < 130 && values[run]-values[run-1] == delta {
			run++
		}
	}
	if run >= 3 && delta >= -128 && delta <= 127 {
		return run, binary.AppendUvarint(append(out, byte(run-3), byte(delta)), wire(values[0], signed))
	}
	n := min(len(values), 1+rng.IntN(128))
	out = append(out, byte(-n))
	for _, v := range values[:n] {
		out = binary.AppendUvarint(out, wire(v, signed))
	}
	return n, out
}

func encodeV2(rng *rand.Rand, out []byte, values []int64, signed bool) (int, []byte) {
	equal := 1
	for equal < len(values) && equal < 10 && values[equal] == values[0] {
		equal++
	}
	if equal >= 3 && rng.IntN(3) > 0 {
		v := wire(values[0], signed)
		width := max(1, (bits.Len64(v)+7)/8)
		out = append(out, byte((width-1)<<3|(equal-3)))
		return equal, append(out, binary.BigEndian.AppendUint64(nil, v)[8-width:]...)
	}
	if n, head := encodeDelta(rng, out, values, signed); n > 0 && rng.IntN(4) > 0 {
		return n, head
	}
	if n, head := encodePatched(rng, out, values); n > 0 && rng.IntN(2) > 0 {
		return n, head
	}
	n := min(len(values), 1+rng.IntN(512))
	packed := make([]uint64, n)
	for i := range packed {
		packed[i] = wire(values[i], signed)
	}
	code := codeOf(rng, widest(packed))
	out = append(out, byte(direct<<6|code<<1|(n-1)>>8), byte(n-1))
	return n, append(out, packBits(packed, widths[code])...)
}

// encodeDelta writes numbers that only rise or only fall; 0 says that there are too few.
func encodeDelta(rng *rand.Rand, out []byte, values []int64, signed bool) (int, []byte) {
	if len(values) < 2 || values[0] == values[1] {
		return 0, nil
	}
	first := values[1] - values[0]
	n, fixed := 2, true
	var packed []uint64
	for n < len(values) && n < 512 {
		d := values[n] - values[n-1]
		if first < 0 {
			d = -d
		}
		if d < 0 || d > 1<<55 {
			break
		}
		packed = append(packed, uint64(d))
		fixed = fixed && values[n]-values[n-1] == first
		n++
	}
	if n < 4 || first > 1<<55 || first < -1<<55 {
		return 0, nil
	}
	code := 0
	if !fixed || rng.IntN(2) == 0 {
		code = max(1, codeOf(rng, widest(packed)))
	}
	out = append(out, byte(3<<6|code<<1|(n-1)>>8), byte(n-1))
	out = binary.AppendUvarint(out, wire(values[0], signed))
	out = binary.AppendUvarint(out, zigzag(first))
	if code > 0 {
		out = append(out, packBits(packed, widths[code])...)
	}
	return n, out
}

// encodePatched writes numbers as distances from the least, a few of them with a patch.
func encodePatched(rng *rand.Rand, out []byte, values []int64) (int, []byte) {
	n := min(len(values), 20+rng.IntN(493))
	base := slices.Min(values[:n])
	if base < -1<<54 || slices.Max(values[:n]) > 1<<54 {
		return 0, nil
	}
	far := make([]uint64, n)
	for i, v := range values[:n] {
		far[i] = uint64(v - base)
	}
	sorted := slices.Sorted(slices.Values(far))
	code := codeOf(rng, max(1, bits.Len64(sorted[n*9/10])))
	width := widths[code]
	var patches []uint64 // gap and patch apart
	last := 0
	for i, v := range far {
		if v>>width == 0 {
			continue
		}
		gap := i - last
		for ; gap > 255; gap -= 255 {
			patches = append(patches, 255, 0)
		}
		patches = append(patches, uint64(gap), v>>width)
		far[i] = v & (1<<width - 1)
		last = i
	}
	count := len(patches) / 2
	if count == 0 || count > 31 {
		return 0, nil
	}
	gapWidth, patchCode := 1, 0
	for i := 0; i < len(patches); i += 2 {
		gapWidth = max(gapWidth, bits.Len64(patches[i]))
		patchCode = max(patchCode, slices.IndexFunc(widths[:], func(w int) bool { return w >= bits.Len64(patches[i+1]) }))
	}
	if gapWidth+widths[patchCode] > 64 {
		return 0, nil
	}
	magnitude := uint64(max(base, -base))
	baseWidth := bits.Len64(magnitude)/8 + 1
	if base < 0 {
		magnitude |= 1 << (8*baseWidth - 1)
	}
	out = append(out, byte(patchedBase<<6|code<<1|(n-1)>>8), byte(n-1), byte((baseWidth-1)<<5|patchCode), byte((gapWidth-1)<<5|count))
	out = append(out, binary.BigEndian.AppendUint64(nil, magnitude)[8-baseWidth:]...)
	out = append(out, packBits(far, width)...)
	list := make([]uint64, count)
	for i := range list {
		list[i] = patches[2*i]<<widths[patchCode] | patches[2*i+1]
	}
	return n, append(out, packBits(list, closestWidth(gapWidth+widths[patchCode]))...)
}

// encodeOctets writes runs of bytes.
func encodeOctets(rng *rand.Rand, values []byte) []byte {
	var out []byte
	for len(values) > 0 {
		equal := 1
		for equal < len(values) && equal < 130 && values[equal] == values[0] {
			equal++
		}
		if equal >= 3 && rng.IntN(5) > 0 {
			out = append(out, byte(equal-3), values[0])
			values = values[equal:]
			continue
		}
		n := min(len(values), 1+rng.IntN(128))
		out = append(append(out, byte(-n)), values[:n]...)
		values = values[n:]
	}
	return out
}

func encodeBits(rng *rand.Rand, values []bool) []byte {
	packed := make([]uint64, len(values))
	for i, v := range values {
		if v {
			packed[i] = 1
		}
	}
	return encodeOctets(rng, packBits(packed, 1))
}

// encodeNanos packs nanoseconds.
func encodeNanos(n int64) int64 {
	zeros := int64(0)
	for t := n; t != 0 && t%10 == 0 && zeros < 8; t /= 10 {
		zeros++
	}
	if zeros < 2 {
		return n << 3
	}
	for range zeros {
		n /= 10
	}
	return n<<3 | (zeros - 1)
}
