package orc

// The kinds of runs of version 2, as the first two bits of a run number them.
// Source: ORC v1, "Integer Run Length Encoding, version 2".
const (
	shortRepeat = 0
	direct      = 1
	patchedBase = 2
)

// runV2 decodes a run of version 2 and says how many numbers and bytes it has.
func runV2(to []int64, data []byte, signed bool) (count, used int, err error) {
	if data[0]>>6 == shortRepeat {
		return repeated(to, data, signed)
	}
	if len(data) < 2 {
		return 0, 0, errShort
	}
	count = int(data[0]&1)<<8 | int(data[1]) + 1
	code := data[0] >> 1 & 31
	switch data[0] >> 6 {
	case direct:
		used, err = packed(to[:count], data, widths[code], signed)
	case patchedBase:
		used, err = patched(to[:count], data, widths[code])
	default:
		width := widths[code]
		if code == 0 {
			width = 0
		}
		used, err = deltas(to[:count], data, width, signed)
	}
	return count, used, err
}

// repeated decodes one number that comes some times.
func repeated(to []int64, data []byte, signed bool) (count, used int, err error) {
	width, count := int(data[0]>>3&7)+1, int(data[0]&7)+3
	if len(data) < 1+width {
		return 0, 0, errShort
	}
	v := bigEndian(data[1 : 1+width])
	value := int64(v) //nolint:gosec // the bits as they are
	if signed {
		value = unzigzag(v)
	}
	for i := range to[:count] {
		to[i] = value
	}
	return count, 1 + width, nil
}

// packed decodes numbers of one width.
func packed(to []int64, data []byte, width int, signed bool) (used int, err error) {
	used = 2 + bitBytes(len(to), width)
	if len(data) < used {
		return 0, errShort
	}
	unpackBits(to, data[2:used], width)
	if signed {
		for i, v := range to {
			to[i] = unzigzag(uint64(v)) //nolint:gosec // the bits as they are
		}
	}
	return used, nil
}

// patched decodes numbers as their distance from the least of them; what of some is wider than the width comes apart. The
// base is no zigzag, but has a bit for its sign.
func patched(to []int64, data []byte, width int) (used int, err error) {
	if len(data) < 4 {
		return 0, errShort
	}
	baseWidth, patchWidth := int(data[2]>>5)+1, widths[data[2]&31]
	gapWidth, patches := int(data[3]>>5)+1, int(data[3]&31)
	if gapWidth+patchWidth > 64 {
		return 0, errRun
	}
	list := closestWidth(gapWidth + patchWidth)
	start := 4 + baseWidth
	middle := start + bitBytes(len(to), width)
	used = middle + bitBytes(patches, list)
	if len(data) < used {
		return 0, errShort
	}
	magnitude, sign := bigEndian(data[4:start]), uint64(1)<<(8*baseWidth-1)
	base := int64(magnitude &^ sign) //nolint:gosec // without the highest bit
	if magnitude&sign != 0 {
		base = -base
	}
	unpackBits(to, data[start:middle], width)
	var entries [31]int64
	unpackBits(entries[:patches], data[middle:used], list)
	at := 0
	for _, e := range entries[:patches] {
		entry := uint64(e) //nolint:gosec // the bits as they are
		// A gap of 255 with an empty patch only leads on.
		at += int(entry >> patchWidth & (1<<gapWidth - 1)) //nolint:gosec // at most 255
		patch := entry & (1<<patchWidth - 1)
		switch {
		case patch == 0:
		case at >= len(to), patch<<width>>width != patch:
			return 0, errRun
		default:
			to[at] |= int64(patch << width) //nolint:gosec // the bits as they are
		}
	}
	for i := range to {
		to[i] += base
	}
	return used, nil
}

// deltas decodes numbers that only rise or only fall: the first, its distance to the second, and the sizes of the others.
func deltas(to []int64, data []byte, width int, signed bool) (used int, err error) {
	v, n := vlong(data[2:], signed)
	if n <= 0 {
		return 0, errRun
	}
	used = 2 + n
	delta, n := vlong(data[used:], true)
	if n <= 0 {
		return 0, errRun
	}
	used += n
	if width == 0 {
		for i := range to {
			to[i] = v
			v += delta
		}
		return used, nil
	}
	to[0] = v
	if len(to) == 1 {
		return used, nil
	}
	v += delta
	to[1] = v
	rest := to[2:]
	end := used + bitBytes(len(rest), width)
	if len(data) < end {
		return 0, errShort
	}
	unpackBits(rest, data[used:end], width)
	for i, d := range rest {
		if delta < 0 {
			d = -d
		}
		v += d
		rest[i] = v
	}
	return end, nil
}

// bigEndian is a number of up to eight bytes.
func bigEndian(b []byte) uint64 {
	var v uint64
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}
