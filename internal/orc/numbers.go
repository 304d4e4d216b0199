package orc

import (
	"math"
	"slices"
)

// readNumbers reads the values of the types that are numbers here.
func (c *column) readNumbers(to []int64) error {
	switch {
	case c.typ == Truth:
		c.flags = slices.Grow(c.flags[:0], len(to))[:len(to)]
		if _, err := c.truths.read(c.flags); err != nil {
			return in(data, err)
		}
		for i, f := range c.flags {
			to[i] = 0
			if f {
				to[i] = 1
			}
		}
		return nil
	case c.code == codeByte:
		b := slices.Grow(c.scratch[:0], len(to))[:len(to)]
		c.scratch = b
		if err := c.bytes.read(b); err != nil {
			return in(data, err)
		}
		for i, v := range b {
			to[i] = int64(int8(v)) //nolint:gosec // a signed byte it is
		}
		return nil
	}
	if err := c.numbers.read(to); err != nil {
		return in(data, err)
	}
	if c.typ == Time {
		c.more = slices.Grow(c.more[:0], len(to))[:len(to)]
		if err := c.nanos.read(c.more); err != nil {
			return in(secondary, err)
		}
		return moments(to, c.more, c.epoch, c.zone)
	}
	return in(data, c.checkRange(to))
}

// checkRange refuses numbers that the type cannot have.
func (c *column) checkRange(values []int64) error {
	var least, most int64
	switch c.code {
	case codeShort:
		least, most = math.MinInt16, math.MaxInt16
	case codeInt:
		least, most = math.MinInt32, math.MaxInt32
	default:
		return nil
	}
	for _, v := range values {
		if v < least || v > most {
			return damaged("has a number that its type cannot have")
		}
	}
	return nil
}
