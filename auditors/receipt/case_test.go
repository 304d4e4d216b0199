package receipt_test

import (
	"fmt"
	"regexp"
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

// A case holds the sections eu-west-1 and eu-west-2 (key, version, creation time, then name=value or flags: size, etag,
// status, class, enc, scan, live=TIME, old, marker, multipart), ledger (payment, time, status, minor units, currency),
// settings (window, cover, scanned.REGION, incomplete, no-ledger) and result. Keys of the form pay-N stand for the
// receipt of that payment. A version "-" is the null version.
func TestCases(t *testing.T) {
	n := golden.Texts(t, "result", func(t *testing.T, sections []txtar.File) string {
		return format(receipt.Auditor{Rules: rules()}.Audit(parseCase(t, sections)))
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

func parseCase(t *testing.T, sections []txtar.File) receipt.Input {
	t.Helper()
	in := receipt.Input{
		Window: window(t, "2026-11-18T00:00:00/2026-11-19T00:00:00"), AsOf: moment(t, "2026-11-19T08:00:00"),
		Complete: map[audit.Region]bool{dublin: true, london: true}, Scanned: map[audit.Region]time.Time{},
		Entries: []record.Entry{},
	}
	for _, f := range sections {
		for line := range strings.Lines(string(f.Data)) {
			fields := strings.Fields(line)
			if len(fields) == 0 {
				continue
			}
			switch f.Name {
			case "settings":
				set(t, &in, fields)
			case "ledger":
				in.Entries = append(in.Entries, entry(t, fields))
			default:
				in.Objects = append(in.Objects, object(t, audit.Region(f.Name), fields))
			}
		}
	}
	return in
}

func set(t *testing.T, in *receipt.Input, fields []string) {
	t.Helper()
	name, region, _ := strings.Cut(fields[0], ".")
	switch name {
	case "window":
		in.Window = window(t, fields[1])
	case "cover":
		in.Cover = window(t, fields[1])
	case "scanned":
		in.Scanned[audit.Region(region)] = moment(t, fields[1])
	case "incomplete":
		in.Complete[audit.Region(fields[1])] = false
	case "no-ledger":
		in.Entries = nil
	default:
		t.Fatalf("unknown setting %v", fields)
	}
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
		Region: region, Bucket: "receipts-" + string(region), Key: fields[0], VersionID: strings.TrimPrefix(fields[1], "-"),
		IsLatest: true, LastModified: moment(t, fields[2]), Size: 100, ETag: "aaaa", StorageClass: "STANDARD",
		ReplicationStatus: map[audit.Region]string{dublin: "COMPLETED", london: "REPLICA"}[region],
		Encryption:        "SSE-S3", SeenAt: moment(t, "2026-11-19T00:00:00"),
	}
	if strings.HasPrefix(o.Key, "pay-") {
		o.Key = "receipts/2026/11/18/" + o.Key + ".json"
	}
	for _, field := range fields[3:] {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "size":
			o.Size = number(t, value)
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
	for _, e := range r.Excluded {
		fmt.Fprintf(&b, "excluded %d: %s\n", e.Records, e.Reason)
	}
	fmt.Fprintf(&b, "matched %d\n", r.Matched)
	return b.String()
}
