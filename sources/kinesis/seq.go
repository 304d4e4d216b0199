package kinesis

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"
)

// Remembered is how many records of a shard are remembered, at least, to tell that one is repeated. A consumer that puts
// no more than so many consecutive records of a shard together never meets a Seq twice among them.
const Remembered = 1 << 16

// Seq is the sequence number of a change, made of what repetitions of its record have in common: the microseconds since
// 1970 in 16 digits and a hash of its event in 20. Sorted by it, changes lie in the order of their times; those of one
// microsecond lie in an order that is always the same and means nothing. Two changes have one Seq only if they are one event.
func Seq(at time.Time, event string) string {
	sum := sha256.Sum256([]byte(event))
	return fmt.Sprintf("%016d%020d", at.UnixMicro(), binary.BigEndian.Uint64(sum[:8]))
}

// memory holds the newest texts it was shown: at least Remembered of them, at most twice as many.
type memory struct {
	young, old map[string]struct{}
}

// knows reports whether a text is remembered, and remembers it.
func (m *memory) knows(text string) bool {
	if _, ok := m.young[text]; ok {
		return true
	}
	_, ok := m.old[text]
	if m.young == nil || len(m.young) >= Remembered {
		m.old, m.young = m.young, make(map[string]struct{})
	}
	m.young[text] = struct{}{}
	return ok
}
