package cardfile

import (
	"bytes"
	"encoding/binary"
)

const (
	blockData = 1012 // bytes of records in a block
	blockPad  = 0x40 // two of these end a block, and as many as needed fill the last one
)

// records lays messages one behind the other, each after its length as four big-endian bytes; a length of zero ends
// the file.
func records(messages [][]byte) []byte {
	var out []byte
	for _, m := range messages {
		out = binary.BigEndian.AppendUint32(out, uint32(len(m))) //nolint:gosec // a message is far below 4 GiB
		out = append(out, m...)
	}
	return append(out, 0, 0, 0, 0)
}

// blocked cuts data into blocks of 1014 bytes; records run on from one block into the next.
func blocked(data []byte) []byte {
	out := make([]byte, 0, len(data)+len(data)/blockData*2+blockData+2)
	for len(data) > 0 {
		n := min(blockData, len(data))
		out = append(out, data[:n]...)
		out = append(out, bytes.Repeat([]byte{blockPad}, blockData-n+2)...)
		data = data[n:]
	}
	return out
}
