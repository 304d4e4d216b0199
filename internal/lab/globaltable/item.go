package globaltable

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Value is one attribute value. Scalars (S, N, B, BOOL, NULL) have their text, B as base64 and BOOL and NULL as "true"
// or "false". Documents and sets (M, L, SS, NS, BS) have the JSON of the protocol in Raw, without the type around it.
type Value struct {
	Type, Text string
	Raw        json.RawMessage
}

// Item is a row by attribute name. A nil Item is none at all.
type Item map[string]Value

// Equal tells whether both are the same item, or both none.
func (i Item) Equal(other Item) bool {
	return (i == nil) == (other == nil) && maps.EqualFunc(i, other, Value.equal)
}

func (v Value) equal(other Value) bool {
	return v.Type == other.Type && v.Text == other.Text && bytes.Equal(v.Raw, other.Raw)
}

func (v Value) is(text string) bool {
	return v.Type == "S" && v.Text == text
}

// clean returns a copy in the form the table keeps: numbers in their shortest form, sets sorted, documents in one
// spelling. So equal items compare equal, and a write of the same content is seen to change nothing.
func (i Item) clean() (Item, error) {
	out := make(Item, len(i))
	for _, name := range slices.Sorted(maps.Keys(i)) {
		if name == "" {
			return nil, fmt.Errorf("%w: an attribute has no name", errInvalid)
		}
		value, err := i[name].clean()
		if err != nil {
			return nil, fmt.Errorf("%w: attribute %s: %w", errInvalid, name, err)
		}
		out[name] = value
	}
	return out, nil
}

func (v Value) clean() (Value, error) {
	switch v.Type {
	case "S":
		return Value{Type: v.Type, Text: v.Text}, nil
	case "N":
		text, err := cleanNumber(v.Text)
		return Value{Type: v.Type, Text: text}, err
	case "B":
		if _, err := base64.StdEncoding.DecodeString(v.Text); err != nil {
			return Value{}, fmt.Errorf("the value is not base64")
		}
		return Value{Type: v.Type, Text: v.Text}, nil
	case "BOOL", "NULL":
		set, err := strconv.ParseBool(v.Text)
		if err != nil {
			return Value{}, fmt.Errorf("the value is neither true nor false")
		}
		return Value{Type: v.Type, Text: strconv.FormatBool(set)}, nil
	case "SS", "NS", "BS":
		return v.cleanSet()
	case "M":
		return v.cleanMap()
	case "L":
		return v.cleanList()
	}
	return Value{}, fmt.Errorf("type %q is none of DynamoDB's", v.Type)
}

func (v Value) cleanSet() (Value, error) {
	var members []string
	if err := json.Unmarshal(v.Raw, &members); err != nil || len(members) == 0 {
		return Value{}, fmt.Errorf("the set is not a list of strings with at least one")
	}
	if v.Type == "NS" {
		for i := range members {
			var err error
			if members[i], err = cleanNumber(members[i]); err != nil {
				return Value{}, err
			}
		}
	}
	slices.Sort(members)
	if len(slices.Compact(slices.Clone(members))) != len(members) {
		return Value{}, fmt.Errorf("the set has a member twice")
	}
	return rawValue(v.Type, members)
}

func (v Value) cleanMap() (Value, error) {
	var members Item
	if err := json.Unmarshal(v.Raw, &members); err != nil || members == nil {
		return Value{}, fmt.Errorf("the map is not one of attribute values")
	}
	members, err := members.clean()
	if err != nil {
		return Value{}, err
	}
	return rawValue(v.Type, members)
}

func (v Value) cleanList() (Value, error) {
	members := []Value{}
	if err := json.Unmarshal(v.Raw, &members); err != nil || members == nil {
		return Value{}, fmt.Errorf("the list is not one of attribute values")
	}
	for i := range members {
		var err error
		if members[i], err = members[i].clean(); err != nil {
			return Value{}, err
		}
	}
	return rawValue(v.Type, members)
}

func rawValue(kind string, content any) (Value, error) {
	raw, err := json.Marshal(content)
	return Value{Type: kind, Raw: raw}, err
}

// MarshalJSON writes the form of the protocol: {"S":"text"}.
func (v Value) MarshalJSON() ([]byte, error) {
	var content any = v.Text
	switch {
	case v.Raw != nil:
		content = v.Raw
	case v.Type == "BOOL" || v.Type == "NULL":
		content = v.Text == "true"
	}
	return json.Marshal(map[string]any{v.Type: content})
}

// UnmarshalJSON reads the form of the protocol. Whether the value makes sense is left to clean.
func (v *Value) UnmarshalJSON(data []byte) error {
	var typed map[string]json.RawMessage
	if err := json.Unmarshal(data, &typed); err != nil || len(typed) != 1 {
		return fmt.Errorf("an attribute value must have exactly one type")
	}
	for kind, content := range typed {
		v.Type, v.Text, v.Raw = kind, "", nil
		switch kind {
		case "M", "L", "SS", "NS", "BS":
			v.Raw = content
		case "BOOL", "NULL":
			v.Text = string(content)
		default:
			if err := json.Unmarshal(content, &v.Text); err != nil {
				return fmt.Errorf("an attribute value of type %s must be a string", kind)
			}
		}
	}
	return nil
}

// size is about what the service counts: the bytes of names and values (developer guide, "DynamoDB item sizes").
func (i Item) size() int {
	total := 0
	for name, value := range i {
		total += len(name) + len(value.Text) + len(value.Raw)
	}
	return total
}
