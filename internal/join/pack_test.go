package join

import (
	"bytes"
	"math"
	"testing"
)

// FuzzPack: what is packed comes back, and two tuples never become one key or value, nor does a tuple filled up with zeros.
func FuzzPack(f *testing.F) {
	f.Add([]byte("a"), []byte("bc"), []byte("ab"), []byte("c"), uint8(0), int64(1))
	f.Add([]byte(""), []byte(""), []byte("\x00"), []byte("\x00\xff"), uint8(3), int64(math.MinInt64))
	f.Add([]byte("a\x00"), []byte("\x00\x01"), bytes.Repeat([]byte("x"), 300), []byte("9"), uint8(9), int64(-1))
	f.Fuzz(func(t *testing.T, a, b, c, d []byte, nulls uint8, n int64) {
		columns := func(x, y []byte, shift uint8) []Column {
			return []Column{
				{Data: x, Texts: []Span{{0, uint32(len(x))}}, Nulls: []bool{nulls>>shift&1 == 1}},
				{Data: y, Texts: []Span{{0, uint32(len(y))}}, Nulls: []bool{nulls>>shift&2 == 2}},
				{Ints: []int64{n}},
			}
		}
		first, second := columns(a, b, 0), columns(c, d, 2)
		k1, null1 := appendKey(nil, first, 0)
		k2, null2 := appendKey(nil, second, 0)
		v1, v2 := appendValue(nil, first, 0), appendValue(nil, second, 0)
		equal := nulls&3 == nulls>>2&3 && (nulls&1 == 1 || bytes.Equal(a, c)) && (nulls&2 == 2 || bytes.Equal(b, d))
		if bytes.Equal(k1, k2) != equal || bytes.Equal(v1, v2) != equal {
			t.Fatalf("equal %t: keys %x and %x, values %x and %x", equal, k1, k2, v1, v2)
		}
		if null1 != (nulls&3 != 0) || null2 != (nulls>>2&3 != 0) {
			t.Fatal("nulls")
		}
		if !null1 && !null2 && len(k1) <= shortKey && len(k2) <= shortKey {
			var f1, f2 [shortKey]byte
			copy(f1[:], k1)
			copy(f2[:], k2)
			if (f1 == f2) != equal {
				t.Fatalf("filled up: %x and %x", k1, k2)
			}
		}
		fields, err := UnpackKey(k1)
		if err != nil || len(fields) != 3 {
			t.Fatal(fields, err)
		}
		for i, want := range [][]byte{a, b} {
			if nulls>>i&1 == 1 {
				want = nil
			}
			if !bytes.Equal(fields[i], want) || (fields[i] == nil) != (nulls>>i&1 == 1) {
				t.Fatalf("field %d is %x, want %x", i, fields[i], want)
			}
		}
		value, err := UnpackValue(v1)
		if err != nil || len(value) != 3 || value[2].Int != n || value[0].Null != (nulls&1 == 1) {
			t.Fatal(value, err)
		}
		if !value[0].Null && !bytes.Equal(value[0].Text, a) || !value[1].Null && value[1].String() != string(b) {
			t.Fatal(value)
		}
		// Anything may be given to be unpacked.
		_, _ = UnpackKey(a)
		_, _ = UnpackValue(a)
	})
}

// TestNumbersMeetTexts: a number in a key is the key of its digits.
func TestNumbersMeetTexts(t *testing.T) {
	t.Parallel()
	number, _ := appendKey(nil, []Column{{Ints: []int64{-42}}}, 0)
	text, _ := appendKey(nil, []Column{{Data: []byte("-42"), Texts: []Span{{0, 3}}}}, 0)
	if !bytes.Equal(number, text) {
		t.Errorf("%x and %x", number, text)
	}
}

// TestHashes: the two ways to hash a key agree, and a zero byte is found wherever it is.
func TestHashes(t *testing.T) {
	t.Parallel()
	h := newHasher()
	b := bytes.Repeat([]byte("k"), shortKey)
	for n := range shortKey + 1 {
		w0, w1, w2 := words(b, n)
		if h.short(w0, w1, w2) != h.long(b[:n]) {
			t.Errorf("length %d", n)
		}
	}
	for i := range 8 {
		w := uint64(0x0101010101010101)
		if zeroByte(w) || !zeroByte(w&^(0xff<<(8*i))) {
			t.Error(i)
		}
	}
	if a, b := newHasher(), newHasher(); a.seed == b.seed {
		t.Error("two runs have one seed")
	}
}
