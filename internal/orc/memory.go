package orc

import "fmt"

// DefaultMemory is how many bytes a scan may hold if nothing else is said: some hundred kilobytes for each stream, and the
// dictionaries of a stripe.
const DefaultMemory = 256 << 20

// maxMemory keeps places in a text column within 32 bits.
const maxMemory = 2 << 30

// memory is what the buffers of a scan may take. Every buffer whose size depends on the file is taken from it, and grows only
// as content arrives: what a file claims is never taken at its word.
type memory struct {
	left, limit int64
}

func newMemory(limit int64) *memory {
	if limit <= 0 {
		limit = DefaultMemory
	}
	limit = min(limit, maxMemory)
	return &memory{left: limit, limit: limit}
}

// take accounts for n bytes more.
func (m *memory) take(n int) error {
	if int64(n) > m.left {
		return &fault{fmt.Sprintf("needs more memory than the limit of %d bytes", m.limit), ErrLimit}
	}
	m.left -= int64(n)
	return nil
}

// grow returns b with its content and room for n bytes more.
func (m *memory) grow(b []byte, n int) ([]byte, error) {
	if cap(b)-len(b) >= n {
		return b, nil
	}
	size := len(b) + max(n, len(b)/2) + slack
	if err := m.take(size - cap(b)); err != nil {
		return b, err
	}
	return append(make([]byte, 0, size), b...), nil
}

// slack is a little room beyond, so that the next stripe, which is a little larger, needs no new buffer.
const slack = 512
