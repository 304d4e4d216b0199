package repair_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"parallax/internal/audit"
	"parallax/internal/lab/batchops"
	"parallax/sinks/repair"
)

// hostileKeys are n different keys of what a key may hold and a manifest may not.
func hostileKeys(n int) []string {
	pieces := []string{
		"ä", "\u6f22\u5b57", "🧾", "\u202e", "+", "%", "%2F", "%zz", ",", "\"", "'", " ", "\n", "\r\n", "\t", "\x00", "\\", "=1+1", "@", "#", "?", "&", ";", "a", "/", "//", "../", "~",
	}
	r := rand.New(rand.NewPCG(5, 5))
	keys := []string{"+", " ", "%", ",", "\n", "null", strings.Repeat("k", 1024), strings.Repeat("é", 512), strings.Repeat("%", 1024)}
	for len(keys) < n {
		var b strings.Builder
		fmt.Fprintf(&b, "%d", len(keys))
		for range 1 + r.IntN(40) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		keys = append(keys, b.String())
	}
	return keys
}

func TestStrictParserAcceptsEveryManifest(t *testing.T) {
	keys := hostileKeys(1000)
	var plan repair.Plan
	want := map[string]map[batchops.Row]bool{}
	for i, key := range keys {
		o := object(key, fmt.Sprintf("v.%d_-", i))
		file := "receipts-replicate-eu-west-1.csv"
		switch i % 4 {
		case 1:
			o.VersionID = "null"
		case 2:
			o.Copy, o.Into, file = true, o.From, "receipts-copy-eu-west-1.csv"
		case 3:
			o.Copy, o.Into, o.Class, file = true, o.To, "GLACIER_IR", "receipts-copy-eu-west-1-to-eu-west-2-GLACIER_IR.csv"
		}
		if want[file] == nil {
			want[file] = map[batchops.Row]bool{}
		}
		want[file][batchops.Row{Bucket: "r1-receipts", Key: key, VersionID: o.VersionID}] = true
		o.From.Bucket, o.Into.Bucket = "r1-receipts", strings.Replace(o.Into.Bucket, "r1", "r1-receipts", 1)
		plan.Objects = append(plan.Objects, o, o) // two findings about one object
	}
	out, files := written(t, plan)
	for name, rows := range want {
		got, err := batchops.ParseManifest([]string{"Bucket", "Key", "VersionId"}, files[name])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(got) != len(rows) {
			t.Errorf("%s: %d rows, want %d", name, len(got), len(rows))
		}
		for _, row := range got {
			if !rows[row] {
				t.Errorf("%s: %+q was not asked for", name, row)
			}
		}
	}
	if len(want) != 3 || len(out.Manifest.Steps) != len(keys) {
		t.Errorf("%d files, %d steps", len(want), len(out.Manifest.Steps))
	}
	lines, err := csv.NewReader(bytes.NewReader(files["receipts-explained.csv"])).ReadAll()
	if err != nil || len(lines) != len(keys)+1 {
		t.Fatalf("%d lines of explanation, %v", len(lines), err)
	}
	for _, line := range lines[1:] {
		for i, field := range line {
			if field != "" && strings.ContainsAny(field[:1], "=+-@\t\r\n") || strings.ContainsAny(field, "\n\r\u202e") {
				t.Errorf("%s: %q", lines[0][i], field)
			}
		}
	}
}

// TestCommandsAreOnePlainLine holds commands for hostile keys against what a shell makes of them.
func TestCommandsAreOnePlainLine(t *testing.T) {
	for _, key := range hostileKeys(300) {
		for _, command := range repair.Undelete(repair.Place{Region: "eu-west-1", Bucket: "r1"}, repair.Place{Region: "eu-west-2", Bucket: "r2"}, key, "v'1") {
			if !utf8.ValidString(command) || strings.ContainsFunc(command, func(r rune) bool { return r < ' ' || r > '~' }) || strings.Count(command, "'") != 2 {
				t.Fatalf("%q", command)
			}
		}
	}
	got := repair.Undelete(repair.Place{Region: "eu-west-1", Bucket: "r1"}, repair.Place{Region: "eu-west-2", Bucket: "r2"}, "it's\n🧾", "v1")
	for i, want := range []string{
		`aws s3api delete-object --region eu-west-1 --cli-input-json '{"Bucket":"r1","Key":"it\u0027s\n\ud83e\uddfe","VersionId":"v1"}'`,
		`aws s3api delete-object --region eu-west-2 --cli-input-json '{"Bucket":"r2","Key":"it\u0027s\n\ud83e\uddfe"}'`,
	} {
		if got[i] != want {
			t.Errorf("got  %s\nwant %s", got[i], want)
		}
	}
}

func TestWayOfAnObject(t *testing.T) {
	const copied, inPlace, back, hand = "replicated", "in place", "back", "by hand"
	good := repair.Head{Found: true, ETag: "e", Size: 3}
	with := func(change func(*repair.Head)) repair.Head { h := good; change(&h); return h }
	for name, c := range map[string]struct {
		kind   audit.Kind
		status string
		good   repair.Head
		want   string
		says   string
		links  repair.Links
	}{
		"never replicated":        {audit.ReceiptNotReplicated, "", good, copied, "before the rule", repair.Links{}},
		"pending":                 {audit.ReceiptNotReplicated, "PENDING", good, copied, "", repair.Links{}},
		"failed":                  {audit.ReceiptReplicationFailed, "FAILED", good, copied, "permissions", repair.Links{}},
		"more than 5 GiB, failed": {audit.ReceiptReplicationFailed, "FAILED", with(func(h *repair.Head) { h.Size = 6 << 30 }), copied, "", repair.Links{}},
		"gone at the replica":     {audit.ReceiptNotReplicated, "COMPLETED", good, inPlace, "DstObjectHardDeleted", repair.Links{}},
		"older spelling":          {audit.ReceiptNotReplicated, "COMPLETE", good, inPlace, "DstObjectHardDeleted", repair.Links{}},
		"completed meanwhile":     {audit.ReceiptNotReplicated, "PENDING", with(func(h *repair.Head) { h.Status = "COMPLETED" }), inPlace, "DstObjectHardDeleted", repair.Links{}},
		"original gone":           {audit.ReceiptNotReplicated, "REPLICA", good, back, "DstObjectHardDeleted", repair.Links{}},
		"another content":         {audit.ReceiptMismatch, "", good, inPlace, "never written twice", repair.Links{}},
		"not the current version": {audit.ReceiptNotReplicated, "COMPLETED", with(func(h *repair.Head) { h.Replaced = true }), hand, "current version", repair.Links{}},
		"an old version":          {audit.ReceiptMismatch, "", with(func(h *repair.Head) { h.Replaced = true }), hand, `delete-object --region eu-west-2 --cli-input-json '{"Bucket":"r2","Key":"k","VersionId":"v"}'`, repair.Links{}},
		"5 GiB":                   {audit.ReceiptMismatch, "", with(func(h *repair.Head) { h.Size = 5 << 30 }), inPlace, "", repair.Links{}},
		"a byte more":             {audit.ReceiptMismatch, "", with(func(h *repair.Head) { h.Size = 5<<30 + 1 }), hand, "aws s3 cp --region eu-west-1 --source-region eu-west-1 --storage-class STANDARD 's3://r1/k' 's3://r1/k'", repair.Links{}},
		"archived":                {audit.ReceiptMismatch, "", with(func(h *repair.Head) { h.Archived, h.Class = true, "DEEP_ARCHIVE" }), hand, `"RestoreRequest":{"Days":7`, repair.Links{}},
		"archived, failed":        {audit.ReceiptReplicationFailed, "FAILED", with(func(h *repair.Head) { h.Archived, h.Class = true, "GLACIER" }), hand, "ObjectNotInActiveTierError", repair.Links{}},
		"an archive tier":         {audit.ReceiptMismatch, "", with(func(h *repair.Head) { h.Archived, h.Class = true, "INTELLIGENT_TIERING" }), hand, `"RestoreRequest":{"Glacier`, repair.Links{}},
		"restored":                {audit.ReceiptReplicationFailed, "FAILED", with(func(h *repair.Head) { h.Class = "GLACIER" }), inPlace, "copy to STANDARD", repair.Links{}},
		"replica of another one":  {audit.ReceiptNotReplicated, "REPLICA", good, copied, "another rule", repair.Links{Back: repair.Unlinked}},
		"no rule":                 {audit.ReceiptNotReplicated, "", good, back, "no rule", repair.Links{Out: repair.Unlinked}},
		"gone, one way":           {audit.ReceiptNotReplicated, "COMPLETED", good, inPlace, "DstObjectHardDeleted", repair.Links{Out: repair.Linked, Back: repair.Unlinked}},
		"gone, rule taken away":   {audit.ReceiptNotReplicated, "COMPLETED", good, back, "no rule", repair.Links{Out: repair.Unlinked}},
	} {
		o := object("k", "v")
		o.Kind = c.kind
		way, by := repair.WayOf(o, c.status, c.good, c.links)
		got, said := copied, way.Why+way.Instead
		switch {
		case by != nil:
			got, said = hand, by.Why+by.Otherwise+strings.Join(by.Commands, "")
		case way.Copy && way.Into == o.From:
			got = inPlace
		case way.Copy && way.Into == o.To:
			got = back
		}
		if got != c.want || !strings.Contains(said, c.says) {
			t.Errorf("%s: %s, want %s; %s", name, got, c.want, said)
		}
	}
}
