package sets

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// inventory makes the rows of a bucket's inventory, sorted by key and version. Of a million objects 1,000 are missing on
// either side and 1,000 differ in size or content; one key in 64 has two versions.
type inventory struct {
	side   int
	seed   uint64
	bucket []byte
}

func (s Set) inventory(side int) inventory {
	return inventory{side: side, seed: mix(s.Seed, 11), bucket: fmt.Appendf(nil, "receipts-eu-west-%d", side+1)}
}

func (inventory) columns() table {
	return table{
		{name: "bucket"},
		{name: "key", plain: true},
		{name: "version_id", plain: true},
		{name: "size", kind: number, plain: true},
		{name: "e_tag", plain: true},
	}
}

func (m inventory) add(t table, i uint64) {
	c := mix(m.seed, i) % 1_000_000
	if m.side == 1 && c < missingRight || m.side == 0 && c >= missingRight && c < missingLeft {
		return
	}
	object := i
	if mix(m.seed+1, i>>1)%32 == 0 { // both of a pair of rows are versions of one key
		object = i &^ 1
	}
	size, tag := 500+mix(m.seed+2, i)%90_000, mix(m.seed+3, i)
	if m.side == 1 && c >= missingLeft && c < differs {
		if c%2 == 0 {
			size++
		} else {
			tag++
		}
	}
	t[0].addText(m.bucket)
	t[1].addText(m.key(object))
	t[2].addText(m.versionID(i))
	t[3].addNumber(int64(size)) //nolint:gosec // small
	t[4].addText(words(tag, mix(m.seed, tag)))
}

// key grows with the object's number: a day of a million objects, and a number within the day.
func (m inventory) key(object uint64) []byte {
	day := time.Date(2025, 1, 1+int(object>>20), 0, 0, 0, 0, time.UTC) //nolint:gosec // a number of rows
	out := day.AppendFormat([]byte("receipts/"), "2006/01/02/")
	return fmt.Appendf(out, "%08x-%04x.pdf", object<<8&0xfffffff|mix(m.seed, object)&0xff, mix(m.seed+4, object)&0xffff)
}

// versionID is 32 characters that grow with i.
func (m inventory) versionID(i uint64) []byte {
	return words(i<<12|mix(m.seed+5, i)&0xfff, mix(m.seed+6, i))
}

// words are two words as 32 hexadecimal digits.
func words(a, b uint64) []byte {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], a)
	binary.BigEndian.PutUint64(raw[8:], b)
	return hex.AppendEncode(nil, raw[:])
}
