// Package breaks says what a comparison of two files found in one number that others can compute too: every break is a line,
// and the 64-bit hashes of all lines are added up, so that the same breaks in any order give the same sum.
//
// bench-duckdb computes the same in SQL.
package breaks

import (
	"crypto/md5" //nolint:gosec // the hash that DuckDB has too; nothing is protected by it
	"encoding/binary"
	"math/big"
	"math/bits"
	"strconv"
)

// Side is the rows that one side has under a key.
type Side struct {
	Rows   int64
	Amount int64  // sum of the column of numbers
	Text   string // of the only row
}

// Break is a key that is not one row on each side with the same values. Rows without a key make one break.
type Break struct {
	Key         []string // nil without a key
	Left, Right Side
}

func (b Break) class() string {
	switch {
	case b.Key == nil:
		return "no key"
	case b.Left.Rows > 1 || b.Right.Rows > 1:
		return "duplicate"
	case b.Right.Rows == 0:
		return "left only"
	case b.Left.Rows == 0:
		return "right only"
	default:
		return "different"
	}
}

// Line is the break in words: class, rows, sums and texts of both sides, key.
func (b Break) Line() string {
	class := b.class()
	line := []byte(class)
	for _, n := range []int64{b.Left.Rows, b.Right.Rows, b.Left.Amount, b.Right.Amount} {
		line = strconv.AppendInt(append(line, '|'), n, 10)
	}
	if class == "no key" {
		return string(line) + "|||"
	}
	if class == "duplicate" {
		line = append(line, "||"...)
	} else {
		line = append(append(line, '|'), b.Left.Text...)
		line = append(append(line, '|'), b.Right.Text...)
	}
	for _, k := range b.Key {
		line = append(append(line, '|'), k...)
	}
	return string(line)
}

// Sum adds breaks up. The zero Sum is that of no breaks.
type Sum struct {
	Count  int64
	hi, lo uint64
}

// Add adds a break.
func (s *Sum) Add(b Break) { s.AddLine([]byte(b.Line())) }

// AddLine adds a break that is put in words elsewhere.
func (s *Sum) AddLine(line []byte) {
	hash := md5.Sum(line) //nolint:gosec // see the import
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, binary.LittleEndian.Uint64(hash[8:]), 0)
	s.hi += carry
	s.Count++
}

// String is the sum of the hashes in decimal digits.
func (s *Sum) String() string {
	all := new(big.Int).SetUint64(s.hi)
	return all.Lsh(all, 64).Or(all, new(big.Int).SetUint64(s.lo)).String()
}
