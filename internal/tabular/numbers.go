package tabular

import (
	"encoding/binary"
	"errors"

	"parallax/internal/join"
)

var errLarge = errors.New("has a number that does not fit 64 bits")

func (c *column) readInts(out []int64) error {
	if !c.dict {
		if err := c.plainInts(out); err != nil {
			return err
		}
		return c.convert(out)
	}
	index, err := c.readNumbers(len(out), len(c.dictInts))
	if err != nil {
		return err
	}
	for i, n := range index {
		out[i] = c.dictInts[n]
	}
	return nil
}

// convert makes the numbers what the caller wants, such as another scale.
func (c *column) convert(values []int64) error {
	if c.finish == nil {
		return nil
	}
	return c.finish(values)
}

// plainInts reads the numbers of the body one after the other.
func (c *column) plainInts(out []int64) error {
	body := c.body[c.at:]
	switch c.physical {
	case physInt64:
		if len(body)/8 < len(out) {
			return errPage
		}
		for i := range out {
			out[i] = int64(binary.LittleEndian.Uint64(body[8*i:])) //nolint:gosec // the bits are meant
		}
		c.at += 8 * len(out)
	case physInt32:
		if len(body)/4 < len(out) {
			return errPage
		}
		for i := range out {
			out[i] = int64(int32(binary.LittleEndian.Uint32(body[4*i:]))) //nolint:gosec // the bits are meant
		}
		c.at += 4 * len(out)
	case physBool:
		if c.runs {
			return c.boolRuns(out)
		}
		if (c.bit+len(out)+7)/8 > len(c.body) {
			return errPage
		}
		for i := range out {
			out[i] = int64(c.body[c.bit/8] >> (c.bit % 8) & 1)
			c.bit++
		}
	default:
		return c.plainDecimals(out)
	}
	return nil
}

// packedBools prepares truth values that are written in runs, as writers of data pages of version 2 do: the size of the
// runs in four bytes, and the runs.
func (c *column) packedBools() error {
	if len(c.body) < 4 {
		return errPage
	}
	size := int64(binary.LittleEndian.Uint32(c.body))
	if size > int64(len(c.body)-4) {
		return errPage
	}
	c.runs = true
	c.numbers.reset(c.body[4:4+size], 1)
	return nil
}

func (c *column) boolRuns(out []int64) error {
	c.index = sized(c.index, len(out))
	if err := c.numbers.read(c.index); err != nil {
		return err
	}
	for i, v := range c.index {
		out[i] = int64(v & 1)
	}
	return nil
}

// plainDecimals reads numbers that are stored as bytes, big endian, two's complement.
// Source: Apache Parquet, Logical Types, DECIMAL.
func (c *column) plainDecimals(out []int64) error {
	spans := make([]join.Span, len(out))
	if err := c.plainTexts(spans); err != nil {
		return err
	}
	for i, s := range spans {
		v, ok := bigEndian(c.body[s.Start:s.End])
		if !ok {
			return errLarge
		}
		out[i] = v
	}
	return nil
}

// bigEndian is a number of any length, if it fits.
func bigEndian(b []byte) (int64, bool) {
	if len(b) == 0 {
		return 0, false
	}
	v := int64(int8(b[0])) //nolint:gosec // the sign is meant
	for _, x := range b[1:] {
		if v>>55 != 0 && v>>55 != -1 {
			return 0, false
		}
		v = v<<8 | int64(x)
	}
	return v, true
}
