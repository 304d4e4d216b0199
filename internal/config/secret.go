package config

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

const hidden = "***"

// Secret is a value that prints as "***" in every way there is. It is held behind a pointer because fmt prints the fields
// of a struct it can't call methods on.
type Secret struct{ value *string }

// NewSecret hides a value.
func NewSecret(value string) Secret { return Secret{value: &value} }

// Set reports whether there is a secret.
func (s Secret) Set() bool { return s.value != nil }

// Reveal returns the value for the one place that needs it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String hides the value.
func (s Secret) String() string {
	if s.value == nil {
		return ""
	}
	return hidden
}

// Format hides the value from every verb of fmt, %#v and %x too.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText hides the value from YAML and JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// DSN is the address of a PostgreSQL server, as a URL or as keywords. It may hold a password, so it prints without one.
type DSN struct{ Secret }

// NewDSN takes an address as it is.
func NewDSN(text string) DSN {
	if text == "" {
		return DSN{}
	}
	return DSN{Secret: NewSecret(text)}
}

// UnmarshalText accepts what pgx can parse. The error repeats nothing of the text, for it may hold a password.
func (d *DSN) UnmarshalText(text []byte) error {
	*d = NewDSN(string(text))
	if !d.Set() {
		return nil
	}
	if _, err := pgconn.ParseConfig(string(text)); err != nil {
		return errors.New("not a PostgreSQL address: write postgres://user@host:5432/database, with %-escapes for special characters")
	}
	return nil
}

// keywordPassword finds the password of the keyword form: password=x, password = 'it”s'.
var keywordPassword = regexp.MustCompile(`(?i)((?:ssl)?password\s*=\s*)('(?:[^'\\]|\\.)*'|(?:\\.|\S)+)`)

// String shows the address without its password; an address that can't be read is hidden whole.
func (d DSN) String() string {
	text := d.Reveal()
	if text == "" {
		return ""
	}
	if !strings.Contains(text, "://") {
		return keywordPassword.ReplaceAllString(text, "${1}"+hidden)
	}
	u, err := url.Parse(text)
	if err != nil {
		return hidden
	}
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), "xxxxx")
	}
	query := u.Query()
	for name := range query {
		if strings.Contains(strings.ToLower(name), "password") {
			query.Set(name, "xxxxx")
			u.RawQuery = query.Encode()
		}
	}
	return strings.ReplaceAll(u.String(), "xxxxx", hidden)
}

// Format shows the address without its password under every verb of fmt.
func (d DSN) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, d.String()) }

// MarshalText shows the address without its password.
func (d DSN) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// hasPassword reports whether the address itself carries a password.
func (d DSN) hasPassword() bool {
	if !d.Set() {
		return false
	}
	return strings.Contains(d.String(), hidden)
}
