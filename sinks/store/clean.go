package store

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"parallax/internal/audit"
	"parallax/internal/pan"
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

// safe is text fit for the store in which every full card number is cut to its first six and last four digits: one may stand
// in a reference, a key or a file's name as well as in prose.
func safe(s string) string { return pan.Mask(text(s)) }

// cleanFinding makes every string of a finding fit for the store.
func cleanFinding(f audit.Finding) audit.Finding {
	f.Scope, f.Key, f.Rule = safe(f.Scope), safe(f.Key), safe(f.Rule)
	f.Region = audit.Region(safe(string(f.Region)))
	f.Reason = safe(f.Reason)
	f.Amounts = mapped(f.Amounts, func(m audit.Money) audit.Money {
		m.Currency = safe(m.Currency)
		return m
	})
	f.Evidence = mapped(f.Evidence, func(e audit.Evidence) audit.Evidence {
		e.Source, e.Ref, e.Field = safe(e.Source), safe(e.Ref), safe(e.Field)
		e.Region = audit.Region(safe(string(e.Region)))
		e.Value, e.Note = safe(e.Value), safe(e.Note)
		return e
	})
	return f
}

// cleanCoverage does the same for a line of coverage.
func cleanCoverage(c audit.Coverage) audit.Coverage {
	c.Source, c.Scope, c.Region = safe(c.Source), safe(c.Scope), audit.Region(safe(string(c.Region)))
	c.Extents = mapped(c.Extents, func(e audit.Extent) audit.Extent {
		e.Name, e.From, e.To, e.Checksum = safe(e.Name), safe(e.From), safe(e.To), text(e.Checksum)
		e.Totals = cleanMap(e.Totals)
		return e
	})
	c.Excluded = mapped(c.Excluded, func(e audit.Exclusion) audit.Exclusion {
		e.Reason = safe(e.Reason)
		return e
	})
	c.Gaps = mapped(c.Gaps, func(g audit.Gap) audit.Gap {
		g.Reason, g.Remedy = safe(g.Reason), safe(g.Remedy)
		return g
	})
	return c
}

func cleanMap(m map[string]string) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[safe(k)] = safe(v)
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
