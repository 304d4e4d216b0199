package config

import (
	"encoding/json"
	"reflect"
	"strings"

	"parallax/internal/audit"
)

// durationPattern is what time.ParseDuration reads, without signs.
const durationPattern = `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`

// schema is the part of JSON Schema (draft 2020-12) that the configuration needs.
type schema struct {
	Draft       string             `json:"$schema,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        string             `json:"type,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	Default     any                `json:"default,omitempty"`
	Minimum     *int               `json:"minimum,omitempty"`
	MinItems    int                `json:"minItems,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Additional  any                `json:"additionalProperties,omitempty"` // false, or the schema of every value
	Names       *schema            `json:"propertyNames,omitempty"`
}

// Schema is the JSON Schema of the file, for editors, made from the same declarations that Load decodes by.
func Schema() []byte {
	root := schemaOf(reflect.New(reflect.TypeFor[Config]()).Elem())
	root.Draft = "https://json-schema.org/draft/2020-12/schema"
	root.Title = "parallax.yaml"
	root.Required = []string{"regions"}
	root.Properties["regions"].MinItems = 2
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil { // plain strings and maps always marshal
		return nil
	}
	return append(text, '\n')
}

// schemaOf describes a value by its type.
func schemaOf(v reflect.Value) *schema {
	switch {
	case v.Type() == durationType:
		return &schema{Type: "string", Pattern: durationPattern}
	case v.Type() == reflect.TypeFor[TimeOfDay]():
		return &schema{Type: "string", Pattern: "^([01]?[0-9]|2[0-3]):[0-5][0-9]$"}
	case readsText(v.Type()) || v.Kind() == reflect.String:
		return &schema{Type: "string"}
	case v.Kind() == reflect.Bool:
		return &schema{Type: "boolean"}
	case v.Kind() == reflect.Int:
		return &schema{Type: "integer"}
	case v.Kind() == reflect.Slice:
		return &schema{Type: "array", Items: schemaOf(reflect.New(v.Type().Elem()).Elem())}
	case v.Kind() == reflect.Pointer:
		return schemaOf(reflect.New(v.Type().Elem()).Elem())
	case v.Kind() == reflect.Map:
		return schemaOfMap(v)
	default:
		return schemaOfStruct(v)
	}
}

func schemaOfMap(v reflect.Value) *schema {
	s := &schema{Type: "object", Additional: schemaOf(reflect.New(v.Type().Elem()).Elem())}
	if v.Type().Key() == reflect.TypeFor[audit.Region]() {
		s.Names = &schema{Pattern: regionName.String()}
	}
	return s
}

func schemaOfStruct(v reflect.Value) *schema {
	s := &schema{Type: "object", Properties: map[string]*schema{}, Additional: false}
	for _, f := range fields(v) {
		p := schemaOf(f.value)
		p.Description = f.tag.Get("doc")
		if f.tag.Get("keys") == "job" {
			p.Names = &schema{Enum: sortedNames(defaultSchedules())}
		}
		if enum := f.tag.Get("enum"); enum != "" {
			p.Enum = strings.Fields(enum)
		}
		if text, ok := f.tag.Lookup("default"); ok {
			p.Default = defaultOf(f.value, text)
		}
		if f.value.Kind() == reflect.Int {
			low := 1
			if _, zero := f.tag.Lookup("zero"); zero {
				low = 0
			}
			p.Minimum = &low
		}
		if _, required := f.tag.Lookup("required"); required {
			s.Required = append(s.Required, f.name)
		}
		s.Properties[f.name] = p
	}
	return s
}

// defaultOf is a default as JSON has it: numbers and lists as such, everything else as text.
func defaultOf(v reflect.Value, text string) any {
	switch {
	case v.Type() == durationType:
		return text
	case v.Kind() == reflect.Slice, v.Kind() == reflect.Int, v.Kind() == reflect.Bool:
		if err := setText(v, text); err == nil {
			return v.Interface()
		}
	}
	return text
}
