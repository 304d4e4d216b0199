package config

import (
	"errors"
	"time"
)

// Date is a day as YYYY-MM-DD; empty where none is given.
type Date string

// MarshalText is the date.
func (d Date) MarshalText() ([]byte, error) { return []byte(d), nil }

// UnmarshalText reads a date.
func (d *Date) UnmarshalText(text []byte) error {
	if _, err := time.Parse(time.DateOnly, string(text)); err != nil && len(text) > 0 {
		return errors.New("not a date: write year, month and day, for example 2026-11-01")
	}
	*d = Date(text)
	return nil
}
