package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// KeyTemplate makes the object key of a payment's receipt: text with {payment_id} once, and {created_at:FORMAT} any number of
// times, whose format is made of YYYY, MM, DD and hh, in UTC.
type KeyTemplate struct {
	text  string
	parts []keyPart
}

// keyPart is a piece of literal text, the payment's id, or a moment in a layout of the time package.
type keyPart struct {
	text    string
	payment bool
	layout  string
}

var keyField = regexp.MustCompile(`\{[^{}]*\}`)

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *KeyTemplate) UnmarshalText(text []byte) error {
	*k = KeyTemplate{text: string(text)}
	rest, payments := k.text, 0
	for rest != "" {
		at := keyField.FindStringIndex(rest)
		if at == nil {
			at = []int{len(rest), len(rest)}
		}
		if literal := rest[:at[0]]; strings.ContainsAny(literal, "{}") {
			return errors.New("has a brace without its other")
		} else if literal != "" {
			k.parts = append(k.parts, keyPart{text: literal})
		}
		if field := strings.Trim(rest[at[0]:at[1]], "{}"); at[0] < at[1] {
			part, err := keyPartOf(field)
			if err != nil {
				return err
			}
			if part.payment {
				payments++
			}
			k.parts = append(k.parts, part)
		}
		rest = rest[at[1]:]
	}
	if payments != 1 {
		return errors.New("needs {payment_id} once")
	}
	return nil
}

// keyDates are the pieces of a date; what is left of a format between them is no digit, which would be one to the time package too.
var (
	keyDates   = strings.NewReplacer("YYYY", "2006", "MM", "01", "DD", "02", "hh", "15")
	keyDatesOf = regexp.MustCompile(`^(YYYY|MM|DD|hh|[/\-.T]|_)+$`)
)

func keyPartOf(field string) (keyPart, error) {
	if field == "payment_id" {
		return keyPart{payment: true}, nil
	}
	format, found := strings.CutPrefix(field, "created_at:")
	layout := keyDates.Replace(format)
	if !found || layout == format || !keyDatesOf.MatchString(format) {
		return keyPart{}, fmt.Errorf("has {%s}: write {payment_id}, or {created_at:YYYY/MM/DD} of YYYY, MM, DD and hh", field)
	}
	return keyPart{layout: layout}, nil
}

// MarshalText implements encoding.TextMarshaler.
func (k KeyTemplate) MarshalText() ([]byte, error) { return []byte(k.text), nil }

// String is the template as it was written.
func (k KeyTemplate) String() string { return k.text }

// Of is the key of a payment's receipt.
func (k KeyTemplate) Of(payment string, created time.Time) string {
	var b strings.Builder
	for _, p := range k.parts {
		switch {
		case p.payment:
			b.WriteString(payment)
		case p.layout != "":
			b.WriteString(created.UTC().Format(p.layout))
		default:
			b.WriteString(p.text)
		}
	}
	return b.String()
}

// Pattern fits the keys that the template makes.
func (k KeyTemplate) Pattern() *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`^`)
	for _, p := range k.parts {
		switch {
		case p.payment:
			b.WriteString(`(?P<payment_id>[^/]+)`)
		case p.layout != "":
			b.WriteString(digits.ReplaceAllStringFunc(regexp.QuoteMeta(p.layout), func(s string) string { return fmt.Sprintf(`[0-9]{%d}`, len(s)) }))
		default:
			b.WriteString(regexp.QuoteMeta(p.text))
		}
	}
	return regexp.MustCompile(b.String() + `$`) // made of quoted text: it is always one
}

var digits = regexp.MustCompile(`[0-9]+`)

// Prefix is what all keys of payments created at a moment begin with, to the hour or day that the template names; all keys
// where it names none before the payment's id.
func (k KeyTemplate) Prefix(created time.Time) string {
	var b strings.Builder
	for _, p := range k.parts {
		switch {
		case p.payment:
			return b.String()
		case p.layout != "":
			b.WriteString(created.UTC().Format(p.layout))
		default:
			b.WriteString(p.text)
		}
	}
	return b.String()
}
