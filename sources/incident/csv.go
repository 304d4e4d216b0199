package incident

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
)

// readCSV reads a header row that names the fields, and one entry a row. The delimiter is the comma, or the semicolon where
// the header has one and no comma.
func readCSV(data []byte) ([]entry, error) {
	r := csv.NewReader(bytes.NewReader(data))
	first, _, _ := bytes.Cut(data, []byte{'\n'})
	if bytes.ContainsRune(first, ';') && !bytes.ContainsRune(first, ',') {
		r.Comma = ';'
	}
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, fault(0, "", "is empty: begin with a header row of "+strings.Join(names, ", "))
	}
	if err != nil {
		return nil, notCSV(err)
	}
	for i, name := range header {
		header[i] = strings.ToLower(strings.TrimSpace(name))
		switch {
		case !slices.Contains(names, header[i]):
			return nil, fault(1, clean(name, maxSource), "is not a field: use "+strings.Join(names, ", ")+" in the header row")
		case slices.Contains(header[:i], header[i]):
			return nil, fault(1, header[i], "stands twice in the header row")
		}
	}
	entries := []entry{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, notCSV(err)
		}
		at, _ := r.FieldPos(0)
		e := entry{line: at, fields: map[string]field{}}
		for i, text := range row {
			from, _ := r.FieldPos(i)
			e.fields[header[i]] = field{line: from, text: text}
		}
		if entries = append(entries, e); len(entries) > MaxEntries {
			return entries, nil
		}
	}
}

func notCSV(err error) error {
	var syntax *csv.ParseError
	if errors.As(err, &syntax) {
		text := "is not CSV: check its quotation marks"
		if errors.Is(err, csv.ErrFieldCount) {
			text = "has another number of fields than the header row"
		}
		return fault(syntax.Line, "", text)
	}
	return fault(0, "", "is not CSV")
}
