package record_test

import (
	"encoding/json"
	"maps"
	"testing"

	"parallax/internal/record"
)

func TestImageGivesBackWhatItHolds(t *testing.T) {
	attrs := map[string]record.Attr{
		"s": {Type: "S", Text: "naïve \x00\n <&> \"\\\u2028 😀"}, "n": {Type: "N", Text: "-0.5"}, "b": {Type: "B", Text: "AAE="},
		"bool": {Type: "BOOL", Text: "true"}, "null": {Type: "NULL", Text: "true"}, "m": {Type: "M", Text: `{"a":{"S":"}x"}}`},
		"l": {Type: "L", Text: `[{"N":"1"}]`}, "ss": {Type: "SS", Text: `["a","b]"]`}, "": {Type: "S"}, `q"\`: {Type: "S", Text: "}"},
	}
	m := record.NewImage(attrs)
	if got := maps.Collect(m.All()); !maps.Equal(got, attrs) {
		t.Errorf("got %v", got)
	}
	for name, want := range attrs {
		if got, ok := m.Attr(name); !ok || got != want {
			t.Errorf("%q: %v %v, want %v", name, got, ok, want)
		}
	}
	if _, ok := m.Attr("missing"); ok {
		t.Error("an attribute that is not there")
	}
	if !m.Canonical() || !json.Valid([]byte(m)) || m.Absent() {
		t.Errorf("%s", m)
	}
	if m := record.NewImage(map[string]record.Attr{}); m != "{}" || !m.Canonical() || m.Absent() {
		t.Errorf("an item without attributes: %q", m)
	}
	if m := record.NewImage(nil); !m.Absent() {
		t.Errorf("no item: %q", m)
	}
}

func TestNotCanonical(t *testing.T) {
	for _, m := range []record.Image{
		"", "{", "}", "[]", `{"a"}`, `{"a":{}}`, `{"a":{"S":"x"}`, `{"a":{"S":"x"},}`, `{"a":{"S":"x"}} `, `{ "a":{"S":"x"}}`, `{"b":{"S":"x"},"a":{"S":"x"}}`,
		`{"a":{"S":"x"},"a":{"S":"x"}}`, `{"a":{"X":"x"}}`, `{"a":{"S":1}}`, `{"a":{"BOOL":"true"}}`, `{"a":{"L":{}}}`, `{"a":{"M":[]}}`, `{"a":{"L":[}}`, `{"a":{"S":"x}}`, `{"a\`,
	} {
		if m.Canonical() {
			t.Errorf("%q passes for canonical", m)
		}
	}
}

func FuzzImage(f *testing.F) {
	f.Add(`{"a":{"S":"x\""},"b":{"L":[{"N":"1"}]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		m := record.Image(text)
		attrs := maps.Collect(m.All())
		for name, want := range attrs {
			if got, ok := m.Attr(name); m.Canonical() && (!ok || got != want) {
				t.Errorf("%q: %v, %v", name, got, want)
			}
		}
	})
}
