package orc

import "encoding/binary"

// maxRun is the most numbers of a run.
const maxRun = 512

// runBytes is more than the longest run takes: of patched base, 512 numbers of 64 bits, 31 patches and a base.
const runBytes = maxRun*8 + 31*8 + 32

// ints reads a stream of whole numbers, run by run.
type ints struct {
	*stream
	v2, signed bool
	run        [maxRun]int64
	at, have   int // of run
}

func (r *ints) open(v2, signed bool) { r.v2, r.signed, r.at, r.have = v2, signed, 0, 0 }

// read fills all of dst.
func (r *ints) read(dst []int64) error {
	for len(dst) > 0 {
		if r.at < r.have {
			n := copy(dst, r.run[r.at:r.have])
			r.at += n
			dst = dst[n:]
			continue
		}
		if len(dst) >= maxRun {
			n, err := r.next(dst)
			if err != nil {
				return err
			}
			dst = dst[n:]
			continue
		}
		n, err := r.next(r.run[:])
		if err != nil {
			return err
		}
		r.at, r.have = 0, n
	}
	return nil
}

// next decodes a run, which has a number at least.
func (r *ints) next(to []int64) (int, error) {
	data, err := r.peek(runBytes)
	if err != nil {
		return 0, err
	}
	if len(data) == 0 {
		return 0, errShort
	}
	decode := runV1
	if r.v2 {
		decode = runV2
	}
	count, used, err := decode(to, data, r.signed)
	r.off += used
	return count, err
}

// done reports whether all numbers have been read.
func (r *ints) done() (bool, error) {
	if r.at < r.have {
		return false, nil
	}
	return r.ended()
}

// vlong reads a number of up to ten bytes, seven bits in each. Source: ORC v1, "Base 128 Varint".
func vlong(data []byte, signed bool) (value int64, n int) {
	v, n := binary.Uvarint(data)
	if signed {
		return unzigzag(v), n
	}
	return int64(v), n //nolint:gosec // the bits as they are
}

// runV1 decodes a run of version 1 and says how many numbers and bytes it has.
// Source: ORC v1, "Integer Run Length Encoding, version 1".
func runV1(to []int64, data []byte, signed bool) (count, used int, err error) {
	control := int8(data[0]) //nolint:gosec // a signed byte it is
	if control >= 0 {
		if len(data) < 3 {
			return 0, 0, errShort
		}
		count = int(control) + 3
		delta := int64(int8(data[1])) //nolint:gosec // a signed byte it is
		v, n := vlong(data[2:], signed)
		if n <= 0 {
			return 0, 0, errRun
		}
		for i := range to[:count] {
			to[i] = v
			v += delta
		}
		return count, 2 + n, nil
	}
	count, used = -int(control), 1
	for i := range to[:count] {
		v, n := vlong(data[used:], signed)
		if n <= 0 {
			return 0, 0, errRun
		}
		to[i] = v
		used += n
	}
	return count, used, nil
}
