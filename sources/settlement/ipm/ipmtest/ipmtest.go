// Package ipmtest writes Mastercard IPM files, right and wrong ones, for tests. It shares nothing with the reader.
package ipmtest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// File is a file as it grows. Text is ASCII, or Latin-1 where it has to be, if it is not EBCDIC.
type File struct {
	ID       string // FileID where empty
	EBCDIC   bool   // code page 500
	Page037  bool   // code page 037 instead
	Messages [][]byte
	Sum      int64
}

// Elements is a message's elements by number. Those of variable length are written with their length.
type Elements map[int]string

// EBCDIC encodes into code page 500: page 037 with seven characters elsewhere.
func EBCDIC(text string) []byte {
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

func (f *File) encode(text string) []byte {
	var out []byte
	var err error
	switch {
	case f.Page037:
		out, err = charmap.CodePage037.NewEncoder().Bytes([]byte(text))
	case f.EBCDIC:
		out = EBCDIC(text)
	default:
		out, err = charmap.ISO8859_1.NewEncoder().Bytes([]byte(text))
	}
	if err != nil {
		panic(err)
	}
	return out
}

// Message writes one message.
func (f *File) Message(mti string, elements Elements) []byte {
	bitmap := [16]byte{0x80}
	var body []byte
	for _, n := range slices.Sorted(maps.Keys(elements)) {
		bitmap[(n-1)/8] |= 0x80 >> ((n - 1) % 8)
		value := elements[n]
		switch size := utf8.RuneCountInString(value); n {
		case 2, 31, 32, 33, 34, 35, 43, 44, 45, 93, 94, 95, 100, 102, 103:
			value = fmt.Sprintf("%02d", size) + value
		case 46, 47, 48, 54, 55, 59, 60, 61, 62, 63, 72, 105, 111, 123, 124, 125, 127:
			value = fmt.Sprintf("%03d", size) + value
		}
		body = append(body, f.encode(value)...)
	}
	return slices.Concat(f.encode(mti), bitmap[:], body)
}

// Add writes a message and counts it.
func (f *File) Add(mti string, elements Elements) {
	f.Messages = append(f.Messages, f.Message(mti, elements))
	var n int64
	if _, err := fmt.Sscanf(elements[4], "%d", &n); err == nil {
		f.Sum += n
	}
}

// PDS writes a private data subelement.
func PDS(tag int, value string) string { return fmt.Sprintf("%04d%03d%s", tag, len(value), value) }

// FileID is what the header carries.
const FileID = "0012611180000009999900001"

// Header adds the file header.
func (f *File) Header() { f.Add("1644", Elements{24: "697", 48: PDS(105, f.id()) + PDS(122, "T")}) }

func (f *File) id() string {
	if f.ID == "" {
		return FileID
	}
	return f.ID
}

// Trailer adds the trailer with the totals of what was added before.
func (f *File) Trailer() {
	f.Add("1644", Elements{24: "695", 48: PDS(105, f.id()) + PDS(301, fmt.Sprintf("%016d", f.Sum)) + PDS(306, fmt.Sprintf("%08d", len(f.Messages)+1))})
}

// PAN is a number of a published test range, put together here so that none stands in the source.
func PAN(first string, length int) string {
	return first + strings.Repeat("1", length-len(first))
}

// Presentment is the n-th first presentment: EUR 10.00 and n cents.
func Presentment(n int) Elements {
	return Elements{
		2: PAN("555555", 16), 3: "000000", 4: fmt.Sprintf("%012d", 1000+n), 12: "261118140700", 24: "200", 26: "5411",
		31: fmt.Sprintf("%023d", n), 37: fmt.Sprintf("%012d", n), 38: fmt.Sprintf("A%05d", n), 49: "978",
		63: fmt.Sprintf("MCC%06d1118", n), 71: fmt.Sprintf("%08d", n+1),
	}
}

// Bytes returns the records, each after its length, with the end mark.
func (f *File) Bytes() []byte {
	var out []byte
	for _, m := range f.Messages {
		out = binary.BigEndian.AppendUint32(out, uint32(len(m))) //nolint:gosec // far below 4 GiB
		out = append(out, m...)
	}
	return append(out, 0, 0, 0, 0)
}

// Block cuts records into blocks of 1014 bytes.
func Block(data []byte) []byte {
	var out []byte
	for chunk := range slices.Chunk(data, 1012) {
		out = append(out, chunk...)
		out = append(out, bytes.Repeat([]byte{0x40}, 1012-len(chunk)+2)...)
	}
	return out
}

// Good is a file with n presentments.
func Good(n int, ebcdic, blocked bool) []byte {
	f := File{EBCDIC: ebcdic}
	f.Header()
	for i := range n {
		f.Add("1240", Presentment(i+1))
	}
	f.Trailer()
	if blocked {
		return Block(f.Bytes())
	}
	return f.Bytes()
}
