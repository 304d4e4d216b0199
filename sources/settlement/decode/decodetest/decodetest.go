// Package decodetest runs readers of settlement files on bytes in memory, for tests.
package decodetest

import (
	"bytes"
	"io"

	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// Bytes is a file in memory.
func Bytes(data []byte) decode.Content {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

// Once is a file that can be opened once.
func Once(r io.Reader) decode.Content {
	return func() (io.ReadCloser, error) { return io.NopCloser(r), nil }
}

// All reads a file and returns all of its lines.
func All(read decode.Func, data []byte, name, feed string) ([]record.SettlementLine, decode.Summary, error) {
	var lines []record.SettlementLine
	s, err := read(Bytes(data), name, feed, func(l record.SettlementLine) error {
		lines = append(lines, l)
		return nil
	})
	return lines, s, err
}

// LongDigits reports whether text holds a run of digits as long as a card number's hidden part. Only what is masked is checked
// by it: references are digits by nature.
func LongDigits(text string) bool {
	run := 0
	for _, c := range text {
		if run++; c < '0' || c > '9' {
			run = 0
		}
		if run > 6 {
			return true
		}
	}
	return false
}
