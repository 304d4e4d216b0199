package settlement

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// ipmFile writes IPM files, right and wrong ones. It shares nothing with the decoder.
type ipmFile struct {
	ebcdic   bool
	messages [][]byte
	sum      int64
}

// de is a message's elements by number. Those of variable length are written with their length.
type de map[int]string

// toEBCDIC encodes into code page 500: page 037 with seven characters elsewhere.
func toEBCDIC(text string) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		b, ok := map[rune]byte{'[': 0x4A, '!': 0x4F, ']': 0x5A, '^': 0x5F, '¢': 0xB0, '¬': 0xBA, '|': 0xBB}[r]
		if !ok {
			b, ok = charmap.CodePage037.EncodeRune(r)
		}
		if !ok {
			panic(fmt.Sprintf("no EBCDIC for %q", r))
		}
		out = append(out, b)
	}
	return out
}

func (f *ipmFile) encode(text string) []byte {
	if f.ebcdic {
		return toEBCDIC(text)
	}
	return []byte(text)
}

func (f *ipmFile) message(mti string, elements de) []byte {
	bitmap := [16]byte{0x80}
	var body []byte
	for _, n := range slices.Sorted(maps.Keys(elements)) {
		bitmap[(n-1)/8] |= 0x80 >> ((n - 1) % 8)
		value := elements[n]
		switch n {
		case 2, 31, 35, 45, 94:
			value = fmt.Sprintf("%02d", len(value)) + value
		case 48, 55, 62, 63, 72, 123:
			value = fmt.Sprintf("%03d", len(value)) + value
		}
		body = append(body, f.encode(value)...)
	}
	return slices.Concat(f.encode(mti), bitmap[:], body)
}

func (f *ipmFile) add(mti string, elements de) {
	f.messages = append(f.messages, f.message(mti, elements))
	var n int64
	if _, err := fmt.Sscanf(elements[4], "%d", &n); err == nil {
		f.sum += n
	}
}

func pds(tag int, value string) string { return fmt.Sprintf("%04d%03d%s", tag, len(value), value) }

const testFileID = "0012611180000009999900001"

func (f *ipmFile) header() { f.add("1644", de{24: "697", 48: pds(105, testFileID) + pds(122, "T")}) }

func (f *ipmFile) trailer() {
	f.add("1644", de{24: "695", 48: pds(105, testFileID) + pds(301, fmt.Sprintf("%016d", f.sum)) + pds(306, fmt.Sprintf("%08d", len(f.messages)+1))})
}

// testPAN is a number of a published test range, put together here so that none stands in the source.
func testPAN(first string, length int) string {
	return first + strings.Repeat("1", length-len(first))
}

func presentment(n int) de {
	return de{
		2: testPAN("555555", 16), 3: "000000", 4: fmt.Sprintf("%012d", 1000+n), 12: "261118140700", 24: "200", 26: "5411",
		31: fmt.Sprintf("%023d", n), 37: fmt.Sprintf("%012d", n), 38: fmt.Sprintf("A%05d", n), 49: "978",
		63: fmt.Sprintf("MCC%06d1118", n), 71: fmt.Sprintf("%08d", n+1),
	}
}

// bytes returns the records, each after its length, with the end mark.
func (f *ipmFile) bytes() []byte {
	var out []byte
	for _, m := range f.messages {
		out = binary.BigEndian.AppendUint32(out, uint32(len(m)))
		out = append(out, m...)
	}
	return append(out, 0, 0, 0, 0)
}

func block(data []byte) []byte {
	var out []byte
	for chunk := range slices.Chunk(data, 1012) {
		out = append(out, chunk...)
		out = append(out, bytes.Repeat([]byte{0x40}, 1012-len(chunk)+2)...)
	}
	return out
}

// goodIPM is a file with n presentments.
func goodIPM(n int, ebcdic, blocked bool) []byte {
	f := ipmFile{ebcdic: ebcdic}
	f.header()
	for i := range n {
		f.add("1240", presentment(i+1))
	}
	f.trailer()
	if blocked {
		return block(f.bytes())
	}
	return f.bytes()
}
