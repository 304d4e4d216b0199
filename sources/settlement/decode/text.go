package decode

import (
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ByteOrderMark may stand before the first byte of a text file.
const ByteOrderMark = "\ufeff"

// Storable refuses what a database or a terminal would choke on.
func Storable(text string) error {
	switch {
	case !utf8.ValidString(text):
		return errors.New("is not UTF-8 text")
	case len(text) > 256:
		return errors.New("is longer than 256 bytes")
	case strings.ContainsFunc(text, unicode.IsControl):
		return ErrControlCharacter
	}
	return nil
}

// ParseTime reads RFC 3339, or a date and time without a zone as UTC.
func ParseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New("is not a time such as 2026-11-18T14:07:00Z")
}

// ParseDate reads 2026-11-18 or 20261118 and returns the former.
func ParseDate(text string) (string, error) {
	for _, layout := range []string{time.DateOnly, "20060102"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Format(time.DateOnly), nil
		}
	}
	return "", errors.New("is not a date such as 2026-11-18")
}

// DateInName finds a business date such as 20261118 or 2026-11-18 in a file name; empty where there is none.
func DateInName(name string) string {
	for i := 0; i+8 <= len(name); i++ {
		if i > 0 && isDigit(name[i-1]) {
			continue
		}
		for _, layout := range []string{"20060102", time.DateOnly} {
			end := i + len(layout)
			if end > len(name) || end < len(name) && isDigit(name[end]) {
				continue
			}
			if t, err := time.Parse(layout, name[i:end]); err == nil && t.Year() >= 1990 && t.Year() < 2100 {
				return t.Format(time.DateOnly)
			}
		}
	}
	return ""
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }
