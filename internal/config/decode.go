package config

import (
	"fmt"
	"reflect"
	"strconv"

	"github.com/goccy/go-yaml/ast"
)

// decoder fills the configuration from the syntax tree of a file. It collects what is wrong instead of stopping at it.
type decoder struct {
	file     string
	lookup   func(name string) (string, bool) // a variable of the environment
	read     map[string]bool                  // variables that the file reads
	at       map[string]position              // where each key stands
	anchors  map[string]ast.Node
	aliases  int // aliases followed so far, to end a file that refers to itself
	problems Problems
}

type position struct{ line, column int }

// maxAliases ends the expansion of aliases inside aliases.
const maxAliases = 1000

func (d *decoder) wrong(n ast.Node, key, text string) {
	p := Problem{File: d.file, Key: key, Text: text}
	at := startOf(n)
	p.Line, p.Column = at.line, at.column
	d.problems = append(d.problems, p)
}

// wrongAt reports what is wrong with a key, where it stands or where what holds it stands.
func (d *decoder) wrongAt(key, text string) {
	p := Problem{File: d.file, Key: key, Text: text}
	for k := key; ; k = parent(k) {
		if at, ok := d.at[k]; ok {
			p.Line, p.Column = at.line, at.column
			break
		}
		if k == "" {
			break
		}
	}
	d.problems = append(d.problems, p)
}

// value decodes one node into v.
func (d *decoder) value(n ast.Node, v reflect.Value, key string) {
	n, ok := d.resolve(n, key)
	if !ok {
		return
	}
	switch {
	case isLeaf(v) && v.Kind() != reflect.Slice:
		d.scalar(n, v, key)
	case v.Kind() == reflect.Slice:
		d.list(n, v, key)
	case v.Kind() == reflect.Pointer:
		made := reflect.New(v.Type().Elem())
		d.group(n, made.Elem(), key)
		v.Set(made)
	case v.Kind() == reflect.Map:
		d.entries(n, v, key)
	default:
		d.group(n, v, key)
	}
}

// resolve follows anchors, aliases and tags to what they stand for. A null leaves the default, and is not ok.
func (d *decoder) resolve(n ast.Node, key string) (ast.Node, bool) {
	for {
		switch t := n.(type) {
		case *ast.AnchorNode:
			d.anchors[t.Name.String()] = t.Value
			n = t.Value
		case *ast.AliasNode:
			name := t.Value.String()
			target, known := d.anchors[name]
			if d.aliases++; !known || d.aliases > maxAliases {
				d.wrong(n, key, "alias *"+name+" stands for nothing before it")
				return nil, false
			}
			n = target
		case *ast.TagNode:
			d.wrong(n, key, "tags are not used here")
			return nil, false
		case nil, *ast.NullNode:
			return nil, false
		default:
			return n, true
		}
	}
}

// pairs lists the entries of a mapping and reports a key that stands twice.
func (d *decoder) pairs(n ast.Node, v reflect.Value, key string) []*ast.MappingValueNode {
	var all []*ast.MappingValueNode
	switch t := n.(type) {
	case *ast.MappingNode:
		all = t.Values
	case *ast.MappingValueNode:
		all = []*ast.MappingValueNode{t}
	default:
		d.wrong(n, key, wanted(v)+", "+got(n))
	}
	first := map[string]int{}
	for _, p := range all {
		name, line := keyText(p.Key), p.Key.GetToken().Position.Line
		if before, twice := first[name]; twice {
			d.wrong(p.Key, join(key, name), fmt.Sprintf("the key stands twice, first in line %d", before))
		} else {
			first[name] = line
		}
	}
	return all
}

// keyText is a mapping's key as text, without quotes.
func keyText(k ast.MapKeyNode) string {
	if s, ok := k.(*ast.StringNode); ok {
		return s.Value
	}
	return k.GetToken().Value
}

// group decodes a mapping into a struct.
func (d *decoder) group(n ast.Node, v reflect.Value, key string) {
	known := map[string]field{}
	var names []string
	for _, f := range fields(v) {
		known[f.name] = f
		names = append(names, f.name)
	}
	for _, p := range d.pairs(n, v, key) {
		name := keyText(p.Key)
		f, ok := known[name]
		if !ok {
			d.wrong(p.Key, join(key, name), "unknown key, "+suggest(name, names))
			continue
		}
		d.note(p.Key, join(key, name))
		d.value(p.Value, f.value, join(key, name))
	}
}

// entries decodes a mapping into a map, over what the map holds already.
func (d *decoder) entries(n ast.Node, v reflect.Value, key string) {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	for _, p := range d.pairs(n, v, key) {
		name := keyText(p.Key)
		d.note(p.Key, join(key, name))
		elem, err := newElem(v.Type().Elem())
		if err != nil {
			d.wrong(p.Key, join(key, name), err.Error())
			continue
		}
		d.value(p.Value, elem, join(key, name))
		v.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), elem)
	}
}

// list decodes a sequence. Items are called by their name, and by their number where they have none.
func (d *decoder) list(n ast.Node, v reflect.Value, key string) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.wrong(n, key, wanted(v)+", "+got(n))
		return
	}
	list := reflect.MakeSlice(v.Type(), 0, len(seq.Values))
	for i, item := range seq.Values {
		elem, err := newElem(v.Type().Elem())
		if err != nil {
			d.wrong(item, key, err.Error())
			return
		}
		itemKey := join(key, itemName(item, i))
		d.note(item, itemKey)
		d.value(item, elem, itemKey)
		list = reflect.Append(list, elem)
	}
	v.Set(list)
}

// newElem makes a settable element of a list or a map, with its defaults.
func newElem(t reflect.Type) (reflect.Value, error) {
	elem := reflect.New(t).Elem()
	if !isStruct(elem) {
		return elem, nil
	}
	return elem, setDefaults(elem)
}

// itemName is the name of a list's item, or its number.
func itemName(n ast.Node, i int) string {
	if a, ok := n.(*ast.AnchorNode); ok {
		n = a.Value
	}
	var pairs []*ast.MappingValueNode
	switch t := n.(type) {
	case *ast.MappingNode:
		pairs = t.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{t}
	}
	for _, p := range pairs {
		if s, ok := p.Value.(*ast.StringNode); ok && keyText(p.Key) == "name" && s.Value != "" {
			return s.Value
		}
	}
	return strconv.Itoa(i)
}

// note remembers where a key stands.
func (d *decoder) note(n ast.Node, key string) {
	if _, known := d.at[key]; known {
		return
	}
	d.at[key] = startOf(n)
}

// startOf is where a node begins. The token of a mapping without braces is its first colon, so its first key is taken.
func startOf(n ast.Node) position {
	switch m := n.(type) {
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			n = m.Values[0].Key
		}
	case *ast.MappingValueNode:
		n = m.Key
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return position{line: t.Position.Line, column: t.Position.Column}
	}
	return position{}
}
