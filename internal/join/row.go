package join

import (
	"encoding/binary"
	"fmt"

	"parallax/internal/spill"
)

// A row in a block: a word with the row number in its upper 48 bits, the length of the key and of the value in a byte each;
// then the two lengths in four bytes each, if they do not fit a byte; then the key and the value.
const (
	rowHead  = 8
	longMark = 255
	longHead = rowHead + 8
	maxBytes = 1 << 30 // of a key or a value
)

// stored is a row as it lies in a block.
type stored struct {
	row        uint64
	key, value []byte
}

// sizeOfRow is how many bytes a row takes in a block.
func sizeOfRow(key, value int) int {
	if key < longMark && value < longMark {
		return rowHead + key + value
	}
	return longHead + key + value
}

// putRow writes a row of short lengths into room, which must reach spill.Slack bytes beyond it.
func putRow(room []byte, row uint64, key, value []byte) {
	binary.LittleEndian.PutUint64(room, row<<16|uint64(len(key))<<8|uint64(len(value)))
	copy(room[rowHead:], key)
	copy(room[rowHead+len(key):], value)
}

// putLong writes a row whose lengths do not fit a byte.
func putLong(room []byte, row uint64, key, value []byte) {
	binary.LittleEndian.PutUint64(room, row<<16|longMark<<8|longMark)
	binary.LittleEndian.PutUint32(room[rowHead:], uint32(len(key)))     //nolint:gosec // checked in addRow
	binary.LittleEndian.PutUint32(room[rowHead+4:], uint32(len(value))) //nolint:gosec // checked in addRow
	copy(room[longHead:], key)
	copy(room[longHead+len(key):], value)
}

// addRow adds a row of any length to a partition.
func addRow(w *spill.BlockWriter, p int, row uint64, key, value []byte) error {
	if len(key) > maxBytes || len(value) > maxBytes {
		return fmt.Errorf("row %d: a key of %d and a value of %d bytes are too long", row, len(key), len(value))
	}
	size := sizeOfRow(len(key), len(value))
	room := w.Room(p, size)
	if room == nil {
		return w.Err() //nolint:wrapcheck // it says what and where
	}
	if len(key) < longMark && len(value) < longMark {
		putRow(room, row, key, value)
	} else {
		putLong(room, row, key, value)
	}
	return nil
}

// getRow reads the row at the beginning of b, and returns its size.
func getRow(b []byte) (stored, int) {
	head := binary.LittleEndian.Uint64(b)
	k, v, at := int(head>>8&255), int(head&255), rowHead
	if k == longMark && v == longMark {
		k, v, at = int(binary.LittleEndian.Uint32(b[rowHead:])), int(binary.LittleEndian.Uint32(b[rowHead+4:])), longHead
	}
	return stored{row: head >> 16, key: b[at : at+k], value: b[at+k : at+k+v]}, at + k + v
}
