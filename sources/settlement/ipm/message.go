package ipm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strconv"

	"parallax/sources/settlement/decode"
)

// message is one record cut into its elements. The slices point into the record's buffer.
// There is no element for the card number, tracks, PIN block and chip data: they are gone after parse.
type message struct {
	charset  *charset
	mti      int // 1240; -1 where it is no number
	function int // DE24; -1 where it is absent or no number
	pan      [19]byte
	panSize  int // masked, of pan; 0 where there is none
	element  [129][]byte
	present  [2]uint64 // the bitmap of element: what the next message has to clear
	pds      [pdsSlots][]byte
}

// errCharset means that a record's first four bytes are no message type in any known alphabet.
var errCharset = errors.New("message type is four digits neither in ASCII nor in EBCDIC")

// detectCharset reads the alphabet from a record's message type. Digits are the same in code pages 500 and 037.
func detectCharset(rec []byte) (*charset, error) {
	for _, c := range []*charset{latin1, cp500} {
		if c.small(rec[:4]) >= 0 {
			return c, nil
		}
	}
	return nil, errCharset
}

// parse cuts a record into its elements, in place: message type (4), bitmap (16 binary bytes), elements. Where it fails, the
// elements before the failure are there. The subelements are left to parsePDS.
func (m *message) parse(c *charset, rec []byte) error {
	m.reset(c)
	if len(rec) < minRecord {
		return fmt.Errorf("has %d bytes, message type and bitmap need %d", len(rec), minRecord)
	}
	if m.mti = c.small(rec[:4]); m.mti < 0 {
		return &decode.FieldError{Field: "MTI", Err: fmt.Errorf("%w in %s", decode.ErrNotNumeric, c.name)}
	}
	rest := rec[minRecord:]
	for half := range 2 {
		bitmap := binary.BigEndian.Uint64(rec[4+8*half:])
		if half == 0 {
			bitmap &^= 1 << 63 // says that the second half is there, which it always is
		}
		for bitmap != 0 {
			first := bits.LeadingZeros64(bitmap)
			bitmap &^= 1 << 63 >> first
			de := 64*half + first + 1
			value, tail, err := m.cut(&elements[de], rest)
			if err != nil {
				return &decode.FieldError{Field: nameOf(de), Err: err}
			}
			rest = tail
			m.keep(de, value)
		}
	}
	if len(rest) > 0 {
		return fmt.Errorf("has %d bytes left over after its last element", len(rest))
	}
	if raw := m.element[24]; raw != nil {
		if m.function = c.small(raw); m.function < 0 {
			return &decode.FieldError{Field: "DE24", Err: decode.ErrNotNumeric}
		}
	}
	return nil
}

func nameOf(de int) string { return "DE" + strconv.Itoa(de) }

// reset forgets the message before.
func (m *message) reset(c *charset) {
	for half, set := range m.present {
		for set != 0 {
			first := bits.LeadingZeros64(set)
			set &^= 1 << 63 >> first
			m.element[64*half+first+1] = nil
		}
	}
	m.charset, m.mti, m.function, m.panSize, m.present = c, -1, -1, 0, [2]uint64{}
	m.pds = [pdsSlots][]byte{}
}

// cut takes one element off the front of rest.
func (m *message) cut(e *element, rest []byte) (value, tail []byte, err error) {
	size := e.size
	if size == 0 {
		return nil, nil, errors.New("has no known layout")
	}
	if e.prefix > 0 {
		if len(rest) < e.prefix {
			return nil, nil, errors.New("is truncated inside its length")
		}
		n := m.charset.small(rest[:e.prefix])
		if n < 0 {
			return nil, nil, fmt.Errorf("length %w", decode.ErrNotNumeric)
		}
		if n > e.size {
			return nil, nil, fmt.Errorf("length %d is greater than %d", n, e.size)
		}
		size, rest = n, rest[e.prefix:]
	}
	if len(rest) < size {
		return nil, nil, fmt.Errorf("needs %d bytes, the record has %d left", size, len(rest))
	}
	return rest[:size:size], rest[size:], nil
}

// keep stores an element, unless it is secret: then its bytes are overwritten, the card number truncated first.
func (m *message) keep(de int, value []byte) {
	if !elements[de].secret {
		m.element[de] = value
		m.present[(de-1)/64] |= 1 << 63 >> ((de - 1) % 64)
		return
	}
	if de == 2 {
		m.mask(value)
	}
	clear(value)
}

// mask truncates the card number as decode.MaskPAN does, without its allocations where it is 15 digits or more.
func (m *message) mask(value []byte) {
	n := copy(m.pan[:], value)
	digits := n >= 15
	for i := range n {
		m.pan[i] = m.charset.char[m.pan[i]]
		digits = digits && m.pan[i]-'0' <= 9
	}
	if digits {
		for i := 6; i < n-4; i++ {
			m.pan[i] = '*'
		}
		m.panSize = n
		return
	}
	masked := decode.MaskPAN(string(m.pan[:n]))
	clear(m.pan[:])
	m.panSize = copy(m.pan[:], masked)
}

// maskedPAN is the truncated card number, empty where the message carries none.
func (m *message) maskedPAN() []byte { return m.pan[:m.panSize] }
