package config

import (
	"encoding"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

var textType = reflect.TypeFor[encoding.TextUnmarshaler]()

// readsText reports whether values of a type read themselves from text.
func readsText(t reflect.Type) bool {
	return t.Implements(textType) || t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(textType)
}

// unmarshalText lets a value read itself from text; what a pointer points to is made.
func unmarshalText(v reflect.Value, text string) error {
	target := v
	if v.Kind() == reflect.Pointer {
		target = reflect.New(v.Type().Elem()).Elem()
	}
	u, ok := target.Addr().Interface().(encoding.TextUnmarshaler)
	if !ok {
		return errors.New(wanted(v))
	}
	if err := u.UnmarshalText([]byte(text)); err != nil {
		return err
	}
	if v.Kind() == reflect.Pointer {
		v.Set(target.Addr())
	}
	return nil
}

// setText reads a scalar, or a list with commas, from text: a default, a variable, or a value with one inside.
// No error repeats the text.
func setText(v reflect.Value, text string) error {
	switch {
	case readsText(v.Type()):
		return unmarshalText(v, text)
	case v.Type() == durationType:
		d, err := time.ParseDuration(text)
		if err != nil {
			return errors.New(wanted(v))
		}
		v.SetInt(int64(d))
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New(wanted(v))
		}
		v.SetBool(b)
	case v.Kind() == reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return errors.New(wanted(v))
		}
		v.SetInt(int64(n))
	case v.Kind() == reflect.Slice:
		setList(v, text)
	default:
		return errors.New(wanted(v))
	}
	return nil
}

// setList reads names with commas between them.
func setList(v reflect.Value, text string) {
	list := reflect.MakeSlice(v.Type(), 0, 0)
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = reflect.Append(list, reflect.ValueOf(item).Convert(v.Type().Elem()))
		}
	}
	v.Set(list)
}

// wanted says what a value must look like.
func wanted(v reflect.Value) string {
	switch {
	case v.Type() == durationType:
		return "want a duration such as 30s, 15m or 72h"
	case v.Kind() == reflect.Bool:
		return "want true or false"
	case v.Kind() == reflect.Int:
		return "want a whole number"
	case v.Kind() == reflect.Slice:
		return "want a list"
	case readsText(v.Type()) || v.Kind() == reflect.String:
		return "want text"
	default:
		return "want keys and values"
	}
}

// got says what a node is, in words for a person.
func got(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "got keys and values"
	case *ast.SequenceNode:
		return "got a list"
	case *ast.BoolNode:
		return "got true or false: put it in quotes"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "got a number: put it in quotes"
	default:
		return "got text"
	}
}
