// Package cardfiletest reads IPM files back in tests. It knows the layout of the messages package cardfile writes and
// nothing more, and shares no code with it.
package cardfiletest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/text/encoding/charmap"

	"parallax/internal/lab/cardfile"
)

const (
	block = 1014
	pad   = 0x40
)

// ReadIPM returns the elements of each message by number, the message type as number 0.
func ReadIPM(data []byte, encoding cardfile.Encoding, blocked bool) (messages []map[int]string, err error) {
	if blocked {
		if data, err = unblock(data); err != nil {
			return nil, err
		}
	}
	for len(data) >= 4 {
		size := int(binary.BigEndian.Uint32(data))
		data = data[4:]
		if size == 0 {
			return messages, nil
		}
		if size < 20 || size > len(data) {
			return nil, fmt.Errorf("message %d: length %d", len(messages)+1, size)
		}
		m, err := readMessage(data[:size], encoding)
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", len(messages)+1, err)
		}
		messages, data = append(messages, m), data[size:]
	}
	return nil, errors.New("the file has no end")
}

func unblock(data []byte) ([]byte, error) {
	if len(data)%block != 0 {
		return nil, fmt.Errorf("%d bytes are no whole number of blocks", len(data))
	}
	var plain []byte
	for ; len(data) > 0; data = data[block:] {
		if data[block-2] != pad || data[block-1] != pad {
			return nil, errors.New("a block does not end in two pad bytes")
		}
		plain = append(plain, data[:block-2]...)
	}
	return plain, nil
}

func readMessage(data []byte, encoding cardfile.Encoding) (map[int]string, error) {
	mti, err := decode(data[:4], encoding)
	if err != nil {
		return nil, err
	}
	bitmap := data[4:20]
	body, err := decode(data[20:], encoding)
	if err != nil {
		return nil, err
	}
	fixed := map[int]int{3: 6, 4: 12, 5: 12, 9: 8, 12: 12, 24: 3, 25: 4, 26: 4, 30: 24, 37: 12, 38: 6, 49: 3, 50: 3, 71: 8}
	prefix := map[int]int{2: 2, 31: 2, 48: 3, 63: 3, 94: 2, 95: 2}
	elements := map[int]string{0: mti}
	for element := 2; element <= 128; element++ {
		if bitmap[(element-1)/8]>>(7-(element-1)%8)&1 == 0 {
			continue
		}
		size := fixed[element]
		if p := prefix[element]; p > 0 && len(body) >= p {
			if size, err = strconv.Atoi(body[:p]); err != nil {
				return nil, fmt.Errorf("element %d: length %q", element, body[:p])
			}
			body = body[p:]
		}
		if size == 0 || size > len(body) {
			return nil, fmt.Errorf("element %d: %d of %d characters", element, size, len(body))
		}
		elements[element], body = body[:size], body[size:]
	}
	if body != "" {
		return nil, fmt.Errorf("%d characters behind the last element", len(body))
	}
	return elements, nil
}

// decode reads characters. Code pages 037 and 500 differ in seven characters, none of which is written here.
func decode(data []byte, encoding cardfile.Encoding) (string, error) {
	if encoding == cardfile.ASCII {
		return string(data), nil
	}
	out, err := charmap.CodePage037.NewDecoder().Bytes(data)
	return string(out), err
}

// Private finds a private data subelement in an element's text.
func Private(text string, tag int) (string, error) {
	for len(text) >= 7 {
		have, err1 := strconv.Atoi(text[:4])
		size, err2 := strconv.Atoi(text[4:7])
		if err := errors.Join(err1, err2); err != nil || 7+size > len(text) {
			return "", fmt.Errorf("subelement %q: %w", text[:7], err)
		}
		if have == tag {
			return text[7 : 7+size], nil
		}
		text = text[7+size:]
	}
	return "", fmt.Errorf("no subelement %d", tag)
}
