package orc

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"testing"
)

// loose is a stream of bytes that stand in no file, as they are.
func loose(content []byte) *stream {
	s := &stream{from: bytes.NewReader(content), memory: newMemory(0), unpack: newUnpacker(plain), chunk: defaultChunk}
	s.open(0, int64(len(content)))
	return s
}

// numbersOf decodes so many numbers.
func numbersOf(content []byte, v2, signed bool, count int) ([]int64, error) {
	r := &ints{stream: loose(content)}
	r.open(v2, signed)
	got := make([]int64, count)
	if err := r.read(got); err != nil {
		return nil, err
	}
	if done, err := r.done(); err != nil || !done {
		return nil, errLeft
	}
	return got, nil
}

// span is the numbers from one to another, both included.
func span(from, to, step int64) []int64 {
	var all []int64
	for v := from; v != to+step; v += step {
		all = append(all, v)
	}
	return all
}

func same(v int64, times int) []int64 {
	all := make([]int64, times)
	for i := range all {
		all[i] = v
	}
	return all
}

// TestRuns decodes the examples that the specification gives, and what it leaves to think of.
func TestRuns(t *testing.T) {
	t.Parallel()
	const v1, v2, signed, unsigned = false, true, true, false
	for _, c := range []struct {
		name    string
		content []byte
		v2, neg bool
		want    []int64
	}{
		{"v1 run, ORC v1", []byte{0x61, 0x00, 0x07}, v1, unsigned, same(7, 100)},
		{"v1 falling run, ORC v1", []byte{0x61, 0xff, 0x64}, v1, unsigned, span(100, 1, -1)},
		{"v1 literals, ORC v1", []byte{0xfb, 0x02, 0x03, 0x04, 0x07, 0x0b}, v1, unsigned, []int64{2, 3, 4, 7, 11}},
		{"v1 signed run", []byte{0x00, 0x80, 0x03}, v1, signed, []int64{-2, -130, -258}},
		{"v1 signed literals", []byte{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x01}, v1, signed, []int64{math.MinInt64, -1}},
		{"v1 two runs", []byte{0x00, 0x01, 0x05, 0xff, 0x00}, v1, unsigned, []int64{5, 6, 7, 0}},

		{"short repeat, ORC v1", []byte{0x0a, 0x27, 0x10}, v2, unsigned, same(10000, 5)},
		{"short repeat, signed", []byte{0x07, 0x01}, v2, signed, same(-1, 10)},
		{"short repeat of 8 bytes", []byte{0x38, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, v2, signed, same(math.MinInt64, 3)},
		{"direct, ORC v1", []byte{0x5e, 0x03, 0x5c, 0xa1, 0xab, 0x1e, 0xde, 0xad, 0xbe, 0xef}, v2, unsigned, []int64{23713, 43806, 57005, 48879}},
		{"direct of 1 bit", []byte{0x40, 0x08, 0xa5, 0x80}, v2, unsigned, []int64{1, 0, 1, 0, 0, 1, 0, 1, 1}},
		{"direct of 3 bits, signed", []byte{0x44, 0x02, 0x29, 0x80}, v2, signed, []int64{-1, 1, -2}},
		{"direct of 64 bits", []byte{0x7e, 0x01, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5}, v2, unsigned, []int64{math.MinInt64, 5}},
		{"patched base, ORC v1", []byte{
			0x8e, 0x13, 0x2b, 0x21, 0x07, 0xd0, 0x1e, 0x00, 0x14, 0x70, 0x28, 0x32, 0x3c, 0x46, 0x50, 0x5a, 0x64, 0x6e,
			0x78, 0x82, 0x8c, 0x96, 0xa0, 0xaa, 0xb4, 0xbe, 0xfc, 0xe8,
		}, v2, unsigned, append([]int64{2030, 2000, 2020, 1000000}, span(2040, 2190, 10)...)},
		{"patched base below zero", []byte{0x8e, 0x01, 0x0b, 0x01, 0x87, 0x05, 0x00, 0x00, 0x38}, v2, signed, []int64{7<<8 - 2, -7}},
		{"delta, ORC v1", []byte{0xc6, 0x09, 0x02, 0x02, 0x22, 0x42, 0x42, 0x46}, v2, unsigned, []int64{2, 3, 5, 7, 11, 13, 17, 19, 23, 29}},
		{"delta of no width", []byte{0xc1, 0xff, 0x00, 0x02}, v2, unsigned, span(0, 511, 1)},
		{"delta of no width, falling", []byte{0xc0, 0x03, 0x02, 0x01}, v2, signed, []int64{1, 0, -1, -2}},
		{"delta, falling", []byte{0xc6, 0x03, 0x14, 0x01, 0x23}, v2, signed, []int64{10, 9, 7, 4}},
		{"delta of one", []byte{0xc6, 0x00, 0x14, 0x00}, v2, signed, []int64{10}},
		{"four runs", []byte{0x0a, 0x27, 0x10, 0xc0, 0x01, 0x02, 0x02, 0x40, 0x01, 0x40, 0x00, 0x05}, v2, unsigned, []int64{10000, 10000, 10000, 10000, 10000, 2, 3, 0, 1, 5, 5, 5}},
	} {
		got, err := numbersOf(c.content, c.v2, c.neg, len(c.want))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, %v, want %v", c.name, got, err, c.want)
		}
		for n := range c.content {
			if _, err := numbersOf(c.content[:n], c.v2, c.neg, len(c.want)); err == nil {
				t.Errorf("%s: the first %d of %d bytes give as many numbers", c.name, n, len(c.content))
			}
		}
	}
}

// TestDamagedRuns: what no writer writes is refused, not guessed.
func TestDamagedRuns(t *testing.T) {
	t.Parallel()
	endless := bytes.Repeat([]byte{0xff}, 11)
	for name, c := range map[string]struct {
		content []byte
		v2      bool
	}{
		"v1 run of an endless number":     {append([]byte{0, 0}, endless...), false},
		"v1 literal of an endless number": {append([]byte{0xff}, endless...), false},
		"delta from an endless number":    {append([]byte{0xc0, 0}, endless...), true},
		"delta of an endless number":      {append([]byte{0xc0, 0, 1}, endless...), true},
		"a patch that loses bits":         {[]byte{0xbe, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40}, true},
		"a patch beyond the run":          {[]byte{0x8e, 0, 7, 1, 0, 0, 0xc0, 0}, true},
		"a gap and a patch of 72 bits":    {[]byte{0x8e, 0, 31, 0xe1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, true},
		"an empty stream":                 {nil, true},
	} {
		if got, err := numbersOf(c.content, c.v2, false, 1); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}
