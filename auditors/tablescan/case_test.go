package tablescan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"parallax/auditors/tablescan"
	"parallax/internal/audit"
	"parallax/internal/golden"
	"parallax/internal/record"
)

// A case holds what was read: sections "scan REGION", then "1 REGION" and "2 REGION" for the readings, each as the one
// before where it is left out. A line is a key and its attributes; "KEY unread" is a key that was not read, "KEY none" one
// that is not there. Settings: third, readings (the clock times of the two), without ATTRIBUTE, suspects N.
func TestCases(t *testing.T) {
	n := golden.Texts(t, "result", func(t *testing.T, sections []txtar.File) string {
		c := parseCase(t, sections)
		return format(c.audit(t))
	})
	if n < 15 {
		t.Errorf("%d cases", n)
	}
}

type testCase struct {
	rules    tablescan.Rules
	suspects int
	times    []time.Time
	held     map[string]map[string]record.Image // by section
}

func parseCase(t *testing.T, sections []txtar.File) *testCase {
	t.Helper()
	c := &testCase{rules: rules(), times: []time.Time{golden.Clock(t, "15:00:00"), golden.Clock(t, "15:01:00")}, held: map[string]map[string]record.Image{}}
	for _, f := range sections {
		for line := range strings.Lines(string(f.Data)) {
			fields := strings.Fields(line)
			switch {
			case len(fields) == 0:
			case f.Name == "settings":
				c.set(t, fields)
			default:
				c.item(t, f.Name, fields)
			}
		}
		if f.Name != "settings" && c.held[f.Name] == nil {
			c.held[f.Name] = map[string]record.Image{}
		}
	}
	return c
}

func (c *testCase) set(t *testing.T, fields []string) {
	t.Helper()
	switch fields[0] {
	case "third":
		c.rules.Regions = append(c.rules.Regions, "eu-central-1")
	case "readings":
		c.times = []time.Time{golden.Clock(t, fields[1]), golden.Clock(t, fields[2])}
	case "without":
		switch fields[1] {
		case "written_at":
			c.rules.Attr.WrittenAt = ""
		case "version":
			c.rules.Attr.Version = ""
		}
	case "suspects":
		if _, err := fmt.Sscan(fields[1], &c.suspects); err != nil {
			t.Fatal(err)
		}
	default:
		t.Fatalf("unknown setting %q", fields[0])
	}
}

const unread = record.Image("unread")

func (c *testCase) item(t *testing.T, section string, fields []string) {
	t.Helper()
	if c.held[section] == nil {
		c.held[section] = map[string]record.Image{}
	}
	if len(fields) == 2 && !strings.Contains(fields[1], "=") {
		c.held[section][fields[0]] = map[string]record.Image{"none": "", "unread": unread}[fields[1]]
		return
	}
	attrs := map[string]record.Attr{"pk": {Type: "S", Text: fields[0]}}
	for _, f := range fields[1:] {
		name, value, ok := strings.Cut(f, "=")
		if !ok {
			t.Fatalf("%s: %q is not name=value", section, f)
		}
		kind := "S"
		if slices.Contains([]string{"ttl", "amount_minor", "version"}, name) {
			kind = "N"
		}
		name = strings.TrimSuffix(name, ":S") // a number that is kept as text
		attrs[name] = record.Attr{Type: kind, Text: strings.ReplaceAll(value, "+", "")}
	}
	c.held[section][fields[0]] = record.NewImage(attrs)
}

// audit compares what the scan gave and judges what was read again.
func (c *testCase) audit(t *testing.T) tablescan.Result {
	t.Helper()
	in := tablescan.Input{
		Window:   audit.Window{From: golden.Clock(t, "10:00:00"), To: golden.Clock(t, "13:00:00")},
		Compared: tablescan.Comparison{Regions: len(c.rules.Regions), MaxSuspects: c.suspects},
	}
	var prints []tablescan.Print
	for i, region := range c.rules.Regions {
		for key, m := range c.held["scan "+string(region)] {
			prints = append(prints, tablescan.Print{Region: i, Key: key, Image: tablescan.NewPrint(m)})
		}
	}
	if err := in.Compared.Add(sequence(prints)); err != nil {
		t.Fatal(err)
	}
	for n, at := range c.times {
		r := tablescan.Reading{From: at, To: at.Add(time.Second)}
		for _, region := range c.rules.Regions {
			images := map[string]record.Image{}
			for _, key := range in.Compared.Suspects {
				if m := c.at(string(region), n+1, key); m != unread {
					images[key] = m
				}
			}
			r.Images = append(r.Images, images)
		}
		in.Readings = append(in.Readings, r)
	}
	return tablescan.Auditor{Rules: c.rules}.Audit(in)
}

// at is what a region held at a reading.
func (c *testCase) at(region string, reading int, key string) record.Image {
	for _, section := range []string{"2 ", "1 ", "scan "}[2-reading:] {
		if m, known := c.held[section+region][key]; known {
			return m
		}
	}
	return ""
}

func format(r tablescan.Result) string {
	var out strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&out, "%s %s %s %s key=%s region=%s at=%s\n", f.Kind, f.Verdict, f.Severity, f.Status, f.Key, f.Region, f.Window.From.Format("15:04:05"))
		for _, m := range f.Amounts {
			fmt.Fprintf(&out, "  %d %s\n", m.Minor, m.Currency)
		}
		fmt.Fprintf(&out, "  %s\n  rule: %s\n", f.Reason, f.Rule)
		for _, e := range f.Evidence {
			fmt.Fprintf(&out, "  - %s %s %s=%s (%s)\n", e.Region, e.At.Format("15:04:05"), e.Field, e.Value, e.Note)
		}
	}
	for _, e := range r.Excluded {
		fmt.Fprintf(&out, "excluded %d: %s\n", e.Records, e.Reason)
	}
	if r.Unjudged > 0 {
		fmt.Fprintf(&out, "unjudged %d\n", r.Unjudged)
	}
	fmt.Fprintf(&out, "matched %d\n", r.Matched)
	return out.String()
}
