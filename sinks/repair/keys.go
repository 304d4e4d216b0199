package repair

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// MostAttributes is how many attributes an item may have for its state to be written as one condition: an expression takes
// 4 KB and 300 operators (Amazon DynamoDB Developer Guide, "Quotas", "Expression parameters").
const MostAttributes = 100

// keysDocument is the file for one table: what is proposed, for a person, and each request as the AWS command line takes it.
type keysDocument struct {
	Purpose  string              `json:"purpose"`
	AsOf     time.Time           `json:"as_of"`
	Written  time.Time           `json:"written"`
	Expires  time.Time           `json:"expires"`
	Checksum string              `json:"checksum"`
	Apply    string              `json:"apply"`
	Caution  string              `json:"caution,omitempty"`
	Check    string              `json:"check"`
	Findings []audit.Fingerprint `json:"findings"`
	Writes   []keysWrite         `json:"writes"`
}

// deleteCaution is what whoever approves a removal has to know.
const deleteCaution = "a delete-item cannot ask whether the item has attributes that the audit did not see: the script counts them just before, " +
	"and an attribute added in between, by a writer that leaves all others as they are, would go with the item"

type keysWrite struct {
	About
	Operation string          `json:"operation"`
	InputFile string          `json:"input_file"` // the input alone: aws dynamodb OPERATION --cli-input-json file://INPUT_FILE
	Changes   []keysChange    `json:"changes"`
	Input     json.RawMessage `json:"input"`
}

// keysChange is what a write does to one attribute, in DynamoDB's own notation; null is no such attribute.
type keysChange struct {
	Attribute string          `json:"attribute"`
	From      json.RawMessage `json:"from"`
	To        json.RawMessage `json:"to"`
}

// keysFiles are the document of a table, each of its requests alone, and the script that sends them in order.
func keysFiles(p Plan, base string, items []Item) ([]body, error) {
	about := itemsAbout(items)
	doc := keysDocument{
		Purpose: "items of table " + items[0].Table + " that last-writer-wins threw away, or that never reached the other region",
		AsOf:    p.AsOf.UTC(), Written: p.Written.UTC(), Expires: p.Expires.UTC(), Checksum: checksumScheme,
		Apply: "sh " + base + ".sh", Check: "parallax repair check .", Findings: fingerprints(about),
	}
	s := sending{base: base}
	for _, it := range items {
		if err := s.item(it, &doc); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(doc.Writes, func(w keysWrite) bool { return w.Operation == "delete-item" }) {
		doc.Caution = deleteCaution
		s.lines = slices.Insert(s.lines, 0, "# caution: "+deleteCaution)
	}
	data, err := marshal(doc)
	if err != nil {
		return nil, err
	}
	script := keysScript(p, "send the conditional writes of "+base+".json, in order", s.lines, about)
	return append([]body{
		{name: base + ".json", data: data, about: about, purpose: doc.Purpose, count: len(items), apply: doc.Apply},
		{name: base + ".sh", data: script, part: true},
	}, s.inputs...), nil
}

// sending gathers the requests of a table and the lines of the script that sends them.
type sending struct {
	base   string
	inputs []body
	lines  []string
}

func (s *sending) item(it Item, doc *keysDocument) error {
	for i, w := range it.Writes {
		if i > 0 {
			if err := s.wait(it, w.Before); err != nil {
				return err
			}
		}
		if w.Operation == "delete-item" {
			if err := s.only(it, w.Before); err != nil {
				return err
			}
		}
		input, err := w.input(it)
		if err != nil {
			return err
		}
		name := s.add(it, w.Operation, input)
		s.lines = append(s.lines, fmt.Sprintf("write %s %s %s %s", it.Findings[0], shellWord(string(it.Region)), w.Operation, shellWord(name)))
		doc.Writes = append(doc.Writes, keysWrite{
			About: it.About, Operation: w.Operation, InputFile: name, Changes: changes(w), Input: bytes.TrimSpace(input),
		})
	}
	return nil
}

// wait lets the script go on only when the other regions have what was just written: two writes that are replicated as one
// look like something else.
func (s *sending) wait(it Item, marked record.Image) error {
	ask, err := marshal(map[string]any{"TableName": it.Table, "ConsistentRead": true, "Key": keyOf(it, marked)})
	if err != nil {
		return err
	}
	name := s.add(it, "get-item", ask)
	query, err := json.Marshal(it.WriteID) // a quoted name of JMESPath is a JSON string
	if err != nil {
		return fmt.Errorf("write key repair: %w", err)
	}
	for _, region := range it.Elsewhere {
		s.lines = append(s.lines, fmt.Sprintf("arrived %s %s %s %s %s", it.Findings[0], shellWord(string(region)), shellWord(name),
			shellWord("Item."+string(query)+".S"), shellWord(marked.Text(it.WriteID))))
	}
	return nil
}

// only lets the script remove an item only while it has no more attributes than the audit saw: a condition cannot ask that.
func (s *sending) only(it Item, image record.Image) error {
	ask, err := marshal(map[string]any{"TableName": it.Table, "ConsistentRead": true, "Key": keyOf(it, image)})
	if err != nil {
		return err
	}
	s.lines = append(s.lines, fmt.Sprintf("only %s %s %s %d", it.Findings[0], shellWord(string(it.Region)), shellWord(s.add(it, "get-item", ask)),
		len(maps.Collect(image.All()))))
	return nil
}

func (s *sending) add(it Item, operation string, data []byte) (name string) {
	name = fmt.Sprintf("%s/%04d-%.8s-%s.json", s.base, len(s.inputs)+1, it.Findings[0], operation)
	s.inputs = append(s.inputs, body{name: name, data: data, part: true})
	return name
}

// input is the request's own JSON. Its condition names every attribute of the item as the audit saw it, and the absence of
// those that it adds. An update changes just what is to be changed, so that an attribute that has come since stays; no
// condition can say that there is no such attribute, so no item is ever put whole.
// Source: Amazon DynamoDB API reference, "UpdateItem", "DeleteItem".
func (w Request) input(it Item) ([]byte, error) {
	e := expression{names: map[string]string{}, values: map[string]json.RawMessage{}, placeholders: map[string]string{}}
	out := map[string]any{"TableName": it.Table}
	out["Key"] = keyOf(it, w.Before)
	out["ConditionExpression"] = e.condition(w)
	switch w.Operation {
	case "update-item":
		out["UpdateExpression"] = e.assignment(w)
	case "delete-item":
	default:
		return nil, fmt.Errorf("write key repair: no operation %q", w.Operation)
	}
	out["ExpressionAttributeNames"], out["ExpressionAttributeValues"] = e.names, e.values
	return marshal(out)
}

// expression hands out placeholders, so that no attribute's name or value can be taken for a word of the language.
type expression struct {
	names        map[string]string
	values       map[string]json.RawMessage
	placeholders map[string]string // by attribute name
}

func (e *expression) name(attribute string) string {
	if e.placeholders[attribute] == "" {
		e.placeholders[attribute] = "#a" + strconv.Itoa(len(e.names))
		e.names[e.placeholders[attribute]] = attribute
	}
	return e.placeholders[attribute]
}

func (e *expression) value(a record.Attr) string {
	v := ":v" + strconv.Itoa(len(e.values))
	e.values[v] = record.AppendAttr(nil, a)
	return v
}

func (e *expression) condition(w Request) string {
	var parts []string
	for name, a := range w.Before.All() {
		parts = append(parts, e.name(name)+" = "+e.value(a))
	}
	for name := range w.After.All() {
		if _, had := w.Before.Attr(name); !had {
			parts = append(parts, "attribute_not_exists("+e.name(name)+")")
		}
	}
	return strings.Join(parts, " AND ")
}

func (e *expression) assignment(w Request) string {
	var set, remove []string
	for name, a := range w.After.All() {
		if was, had := w.Before.Attr(name); !had || was != a {
			set = append(set, e.name(name)+" = "+e.value(a))
		}
	}
	for name := range w.Before.All() {
		if _, has := w.After.Attr(name); !has {
			remove = append(remove, e.name(name))
		}
	}
	out := "SET " + strings.Join(set, ", ") // there is always something: the write id
	if len(remove) > 0 {
		out += " REMOVE " + strings.Join(remove, ", ")
	}
	return out
}

func keyOf(it Item, image record.Image) json.RawMessage {
	key := map[string]record.Attr{}
	for _, name := range it.Keys {
		key[name], _ = image.Attr(name)
	}
	return json.RawMessage(record.NewImage(key))
}

// changes are the attributes in which two images differ, in order of their names.
func changes(w Request) []keysChange {
	before, after := maps.Collect(w.Before.All()), maps.Collect(w.After.All())
	names := slices.Collect(maps.Keys(before))
	for name := range after {
		if _, both := before[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	out := []keysChange{}
	for _, name := range names {
		from, had := before[name]
		to, has := after[name]
		if had && has && from == to {
			continue
		}
		c := keysChange{Attribute: name}
		if had {
			c.From = record.AppendAttr(nil, from)
		}
		if has {
			c.To = record.AppendAttr(nil, to)
		}
		out = append(out, c)
	}
	return out
}

// marshal writes JSON that a person can read, without escaping what only a browser would misread.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("write repair file: %w", err)
	}
	return b.Bytes(), nil
}
