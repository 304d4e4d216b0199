package gunzip

import (
	"encoding/binary"
	"io"
)

// decode fills the output buffer, up to the end of a member.
func (r *Reader) decode() error {
	for r.w < outSize {
		if r.block == blockNone {
			if r.final {
				return nil
			}
			if err := r.begin(); err != nil {
				return err
			}
		}
		var err error
		if r.block == blockStored {
			err = r.copyStored()
		} else {
			err = r.codes()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// begin reads the header of a block. Source: RFC 1951, 3.2.3.
func (r *Reader) begin() error {
	r.giveBack()
	if err := r.fill(inPad); err != nil {
		return err
	}
	if r.pos-int(r.nb>>3) > r.real { //nolint:gosec // at most 7
		return io.ErrUnexpectedEOF
	}
	r.final = r.bits(1) == 1
	switch r.bits(2) {
	case 0:
		r.align()
		size, check := binary.LittleEndian.Uint16(r.in[r.pos:]), binary.LittleEndian.Uint16(r.in[r.pos+2:])
		if size != ^check {
			return ErrDamaged
		}
		r.pos += 4
		r.block, r.stored = blockStored, int(size)
		return nil
	case 1:
		r.fixed()
	case 2:
		if !r.dynamic() {
			return ErrDamaged
		}
	default:
		return ErrDamaged
	}
	r.pair()
	r.block = blockCodes
	return nil
}

// giveBack gives back whole bytes that were taken, and keeps the bits of the one at hand.
func (r *Reader) giveBack() {
	r.pos -= int(r.nb >> 3) //nolint:gosec // at most 7
	r.nb &= 7
	r.bb &= 1<<r.nb - 1
}

// copyStored copies what a stored block has, as far as there is room.
func (r *Reader) copyStored() error {
	for r.stored > 0 && r.w < outSize {
		if err := r.fill(1); err != nil {
			return err
		}
		n := min(r.stored, outSize-r.w, r.end-r.pos)
		copy(r.out[r.w:r.w+n], r.in[r.pos:r.pos+n])
		r.w += n
		r.pos += n
		r.stored -= n
	}
	if r.stored == 0 {
		r.block = blockNone
	}
	return nil
}

// fixed makes the tables that need no header. Source: RFC 1951, 3.2.6.
func (r *Reader) fixed() {
	for i := range maxLit {
		switch {
		case i < 144:
			r.lengths[i] = 8
		case i < 256:
			r.lengths[i] = 9
		case i < 280:
			r.lengths[i] = 7
		default:
			r.lengths[i] = 8
		}
	}
	r.litSub, _ = r.build(r.lengths[:maxLit], r.lit[:], litBits, r.litSub, literalEntry)
	for i := range maxDist {
		r.lengths[i] = 5
	}
	r.distSub, _ = r.build(r.lengths[:maxDist], r.dist[:], distBits, r.distSub, distanceEntry)
}

// order is how the lengths of the codes of lengths come. Source: RFC 1951, 3.2.7.
var order = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamic reads the codes of a block, whose header is all there.
func (r *Reader) dynamic() bool {
	lits, dists, codes := r.bits(5)+257, r.bits(5)+1, r.bits(4)+4
	if lits > 286 || dists > 30 {
		return false
	}
	var small [19]uint8
	for _, i := range order[:codes] {
		small[i] = uint8(r.bits(3)) //nolint:gosec // 3 bits
	}
	var ok bool
	// The table of distances is free yet, and wide enough for these codes of at most 7 bits.
	if r.distSub, ok = r.build(small[:], r.dist[:], distBits, r.distSub, plainEntry); !ok {
		return false
	}
	if !r.readLengths(r.lengths[:lits+dists]) || r.lengths[256] == 0 {
		return false
	}
	if r.litSub, ok = r.build(r.lengths[:lits], r.lit[:], litBits, r.litSub, literalEntry); !ok {
		return false
	}
	r.distSub, ok = r.build(r.lengths[lits:lits+dists], r.dist[:], distBits, r.distSub, distanceEntry)
	return ok
}

// plainEntry is the entry of a symbol that stands for itself.
func plainEntry(symbol int) (entry, extra uint32) { return uint32(symbol) << 16, 0 } //nolint:gosec // at most 18

// readLengths reads the lengths of the codes of both alphabets.
func (r *Reader) readLengths(lengths []uint8) bool {
	for i := 0; i < len(lengths); {
		r.need(maxCode)
		e := r.dist[r.bb&(1<<distBits-1)]
		if e&isSpecial != 0 {
			return false
		}
		r.bb >>= e & taken
		r.nb -= uint(e & taken)
		symbol := e >> 16
		if symbol < 16 {
			lengths[i] = uint8(symbol)
			i++
			continue
		}
		var times int
		value := uint8(0)
		switch symbol {
		case 16:
			if i == 0 {
				return false
			}
			times, value = 3+r.bits(2), lengths[i-1]
		case 17:
			times = 3 + r.bits(3)
		default:
			times = 11 + r.bits(7)
		}
		if times > len(lengths)-i {
			return false
		}
		for range times {
			lengths[i] = value
			i++
		}
	}
	return true
}

// codes decodes a block until it ends, the output is full, or the input has to be filled up.
//
//nolint:gocognit // what is in here is in registers; calls for its parts would take as long as they do
func (r *Reader) codes() error {
	if r.end-r.pos < inSlack {
		r.giveBack()
		if err := r.fill(inSlack); err != nil {
			return err
		}
	}
	in, out := r.in[:r.end], r.out
	pos, w, bb, nb := r.pos, r.w, r.bb, r.nb
	defer func() { r.pos, r.w, r.bb, r.nb = pos, w, bb, nb }()
	for pos+inSlack <= len(in) && w < outSize {
		bb |= binary.LittleEndian.Uint64(in[pos:]) << (nb & 63)
		pos += int((63 - nb) >> 3) //nolint:gosec // at most 7
		nb |= 56
		// Three entries of literals take 36 bits at most.
		e := r.lit[bb&(1<<litBits-1)]
		if e&isLiteral != 0 {
			bb >>= e & taken
			nb -= uint(e & taken)
			out[w], out[w+1] = byte(e>>16), byte(e>>8) //nolint:gosec // a byte each
			w += 1 + int(e>>30&1)
			e = r.lit[bb&(1<<litBits-1)]
			if e&isLiteral != 0 {
				bb >>= e & taken
				nb -= uint(e & taken)
				out[w], out[w+1] = byte(e>>16), byte(e>>8) //nolint:gosec // a byte each
				w += 1 + int(e>>30&1)
				e = r.lit[bb&(1<<litBits-1)]
				if e&isLiteral != 0 {
					bb >>= e & taken
					nb -= uint(e & taken)
					out[w], out[w+1] = byte(e>>16), byte(e>>8) //nolint:gosec // a byte each
					w += 1 + int(e>>30&1)
					continue
				}
			}
		}
		if e&isSpecial != 0 {
			if e&isLonger != 0 {
				e = r.litSub[uint64(e>>16)+bb>>litBits&(1<<(maxCode-litBits)-1)]
			}
			if e&isLiteral != 0 {
				bb >>= e & taken
				nb -= uint(e & taken)
				out[w] = byte(e >> 16) //nolint:gosec // a byte
				w++
				continue
			}
			if e&isEnd != 0 {
				bb >>= e & taken
				nb -= uint(e & taken)
				r.block = blockNone
				return nil
			}
			if e&isSpecial != 0 {
				return ErrDamaged
			}
		}
		// A length takes 20 bits at most, of at least 32; a distance 28.
		n := e & taken
		length := int(e>>16) + int(bb&(1<<n-1)>>(e>>8&15)) //nolint:gosec // at most 258
		bb >>= n
		nb -= uint(n)
		if nb < 28 {
			bb |= binary.LittleEndian.Uint64(in[pos:]) << (nb & 63)
			pos += int((63 - nb) >> 3) //nolint:gosec // at most 7
			nb |= 56
		}
		e = r.dist[bb&(1<<distBits-1)]
		if e&isSpecial != 0 {
			if e&isLonger == 0 {
				return ErrDamaged
			}
			if e = r.distSub[uint64(e>>16)+bb>>distBits&(1<<(maxCode-distBits)-1)]; e&isSpecial != 0 {
				return ErrDamaged
			}
		}
		n = e & taken
		back := int(e>>16) + int(bb&(1<<n-1)>>(e>>8&15)) //nolint:gosec // at most 32768
		bb >>= n
		nb -= uint(n)
		if back > w-r.oldest {
			return ErrDamaged
		}
		repeat(out, w, back, length)
		w += length
	}
	return nil
}

// repeat copies what was decoded some way back; it may reach into what it makes. Some bytes beyond are overwritten.
func repeat(out []byte, w, back, length int) {
	switch {
	case back >= 8 && length <= 64:
		for i := 0; i < length; i += 8 {
			binary.LittleEndian.PutUint64(out[w+i:], binary.LittleEndian.Uint64(out[w+i-back:]))
		}
	case back >= length:
		copy(out[w:w+length], out[w-back:])
	default:
		for i := w; i < w+length; i++ {
			out[i] = out[i-back]
		}
	}
}
