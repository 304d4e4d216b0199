package globaltable

import (
	"regexp"
	"slices"
	"strings"
)

// expressions reads the small part of DynamoDB's expression language that the stand-in has: SET name = :value, ... REMOVE
// name, ... and the conditions attribute_not_exists(name) and name = :value, joined by AND, as often as there are attributes.
type expressions struct {
	names  map[string]string
	values Item
	used   map[string]bool
}

var (
	pathPattern  = regexp.MustCompile(`^[#A-Za-z_][A-Za-z0-9_-]*$`)
	setPattern   = regexp.MustCompile(`(?is)^\s*SET\s+(.*?)(?:\s+REMOVE\s+(.*))?$`)
	absentFormat = regexp.MustCompile(`(?is)^\s*attribute_not_exists\s*\(\s*([^\s()]+)\s*\)\s*$`)
	andPattern   = regexp.MustCompile(`(?i)\s+AND\s+`)
)

// assignments reads an update expression: what it sets, and what it removes.
func (e *expressions) assignments(text string) (set Item, remove []string, err error) {
	clause := setPattern.FindStringSubmatch(text)
	if clause == nil {
		return nil, nil, validation("Invalid UpdateExpression: only SET, and REMOVE after it, are supported")
	}
	set = Item{}
	for part := range strings.SplitSeq(clause[1], ",") {
		name, value, err := e.equation(part)
		if err != nil {
			return nil, nil, err
		}
		if _, twice := set[name]; twice {
			return nil, nil, validation("Invalid UpdateExpression: Two document paths overlap with each other: %s", name)
		}
		set[name] = value
	}
	if clause[2] == "" {
		return set, nil, nil
	}
	for part := range strings.SplitSeq(clause[2], ",") {
		name, err := e.name(strings.TrimSpace(part))
		if err != nil {
			return nil, nil, err
		}
		if _, twice := set[name]; twice || slices.Contains(remove, name) {
			return nil, nil, validation("Invalid UpdateExpression: Two document paths overlap with each other: %s", name)
		}
		remove = append(remove, name)
	}
	return set, remove, nil
}

// condition reads a condition expression; an empty one asks for nothing.
func (e *expressions) condition(text, hashKey string) (Condition, error) {
	var cond Condition
	if strings.TrimSpace(text) == "" {
		return cond, nil
	}
	for _, part := range andPattern.Split(text, -1) {
		if match := absentFormat.FindStringSubmatch(part); match != nil {
			name, err := e.name(match[1])
			if err != nil {
				return cond, err
			}
			if name == hashKey {
				cond.Absent = true
			} else {
				cond.Without = append(cond.Without, name)
			}
			continue
		}
		name, value, err := e.equation(part)
		if err != nil {
			return cond, err
		}
		clean, err := value.clean()
		if err != nil {
			return cond, validation("Invalid ConditionExpression: %s", err)
		}
		if cond.All == nil {
			cond.All = Item{}
		}
		if other, twice := cond.All[name]; twice && !other.equal(clean) {
			return cond, validation("Invalid ConditionExpression: %s is compared with two values", name)
		}
		cond.All[name] = clean
	}
	return cond, nil
}

// equation reads name = :value.
func (e *expressions) equation(text string) (string, Value, error) {
	left, right, ok := strings.Cut(text, "=")
	if !ok {
		return "", Value{}, validation("Invalid expression: %q is not name = :value", strings.TrimSpace(text))
	}
	name, err := e.name(strings.TrimSpace(left))
	if err != nil {
		return "", Value{}, err
	}
	placeholder := strings.TrimSpace(right)
	value, ok := e.values[placeholder]
	if !ok {
		return "", Value{}, validation("Invalid expression: %q is not the name of a value given", placeholder)
	}
	e.used[placeholder] = true
	return name, value, nil
}

// name resolves an attribute name or its placeholder.
func (e *expressions) name(text string) (string, error) {
	if !pathPattern.MatchString(text) {
		return "", validation("Invalid expression: %q is not a plain attribute name", text)
	}
	if !strings.HasPrefix(text, "#") {
		return text, nil
	}
	name, ok := e.names[text]
	if !ok {
		return "", validation("Invalid expression: An expression attribute name used in the document path is not defined; attribute name: %s", text)
	}
	e.used[text] = true
	return name, nil
}

// spent refuses placeholders that no expression used, as the service does.
func (e *expressions) spent() error {
	for name := range e.names {
		if !e.used[name] {
			return validation("Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", name)
		}
	}
	for name := range e.values {
		if !e.used[name] {
			return validation("Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", name)
		}
	}
	return nil
}
