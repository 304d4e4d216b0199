package pan

import (
	"strings"
	"testing"
)

func TestClip(t *testing.T) {
	number := "411111" + "111111" + "1111"
	for _, c := range []struct {
		text  string
		runes int
		want  string
	}{
		{"", 3, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "abc..."},
		{"äöü", 3, "äöü"},
		{"äöüß", 3, "äöü..."},
		{strings.Repeat("é", 100), 80, strings.Repeat("é", 80) + "..."},
		{"card " + number, 80, "card 411111******1111"},
		{number, 14, "411111******11..."}, // a number is never cut into one that Mask would not know
		{"abc", 0, "..."},
	} {
		if got := Clip(c.text, c.runes); got != c.want {
			t.Errorf("%q to %d runes: %q, want %q", c.text, c.runes, got, c.want)
		}
	}
}
