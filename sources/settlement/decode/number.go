package decode

import "errors"

// What may be wrong with a value. The texts complete a sentence that begins with the field's name, and never repeat the
// value: a shifted column may hold a card number.
var (
	ErrNotNumeric       = errors.New("is not numeric")
	ErrTooLarge         = errors.New("overflows 64 bits")
	ErrControlCharacter = errors.New("holds a control character")
)

const maxInt64 = 1<<63 - 1

// Add sums two amounts of a control total, in minor units of whatever currency.
func Add(a, b int64) (int64, error) {
	if b > 0 && a > maxInt64-b || b < 0 && a < -maxInt64-1-b {
		return 0, ErrTooLarge
	}
	return a + b, nil
}
