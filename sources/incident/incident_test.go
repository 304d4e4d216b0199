package incident_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"parallax/internal/record"
	"parallax/sources/incident"
)

// told is the same incident in every format.
var told = map[string]string{
	"i.yaml": `# by the pager and by hand
- at: 2026-11-18T14:07:08Z
  note: "alarm: errors in Dublin"
  region: eu-west-1
  source: pager
- {note: we promote London, at: "2026-11-18T15:07:15.5+01:00"}
`,
	"i.json": `[
  {"at": "2026-11-18T14:07:08Z", "note": "alarm: errors in Dublin", "region": "eu-west-1", "source": "pager"},
  {"note": "we promote London", "at": "2026-11-18T15:07:15.5+01:00", "region": null}
]`,
	"i.csv": "at,note,region,source\r\n2026-11-18T14:07:08Z,alarm: errors in Dublin,eu-west-1,pager\r\n2026-11-18T15:07:15.5+01:00,we promote London,,\r\n",
	"semi.CSV": "note;at;source;region\n" +
		"\"we promote London\";2026-11-18T15:07:15.5+01:00;;\nalarm: errors in Dublin;2026-11-18T14:07:08Z;pager;eu-west-1\n",
}

func TestFormatsTellTheSame(t *testing.T) {
	for name, text := range told {
		got, err := incident.Decode(name, []byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := []record.Event{
			{Type: record.IncidentNote, Region: "eu-west-1", Source: "pager", At: at(14, 7, 8, 0), Message: "alarm: errors in Dublin"},
			{Type: record.IncidentNote, Source: name, At: at(14, 7, 15, 500), Message: "we promote London"},
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
		}
	}
}

func at(hour, minute, second, milli int) time.Time {
	return time.Date(2026, 11, 18, hour, minute, second, milli*1e6, time.UTC)
}

func TestNothingToTell(t *testing.T) {
	for name, text := range map[string]string{
		"empty.yaml": "", "remark.yaml": "# nothing yet\n", "list.yaml": "[]\n", "list.json": "[]", "head.csv": "at,note\n", "bom.json": "\ufeff[]",
	} {
		if got, err := incident.Decode(name, []byte(text)); err != nil || len(got) > 0 {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestErrorsNameTheLineTheFieldAndTheRemedy(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a.yaml", "- at: 2026-11-18T14:07:08\n  note: x\n", "a.yaml:1: at has no zone: write Z for UTC or an offset"},
		{"a.yaml", "- note: x\n  at: 2026-11-18 14:07\n", "a.yaml:2: at has no zone"},
		{"a.yaml", "- note: x\n", "a.yaml:1: at is missing"},
		{"a.yaml", "- at: 2026-11-18T14:07:08Z\n", "a.yaml:1: note is missing"},
		{"a.yaml", "- at: 2026-11-18T14:07:08Z\n  note: '  '\n", "a.yaml:1: note is missing"},
		{"a.yaml", "- at: yesterday\n  note: x\n", "a.yaml:1: at is not a time: write RFC 3339"},
		{"a.yaml", "- at: 1999-11-18T14:07:08Z\n  note: x\n", "check the year"},
		{"a.yaml", "- at: 2026-11-18T14:07:08Z\n  note: x\n  regoin: eu-west-1\n", "a.yaml:3: regoin is not a field: use at, note, region, source"},
		{"a.yaml", "- at: 2026-11-18T14:07:08Z\n  note: x\n  region: Dublin\n", "a.yaml:3: region is not the name of an AWS region"},
		{"a.yaml", "- at: 2026-11-18T14:07:08Z\n  note: x\n  note: y\n", "a.yaml"},
		{"a.yaml", "- at: 2026-11-18T14:07:08Z\n  note: [x]\n", "a.yaml:2: note must be plain text"},
		{"a.yaml", "- at: 2026-11-18T14:07:08Z\n  note: &a x\n- *a\n", "must be plain text"},
		{"a.yaml", "at: 2026-11-18T14:07:08Z\n", "a.yaml:1: must be a list of entries"},
		{"a.yaml", "- x\n", "a.yaml:1: must be an entry"},
		{"a.yaml", "- {\n", "is not YAML"},
		{"a.yaml", "[]\n---\n[]\n", "more than one document"},
		{"a.json", "[\n{\"at\": \"2026-11-18T14:07:08Z\",\n\"note\": 3,\n\"note\": 4}]", "a.json:4: note stands twice"},
		{"a.json", "[\n\n{\"at\": \"noon\", \"note\": \"x\"}]", "a.json:3: at is not a time"},
		{"a.json", "{}", "a.json:1: must be a list"},
		{"a.json", "[{\"at\": {}}]", "a.json:1: at must be plain text"},
		{"a.json", "[\n{\"at\": ", "is not JSON from here on"},
		{"a.json", "[] []", "goes on after its list"},
		{"a.json", "[[]]", "must be an entry"},
		{"a.csv", "", "begin with a header row"},
		{"a.csv", "at,when\n", "a.csv:1: when is not a field"},
		{"a.csv", "at,at\n", "a.csv:1: at stands twice"},
		{"a.csv", "at,note\n2026-11-18T14:07:08Z\n", "a.csv:2: has another number of fields"},
		{"a.csv", "at,note\n\"x", "is not CSV"},
		{"a.csv", "at,note\n\n2026-11-18T14:07:08,x\n", "a.csv:3: at has no zone"},
		{"a.txt", "", "must end in .yaml, .json or .csv"},
		{"a.yaml", "- at: 2026-11-18T14:07:08Z\n  note: " + strings.Repeat("x", incident.MaxNote+1) + "\n", "shorten it"},
		{"a.json", "\xff", "is not UTF-8"},
		// What would take the parser minutes is refused before.
		{"a.yaml", strings.Repeat("[", incident.MaxBytes), "a.yaml:1: is nested too deep"},
		{"a.yaml", strings.Repeat("- ", incident.MaxBytes/2), "a.yaml:1: is nested too deep"},
		{"a.yaml", strings.Repeat("{a: ", incident.MaxBytes/4), "a.yaml:1: is nested too deep"},
		{"a.json", strings.Repeat("[", incident.MaxBytes), "must be an entry"},
		{"a.yaml", strings.Repeat("#", incident.MaxBytes+1), "it is larger than"},
		{"a.csv", "at,note\n" + strings.Repeat("2026-11-18T14:07:08Z,x\n", incident.MaxEntries+1), "more than 2000 entries"},
	} {
		got, err := incident.Decode(c.name, []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || got != nil {
			t.Errorf("%.60q: %v, want %q", c.text, err, c.want)
		}
	}
}

// Every entry that is wrong is named at once, up to a bound.
func TestAllFaultsAreNamed(t *testing.T) {
	_, err := incident.Decode("a.csv", []byte("at,note\nx,y\n2026-11-18T14:07:08Z,\nz,\n"))
	var faults incident.FileError
	if !errors.As(err, &faults) || len(faults) != 4 {
		t.Errorf("faults %v", err)
	}
	_, err = incident.Decode("a.csv", []byte("at,note\n"+strings.Repeat("x,y\n", 1000)))
	if !errors.As(err, &faults) || len(faults) > 25 || len(err.Error()) > 4000 {
		t.Errorf("%d faults of a thousand, %d bytes", len(faults), len(err.Error()))
	}
}

func TestNotesAreMadeFitToShow(t *testing.T) {
	got, err := incident.Decode("a.json", []byte(`[{"at": "2026-11-18T14:07:08Z", "source": "on\tcall",
		"note": "card 4111 1111 1111 1111\u0000 refused\n\u001b[31mred \u202eback"}]`))
	if err != nil {
		t.Fatal(err)
	}
	if m := got[0].Message; strings.Contains(m, "1111 1111") || strings.ContainsAny(m, "\x00\x1b\n\u202e") || !strings.Contains(m, "refused") {
		t.Errorf("note %q", m)
	}
	if got[0].Source != "on call" {
		t.Errorf("source %q", got[0].Source)
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "i.yaml")
	if err := os.WriteFile(path, []byte(told["i.yaml"]), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := incident.Read(path); err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	for what, path := range map[string]string{"no such file": filepath.Join(dir, "none.yaml"), "not a regular file": dir} {
		_, err := incident.Read(path)
		if err == nil || !strings.Contains(err.Error(), "read incident file "+filepath.Base(path)) || strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// FuzzDecode wants every file to be read or refused, quickly and without a panic, and what is read to be fit to show.
func FuzzDecode(f *testing.F) {
	for name, text := range told {
		f.Add(strings.TrimPrefix(filepath.Ext(strings.ToLower(name)), "."), []byte(text))
	}
	f.Add("yaml", []byte("- &a {at: *a}\n- !!binary x\n- ? [at]\n  : x\n"))
	f.Add("yaml", []byte(strings.Repeat("[", 3000)))
	f.Add("json", []byte(strings.Repeat("[", 3000)))
	f.Add("yaml", []byte("- at: |\n    2026-11-18T14:07:08Z\n  note: >\n    x\n\n    y\n"))
	f.Fuzz(func(t *testing.T, ext string, data []byte) {
		if !slices.Contains([]string{"yaml", "json", "csv"}, ext) {
			return
		}
		events, err := incident.Decode("a."+ext, data)
		var faults incident.FileError
		if err != nil && (!errors.As(err, &faults) || len(faults) == 0 || events != nil || len(err.Error()) > 20_000) {
			t.Fatalf("error %q with %d events", err, len(events))
		}
		for i, e := range events {
			if e.Message == "" || e.Source == "" || e.Type != record.IncidentNote || e.At.Location() != time.UTC || i > 0 && e.At.Before(events[i-1].At) {
				t.Fatalf("event %+v", e)
			}
			if strings.ContainsFunc(e.Message+e.Source+string(e.Region), unicode.IsControl) || len(e.Message) > 4*incident.MaxNote {
				t.Fatalf("event %+v", e)
			}
		}
	})
}

func ExampleDecode() {
	events, err := incident.Decode("incident.yaml", []byte("- {at: 2026-11-18T14:07:15Z, note: we promote London, source: on-call}\n"))
	fmt.Println(events[0].At.Format(time.TimeOnly), events[0].Source, events[0].Message, err)
	_, err = incident.Decode("incident.yaml", []byte("- {at: 2026-11-18T14:07:15, note: we promote London}\n"))
	fmt.Println(err)
	// Output:
	// 14:07:15 on-call we promote London <nil>
	// incident.yaml:1: at has no zone: write Z for UTC or an offset, for example 2026-11-18T14:07:45Z
}
