package tabular

import (
	"encoding/binary"
	"errors"
)

// hybrid reads the mix of runs and packed bits that levels and dictionary numbers are written in.
// Source: Apache Parquet, Encodings, "Run Length Encoding / Bit-Packing Hybrid (RLE = 3)".
type hybrid struct {
	data  []byte
	width uint
	run   int    // how often value comes yet
	value uint32 // of the run
	bits  int    // how many packed values come yet
	at    uint   // the bit where the next one starts
}

var errRuns = errors.New("a page ends before its time")

func (h *hybrid) reset(data []byte, width uint) { *h = hybrid{data: data, width: width} }

// same returns how many of the next n values are one and the same, if that is known without reading them, and which.
func (h *hybrid) same(n int) (count int, value uint32, err error) {
	if h.run == 0 && h.bits == 0 {
		if err := h.next(); err != nil {
			return 0, 0, err
		}
	}
	count = min(h.run, n)
	h.run -= count
	return count, h.value, nil
}

// next reads the header of a run.
func (h *hybrid) next() error {
	for h.run == 0 && h.bits == 0 {
		head, n := binary.Uvarint(h.data)
		if n <= 0 || head > 1<<32 {
			return errRuns
		}
		h.data = h.data[n:]
		if head&1 == 1 {
			h.bits, h.at = int(head>>1)*8, 0
			// Some writers cut the bytes of the last group that hold no value.
			if have := len(h.data) * 8; h.width > 0 && h.bits > have/int(h.width) { //nolint:gosec // at most 32
				h.bits = have / int(h.width) //nolint:gosec // at most 32
				if h.bits == 0 {
					return errRuns
				}
			}
			continue
		}
		size := int(h.width+7) / 8 //nolint:gosec // at most 32
		if len(h.data) < size {
			return errRuns
		}
		h.value = 0
		for i := range size {
			h.value |= uint32(h.data[i]) << (8 * i)
		}
		h.data, h.run = h.data[size:], int(head>>1)
		if h.run == 0 && len(h.data) == 0 {
			return errRuns
		}
	}
	return nil
}

// read fills all of dst.
func (h *hybrid) read(dst []uint32) error {
	for len(dst) > 0 {
		if h.run == 0 && h.bits == 0 {
			if err := h.next(); err != nil {
				return err
			}
		}
		if h.run > 0 {
			n := min(h.run, len(dst))
			for i := range dst[:n] {
				dst[i] = h.value
			}
			h.run -= n
			dst = dst[n:]
			continue
		}
		n := min(h.bits, len(dst))
		h.unpack(dst[:n])
		if h.bits -= n; h.bits == 0 {
			h.data = h.data[min(len(h.data), int(h.at+7)/8):] //nolint:gosec // within a page
		}
		dst = dst[n:]
	}
	return nil
}

// unpack reads packed values, which are all there.
func (h *hybrid) unpack(dst []uint32) {
	mask, at, data := uint64(1)<<h.width-1, h.at, h.data
	for i := range dst {
		at8 := int(at >> 3) //nolint:gosec // within a page
		var word uint64
		if at8+8 <= len(data) {
			word = binary.LittleEndian.Uint64(data[at8:])
		} else {
			for k, b := range data[min(at8, len(data)):] {
				word |= uint64(b) << (8 * k)
			}
		}
		dst[i] = uint32(word >> (at & 7) & mask) //nolint:gosec // at most 32 bits
		at += h.width
	}
	h.at = at
}
