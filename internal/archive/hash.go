package archive

import (
	"crypto/sha256"

	"parallax/internal/record"
)

// Hash stands for a text in comparisons: the first half of its SHA-256. The zero Hash stands for no text at all. Two texts
// of one hash would take somebody 2^64 tries to make, and every change that Select returns is compared in full.
type Hash = [16]byte

// HashOf is the hash of a key's text; of an image too, where there is one.
func HashOf(text string) Hash {
	sum := sha256.Sum256([]byte(text))
	return Hash(sum[:len(Hash{})])
}

// HashOfImage is the hash of an image, zero where there is none.
func HashOfImage(m record.Image) Hash {
	if m.Absent() {
		return Hash{}
	}
	return HashOf(string(m))
}
