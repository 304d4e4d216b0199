package config

import (
	"reflect"
	"strings"
	"time"
)

// field is one setting of a struct, with inlined structs flattened.
type field struct {
	name  string // as the file has it
	value reflect.Value
	tag   reflect.StructTag
}

// fields lists the settings of a struct in the order they are declared.
func fields(v reflect.Value) []field {
	var all []field
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		name, options, _ := strings.Cut(tag.Get("yaml"), ",")
		switch {
		case name == "-":
		case options == "inline":
			all = append(all, fields(v.Field(i))...)
		default:
			all = append(all, field{name: name, value: v.Field(i), tag: tag})
		}
	}
	return all
}

var durationType = reflect.TypeFor[time.Duration]()

// setDefaults fills a struct from its default tags; what lists and maps hold gets its own when it is made.
func setDefaults(v reflect.Value) error {
	for _, f := range fields(v) {
		if text, ok := f.tag.Lookup("default"); ok {
			if err := setText(f.value, text); err != nil {
				return err
			}
		} else if isStruct(f.value) {
			if err := setDefaults(f.value); err != nil {
				return err
			}
		}
	}
	return nil
}

// isStruct reports whether a value is a group of settings, not a scalar that happens to be a struct.
func isStruct(v reflect.Value) bool {
	return v.Kind() == reflect.Struct && !readsText(v.Type())
}

// isLeaf reports whether a value is written as one scalar, or as a list of scalars.
func isLeaf(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Struct, reflect.Pointer:
		return readsText(v.Type())
	case reflect.Slice:
		return v.Type().Elem().Kind() == reflect.String
	case reflect.Map:
		return false
	default:
		return true
	}
}

// join makes a dotted key.
func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}
