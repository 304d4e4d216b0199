package ipm

import (
	"errors"
	"fmt"
	"strconv"

	"parallax/sources/settlement/decode"
)

// message is one record cut into its elements. The slices point into the record's buffer.
// There is no element for the card number, tracks, PIN block and chip data: they are gone after parse.
type message struct {
	charset   charset
	mti       string
	function  string // DE24
	maskedPAN string // DE2, truncated
	element   [129][]byte
	pds       map[int][]byte
}

// errCharset means that a record's first four bytes are no message type in any known alphabet.
var errCharset = errors.New("message type is four digits neither in ASCII nor in EBCDIC")

// detectCharset reads the alphabet from a record's message type.
func detectCharset(rec []byte) (charset, error) {
	for _, c := range []charset{latin1, ebcdic} {
		if _, err := c.number(rec[:4]); err == nil {
			return c, nil
		}
	}
	return latin1, errCharset
}

// parse cuts a record into its elements, in place: message type (4), bitmap (16 binary bytes), elements.
func (m *message) parse(c charset, rec []byte) error {
	*m = message{charset: c, pds: m.pds}
	clear(m.pds)
	if len(rec) < minRecord {
		return fmt.Errorf("has %d bytes, message type and bitmap need %d", len(rec), minRecord)
	}
	if _, err := c.number(rec[:4]); err != nil {
		return &decode.FieldError{Field: "MTI", Err: fmt.Errorf("%w in %s", err, c)}
	}
	m.mti, _ = c.text(rec[:4])
	bitmap, rest := rec[4:20], rec[20:]
	for de := 2; de <= 128; de++ {
		if bitmap[(de-1)/8]&(0x80>>((de-1)%8)) == 0 {
			continue
		}
		value, tail, err := m.cut(elements[de], rest)
		if err != nil {
			return &decode.FieldError{Field: "DE" + strconv.Itoa(de), Err: err}
		}
		rest = tail
		m.keep(de, value)
	}
	if len(rest) > 0 {
		return fmt.Errorf("has %d bytes left over after its last element", len(rest))
	}
	if raw := m.element[24]; raw != nil {
		var err error
		if m.function, err = c.text(raw); err != nil {
			return &decode.FieldError{Field: "DE24", Err: err}
		}
	}
	return m.parsePDS()
}

// cut takes one element off the front of rest.
func (m *message) cut(e element, rest []byte) (value, tail []byte, err error) {
	size := e.size
	if size == 0 {
		return nil, nil, errors.New("has no known layout")
	}
	if e.prefix > 0 {
		if len(rest) < e.prefix {
			return nil, nil, errors.New("is truncated inside its length")
		}
		n, err := m.charset.number(rest[:e.prefix])
		if err != nil {
			return nil, nil, fmt.Errorf("length %w", err)
		}
		if n > int64(e.size) {
			return nil, nil, fmt.Errorf("length %d is greater than %d", n, e.size)
		}
		size, rest = int(n), rest[e.prefix:]
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
		return
	}
	if de == 2 {
		m.maskedPAN = m.mask(value)
	}
	clear(value)
}

func (m *message) mask(value []byte) string {
	var digits [19]byte
	n := copy(digits[:], value)
	for i := range n {
		digits[i] = m.charset.char(digits[i])
	}
	masked := decode.MaskPAN(string(digits[:n]))
	clear(digits[:])
	return masked
}

// parsePDS reads the private data subelements: a tag of four digits, a length of three, the value, and again.
func (m *message) parsePDS() error {
	for _, de := range []int{48, 62, 123, 124, 125} {
		rest := m.element[de]
		for len(rest) > 0 {
			if len(rest) < 7 {
				return &decode.FieldError{Field: "DE" + strconv.Itoa(de), Err: fmt.Errorf("has %d bytes left, a subelement needs 7", len(rest))}
			}
			tag, err := m.charset.number(rest[:4])
			if err != nil {
				return &decode.FieldError{Field: "DE" + strconv.Itoa(de), Err: fmt.Errorf("subelement tag %w", err)}
			}
			name := fmt.Sprintf("PDS%04d", tag)
			size, err := m.charset.number(rest[4:7])
			if err != nil {
				return &decode.FieldError{Field: name, Err: fmt.Errorf("length %w", err)}
			}
			if rest = rest[7:]; int64(len(rest)) < size {
				return &decode.FieldError{Field: name, Err: fmt.Errorf("needs %d bytes, the element has %d left", size, len(rest))}
			}
			if _, twice := m.pds[int(tag)]; !twice {
				if m.pds == nil {
					m.pds = map[int][]byte{}
				}
				m.pds[int(tag)] = rest[:size]
			}
			rest = rest[size:]
		}
	}
	return nil
}

// text returns an element as text, empty where it is absent.
func (m *message) text(de int) (string, error) {
	s, err := m.charset.text(m.element[de])
	if err != nil {
		return "", &decode.FieldError{Field: "DE" + strconv.Itoa(de), Err: err}
	}
	return s, nil
}
