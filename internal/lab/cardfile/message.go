package cardfile

import (
	"fmt"
	"maps"
	"slices"
)

// message is one ISO 8583 message: its type and its elements by number, 2 to 128.
type message struct {
	mti      string
	elements map[int]string
}

// encode writes the type, a bitmap of 16 binary bytes that names the elements present, and the elements in order.
func (m message) encode(e Encoding) ([]byte, error) {
	var bitmap [16]byte
	bitmap[0] = 0x80 // the second half of the bitmap is always there
	out, err := e.encode(m.mti)
	if err != nil {
		return nil, err
	}
	var body []byte
	for _, element := range slices.Sorted(maps.Keys(m.elements)) {
		bitmap[(element-1)/8] |= 0x80 >> ((element - 1) % 8)
		text, err := field(element, m.elements[element])
		if err != nil {
			return nil, err
		}
		encoded, err := e.encode(text)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", element, err)
		}
		body = append(body, encoded...)
	}
	return append(append(out, bitmap[:]...), body...), nil
}
