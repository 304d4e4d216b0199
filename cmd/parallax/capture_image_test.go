package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"

	"parallax/internal/record"
)

// sdkImage spells an item that the SDK has decoded; "" is none. Items have at least their key, so an empty map is none.
func sdkImage[V any](t *testing.T, item map[string]V) string {
	t.Helper()
	if len(item) == 0 {
		return ""
	}
	attributes := map[string]any{}
	for name, value := range item {
		attributes[name] = plain(t, value)
	}
	return spell(t, attributes)
}

// plain makes the protocol's JSON of an attribute value of either service's types: AttributeValueMemberS{Value} and so on.
func plain(t *testing.T, attribute any) map[string]any {
	t.Helper()
	v := reflect.ValueOf(attribute).Elem()
	kind := strings.TrimPrefix(v.Type().Name(), "AttributeValueMember")
	field := v.FieldByName("Value")
	switch value := field.Interface().(type) {
	case []byte:
		return map[string]any{kind: base64.StdEncoding.EncodeToString(value)}
	case [][]byte:
		set := make([]any, len(value))
		for i := range value {
			set[i] = base64.StdEncoding.EncodeToString(value[i])
		}
		return map[string]any{kind: set}
	case []string:
		set := make([]any, len(value))
		for i := range value {
			set[i] = value[i]
		}
		return map[string]any{kind: set}
	case string, bool:
		return map[string]any{kind: value}
	}
	switch kind {
	case "L":
		list := make([]any, field.Len())
		for i := range list {
			list[i] = plain(t, field.Index(i).Interface())
		}
		return map[string]any{kind: list}
	case "M":
		members := map[string]any{}
		for _, name := range field.MapKeys() {
			members[name.String()] = plain(t, field.MapIndex(name).Interface())
		}
		return map[string]any{kind: members}
	}
	t.Fatalf("attribute value of type %s", kind)
	return nil
}

// archiveImage spells an image of the archive.
func archiveImage(t *testing.T, m record.Image) string {
	t.Helper()
	if m.Absent() {
		return ""
	}
	var attributes map[string]any
	if err := json.Unmarshal([]byte(m), &attributes); err != nil || !m.Canonical() {
		t.Fatalf("an image of the archive is not canonical JSON: %v", err)
	}
	return spell(t, attributes)
}

// spell writes the protocol's JSON of an item so that equal items look equal.
func spell(t *testing.T, attributes map[string]any) string {
	t.Helper()
	for _, attribute := range attributes {
		even(t, attribute)
	}
	var out bytes.Buffer
	if err := json.NewEncoder(&out).Encode(attributes); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// even gives numbers one spelling and sets one order, all the way down.
func even(t *testing.T, attribute any) {
	t.Helper()
	typed, ok := attribute.(map[string]any)
	if !ok || len(typed) != 1 {
		t.Fatalf("not an attribute value: %v", attribute)
	}
	for kind, value := range typed {
		switch value := value.(type) {
		case string:
			if kind == "N" {
				typed[kind] = ratio(t, value)
			}
		case map[string]any:
			for _, member := range value {
				even(t, member)
			}
		case []any:
			if kind == "L" {
				for _, member := range value {
					even(t, member)
				}
				continue
			}
			for i, member := range value {
				if kind == "NS" {
					value[i] = ratio(t, fmt.Sprint(member))
				}
			}
			slices.SortFunc(value, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
	}
}

func ratio(t *testing.T, number string) string {
	t.Helper()
	r, ok := new(big.Rat).SetString(number)
	if !ok {
		t.Fatalf("%q is not a number", number)
	}
	return r.RatString()
}
