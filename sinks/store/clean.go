package store

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"parallax/internal/audit"
)

// text makes a string fit for PostgreSQL, which takes neither NUL nor broken UTF-8: such bytes are spelled out as \x00, so
// that they can be seen and different strings stay different.
func text(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == 0 || r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[i])
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// prose is text written for people, in which a card number may have slipped.
func prose(s string) string { return maskCards(text(s)) }

// maskCards replaces what looks like a full card number by its first six and last four digits, the most that PCI DSS 4.0
// (requirement 3.4.1) lets be shown.
func maskCards(s string) string {
	var b strings.Builder
	rest := 0
	for i := 0; i < len(s); {
		if !digit(s[i]) {
			i++
			continue
		}
		end := i + 1
		for end < len(s) && digit(s[end]) {
			end++
		}
		if run := s[i:end]; cardNumber(run) {
			b.WriteString(s[rest:i])
			b.WriteString(run[:6] + "******" + run[len(run)-4:])
			rest = end
		}
		i = end
	}
	if rest == 0 {
		return s
	}
	b.WriteString(s[rest:])
	return b.String()
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// cardNumber reports whether a whole run of digits could be a card number: 13 to 19 digits, a first digit (or Mastercard's
// 2221 to 2720) that ISO/IEC 7812 gives to the card networks, and a Luhn check digit that agrees. Longer runs are something
// else: an acquirer reference has 23 digits, a stream's sequence number 21 and more.
func cardNumber(run string) bool {
	if len(run) < 13 || len(run) > 19 {
		return false
	}
	series2 := len(run) == 16 && run[:4] >= "2221" && run[:4] <= "2720"
	if (run[0] < '3' || run[0] > '6') && !series2 {
		return false
	}
	sum := 0
	for i := range len(run) {
		d := int(run[len(run)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// cleanFinding makes every string of a finding fit for the store.
func cleanFinding(f audit.Finding) audit.Finding {
	f.Scope, f.Key, f.Rule = text(f.Scope), text(f.Key), text(f.Rule)
	f.Region = audit.Region(text(string(f.Region)))
	f.Reason = prose(f.Reason)
	f.Amounts = mapped(f.Amounts, func(m audit.Money) audit.Money {
		m.Currency = text(m.Currency)
		return m
	})
	f.Evidence = mapped(f.Evidence, func(e audit.Evidence) audit.Evidence {
		e.Source, e.Ref, e.Field = text(e.Source), text(e.Ref), text(e.Field)
		e.Region = audit.Region(text(string(e.Region)))
		e.Value, e.Note = prose(e.Value), prose(e.Note)
		return e
	})
	return f
}

// cleanCoverage does the same for a line of coverage.
func cleanCoverage(c audit.Coverage) audit.Coverage {
	c.Source, c.Scope, c.Region = text(c.Source), text(c.Scope), audit.Region(text(string(c.Region)))
	c.Extents = mapped(c.Extents, func(e audit.Extent) audit.Extent {
		e.Name, e.From, e.To, e.Checksum = text(e.Name), text(e.From), text(e.To), text(e.Checksum)
		e.Totals = cleanMap(e.Totals)
		return e
	})
	c.Excluded = mapped(c.Excluded, func(e audit.Exclusion) audit.Exclusion {
		e.Reason = prose(e.Reason)
		return e
	})
	c.Gaps = mapped(c.Gaps, func(g audit.Gap) audit.Gap {
		g.Reason, g.Remedy = prose(g.Reason), prose(g.Remedy)
		return g
	})
	return c
}

func cleanMap(m map[string]string) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[text(k)] = text(v)
	}
	return out
}

// mapped is the slice with f applied to each; never nil, so that it is stored as an empty JSON array.
func mapped[T, U any](in []T, f func(T) U) []U {
	out := make([]U, 0, len(in))
	for _, v := range in {
		out = append(out, f(v))
	}
	return out
}
