// Package incident reads the users' own notes of an incident, for the timeline of a failover: when the alarm came, who
// decided what, which command was given.
//
// The file is YAML or JSON, a list of entries, or CSV with a header row; its name ends in .yaml, .yml, .json or .csv. An
// entry has at (RFC 3339 with its zone), note, and optionally region (an AWS region) and source (who or what says so).
// The reading is strict: a file with an entry that cannot be understood is not used at all, and the error names every such
// entry's line and field, for a timeline with a silent hole misleads.
package incident

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"parallax/internal/audit"
	"parallax/internal/pan"
	"parallax/internal/record"
)

// The bounds of a file. An incident is told in tens of lines.
const (
	MaxBytes   = 1 << 20
	MaxEntries = 2000
	MaxNote    = 1000 // characters
	maxSource  = 100
	maxFaults  = 20 // named in one error
)

// entry is one entry as the file has it.
type entry struct {
	line   int
	fields map[string]field
}

type field struct {
	line int
	text string
}

// names are the fields an entry may have.
var names = []string{"at", "note", "region", "source"}

// Read reads a file and returns its entries as events of type IncidentNote, oldest first. Control characters become spaces and
// full card numbers are cut. Every error is one of the file: that it cannot be read, or FileError.
func Read(path string) ([]record.Event, error) {
	name := filepath.Base(path)
	data, err := load(path)
	if err != nil {
		return nil, fmt.Errorf("read incident file %s: %w", name, err)
	}
	events, err := Decode(name, data)
	if err != nil {
		return nil, fmt.Errorf("read incident file: %w", err)
	}
	return events, nil
}

func load(path string) ([]byte, error) {
	if at, err := os.Stat(path); err == nil && !at.Mode().IsRegular() { // opening a pipe would wait for who writes it
		return nil, errors.New("it is not a regular file")
	}
	f, err := os.Open(path) //nolint:gosec // the user's own file, named in the user's own configuration
	if err != nil {
		var at *os.PathError
		if errors.As(err, &at) {
			err = at.Err // the path is named already
		}
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	switch info, err := f.Stat(); {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	return data, nil
}

// Decode reads the bytes of a file; its name tells the format and stands in the errors.
func Decode(name string, data []byte) ([]record.Event, error) {
	if len(data) > MaxBytes {
		return nil, FileError{{File: name, Text: fmt.Sprintf("it is larger than %d bytes: keep the entries that belong to the failover", MaxBytes)}}
	}
	if !utf8.Valid(data) {
		return nil, FileError{{File: name, Text: "it is not UTF-8: save it as UTF-8"}}
	}
	data = []byte(strings.TrimPrefix(string(data), "\ufeff"))
	var entries []entry
	var err error
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yaml", ".yml":
		entries, err = readYAML(data)
	case ".json":
		entries, err = readJSON(data)
	case ".csv":
		entries, err = readCSV(data)
	default:
		err = fault(0, "", "its name must end in .yaml, .json or .csv, which tells how to read it")
	}
	if err == nil && len(entries) > MaxEntries {
		err = fault(0, "", fmt.Sprintf("it has more than %d entries: keep those that belong to the failover", MaxEntries))
	}
	if err != nil {
		return nil, in(name, err)
	}
	return events(name, entries)
}

func events(name string, entries []entry) ([]record.Event, error) {
	var out []record.Event
	var wrong FileError
	for _, e := range entries {
		event, faults := e.event()
		wrong = append(wrong, faults...)
		if len(wrong) > maxFaults {
			break
		}
		if event.Source == "" {
			event.Source = name
		}
		out = append(out, event)
	}
	if len(wrong) > 0 {
		return nil, in(name, wrong)
	}
	slices.SortStableFunc(out, func(a, b record.Event) int { return a.At.Compare(b.At) })
	return out, nil
}

// region is how AWS names regions.
var region = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)

// event checks one entry.
func (e entry) event() (record.Event, FileError) {
	var wrong FileError
	for name, f := range e.fields {
		if !slices.Contains(names, name) {
			wrong = append(wrong, Fault{Line: f.line, Field: clean(name, maxSource), Text: "is not a field: use " + strings.Join(names, ", ")})
		}
	}
	slices.SortFunc(wrong, func(a, b Fault) int { return strings.Compare(a.Field, b.Field) })
	need := func(name string) (field, bool) {
		f, there := e.fields[name]
		if !there || strings.TrimSpace(f.text) == "" {
			wrong = append(wrong, Fault{Line: e.line, Field: name, Text: "is missing"})
			return f, false
		}
		return f, true
	}
	out := record.Event{Type: record.IncidentNote}
	if f, ok := need("at"); ok {
		at, text := moment(f.text)
		if text != "" {
			wrong = append(wrong, Fault{Line: f.line, Field: "at", Text: text})
		}
		out.At = at
	}
	if f, ok := need("note"); ok {
		if utf8.RuneCountInString(f.text) > MaxNote {
			wrong = append(wrong, Fault{Line: f.line, Field: "note", Text: fmt.Sprintf("is longer than %d characters: shorten it", MaxNote)})
		}
		out.Message = clean(f.text, MaxNote)
		if out.Message == "" {
			wrong = append(wrong, Fault{Line: f.line, Field: "note", Text: "has nothing in it that can be shown"})
		}
	}
	if f := e.fields["region"]; f.text != "" {
		if !region.MatchString(f.text) {
			wrong = append(wrong, Fault{Line: f.line, Field: "region", Text: "is not the name of an AWS region, such as eu-west-1"})
		}
		out.Region = audit.Region(f.text)
	}
	out.Source = clean(e.fields["source"].text, maxSource)
	return out, wrong
}

// moment reads RFC 3339. A time without a zone is refused: an hour's error in a timeline is worse than none.
func moment(text string) (at time.Time, wrong string) {
	text = strings.TrimSpace(text)
	at, err := time.Parse(time.RFC3339Nano, text)
	if err == nil {
		if at.Year() < 2000 || at.Year() > 2200 {
			return at, "is not a time of an incident: check the year"
		}
		return at.UTC(), ""
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04"} {
		if _, err := time.Parse(layout, text); err == nil {
			return at, "has no zone: write Z for UTC or an offset, for example 2026-11-18T14:07:45Z"
		}
	}
	return at, "is not a time: write RFC 3339 with its zone, for example 2026-11-18T14:07:45Z"
}

// clean makes free text fit for one line of a report: control characters and what would turn the direction of writing become
// spaces, runs of spaces one, and full card numbers are cut to six and four digits.
func clean(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return ' '
		}
		return r
	}, text)
	text = pan.Mask(strings.Join(strings.Fields(text), " "))
	if runes := []rune(text); len(runes) > limit {
		text = string(runes[:limit])
	}
	return text
}
