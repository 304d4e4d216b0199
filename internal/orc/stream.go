package orc

import (
	"fmt"
	"io"
)

const (
	// head is the room before a decompressed chunk, where what is left of the one before it goes, so that no run of numbers is
	// torn. A run is 4 KiB at most, and some bytes.
	head   = 8 << 10
	window = 256 << 10 // read at least at a time
)

// stream is the content of one stream of a stripe, decompressed chunk by chunk. Its buffers are used again for the next
// stripe.
type stream struct {
	from   io.ReaderAt
	memory *memory
	unpack *unpacker
	chunk  int // the most bytes that a chunk decompresses to

	at, end int64 // what of the file has not been read

	raw   []byte // what was read of the file
	rawAt int    // where in it the next chunk stands
	box   []byte // head bytes of room, and a chunk decompressed
	off   int    // where in box the content goes on
}

func newStream(f *File, m *memory, u *unpacker) *stream {
	return &stream{from: f.from, memory: m, unpack: u, chunk: f.tail.chunk}
}

// open begins a stream that stands in the file.
func (s *stream) open(at, size int64) {
	s.at, s.end = at, at+size
	s.raw, s.rawAt = s.raw[:0], 0
	s.box, s.off = s.box[:0], 0
}

// ahead returns the next n bytes of the file without moving on.
func (s *stream) ahead(n int) ([]byte, error) {
	if len(s.raw)-s.rawAt >= n {
		return s.raw[s.rawAt : s.rawAt+n], nil
	}
	have := copy(s.raw, s.raw[s.rawAt:])
	s.raw, s.rawAt = s.raw[:have], 0
	if int64(n-have) > s.end-s.at {
		return nil, errShort
	}
	size := int(min(s.end-s.at, int64(max(n, window)-have)))
	var err error
	if s.raw, err = s.memory.grow(s.raw, size); err != nil {
		return nil, err
	}
	if err := readAt(s.from, s.raw[have:have+size], s.at); err != nil {
		return nil, err
	}
	s.at += int64(size)
	s.raw = s.raw[:have+size]
	return s.raw[:n], nil
}

// more puts the next chunk behind what is left of the one at hand. At the end of the stream it is io.EOF.
func (s *stream) more() error {
	left := int64(len(s.raw)-s.rawAt) + s.end - s.at
	if left == 0 {
		return io.EOF
	}
	stay := len(s.box) - s.off
	if stay > head {
		return fmt.Errorf("keep %d bytes: %w", stay, errRun)
	}
	if cap(s.box) < head {
		box, err := s.memory.grow(s.box, head)
		if err != nil {
			return err
		}
		s.box, s.off = box[:head], head-stay
	} else {
		rest := s.box[s.off:]
		s.box, s.off = s.box[:head], head-stay
		copy(s.box[s.off:], rest)
	}
	if s.unpack.as == plain {
		return s.add(int(min(left, window)))
	}
	h, err := s.ahead(3)
	if err != nil {
		return err
	}
	size := int(h[0])>>1 | int(h[1])<<7 | int(h[2])<<15
	original := h[0]&1 == 1
	s.rawAt += 3
	if size > s.chunk {
		return errChunk
	}
	if original {
		return s.add(size)
	}
	b, err := s.ahead(size)
	if err != nil {
		return err
	}
	s.rawAt += size
	s.box, err = s.unpack.unpack(s.memory, s.box, b, s.chunk)
	return err
}

// add appends bytes of the file as they are.
func (s *stream) add(size int) error {
	b, err := s.ahead(size)
	if err != nil {
		return err
	}
	s.rawAt += size
	if s.box, err = s.memory.grow(s.box, size); err != nil {
		return err
	}
	s.box = append(s.box, b...)
	return nil
}

// peek returns what is there of the next n bytes, or more, without moving on; fewer at the end only. n is at most half of
// head.
func (s *stream) peek(n int) ([]byte, error) {
	for len(s.box)-s.off < n {
		if err := s.more(); err == io.EOF { //nolint:errorlint // as more gives it
			break
		} else if err != nil {
			return nil, err
		}
	}
	return s.box[s.off:], nil
}

// ended reports whether there is nothing left.
func (s *stream) ended() (bool, error) {
	b, err := s.peek(1)
	return len(b) == 0, err
}

// take returns the next n bytes and moves on. If they do not stand together they are gathered in scratch, which is returned to
// be used again.
func (s *stream) take(n int, scratch []byte) (data, _ []byte, err error) {
	if len(s.box) == s.off && n > 0 {
		if _, err := s.peek(1); err != nil {
			return nil, scratch, err
		}
	}
	if len(s.box)-s.off >= n {
		data = s.box[s.off : s.off+n]
		s.off += n
		return data, scratch, nil
	}
	scratch, err = s.gather(n, scratch[:0])
	return scratch, scratch, err
}

// gather appends the next n bytes to a buffer, which grows as they come.
func (s *stream) gather(n int, to []byte) ([]byte, error) {
	for n > 0 {
		b, err := s.peek(1)
		if err != nil {
			return to, err
		}
		if len(b) == 0 {
			return to, errShort
		}
		b = b[:min(n, len(b))]
		if to, err = s.memory.grow(to, len(b)); err != nil {
			return to, err
		}
		to = append(to, b...)
		s.off += len(b)
		n -= len(b)
	}
	return to, nil
}

// rest appends all that is left to a buffer.
func (s *stream) rest(to []byte) ([]byte, error) {
	for {
		b, err := s.peek(1)
		if err != nil || len(b) == 0 {
			return to, err
		}
		if to, err = s.gather(len(b), to); err != nil {
			return to, err
		}
	}
}
