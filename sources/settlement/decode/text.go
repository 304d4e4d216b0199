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
