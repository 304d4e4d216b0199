package ipm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"parallax/internal/record"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/ipm/ipmtest"
)

func TestRecordReaderOffersNoMoreThanMaxRecord(t *testing.T) {
	data := binary.BigEndian.AppendUint32(nil, maxRecord+1)
	if _, err := newRecordReader(bytes.NewReader(data), false).next(); err == nil {
		t.Error("a record beyond the bound was read")
	}
}

// TestLongestRecord reads records of the greatest length, which fill the buffer differently each time.
func TestLongestRecord(t *testing.T) {
	var data []byte
	for i := range 20 {
		data = binary.BigEndian.AppendUint32(data, maxRecord)
		data = append(data, bytes.Repeat([]byte{byte('a' + i)}, maxRecord)...)
	}
	for _, blocked := range []bool{false, true} {
		in := data
		if blocked {
			in = ipmtest.Block(append(bytes.Clone(data), 0, 0, 0, 0))
		}
		r := newRecordReader(iotest.OneByteReader(bytes.NewReader(in)), blocked)
		for i := range 20 {
			rec, err := r.next()
			if err != nil || len(rec) != maxRecord || bytes.Count(rec, []byte{byte('a' + i)}) != maxRecord {
				t.Fatalf("blocked %v: record %d: %d bytes, %v", blocked, i, len(rec), err)
			}
		}
		if _, err := r.next(); !errors.Is(err, io.EOF) {
			t.Errorf("blocked %v: ends with %v", blocked, err)
		}
	}
}

// TestBlockingIsTold reads files of every size around the edges of blocks and of the prefix, both ways written.
func TestBlockingIsTold(t *testing.T) {
	for _, n := range []int{1, 2, 3, 5, 6, 7, 11, 12, 13, 500, 900, 1000, 2000} {
		for _, ebcdic := range []bool{false, true} {
			for _, blocked := range []bool{false, true} {
				in, got, err := open(content(ipmtest.Good(n, ebcdic, blocked)))
				if err != nil {
					t.Fatal(err)
				}
				all, err := io.ReadAll(in)
				if err != nil || !bytes.Equal(all, ipmtest.Good(n, ebcdic, blocked)) {
					t.Fatalf("%d lines: the file is not what was written, %v", n, err)
				}
				if got != blocked && len(all) > blockSize {
					t.Errorf("%d lines, ebcdic %v: blocked is %v", n, ebcdic, got)
				}
			}
		}
	}
}

// bothWays is a file of 100 blocks whose lengths can be followed for 70 kB either way. Where the way without blocks has come
// to that far, it goes wrong, or else the other does.
func bothWays(blocked bool) []byte {
	data := bytes.Repeat([]byte{blockPad}, 100*blockSize)
	raw := func(at int) int { return at/blockData*blockSize + at%blockData } // where a byte of the blocks' data stands
	put := func(at int, size uint32) { binary.BigEndian.PutUint32(data[at:], size) }
	put(0, 1006)
	put(1010, 0x4040) // across the edge: the second half is padding, and the length one of 16448 bytes
	put(1012, blockPad<<24|blockPad<<16|10_000)
	at := 1014 + 0x4040
	for ; at < 70_000; at += 20_004 {
		put(at, 20_000)
	}
	put(at, uint32(len(data)-at-4)) // to the end
	if blocked {
		put(at, 1<<20)
	}
	at = 1014 + 10_000
	for ; at < 80_000; at += 10_004 {
		put(raw(at), 10_000)
	}
	put(raw(at), 0) // the end mark, with more than a block behind it
	if blocked {
		at += 4
		put(raw(at-4), uint32(100*blockData-at))
	}
	return data
}

// TestBlockingOfAFileThatReadsBothWays decides by the whole file where its beginning does not tell.
func TestBlockingOfAFileThatReadsBothWays(t *testing.T) {
	for _, want := range []bool{false, true} {
		data := bothWays(want)
		for _, way := range []bool{false, true} {
			if got := walkPrefix(data[:prefixSize], false, way); !got.goesOn {
				t.Fatalf("the prefix can be read one way only: %v ends at %d", way, got.offset)
			}
		}
		if _, got, err := open(content(data)); err != nil || got != want {
			t.Errorf("blocked is %v, %v", got, err)
		}
	}
}

// TestBlocksEndWithTheirPadding, both bytes of it.
func TestBlocksEndWithTheirPadding(t *testing.T) {
	good := ipmtest.Good(50, true, true)
	for _, at := range []int{5*blockSize + blockData, 5*blockSize + blockData + 1} {
		bad := bytes.Clone(good)
		bad[at] = 0
		if _, _, err := decodeAll(bad); err == nil || !strings.HasSuffix(err.Error(), ": block 6 of 1014 bytes does not end with its padding") {
			t.Errorf("byte %d: %v", at, err)
		}
	}
}

func content(data []byte) decode.Content {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

// TestContentErrors passes on what the file system or the network says, and does not take it for the end.
func TestContentErrors(t *testing.T) {
	lost := errors.New("connection lost")
	yield := func(record.SettlementLine) error { return nil }
	if _, err := Decode(func() (io.ReadCloser, error) { return nil, lost }, "m.ipm", "mastercard", yield); !errors.Is(err, lost) {
		t.Errorf("not opened: %v", err)
	}
	for _, blocked := range []bool{false, true} {
		data := ipmtest.Good(3000, false, blocked)
		for _, n := range []int{0, 3, 100, blockSize, 10 * blockSize, prefixSize, prefixSize + 10, len(data) - 1, len(data)} {
			c := func() (io.ReadCloser, error) {
				return io.NopCloser(io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(lost))), nil
			}
			if _, err := Decode(c, "m.ipm", "mastercard", yield); !errors.Is(err, lost) {
				t.Errorf("blocked %v, lost after %d bytes: %v", blocked, n, err)
			}
		}
	}
}

func TestDecodeStopsWhenToldTo(t *testing.T) {
	enough := errors.New("enough")
	n := 0
	s, err := Decode(content(ipmtest.Good(10, false, false)), "m.ipm", "mastercard", func(record.SettlementLine) error {
		if n++; n == 3 {
			return enough
		}
		return nil
	})
	if err != enough || n != 3 { //nolint:errorlint // as it is
		t.Errorf("%v after %d lines, %+v", err, n, s)
	}
}

func TestDecodeReadsInPieces(t *testing.T) {
	for _, blocked := range []bool{false, true} {
		data := ipmtest.Good(700, true, blocked)
		c := func() (io.ReadCloser, error) {
			return io.NopCloser(iotest.HalfReader(iotest.DataErrReader(bytes.NewReader(data)))), nil
		}
		s, err := Decode(c, "m.ipm", "mastercard", func(record.SettlementLine) error { return nil })
		if err != nil || s.Lines != 700 {
			t.Errorf("blocked %v: %d lines, %v", blocked, s.Lines, err)
		}
	}
}

// TestEndMark: it may be missing behind one logical file; padding may stand in its place where the file is in blocks.
func TestEndMark(t *testing.T) {
	unmarked := func(data []byte) []byte { return data[:len(data)-4] }
	for _, tc := range []struct {
		name string
		data []byte
		mark string
		want string
	}{
		{"there", ipmtest.Good(9, false, false), "", ""},
		{"there, in blocks", ipmtest.Good(9, true, true), "", ""},
		{"missing", unmarked(ipmtest.Good(9, false, false)), "missing", ""},
		{"padding, in blocks", ipmtest.Block(unmarked(ipmtest.Good(9, true, false))), "", ""},
		{"padding of less than a length, in blocks", ipmtest.Block(unmarked(sized(2*blockData + 1))), "", ""},
		{"nothing, in blocks", ipmtest.Block(unmarked(sized(2*blockData + 4))), "missing", ""},
		{"padding, not in blocks", append(unmarked(ipmtest.Good(9, false, false)), "@@@@"...), "", "decode m.ipm: record 12: length 1077952576 is not between 20 and 32768 bytes"},
		{"missing behind several", unmarked(several(2, asTheyAre)), "missing", "decode m.ipm: record 7: the file ends here without an end mark: another logical file may be missing"},
		{"wrong total", func() []byte {
			f := ipmtest.File{Sum: 1}
			f.Header()
			f.Trailer()
			return unmarked(f.Bytes())
		}(), "", "decode m.ipm: record 2: PDS0301: control total does not agree: sum of DE4 stated as 1, read as 0"},
	} {
		_, s, err := decodeAll(tc.data)
		if got := s.Totals["end mark"]; got != tc.mark {
			t.Errorf("%s: end mark %q, want %q", tc.name, got, tc.mark)
		}
		if got := fmt.Sprint(err); got != tc.want && (tc.want != "" || err != nil) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

func TestDataAfterTheEnd(t *testing.T) {
	good := ipmtest.Good(3, false, false)
	for _, tc := range []struct {
		tail string
		want string
	}{
		{"\x00\x00\x00", ""}, {"@@@", ""}, {"x", "decode m.ipm: record 6: there is data after the end mark"},
		{string(make([]byte, blockSize+1)), "decode m.ipm: record 6: there is data after the end mark"},
	} {
		_, _, err := decodeAll(append(bytes.Clone(good), tc.tail...))
		if got := fmt.Sprint(err); got != tc.want && (tc.want != "" || err != nil) {
			t.Errorf("%q behind the end mark: %v", tc.tail, err)
		}
	}
}
