package incident

import (
	"errors"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const wantList = "must be a list of entries, each with at and note"

// readYAML reads a list of mappings of plain values. Anchors, aliases and tags are refused: nobody needs them here, and they
// let a small file mean a large one.
func readYAML(data []byte) (entries []entry, err error) {
	tokens := lexer.Tokenize(string(data))
	if err := shallow(tokens); err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, notYAML(err)
	}
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if entries != nil {
			return nil, fault(line(doc.Body), "", "it holds more than one document: keep one list")
		}
		list, ok := doc.Body.(*ast.SequenceNode)
		if !ok {
			return nil, fault(line(doc.Body), "", wantList)
		}
		entries = []entry{}
		for _, item := range list.Values {
			e, err := mapping(item)
			if err != nil {
				return nil, err
			}
			if entries = append(entries, e); len(entries) > MaxEntries {
				return entries, nil
			}
		}
	}
	return entries, nil
}

// maxDepth is how deep lists and mappings may be nested: an entry needs two levels. The parser's time grows with the square of
// the depth, so it is looked at before.
const maxDepth = 8

// shallow refuses what is nested deeper than an entry can be: by brackets, or by several dashes on one line.
func shallow(tokens token.Tokens) error {
	depth, dashes, on := 0, 0, 0
	for _, t := range tokens {
		if t.Position == nil {
			continue
		}
		if t.Position.Line != on {
			on, dashes = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType:
			dashes++
		default:
		}
		if depth > maxDepth || dashes > maxDepth {
			return fault(on, "", "is nested too deep: an entry is a list item with at and note")
		}
	}
	return nil
}

func notYAML(err error) error {
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		at := 0
		if t := syntax.GetToken(); t != nil && t.Position != nil {
			at = t.Position.Line
		}
		return fault(at, "", "is not YAML: "+clean(syntax.GetMessage(), maxSource))
	}
	return fault(0, "", "is not YAML")
}

func mapping(n ast.Node) (entry, error) {
	e := entry{line: line(n), fields: map[string]field{}}
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		return e, fault(e.line, "", "must be an entry with at and note")
	}
	for _, pair := range pairs {
		name, ok := plain(pair.Key)
		if !ok {
			return e, fault(line(pair), "", "has a field without a plain name")
		}
		text, ok := plain(pair.Value)
		if !ok {
			return e, fault(line(pair), clean(name, maxSource), "must be plain text")
		}
		if _, twice := e.fields[name]; twice {
			return e, fault(line(pair), clean(name, maxSource), "stands twice in one entry")
		}
		e.fields[name] = field{line: line(pair), text: text}
	}
	return e, nil
}

// plain is the text of a scalar as it is written; numbers and dates keep their spelling.
func plain(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	case *ast.NullNode:
		return "", true
	default:
		return "", false
	}
}

func line(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}
