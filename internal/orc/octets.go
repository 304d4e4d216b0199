package orc

// octets reads a stream of bytes in runs. Source: ORC v1, "Byte Run Length Encoding".
type octets struct {
	*stream
	same  int // how often value comes yet
	apart int // how many single bytes come yet
	value byte
}

func (r *octets) open() { r.same, r.apart, r.value = 0, 0, 0 }

// read fills all of dst.
func (r *octets) read(dst []byte) error {
	for len(dst) > 0 {
		switch {
		case r.same > 0:
			n := min(r.same, len(dst))
			for i := range dst[:n] {
				dst[i] = r.value
			}
			r.same -= n
			dst = dst[n:]
		case r.apart > 0:
			b, err := r.peek(1)
			if err != nil {
				return err
			}
			if len(b) == 0 {
				return errShort
			}
			n := copy(dst, b[:min(r.apart, len(b))])
			r.off += n
			r.apart -= n
			dst = dst[n:]
		default:
			if err := r.next(); err != nil {
				return err
			}
		}
	}
	return nil
}

// next reads the head of a run.
func (r *octets) next() error {
	b, err := r.peek(2)
	if err != nil {
		return err
	}
	if len(b) < 2 {
		return errShort
	}
	if control := int8(b[0]); control >= 0 { //nolint:gosec // a signed byte it is
		r.same, r.value = int(control)+3, b[1]
		r.off += 2
	} else {
		r.apart = -int(control)
		r.off++
	}
	return nil
}

// done reports whether all bytes have been read.
func (r *octets) done() (bool, error) {
	if r.same > 0 || r.apart > 0 {
		return false, nil
	}
	return r.ended()
}

// bools reads a stream of bits, most significant first. Source: ORC v1, "Boolean Run Length Encoding".
type bools struct {
	octets
	last byte // what is left of the byte at hand, at the top
	left int  // of its bits
	buf  [rowsAtOnce / 8]byte
}

func (r *bools) open() {
	r.octets.open()
	r.left = 0
}

// read fills all of dst, of rowsAtOnce at most, and says how many are true.
func (r *bools) read(dst []bool) (truths int, err error) {
	n := min(r.left, len(dst))
	truths = r.shift(dst[:n])
	dst = dst[n:]
	bytes := r.buf[:(len(dst)+7)/8]
	if err := r.octets.read(bytes); err != nil {
		return 0, err
	}
	for _, b := range bytes {
		n := min(8, len(dst))
		if b == 0xff {
			for i := range dst[:n] {
				dst[i] = true
			}
			r.last, r.left = b<<n, 8-n
			truths += n
		} else {
			r.last, r.left = b, 8
			truths += r.shift(dst[:n])
		}
		dst = dst[n:]
	}
	return truths, nil
}

// shift takes bits off the byte at hand.
func (r *bools) shift(dst []bool) (truths int) {
	for i := range dst {
		dst[i] = r.last&0x80 != 0
		truths += int(r.last >> 7)
		r.last <<= 1
	}
	r.left -= len(dst)
	return truths
}
