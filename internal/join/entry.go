package join

import (
	"bytes"
	"cmp"
	"encoding/binary"
)

// entry is a line of what is sorted: a key and what sorts after it. The rest is a byte that is 1 for a key with a NULL, a
// byte for what the entry is, eight bytes of a row number, and a value. The head of a group, which has both numbers of rows
// as its value, sorts before the rows of the left side and those of the right.
type entry struct{ key, rest []byte }

const (
	entryHead  = 0
	entryLeft  = 1 + left
	entryRight = 1 + right
	restSize   = 10
)

func (e entry) null() bool    { return e.rest[0] != 0 }
func (e entry) head() bool    { return e.rest[0] == 0 && e.rest[1] == entryHead }
func (e entry) value() []byte { return e.rest[restSize:] }

func (e entry) place() (side int, row uint64) {
	return int(e.rest[1]) - entryLeft, binary.BigEndian.Uint64(e.rest[2:])
}

// compare orders entries. No two are equal but in their values.
func (e entry) compare(o entry) int {
	return cmp.Or(bytes.Compare(e.key, o.key), bytes.Compare(e.rest[:restSize], o.rest[:restSize]))
}

// An entry as bytes: the lengths of its key and its value in four bytes each, the key, the rest.
const entryLengths = 8

// appendEntry writes an entry; the value is in two pieces for no reason but that heads have two numbers.
func appendEntry(dst, key []byte, null bool, what byte, row uint64, value []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(key)))   //nolint:gosec // at most maxBytes
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(value))) //nolint:gosec // at most maxBytes
	dst = append(dst, key...)
	flag := byte(0)
	if null {
		flag = 1
	}
	dst = append(dst, flag, what)
	dst = binary.BigEndian.AppendUint64(dst, row)
	return append(dst, value...)
}

// entryLen is the size of an entry with such a key and value.
func entryLen(key, value int) int { return entryLengths + key + restSize + value }

// entrySize reads the lengths of an entry that starts at b.
func entrySize(b []byte) (key, total int) {
	key = int(binary.LittleEndian.Uint32(b))
	return key, entryLen(key, int(binary.LittleEndian.Uint32(b[4:])))
}

// entryAt reads the entry that starts at b.
func entryAt(b []byte) entry {
	key, total := entrySize(b)
	return entry{key: b[entryLengths : entryLengths+key], rest: b[entryLengths+key : total]}
}
