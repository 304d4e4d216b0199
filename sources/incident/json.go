package incident

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// document reads JSON token by token, for the package json tells neither lines nor names that stand twice.
type document struct {
	data []byte
	dec  *json.Decoder
	seen int // offset up to which lines are counted
	line int
}

func readJSON(data []byte) ([]entry, error) {
	d := &document{data: data, dec: json.NewDecoder(bytes.NewReader(data)), line: 1}
	d.dec.UseNumber()
	if token, err := d.next(); err != nil {
		return nil, err
	} else if token != json.Delim('[') {
		return nil, fault(d.line, "", wantList)
	}
	entries := []entry{}
	for d.dec.More() {
		e, err := d.entry()
		if err != nil {
			return nil, err
		}
		if entries = append(entries, e); len(entries) > MaxEntries {
			return entries, nil
		}
	}
	if _, err := d.next(); err != nil {
		return nil, err
	}
	if _, err := d.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fault(d.line, "", "goes on after its list: keep one list")
	}
	return entries, nil
}

func (d *document) entry() (entry, error) {
	token, err := d.next()
	e := entry{line: d.line, fields: map[string]field{}}
	if err != nil {
		return e, err
	}
	if token != json.Delim('{') {
		return e, fault(e.line, "", "must be an entry with at and note")
	}
	for d.dec.More() {
		if err := d.field(&e); err != nil {
			return e, err
		}
	}
	_, err = d.next()
	return e, err
}

func (d *document) field(e *entry) error {
	token, err := d.next()
	if err != nil {
		return err
	}
	name, ok := token.(string)
	if !ok {
		return fault(d.line, "", "has a field without a plain name")
	}
	if token, err = d.next(); err != nil {
		return err
	}
	if _, twice := e.fields[name]; twice {
		return fault(d.line, clean(name, maxSource), "stands twice in one entry")
	}
	text := ""
	switch value := token.(type) {
	case string:
		text = value
	case json.Number:
		text = value.String()
	case nil:
	default:
		return fault(d.line, clean(name, maxSource), "must be plain text")
	}
	e.fields[name] = field{line: d.line, text: text}
	return nil
}

// next reads a token and counts the lines up to its end.
func (d *document) next() (json.Token, error) {
	token, err := d.dec.Token()
	at := min(int(d.dec.InputOffset()), len(d.data))
	if at > d.seen {
		d.line += bytes.Count(d.data[d.seen:at], []byte{'\n'})
		d.seen = at
	}
	if err != nil {
		return nil, fault(d.line, "", "is not JSON from here on")
	}
	return token, nil
}
