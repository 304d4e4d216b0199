package tabular

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"
)

// TestPageCRC: a page that says what its CRC is must have it.
func TestPageCRC(t *testing.T) {
	t.Parallel()
	body := []byte("\x03\x00\x00\x00abc")
	i32 := func(dst []byte, v int64) []byte {
		return binary.AppendUvarint(append(dst, 0x15), uint64(v)<<1^uint64(v>>63))
	}
	page := func(crc uint32) []byte {
		var out []byte
		out = i32(out, pageData)
		out = i32(out, int64(len(body)))
		out = i32(out, int64(len(body)))
		out = i32(out, int64(int32(crc)))
		out = append(out, 0x1c) // the header of a data page: one value, plain, levels in runs
		out = i32(out, 1)
		out = i32(out, encodingPlain)
		out = i32(out, encodingRLE)
		out = i32(out, encodingRLE)
		return append(append(out, 0, 0), body...)
	}
	right := crc32.ChecksumIEEE(body)
	for _, crc := range []uint32{right, right ^ 1} {
		file := page(crc)
		p := &pages{most: maxPage}
		p.reset(bytes.NewReader(file), 0, int64(len(file)), plain)
		h, got, err := p.next()
		if crc == right && (err != nil || h.values != 1 || !bytes.Equal(got, body)) {
			t.Errorf("%+v %q %v", h, got, err)
		}
		if crc != right && !errors.Is(err, errSum) {
			t.Errorf("error %v", err)
		}
	}
}
