package config

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// scalar decodes a node into a value that is written as one scalar. A number where text is wanted is refused, for YAML reads
// 1e3 and 0x10 as numbers; a value with a variable in it is text that may stand for anything.
func (d *decoder) scalar(n ast.Node, v reflect.Value, key string) {
	text, fits := "", false
	switch t := n.(type) {
	case *ast.StringNode:
		text, fits = t.Value, v.Kind() != reflect.Bool && (v.Kind() != reflect.Int || v.Type() == durationType)
	case *ast.LiteralNode:
		text, fits = t.Value.Value, v.Kind() != reflect.Bool && v.Kind() != reflect.Int
	case *ast.BoolNode:
		text, fits = t.Token.Value, v.Kind() == reflect.Bool
	case *ast.IntegerNode:
		text, fits = t.Token.Value, v.Kind() == reflect.Int && v.Type() != durationType
	}
	expanded, replaced, ok := d.expand(n, text, key)
	if !ok {
		return
	}
	if !fits && !replaced {
		what := wanted(v)
		if what == "want text" {
			what += ", " + got(n)
		}
		d.wrong(n, key, what)
		return
	}
	if err := setText(v, expanded); err != nil {
		d.wrong(n, key, err.Error())
	}
}

// variable is ${NAME}; a dollar before it, $${NAME}, means the text itself.
var variable = regexp.MustCompile(`\$?\$\{([^}]*)\}`)

// variableName is what a variable may be called (POSIX, "Environment Variable Definition", and lower case).
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand puts the values of variables into a scalar's text.
func (d *decoder) expand(n ast.Node, text, key string) (expanded string, replaced, ok bool) {
	ok = true
	expanded = variable.ReplaceAllStringFunc(text, func(found string) string {
		if strings.HasPrefix(found, "$$") {
			return found[1:]
		}
		replaced = true
		name := found[2 : len(found)-1]
		if !variableName.MatchString(name) {
			d.wrong(n, key, "${...} needs the name of an environment variable; write $${ for the characters themselves")
			ok = false
			return ""
		}
		d.read[name] = true
		value, set := d.lookup(name)
		if !set {
			d.wrong(n, key, "environment variable "+name+" is not set")
			ok = false
		}
		return value
	})
	return expanded, replaced, ok
}
