package tabular

import (
	"errors"
	"math"

	"github.com/apache/arrow/go/v17/parquet/schema"

	"parallax/internal/join"
)

// interpret decides what the stored values of a column mean.
// Source: Apache Parquet, Logical Types.
func (s *shape) interpret(c *schema.Column, f Field) error {
	switch t := c.LogicalType().(type) {
	case *schema.DecimalLogicalType:
		s.numeric = true
		if f.Decimal {
			return s.rescale(int(t.Scale()), f.Scale)
		}
		return nil
	case schema.TimestampLogicalType:
		return s.instants(f, t.TimeUnit())
	case *schema.TimestampLogicalType:
		return s.instants(f, t.TimeUnit())
	case *schema.IntLogicalType:
		if !t.IsSigned() && t.BitWidth() == 64 {
			s.finish = unsigned
		}
		if !t.IsSigned() && t.BitWidth() == 32 {
			s.finish = unsigned32
		}
	}
	if !f.Decimal {
		return nil
	}
	if s.isText() {
		s.parse, s.scale = true, f.Scale
		return nil
	}
	if s.physical == physBool {
		return errors.New("is no number")
	}
	return s.rescale(0, f.Scale)
}

// rescale makes numbers of one scale those of another, if nothing is lost.
func (s *shape) rescale(from, to int) error {
	if from < 0 || from > 38 {
		return errors.New("has a scale that is not possible")
	}
	before := s.finish
	if from > to {
		if from-to > maxScale {
			return errors.New("has too many decimals")
		}
		by := pow10(from - to)
		s.finish = chain(before, func(values []int64) error {
			for i, v := range values {
				if v%by != 0 {
					return errors.New("has a number with more decimals than expected")
				}
				values[i] = v / by
			}
			return nil
		})
		return nil
	}
	if by := pow10(to - from); by > 1 {
		s.finish = chain(before, times(by))
	}
	return nil
}

func chain(f, g func([]int64) error) func([]int64) error {
	if f == nil {
		return g
	}
	return func(values []int64) error {
		if err := f(values); err != nil {
			return err
		}
		return g(values)
	}
}

// times multiplies numbers, and refuses those that get too large.
func times(by int64) func([]int64) error {
	most := math.MaxInt64 / by
	return func(values []int64) error {
		for i, v := range values {
			if v > most || v < -most {
				return errLarge
			}
			values[i] = v * by
		}
		return nil
	}
}

func unsigned(values []int64) error {
	for _, v := range values {
		if v < 0 {
			return errLarge
		}
	}
	return nil
}

func unsigned32(values []int64) error {
	for i, v := range values {
		values[i] = int64(uint32(v)) //nolint:gosec // stored as 32 bits
	}
	return nil
}

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

// instants makes moments of any unit nanoseconds.
func (s *shape) instants(f Field, unit schema.TimeUnitType) error {
	if f.Decimal {
		return errors.New("is a time, not a number")
	}
	nanos := map[schema.TimeUnitType]int64{schema.TimeUnitMillis: 1e6, schema.TimeUnitMicros: 1e3, schema.TimeUnitNanos: 1}[unit]
	switch {
	case nanos == 0:
		return errors.New("is a time in a unit that is not read")
	case f.Millis && nanos < 1e6:
		s.finish = divided(1e6 / nanos)
	case !f.Millis && nanos > 1:
		s.finish = times(nanos)
	}
	return nil
}

// divided makes numbers smaller, rounding towards the past.
func divided(by int64) func([]int64) error {
	return func(values []int64) error {
		for i, v := range values {
			if values[i] = v / by; v < 0 && v%by != 0 {
				values[i]--
			}
		}
		return nil
	}
}

var (
	errNumber   = errors.New("has a value that is no decimal number")
	errDecimals = errors.New("has a number with more decimals than expected")
)

// parseDecimal reads a decimal number in digits, with a sign and a point if there is one, as a whole number of 10^-scale.
// There are no exponents, no separators of thousands, no blanks, and no minus zero but as zero.
func parseDecimal(b []byte, scale int) (int64, error) {
	negative := len(b) > 0 && b[0] == '-'
	if negative || len(b) > 0 && b[0] == '+' {
		b = b[1:]
	}
	v, decimals, err := digits(b, scale)
	if err != nil {
		return 0, err
	}
	for range scale - decimals {
		if v > math.MaxInt64/10 {
			return 0, errLarge
		}
		v *= 10
	}
	if negative {
		return -int64(v), nil //nolint:gosec // checked above
	}
	return int64(v), nil //nolint:gosec // checked above
}

// digits reads digits with a point among them, and returns the number that they are without the point, and how many stand
// behind it. Zeros beyond the scale are passed over.
func digits(b []byte, scale int) (v uint64, decimals int, err error) {
	point, some := false, false
	for _, x := range b {
		d := uint64(x - '0')
		switch {
		case x == '.' && !point:
			point = true
			continue
		case d > 9:
			return 0, 0, errNumber
		case point && decimals == scale && d != 0:
			return 0, 0, errDecimals
		}
		some = true
		if point && decimals == scale {
			continue
		}
		if point {
			decimals++
		}
		if v > (math.MaxInt64-d)/10 {
			return 0, 0, errLarge
		}
		v = v*10 + d
	}
	if !some {
		return 0, 0, errNumber
	}
	return v, decimals, nil
}

// parseTexts turns a column of texts into one of numbers.
func parseTexts(col *join.Column, into []int64, rows, scale int) ([]int64, error) {
	into = sized(into, rows)
	for i := range into {
		if col.Nulls != nil && col.Nulls[i] {
			into[i] = 0
			continue
		}
		v, err := parseDecimal(col.Data[col.Texts[i].Start:col.Texts[i].End], scale)
		if err != nil {
			return into, &rowError{i, err}
		}
		into[i] = v
	}
	return into, nil
}

// rowError is what is wrong with a row of a batch.
type rowError struct {
	row int
	err error
}

// Error implements error.
func (e *rowError) Error() string { return e.err.Error() }

// Unwrap returns what is wrong.
func (e *rowError) Unwrap() error { return e.err }
