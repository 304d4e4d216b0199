package orc

import (
	"math"
	"slices"

	"parallax/internal/join"
)

// readDictionary reads the words of a dictionary, all of them.
func (c *column) readDictionary() error {
	c.words = c.words[:0]
	var block [maxRun]int64
	at := int64(0)
	memory := c.streams[lengths].memory
	for left := c.encoding.words; left > 0; {
		n := int(min(left, maxRun))
		if err := c.sizes.read(block[:n]); err != nil {
			return in(lengths, err)
		}
		if need := len(c.words) + n - cap(c.words); need > 0 {
			need = max(need, cap(c.words)/2)
			if err := memory.take(8 * need); err != nil {
				return in(lengths, err)
			}
			c.words = append(make([]join.Span, 0, cap(c.words)+need), c.words...)
		}
		for _, size := range block[:n] {
			if size < 0 || size > maxMemory || at+size > math.MaxUint32 {
				return in(lengths, errRun)
			}
			c.words = append(c.words, join.Span{Start: uint32(at), End: uint32(at + size)}) //nolint:gosec // checked
			at += size
		}
		left -= int64(n)
	}
	if err := c.ended(lengths, c.sizes.done); err != nil {
		return err
	}
	var err error
	if c.wordBytes, err = c.streams[dictionary].gather(int(at), c.wordBytes[:0]); err != nil {
		return in(dictionary, err)
	}
	return c.ended(dictionary, c.streams[dictionary].ended)
}

// readTexts reads n rows of which some have a text.
func (c *column) readTexts(n, have int, out *join.Column) error {
	c.texts = slices.Grow(c.texts[:0], n)[:n]
	c.values = slices.Grow(c.values[:0], n)[:n]
	var err error
	if c.encoding.kind&encodedDict != 0 {
		out.Data, err = c.wordBytes, c.readWords(c.texts[:have], c.values[:have])
	} else {
		out.Data, err = c.readDirect(c.texts[:have], c.values[:have])
	}
	if err != nil {
		return err
	}
	spread(c.texts, have, out.Nulls)
	out.Texts = c.texts
	return nil
}

// readWords reads references to the dictionary.
func (c *column) readWords(to []join.Span, values []int64) error {
	if err := c.numbers.read(values); err != nil {
		return in(data, err)
	}
	for i, v := range values {
		if uint64(v) >= uint64(len(c.words)) { //nolint:gosec // what is negative is far too large
			return in(data, damaged("refers to a word that the dictionary has not"))
		}
		to[i] = c.words[v]
	}
	return nil
}

// readDirect reads texts that stand one after the other.
func (c *column) readDirect(to []join.Span, values []int64) ([]byte, error) {
	if err := c.sizes.read(values); err != nil {
		return nil, in(lengths, err)
	}
	at := int64(0)
	for i, size := range values {
		if size < 0 || size > maxMemory || at+size > maxMemory {
			return nil, in(lengths, errRun)
		}
		to[i] = join.Span{Start: uint32(at), End: uint32(at + size)} //nolint:gosec // checked
		at += size
	}
	all, scratch, err := c.streams[data].take(int(at), c.scratch)
	c.scratch = scratch
	return all, in(data, err)
}
