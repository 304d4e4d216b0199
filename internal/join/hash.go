package join

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// hasher is a keyed hash: who makes the files cannot know which keys will fall together. It only finds candidates; keys are
// compared byte by byte afterwards.
type hasher struct {
	seed [4]uint64
	mask uint64 // all ones; tests clear bits to make keys collide
}

func newHasher() hasher {
	h := hasher{mask: ^uint64(0)}
	for i := range h.seed {
		h.seed[i] = maphash.Bytes(maphash.MakeSeed(), nil) | 1
	}
	return h
}

// shortKey is how long a key may be to be hashed and compared as three words.
const shortKey = 24

// masks has for each length the masks that clear what follows a short key in its three words.
var masks = func() (m [shortKey + 1][3]uint64) {
	for n := range m {
		for w := range 3 {
			have := min(max(n-8*w, 0), 8)
			if have == 8 {
				m[n][w] = ^uint64(0)
			} else {
				m[n][w] = 1<<(8*have) - 1
			}
		}
	}
	return m
}()

// words are the bytes of a short key of length n that starts at b, as three words filled up with zeros. At least shortKey
// bytes must be readable.
func words(b []byte, n int) (w0, w1, w2 uint64) {
	_ = b[shortKey-1]
	m := &masks[n]
	return binary.LittleEndian.Uint64(b) & m[0], binary.LittleEndian.Uint64(b[8:]) & m[1], binary.LittleEndian.Uint64(b[16:]) & m[2]
}

// short hashes the words of a short key.
func (h *hasher) short(w0, w1, w2 uint64) uint64 {
	x := fold(w0^h.seed[0], w1^h.seed[1])
	return fold(x^h.seed[2], w2^h.seed[3]) & h.mask
}

// long hashes a key of any length; for a short one it is what short returns.
func (h *hasher) long(key []byte) uint64 {
	if len(key) <= shortKey {
		var b [shortKey]byte
		copy(b[:], key)
		return h.short(words(b[:], shortKey))
	}
	x := uint64(len(key)) ^ h.seed[0]
	rest := key
	for len(rest) >= 16 {
		x = fold(binary.LittleEndian.Uint64(rest)^h.seed[1]^x, binary.LittleEndian.Uint64(rest[8:])^h.seed[2])
		rest = rest[16:]
	}
	var b [16]byte
	copy(b[:], rest)
	x = fold(binary.LittleEndian.Uint64(b[:])^h.seed[1]^x, binary.LittleEndian.Uint64(b[8:])^h.seed[3])
	return fold(x^h.seed[2], h.seed[0]) & h.mask
}

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// zeroByte reports whether one of the eight bytes of a word is zero.
// Source: the "Determine if a word has a zero byte" method in Anderson, Bit Twiddling Hacks.
func zeroByte(w uint64) bool {
	return (w-0x0101010101010101) & ^w & 0x8080808080808080 != 0
}
