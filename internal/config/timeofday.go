package config

import (
	"errors"
	"time"
)

// TimeOfDay is a time of day in UTC, as the duration since midnight.
type TimeOfDay time.Duration

// Duration is the time since midnight.
func (t TimeOfDay) Duration() time.Duration { return time.Duration(t) }

// String is "06:00".
func (t TimeOfDay) String() string {
	return time.Time{}.Add(time.Duration(t)).Format("15:04")
}

// MarshalText is "06:00".
func (t TimeOfDay) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads hours and minutes of a day.
func (t *TimeOfDay) UnmarshalText(text []byte) error {
	at, err := time.Parse("15:04", string(text))
	if err != nil {
		return errors.New("not a time of day: write hours and minutes, for example 06:00")
	}
	*t = TimeOfDay(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute)
	return nil
}
