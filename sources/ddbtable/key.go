package ddbtable

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// key is a primary key as requests and answers have it, attribute by attribute.
type key = map[string]types.AttributeValue

// schema is what is to be known of a table to read it.
type schema struct {
	keys  []string // names of the key attributes, the hash key first
	kinds map[string]types.ScalarAttributeType
	about int64 // items, as counted within the last six hours
}

func schemaOf(t *types.TableDescription) (schema, error) {
	s := schema{kinds: map[string]types.ScalarAttributeType{}}
	if t == nil {
		return s, errors.New("the answer describes no table")
	}
	s.about = aws.ToInt64(t.ItemCount)
	for _, kind := range []types.KeyType{types.KeyTypeHash, types.KeyTypeRange} {
		for _, k := range t.KeySchema {
			if k.KeyType == kind {
				s.keys = append(s.keys, aws.ToString(k.AttributeName))
			}
		}
	}
	for _, a := range t.AttributeDefinitions {
		s.kinds[aws.ToString(a.AttributeName)] = a.AttributeType
	}
	if len(s.keys) == 0 {
		return s, errors.New("the answer names no key attribute")
	}
	return s, nil
}

// whole undoes what makes the two parts of a key safe to be joined by a slash.
var whole = strings.NewReplacer("%2F", "/", "%25", "%")

// parse reads the text of a key, see record.Change.
func (s schema) parse(text string) (key, error) {
	parts := []string{text}
	if len(s.keys) > 1 {
		parts = strings.Split(text, "/")
		for i := range parts {
			parts[i] = whole.Replace(parts[i])
		}
	}
	if len(parts) != len(s.keys) {
		return nil, fmt.Errorf("parse key: %d parts, the table's keys have %d", len(parts), len(s.keys))
	}
	out := key{}
	for i, name := range s.keys {
		v, err := scalar(string(s.kinds[name]), parts[i])
		if err != nil {
			return nil, fmt.Errorf("parse key: attribute %s: %w", name, err)
		}
		out[name] = v
	}
	return out, nil
}

// scalar is a value that a key may have, of its canonical text.
func scalar(kind, text string) (types.AttributeValue, error) {
	switch kind {
	case "S":
		return &types.AttributeValueMemberS{Value: text}, nil
	case "N":
		return &types.AttributeValueMemberN{Value: text}, nil
	case "B":
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, errors.New("not base64")
		}
		return &types.AttributeValueMemberB{Value: b}, nil
	default:
		return nil, fmt.Errorf("a key can't be of type %q", kind)
	}
}

// attr is the text of such a value.
func attr(v types.AttributeValue) record.Attr {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return record.Attr{Type: "S", Text: v.Value}
	case *types.AttributeValueMemberN:
		return record.Attr{Type: "N", Text: v.Value}
	case *types.AttributeValueMemberB:
		return record.Attr{Type: "B", Text: base64.StdEncoding.EncodeToString(v.Value)}
	default:
		return record.Attr{}
	}
}

func equalKeys(a, b types.AttributeValue) bool {
	x, xok := a.(*types.AttributeValueMemberB)
	y, yok := b.(*types.AttributeValueMemberB)
	if xok && yok {
		return bytes.Equal(x.Value, y.Value)
	}
	return attr(a) == attr(b)
}

// drained is the position behind the last item of a segment.
const drained = "!"

// stream names the cursor of a segment.
func (r *run) stream(number int) string {
	return fmt.Sprintf("scan/%s/%s/%dof%d", r.Table, r.Region, number+1, r.Segments)
}

// at is the cursor of a segment behind a key; none is its end.
func (r *run) at(number int, last key) audit.Cursor {
	name := r.stream(number)
	c := audit.Cursor{Stream: name, Pos: drained, Version: r.Cursors[name].Version}
	if len(last) > 0 {
		attrs := map[string]record.Attr{}
		for name, v := range last {
			attrs[name] = attr(v)
		}
		c.Pos = audit.Position(record.NewImage(attrs))
	}
	return c
}

// position is where to begin in a segment.
func (r *run) position(number int) (start key, done bool, err error) {
	c, known := r.Cursors[r.stream(number)]
	if !known || c.Pos == "" {
		return nil, false, nil
	}
	if c.Pos == drained {
		return nil, true, nil
	}
	start = key{}
	for name, a := range record.Image(c.Pos).All() {
		if start[name], err = scalar(a.Type, a.Text); err != nil {
			return nil, false, fmt.Errorf("read cursor %s: attribute %s: %w", c.Stream, name, err)
		}
	}
	if len(start) == 0 {
		return nil, false, fmt.Errorf("read cursor %s: its position is no key", c.Stream)
	}
	return start, false, nil
}
