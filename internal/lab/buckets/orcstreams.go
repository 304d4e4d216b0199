package buckets

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// orcNanos cuts off zeros at the end, if there are two or more, and says so in the last three bits.
func orcNanos(n int) uint64 {
	zeros := 0
	for n != 0 && n%10 == 0 && zeros < 8 {
		n /= 10
		zeros++
	}
	if zeros < 2 {
		for range zeros {
			n *= 10
		}
		return uint64(n) << 3 //nolint:gosec // nanoseconds of a second
	}
	return uint64(n)<<3 | uint64(zeros-1) //nolint:gosec // at most nine digits
}

// orcNumbers writes runs of version 2, direct, of whole bytes.
func orcNumbers(values []uint64) []byte {
	var out []byte
	for len(values) > 0 {
		run := values[:min(len(values), 512)]
		values = values[len(run):]
		size := 1
		for _, v := range run {
			for size < 8 && v>>(8*size) != 0 {
				size++
			}
		}
		code := map[int]byte{1: 7, 2: 15, 3: 23, 4: 27, 5: 28, 6: 29, 7: 30, 8: 31}[size]
		out = append(out, 0x40|code<<1|byte((len(run)-1)>>8), byte(len(run)-1)) //nolint:gosec // at most 512
		for _, v := range run {
			out = append(out, binary.BigEndian.AppendUint64(nil, v)[8-size:]...)
		}
	}
	return out
}

// orcBits puts truth values into bytes, the first at the top.
func orcBits(values []bool) []byte {
	out := make([]byte, (len(values)+7)/8)
	for i, v := range values {
		if v {
			out[i/8] |= 0x80 >> (i % 8)
		}
	}
	return out
}

// orcOctets writes bytes as runs of single ones.
func orcOctets(values []byte) []byte {
	var out []byte
	for len(values) > 0 {
		n := min(len(values), 128)
		out = append(append(out, byte(-n)), values[:n]...) //nolint:gosec // at most 128
		values = values[n:]
	}
	return out
}

// orcPack compresses a stream or a message in chunks; one that does not get smaller stays as it is.
func orcPack(content []byte) ([]byte, error) {
	var out []byte
	for len(content) > 0 {
		chunk := content[:min(len(content), orcChunk)]
		content = content[len(chunk):]
		var zip bytes.Buffer
		w, err := flate.NewWriter(&zip, flate.DefaultCompression)
		if err == nil {
			_, err = w.Write(chunk)
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			return nil, fmt.Errorf("compress: %w", err)
		}
		body, head := zip.Bytes(), uint32(zip.Len())<<1 //nolint:gosec // a chunk is small
		if zip.Len() >= len(chunk) {
			body, head = chunk, uint32(len(chunk))<<1|1 //nolint:gosec // a chunk is small
		}
		out = append(append(out, byte(head), byte(head>>8), byte(head>>16)), body...) //nolint:gosec // byte by byte
	}
	return out, nil
}

// message is one of protocol buffers.
type message []byte

func (m *message) number(field protowire.Number, v uint64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), v)
}

func (m *message) bytes(field protowire.Number, b []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), b)
}
