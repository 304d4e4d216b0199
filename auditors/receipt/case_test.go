package receipt_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/golden"
	"parallax/internal/money"
	"parallax/internal/record"
)

const (
	dublin audit.Region = "eu-west-1"
	london audit.Region = "eu-west-2"
)

// A case holds the sections eu-west-1 and eu-west-2 (key, version, creation time, then name=value or flags: size, etag, sum,
// status, class, enc, scan, live=TIME, old, marker, multipart), the same of what the buckets themselves told under
// told.eu-west-1 and told.eu-west-2 (a key alone: nothing is there), ledger (payment, time, status, minor units, currency),
// rules.eu-west-1 and rules.eu-west-2 (id, then prefix=, to=, class=, priority=, off, tags, markers), settings (see set) and
// result. Keys of the form pay-N stand for the receipt of that payment. A version "-" is the null version.
func TestCases(t *testing.T) {
	n := golden.Texts(t, "result", func(t *testing.T, sections []txtar.File) string {
		c := parseCase(t, sections)
		return format(receipt.Auditor{Rules: c.rules}.Audit(c.input()))
	})
	if n < 20 {
		t.Errorf("%d cases", n)
	}
}

func rules() receipt.Rules {
	return receipt.Rules{
		Scope: "receipts", Grace: 15 * time.Minute, Charged: []string{"captured", "refunded"},
		KeyPattern: regexp.MustCompile(`receipts/\d{4}/\d{2}/\d{2}/(?P<payment_id>[^/]+)\.json`),
		Regions:    [2]audit.Region{dublin, london},
	}
}

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	for _, layout := range []string{"15:04:05", "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, text); err == nil {
			if at.Year() == 0 {
				at = at.AddDate(2026, 10, 17)
			}
			return at.UTC()
		}
	}
	t.Fatalf("%q is not a time", text)
	return time.Time{}
}

func window(t *testing.T, text string) audit.Window {
	t.Helper()
	from, to, _ := strings.Cut(text, "/")
	return audit.Window{From: moment(t, from), To: moment(t, to)}
}

// txtarCase is a case as it was read.
type txtarCase struct {
	rules   receipt.Rules
	in      receipt.Input
	objects []record.Object
	survey  bool
}

func parseCase(t *testing.T, sections []txtar.File) *txtarCase {
	t.Helper()
	c := &txtarCase{rules: rules(), in: receipt.Input{
		Window: window(t, "2026-11-18T00:00:00/2026-11-19T00:00:00"), AsOf: moment(t, "2026-11-19T08:00:00"),
		Complete: map[audit.Region]bool{dublin: true, london: true}, Scanned: map[audit.Region]time.Time{},
		Entries: []record.Entry{}, Live: map[string][2][]record.Object{}, Living: map[audit.Fingerprint]bool{},
	}}
	for i, region := range c.rules.Regions {
		c.in.Buckets[i] = record.Bucket{Region: region, Name: "receipts-" + string(region), Versioning: "Enabled"}
	}
	for _, f := range sections {
		for line := range strings.Lines(string(f.Data)) {
			if fields := strings.Fields(line); len(fields) > 0 {
				c.line(t, f.Name, fields)
			}
		}
	}
	return c
}

func (c *txtarCase) line(t *testing.T, section string, fields []string) {
	t.Helper()
	kind, region, _ := strings.Cut(section, ".")
	side := slices.Index(c.rules.Regions[:], audit.Region(region))
	switch kind {
	case "settings":
		c.set(t, fields)
	case "ledger":
		c.in.Entries = append(c.in.Entries, entry(t, fields))
	case "rules":
		c.in.Buckets[side].RulesKnown = true
		if fields[0] != "none" {
			c.in.Buckets[side].Rules = append(c.in.Buckets[side].Rules, rule(t, c.in.Buckets[1-side].Name, fields))
		}
	case "told":
		key := keyOf(fields[0])
		told := c.in.Live[key]
		if told[side] == nil {
			told[side] = []record.Object{}
		}
		if len(fields) > 1 {
			o := object(t, audit.Region(region), append(fields, "live=2026-11-19T07:00:00"))
			told[side] = append(told[side], o)
		}
		c.in.Live[key] = told
	default:
		c.objects = append(c.objects, object(t, audit.Region(section), fields))
	}
}

// input gives the auditor what an inventory's reader would: pairs, ties, what breaks the policy, what all rows tell.
func (c *txtarCase) input() receipt.Input {
	in := c.in
	byKey := map[string]*receipt.Pair{}
	survey := receipt.NewSurvey(in.Buckets)
	for _, o := range c.objects {
		side := slices.Index(c.rules.Regions[:], o.Region)
		if byKey[o.Key] == nil {
			byKey[o.Key] = &receipt.Pair{Key: o.Key}
		}
		byKey[o.Key].Sides[side] = append(byKey[o.Key].Sides[side], o)
		if at := in.Scanned[o.Region]; !o.Live && (at.IsZero() || o.SeenAt.Before(at)) {
			in.Scanned[o.Region] = o.SeenAt
		}
		survey.See(side, []record.ObjectNote{o.Note()}, func(int) []byte { return []byte(o.Key) })
		if c.rules.Policy().Broken(o.Note(), o.SeenAt) {
			in.Drifted = append(in.Drifted, o)
		}
	}
	if c.survey {
		in.Survey = survey
	}
	pairs := make([]receipt.Pair, 0, len(byKey))
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		pairs = append(pairs, *byKey[key])
	}
	in.Pairs = slices.Values(pairs)
	in.Ties = receipt.NewTies(c.rules, in.Entries, in.Window.From.Add(-24*time.Hour), 100).Within(in.Window)
	in.Ties.See(c.objects)
	return in
}

func (c *txtarCase) set(t *testing.T, fields []string) {
	t.Helper()
	name, region, _ := strings.Cut(fields[0], ".")
	switch name {
	case "window":
		c.in.Window = window(t, fields[1])
	case "as-of":
		c.in.AsOf = moment(t, fields[1])
	case "cover":
		c.in.Cover = window(t, fields[1])
	case "scanned":
		c.in.Scanned[audit.Region(region)] = moment(t, fields[1])
	case "incomplete":
		c.in.Complete[audit.Region(fields[1])] = false
	case "no-ledger":
		c.in.Entries = nil
	case "no-receipts":
		c.in.NoReceipts = true
	case "whole":
		c.rules.Whole = true
	case "suspects":
		c.in.Suspects = int(number(t, fields[1]))
	case "max":
		c.in.Max = int(number(t, fields[1]))
	case "survey":
		c.survey = true
	case "template":
		c.rules.KeyOf = func(e record.Entry) string {
			return "receipts/" + e.CreatedAt.Format("2006/01/02/") + e.PaymentID + ".json"
		}
	case "markers":
		c.rules.DeleteMarkers = fields[1]
	case "storage": // hours and class
		c.rules.Slack = 72 * time.Hour
		c.rules.Storage = append(c.rules.Storage, record.StorageStep{After: time.Duration(number(t, fields[1])) * time.Hour, Class: fields[2]})
	case "living": // kind and key
		c.in.Living[audit.NewFingerprint(audit.Kind(fields[1]), "receipts", keyOf(fields[2]))] = true
	default:
		t.Fatalf("unknown setting %v", fields)
	}
}

func rule(t *testing.T, destination string, fields []string) record.ReplicationRule {
	t.Helper()
	r := record.ReplicationRule{ID: fields[0], Enabled: true, Destination: destination}
	for _, field := range fields[1:] {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "prefix":
			r.Prefix = value
		case "to":
			r.Destination = value
		case "class":
			r.StorageClass = value
		case "priority":
			r.Priority = int(number(t, value))
		case "off":
			r.Enabled = false
		case "tags":
			r.Tagged = true
		case "markers":
			r.DeleteMarkers = true
		case "kms":
			r.KMS = true
		default:
			t.Fatalf("unknown field %q", field)
		}
	}
	return r
}

func keyOf(name string) string {
	if strings.HasPrefix(name, "pay-") {
		return "receipts/2026/11/18/" + name + ".json"
	}
	return name
}

func entry(t *testing.T, fields []string) record.Entry {
	t.Helper()
	return record.Entry{
		Region: dublin, Witness: record.Writer, PaymentID: fields[0], CreatedAt: moment(t, fields[1]), Status: fields[2],
		Amount: money.Amount{Minor: number(t, fields[3]), Currency: fields[4]},
	}
}

func number(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func object(t *testing.T, region audit.Region, fields []string) record.Object {
	t.Helper()
	o := record.Object{
		Region: region, Bucket: "receipts-" + string(region), Key: keyOf(fields[0]), VersionID: strings.TrimPrefix(fields[1], "-"),
		IsLatest: true, LastModified: moment(t, fields[2]), Size: 100, ETag: "aaaa", StorageClass: "STANDARD",
		ReplicationStatus: map[audit.Region]string{dublin: "COMPLETED", london: "REPLICA"}[region],
		Encryption:        "SSE-S3", SeenAt: moment(t, "2026-11-19T00:00:00"),
	}
	for _, field := range fields[3:] {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "size":
			o.Size = number(t, value)
		case "sum":
			o.Checksum = strings.ReplaceAll(value, "/", " ")
		case "etag":
			o.ETag = value
		case "status":
			o.ReplicationStatus = value
		case "class":
			o.StorageClass = value
		case "enc":
			o.Encryption = value
		case "scan":
			o.SeenAt = moment(t, value)
		case "live":
			o.Live, o.SeenAt = true, moment(t, value)
		case "old":
			o.IsLatest = false
		case "marker":
			o.DeleteMarker, o.Size, o.ETag, o.StorageClass = true, 0, "", ""
		case "multipart":
			o.Multipart = true
		default:
			t.Fatalf("unknown field %q", field)
		}
	}
	return o
}

func format(r receipt.Result) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s %s %s %s\n", f.Kind, f.Severity, f.Verdict, f.Status, f.Key)
		fmt.Fprintf(&b, "\tat %s region %q", f.Window.From.Format(time.DateTime), f.Region)
		for _, m := range f.Amounts {
			fmt.Fprintf(&b, " %d %s", m.Minor, m.Currency)
		}
		fmt.Fprintf(&b, "\n\t%s\n\t%s\n", f.Reason, f.Rule)
		for _, e := range f.Evidence {
			fmt.Fprintf(&b, "\t- %s %s %s: %s = %s (%s)\n", e.Source, e.Region, e.Ref, e.Field, e.Value, e.Note)
		}
	}
	for _, s := range r.Stuck {
		fmt.Fprintf(&b, "stuck %s>%s %s for %s\n", s.From, s.To, s.Key, s.Scanned.Sub(s.Since))
	}
	for _, s := range r.Suspects {
		fmt.Fprintf(&b, "ask for %s %s content=%v: %s%s\n", s.Key, s.Payment, s.Content, s.Kind, s.Why)
	}
	if len(r.Held) > 0 || r.More > 0 {
		fmt.Fprintf(&b, "held %d, %d more\n", len(r.Held), r.More)
	}
	for _, e := range r.Excluded {
		fmt.Fprintf(&b, "excluded %d: %s\n", e.Records, e.Reason)
	}
	fmt.Fprintf(&b, "matched %d\n", r.Matched)
	return b.String()
}
