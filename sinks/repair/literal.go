package repair

import (
	"fmt"
	"strings"
	"unicode"

	"parallax/internal/pan"
)

// identifier quotes a name as SQL wants it, whatever is in it.
func identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// literal is a value as a constant of its type. It is right under standard_conforming_strings = on, which the file sets:
// then a backslash is a backslash and only the quote needs another. PostgreSQL's text holds no NUL.
// Source: PostgreSQL manual, "String Constants".
func literal(c Column) string {
	if c.Value == nil {
		return "null::" + c.Type
	}
	return text(*c.Value) + "::" + c.Type
}

// text is a value as a constant of no particular type.
func text(value string) string { return "'" + strings.ReplaceAll(value, "'", "''") + "'" }

// same is the condition that a column still has a value, by its text: some types, such as json, know no equality. The file
// sets everything on which a value's text depends.
func same(c Column) string {
	if c.Value == nil {
		return identifier(c.Name) + " is null"
	}
	return identifier(c.Name) + "::text is not distinct from " + text(*c.Value)
}

// remark makes a value fit for a comment or a message of one line.
func remark(value string) string { return oneLine(pan.Clip(value, 200)) }

// oneLine replaces what would end a line or what a terminal would obey.
func oneLine(value string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r) {
			return '?'
		}
		return r
	}, value)
}

func remarkf(format string, values ...any) string {
	shown := make([]any, len(values))
	for i, v := range values {
		shown[i] = remark(fmt.Sprint(v))
	}
	return fmt.Sprintf(format, shown...)
}

// dollar is a dollar quote that does not occur in a text.
func dollar(body string) string {
	tag := "$repair$"
	for n := 1; strings.Contains(body, tag); n++ {
		tag = fmt.Sprintf("$repair%d$", n)
	}
	return tag
}
