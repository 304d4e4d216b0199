package lww_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"parallax/auditors/lww"
	"parallax/internal/audit"
	"parallax/internal/golden"
	"parallax/internal/record"
)

// A case holds the sections versions (a name and its attributes, a line each; "from NAME" copies another), eu-west-1 and
// eu-west-2 (time, old version, new version; "-" is no item, "?" an image that the view leaves out, "ttl" at the end a removal by time
// to live, "kinesis" a record of that feed, "elsewhere" one of another table), settings (as_of, window, also, through.REGION, from.REGION, gap.REGION, from_beginning,
// clock, strong, third REGION) and result.
func TestCases(t *testing.T) {
	n := golden.Texts(t, "result", func(t *testing.T, sections []txtar.File) string {
		c := parseCase(t, sections)
		return format(lww.Auditor{Rules: c.rules}.Audit(c.in))
	})
	if n < 20 {
		t.Errorf("%d cases", n)
	}
}

type testCase struct {
	rules    lww.Rules
	in       lww.Input
	versions map[string]record.Image
	seq      int
}

func parseCase(t *testing.T, sections []txtar.File) *testCase {
	t.Helper()
	c := &testCase{rules: rules(), in: input(nil), versions: map[string]record.Image{"-": "", "?": ""}}
	for _, f := range sections {
		for line := range strings.Lines(string(f.Data)) {
			fields := strings.Fields(line)
			if len(fields) == 0 {
				continue
			}
			switch f.Name {
			case "versions":
				c.version(t, fields)
			case "settings":
				c.set(t, fields)
			default:
				c.record(t, audit.Region(f.Name), fields)
			}
		}
	}
	return c
}

func (c *testCase) version(t *testing.T, fields []string) {
	t.Helper()
	m := map[string]record.Attr{"pk": {Type: "S", Text: "order-1"}}
	for i := 1; i < len(fields); i++ {
		if fields[i] == "from" {
			i++
			maps.Insert(m, c.versions[fields[i]].All())
			continue
		}
		name, value, ok := strings.Cut(fields[i], "=")
		if !ok {
			t.Fatalf("version %s: %q is not name=value", fields[0], fields[i])
		}
		m[name] = record.Attr{Type: "S", Text: value}
	}
	c.versions[fields[0]] = record.NewImage(m)
}

func (c *testCase) record(t *testing.T, region audit.Region, fields []string) {
	t.Helper()
	c.seq++
	before, okB := c.versions[fields[1]]
	after, okA := c.versions[fields[2]]
	if !okB || !okA {
		t.Fatalf("%s: unknown version in %v", region, fields)
	}
	event := "MODIFY"
	switch {
	case fields[1] == "-":
		event = "INSERT"
	case fields[2] == "-":
		event = "REMOVE"
	}
	shard := "shard"
	if len(fields) > 3 && fields[3] == "kinesis" {
		shard = record.UnorderedShard + "1"
	}
	table := c.rules.Table
	if len(fields) > 3 && fields[3] == "elsewhere" {
		table = "another"
	}
	c.in.Changes = append(c.in.Changes, record.Change{
		Table: table, Region: region, Shard: shard, Seq: fmt.Sprintf("%021d", c.seq), Event: event, At: moment(t, fields[0]),
		Key: "order-1", Old: before, New: after, ByTTL: len(fields) > 3 && fields[3] == "ttl",
	})
}

func (c *testCase) set(t *testing.T, fields []string) {
	t.Helper()
	name, region, _ := strings.Cut(fields[0], ".")
	reach := c.in.Read[audit.Region(region)]
	switch name {
	case "as_of":
		c.in.AsOf = moment(t, fields[1])
	case "window":
		c.in.Window = audit.Window{From: moment(t, fields[1]), To: moment(t, fields[2])}
	case "through":
		reach.Through = moment(t, fields[1])
	case "from":
		reach.From = moment(t, fields[1])
	case "gap":
		reach.Gaps = append(reach.Gaps, audit.Window{From: moment(t, fields[1]), To: moment(t, fields[2])})
	case "from_beginning":
		for r, reach := range c.in.Read {
			reach.From = time.Time{}
			c.in.Read[r] = reach
		}
	case "also":
		c.in.Also = map[string]audit.Window{"order-1": {From: moment(t, fields[1]), To: moment(t, fields[2])}}
	case "clock":
		clock, err := time.ParseDuration(fields[1])
		if err != nil {
			t.Fatal(err)
		}
		c.rules.Clock = clock
	case "strong":
		c.rules.Strong = true
	case "third":
		c.rules.Regions = append(c.rules.Regions, audit.Region(fields[1]))
		c.in.Read[audit.Region(fields[1])] = c.in.Read[dublin]
	default:
		t.Fatalf("unknown setting %q", fields[0])
	}
	if region != "" {
		c.in.Read[audit.Region(region)] = reach
	}
}

func moment(t *testing.T, clock string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, "2026-11-18T"+clock+"Z")
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func format(r lww.Result) string {
	var out strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&out, "%s %s %s %s key=%s region=%s at=%s\n", f.Kind, f.Verdict, f.Severity, f.Status, f.Key, f.Region, f.Window.From.Format("15:04:05"))
		if !f.Shown.IsZero() {
			fmt.Fprintf(&out, "  shown at %s\n", f.Shown.Format("15:04:05"))
		}
		for _, m := range f.Amounts {
			fmt.Fprintf(&out, "  %d %s\n", m.Minor, m.Currency)
		}
		fmt.Fprintf(&out, "  %s\n  rule: %s\n", f.Reason, f.Rule)
		for _, e := range f.Evidence {
			at := ""
			if !e.At.IsZero() {
				at = e.At.Format("15:04:05") + " "
			}
			fmt.Fprintf(&out, "  - %s %s%s=%s (%s)\n", e.Region, at, e.Field, e.Value, e.Note)
		}
	}
	for _, b := range r.Breaks {
		fmt.Fprintf(&out, "break %s %s %s\n", b.Region, b.Key, b.Window)
	}
	for _, l := range r.Lags {
		fmt.Fprintf(&out, "lag %s>%s %s\n", l.From, l.To, l.Arrived.Sub(l.Origin))
	}
	for _, e := range r.Excluded {
		fmt.Fprintf(&out, "excluded %d: %s\n", e.Records, e.Reason)
	}
	if r.Unjudged > 0 {
		fmt.Fprintf(&out, "unjudged %d\n", r.Unjudged)
	}
	if len(r.Shallow) > 0 {
		fmt.Fprintf(&out, "shallow %v\n", r.Shallow)
	}
	if len(r.Withheld) > 0 {
		fmt.Fprintf(&out, "withheld %v\n", r.Withheld)
	}
	if r.Context > 0 {
		fmt.Fprintf(&out, "context %d\n", r.Context)
	}
	fmt.Fprintf(&out, "matched %d\n", r.Matched)
	return out.String()
}
