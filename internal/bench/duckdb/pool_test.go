package main

import (
	"database/sql/driver"
	"math/rand/v2"
	"strings"
)

// pool is what the fields of a case are drawn from: few enough that rows meet, and some that only look alike.
type pool struct {
	first, second []driver.Value
	numbers       int
}

func newPool(rng *rand.Rand) pool {
	size := []int{1, 5, 300, 3000}[rng.IntN(4)]
	p := pool{numbers: 1 + rng.IntN(3)}
	style := rng.IntN(6)
	for range size {
		p.first = append(p.first, key(rng, style))
		p.second = append(p.second, key(rng, (style+1+rng.IntN(5))%6))
	}
	return p
}

func (p pool) row(rng *rand.Rand) []driver.Value {
	i := rng.IntN(len(p.first))
	second := p.second[i] // mostly one second key to a first, so that pairs meet
	if rng.IntN(20) == 0 {
		second = p.second[rng.IntN(len(p.second))]
	}
	var number, text driver.Value = int64(rng.IntN(p.numbers)) - 1, []string{"EUR", "", "a text of a good many bytes, \"quoted\""}[i%3]
	switch rng.IntN(40) {
	case 0:
		number = nil
	case 1:
		text = nil
	case 2:
		number = rng.Int64() - rng.Int64()
	}
	return []driver.Value{p.first[i], second, number, text}
}

// key is a text of a style, or NULL. Texts of different styles and lengths begin alike.
func key(rng *rand.Rand, style int) driver.Value {
	if rng.IntN(30) == 0 {
		return nil
	}
	letters := func(n int, from string) string {
		runes, out := []rune(from), strings.Builder{}
		for range n {
			out.WriteRune(runes[rng.IntN(len(runes))])
		}
		return out.String()
	}
	switch style {
	case 0: // references
		return letters(12+rng.IntN(9), "ABCDEFGHJKLMNPQRSTUVWXYZ23456789")
	case 1: // digits, some with zeros before them
		return letters(1+rng.IntN(3), "012")
	case 2: // short ones, down to the empty text, of bytes that sort below letters
		return letters(rng.IntN(4), "a \t\"',")
	case 3: // other scripts, and two spellings of one letter
		return letters(1+rng.IntN(8), "\u00e9\u0301e\u53c2ßK🌊")
	case 4: // around the length at which keys no longer fit three words
		return strings.Repeat("k", 20+rng.IntN(10)) + letters(rng.IntN(3), "kl")
	default: // long ones that differ at the end
		return strings.Repeat("https://example.com/payments/", 1+rng.IntN(12)) + letters(2, "abc\n")
	}
}
