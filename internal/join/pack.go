package join

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
)

// A packed key is its fields one after the other. A zero byte begins a mark: zero zero is NULL, zero one stands between
// two fields, zero 255 is a zero byte of the text. So ("a", "bc") is never ("ab", "c"), and NULL is never "".
// No key without a NULL ends in a zero byte but the ones that end in an empty field, whose last byte is one: filling a key
// up with zeros loses nothing.
const (
	markNull  = 0
	markNext  = 1
	markZero  = 255
	markBegin = 0
)

// appendKey packs row i of the key columns, and reports whether one of its fields is NULL.
func appendKey(dst []byte, columns []Column, i int) ([]byte, bool) {
	null := false
	for c := range columns {
		if c > 0 {
			dst = append(dst, markBegin, markNext)
		}
		col := &columns[c]
		switch {
		case col.Nulls != nil && col.Nulls[i]:
			dst, null = append(dst, markBegin, markNull), true
		case col.Texts != nil:
			dst = appendText(dst, col.Data[col.Texts[i].Start:col.Texts[i].End])
		default:
			dst = strconv.AppendInt(dst, col.Ints[i], 10)
		}
	}
	return dst, null
}

func appendText(dst, text []byte) []byte {
	for {
		zero := bytes.IndexByte(text, 0)
		if zero < 0 {
			return append(dst, text...)
		}
		dst = append(append(dst, text[:zero]...), markBegin, markZero)
		text = text[zero+1:]
	}
}

var errPacked = errors.New("bytes are no packed key or value")

// UnpackKey returns the fields of a group's key; a NULL is nil, an empty text is not.
func UnpackKey(key []byte) ([][]byte, error) {
	field := []byte{}
	fields := [][]byte{}
	null := false
	for i := 0; i < len(key); i++ {
		if key[i] != markBegin {
			field = append(field, key[i])
			continue
		}
		i++
		switch {
		case i == len(key):
			return nil, errPacked
		case key[i] == markNull:
			null = true
		case key[i] == markZero:
			field = append(field, 0)
		case key[i] == markNext:
			fields = append(fields, fieldOrNil(field, null))
			field, null = []byte{}, false
		default:
			return nil, errPacked
		}
	}
	return append(fields, fieldOrNil(field, null)), nil
}

func fieldOrNil(field []byte, null bool) []byte {
	if null {
		return nil
	}
	return field
}

// A packed value is its fields one after the other. The first byte of a field says what follows: 0 to 8 that many bytes of
// a whole number, little endian and zigzag; 9 NULL; 10 to 254 a text of up to 244 bytes; 255 a length and a text.
const (
	valueNull = 9
	valueText = 10
	valueLong = 255
	maxShort  = valueLong - valueText - 1
)

// appendValue packs row i of the value columns.
func appendValue(dst []byte, columns []Column, i int) []byte {
	for c := range columns {
		col := &columns[c]
		switch {
		case col.Nulls != nil && col.Nulls[i]:
			dst = append(dst, valueNull)
		case col.Texts != nil:
			dst = appendValueText(dst, col.Data[col.Texts[i].Start:col.Texts[i].End])
		default:
			z := zigzag(col.Ints[i])
			n := (bits.Len64(z) + 7) / 8
			dst = append(dst, byte(n)) //nolint:gosec // 0 to 8
			var word [8]byte
			binary.LittleEndian.PutUint64(word[:], z)
			dst = append(dst, word[:n]...)
		}
	}
	return dst
}

func appendValueText(dst, text []byte) []byte {
	if len(text) <= maxShort {
		dst = append(dst, byte(valueText+len(text))) //nolint:gosec // checked above
	} else {
		dst = binary.AppendUvarint(append(dst, valueLong), uint64(len(text)))
	}
	return append(dst, text...)
}

func zigzag(v int64) uint64 { return uint64(v)<<1 ^ uint64(v>>63) } //nolint:gosec // the bits are meant

// carrySize is what a carried number takes at the end of a packed value: always as many bytes, so that they can be left out
// when values are compared.
const carrySize = 9

// appendCarry packs a number that is not compared.
func appendCarry(dst []byte, v int64) []byte {
	return binary.LittleEndian.AppendUint64(append(dst, carrySize-1), zigzag(v))
}

// equalBut compares two values without what is carried at their ends.
func equalBut(a, b []byte, carry int) bool {
	return bytes.Equal(a[:len(a)-carry], b[:len(b)-carry])
}

// Field is one field of a value.
type Field struct {
	Null bool
	Text []byte // nil for a number
	Int  int64
}

// String is the field as a person would write it; a NULL is the empty string.
func (f Field) String() string {
	switch {
	case f.Null:
		return ""
	case f.Text != nil:
		return string(f.Text)
	default:
		return strconv.FormatInt(f.Int, 10)
	}
}

// UnpackValue returns the fields of a member's value.
func UnpackValue(value []byte) ([]Field, error) {
	fields := []Field{}
	for len(value) > 0 {
		f, rest, err := unpackField(value)
		if err != nil {
			return nil, fmt.Errorf("field %d: %w", len(fields), err)
		}
		fields, value = append(fields, f), rest
	}
	return fields, nil
}

func unpackField(value []byte) (Field, []byte, error) {
	tag, rest := value[0], value[1:]
	if tag == valueNull {
		return Field{Null: true}, rest, nil
	}
	if tag < valueNull {
		if len(rest) < int(tag) {
			return Field{}, nil, errPacked
		}
		var word [8]byte
		copy(word[:], rest[:tag])
		z := binary.LittleEndian.Uint64(word[:])
		return Field{Int: int64(z>>1) ^ -int64(z&1)}, rest[tag:], nil //nolint:gosec // the inverse of zigzag
	}
	size := uint64(tag - valueText)
	if tag == valueLong {
		long, n := binary.Uvarint(rest)
		if n <= 0 {
			return Field{}, nil, errPacked
		}
		size, rest = long, rest[n:]
	}
	if size > uint64(len(rest)) {
		return Field{}, nil, errPacked
	}
	return Field{Text: rest[:size:size]}, rest[size:], nil
}
