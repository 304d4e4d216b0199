package globaltable

import (
	"encoding/json"
	"testing"
)

func TestCleanNumber(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "-0": "0", "0.00": "0", "1": "1", "+1": "1", "-1.50": "-1.5", "0012": "12", "12.": "12", ".5": "0.5",
		"1e3": "1000", "1.25E2": "125", "1.25E1": "12.5", "12E-4": "0.0012", "100": "100", "41200": "41200",
		"12345678901234567890123456789012345678": "12345678901234567890123456789012345678",
	} {
		if got, err := cleanNumber(text); got != want || err != nil {
			t.Errorf("%s is %q (%v), want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-", ".", "1.2.3", "0x10", "NaN", "1e", "1e999", "1e-140", "123456789012345678901234567890123456789", " 1"} {
		if got, err := cleanNumber(text); err == nil {
			t.Errorf("%q was taken as %q", text, got)
		}
	}
}

// Two spellings of the same value are kept as one, so that writing it again changes nothing.
func TestCleanValue(t *testing.T) {
	for given, want := range map[string]string{
		`{"N":"1.50"}`:                      `{"N":"1.5"}`,
		`{"BOOL":true}`:                     `{"BOOL":true}`,
		`{"NULL":true}`:                     `{"NULL":true}`,
		`{"B":"aGk="}`:                      `{"B":"aGk="}`,
		`{"SS":["b", "a"]}`:                 `{"SS":["a","b"]}`,
		`{"NS":["2.0","10"]}`:               `{"NS":["10","2"]}`,
		`{"L":[{"N":"01"},{"L":[]}]}`:       `{"L":[{"N":"1"},{"L":[]}]}`,
		`{"M":{"b":{"S":""},"a":{"M":{}}}}`: `{"M":{"a":{"M":{}},"b":{"S":""}}}`,
	} {
		var v Value
		if err := json.Unmarshal([]byte(given), &v); err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		v, err := v.clean()
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		if got, err := json.Marshal(v); string(got) != want || err != nil {
			t.Errorf("%s is kept as %s (%v), want %s", given, got, err, want)
		}
	}
	for _, given := range []string{`{}`, `{"S":1}`, `{"S":"a","N":"1"}`, `"a"`} {
		var v Value
		if err := json.Unmarshal([]byte(given), &v); err == nil {
			t.Errorf("%s was read as %+v", given, v)
		}
	}
	for _, given := range []string{`{"SS":["a","a"]}`, `{"SS":[]}`, `{"NS":["x"]}`, `{"BOOL":"x"}`, `{"L":[{"X":"a"}]}`, `{"M":null}`, `{"L":null}`} {
		var v Value
		if err := json.Unmarshal([]byte(given), &v); err != nil {
			continue
		}
		if kept, err := v.clean(); err == nil {
			t.Errorf("%s is kept as %+v", given, kept)
		}
	}
}
