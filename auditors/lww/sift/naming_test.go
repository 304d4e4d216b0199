package sift_test

import (
	"testing"

	"parallax/auditors/lww"
	"parallax/auditors/lww/sift"
	"parallax/internal/record"
)

func item(more ...string) record.Image {
	m := map[string]record.Attr{
		"pk": {Type: "S", Text: "order-1"}, "amount_minor": {Type: "N", Text: "1250"}, "currency": {Type: "S", Text: "EUR"},
		"lines": {Type: "L", Text: `[{"M":{"sku":{"S":"a}\"]"}}}]`}, "paid": {Type: "BOOL", Text: "true"},
	}
	for i := 0; i < len(more); i += 2 {
		m[more[i]] = record.Attr{Type: "S", Text: more[i+1]}
	}
	return record.NewImage(m)
}

func TestAuthor(t *testing.T) {
	t.Parallel()
	rules := rulesFor(2)
	n := sift.NewNaming(rules)
	full := n.Author([]byte(item("write_id", "w1", "origin", "eu-west-2", "version", "3")))
	if full.Writer == 0 || full.Origin != 2 || full.Count != 3 {
		t.Errorf("everything: %+v", full)
	}
	for _, c := range []struct {
		name   string
		image  record.Image
		origin uint8
		count  uint32
		writer bool
	}{
		{"no item", "", 0, 0, false},
		{"nothing", item(), 0, 0, false},
		{"no origin", item("write_id", "w1"), 0, 0, false},
		{"no write id", item("origin", "eu-west-1"), 1, 0, false},
		{"empty write id", item("origin", "eu-west-1", "write_id", ""), 1, 0, false},
		{"foreign", item("origin", "ap-south-1", "write_id", "w1"), sift.Elsewhere, 0, false},
		{"empty origin", item("origin", "", "write_id", "w1"), 0, 0, false},
		{"counter below one", item("version", "0"), 0, 0, false},
		{"counter of words", item("version", "third"), 0, 0, false},
		{"huge counter", item("version", "4294967295"), 0, sift.Uncounted, false},
		{"counter beyond int64", item("version", "9223372036854775808"), 0, 0, false},
		{"escaped write id", item("origin", "eu-west-1", "write_id", `a"b\`), 1, 0, true},
		{"escaped name", item("origin", "eu-west-1", "write_id", "x", `na"me`, "y", "zz", "z"), 1, 0, true},
		{"write id that is a list", record.NewImage(map[string]record.Attr{"write_id": {Type: "SS", Text: `["a"]`}, "origin": {Type: "S", Text: "eu-west-1"}}), 1, 0, true},
		{"not an image", "{", 0, 0, false},
	} {
		got := n.Author([]byte(c.image))
		if got.Origin != c.origin || got.Count != c.count || (got.Writer != 0) != c.writer {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	if got := sift.NewNaming(lww.Rules{}).Author([]byte(item("", "x"))); got != (sift.Author{}) {
		t.Errorf("no names: %+v", got)
	}
}

// Different writers differ, even where their parts run together alike; one writer is one, whatever else the item says and
// whatever types its attributes have.
func TestWritersDiffer(t *testing.T) {
	t.Parallel()
	rules := rulesFor(2)
	n := sift.NewNaming(rules)
	of := func(more ...string) uint32 { return n.Author([]byte(item(more...))).Writer }
	a := of("write_id", "1", "origin", "eu-west-1")
	if b := of("write_id", "11", "origin", "eu-west-"); a == b {
		t.Error("parts of a writer run together")
	}
	if b := of("write_id", "2", "origin", "eu-west-1"); a == b {
		t.Error("two write ids are one writer")
	}
	if b := of("write_id", "1", "origin", "eu-west-2"); a == b {
		t.Error("two origins are one writer")
	}
	number := record.NewImage(map[string]record.Attr{"write_id": {Type: "N", Text: "1"}, "origin": {Type: "S", Text: "eu-west-1"}})
	if b := n.Author([]byte(number)).Writer; a != b {
		t.Error("a number and a string of one text are two writers, but the auditor compares texts")
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	n := sift.NewNaming(rulesFor(2))
	old, after := []byte(item("write_id", "w1", "origin", "eu-west-1")), []byte(item("write_id", "w2", "origin", "eu-west-2"))
	insert := sift.Trace{New: sift.Hash{1}}
	n.Fill(&insert, nil, after)
	if insert.Flags&sift.Known == 0 || insert.Before != 0 || insert.Writer == 0 || insert.Origin != 2 {
		t.Errorf("insert: %+v", insert)
	}
	update := sift.Trace{Old: sift.Hash{2}, New: sift.Hash{1}, Flags: sift.ByTTL}
	n.Fill(&update, nil, after)
	if update.Flags != sift.ByTTL {
		t.Errorf("an old image that was not read is known: %+v", update)
	}
	n.Fill(&update, old, after)
	if update.Flags != sift.ByTTL|sift.Known || update.Before != n.Author(old).Writer || update.Before == update.Writer {
		t.Errorf("update: %+v", update)
	}
	n.Fill(&update, []byte(item("origin", "ap-south-1")), after)
	if update.Flags&sift.Foreign == 0 {
		t.Errorf("a foreign old image: %+v", update)
	}
}

func TestFillAllocatesNothing(t *testing.T) { // not parallel: the allocations of all goroutines are counted
	n := sift.NewNaming(rulesFor(2))
	image := []byte(item("write_id", "w1", "origin", "eu-west-1", "version", "12", "url", `a\b`))
	update := sift.Trace{Old: sift.Hash{2}, New: sift.Hash{1}}
	if allocs := testing.AllocsPerRun(100, func() { n.Fill(&update, image, image) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// FuzzAuthor holds the scan against record.Image.
func FuzzAuthor(f *testing.F) {
	f.Add("eu-west-1", "w1", "7", "body", "x")
	f.Add("eu-west-2", `w"1`, "", `bo"dy`, "}")
	f.Add("", `\`, "-1", "zz", "\x00")
	rules := rulesFor(2)
	n := sift.NewNaming(rules)
	f.Fuzz(func(t *testing.T, origin, id, version, name, text string) {
		m := map[string]record.Attr{
			name:     {Type: "M", Text: string(record.NewImage(map[string]record.Attr{text: {Type: "S", Text: name}}))},
			"origin": {Type: "S", Text: origin}, "write_id": {Type: "S", Text: id}, "version": {Type: "S", Text: version},
		}
		image := record.NewImage(m)
		if !image.Canonical() {
			return
		}
		// The same texts in an item without anything else.
		bare := record.NewImage(map[string]record.Attr{
			"origin": {Type: "S", Text: image.Text("origin")}, "write_id": {Type: "S", Text: image.Text("write_id")},
			"version": {Type: "S", Text: image.Text("version")},
		})
		if got, want := n.Author([]byte(image)), n.Author([]byte(bare)); got != want {
			t.Errorf("%q: %+v, want %+v", image, got, want)
		}
		if got := n.Author([]byte(image)); (got.Origin == 1) != (image.Text("origin") == string(rules.Regions[0])) {
			t.Errorf("%q: %+v", image, got)
		}
	})
}

func FuzzAuthorOfAnything(f *testing.F) {
	f.Add([]byte(item("write_id", "w1", "origin", "eu-west-1")))
	n := sift.NewNaming(rulesFor(3))
	f.Fuzz(func(_ *testing.T, image []byte) { n.Author(image) })
}

func BenchmarkFill(b *testing.B) {
	n := sift.NewNaming(rulesFor(2))
	old := []byte(item("write_id", "0a41b2c3-7d1e-4f60-9a2b-1c2d3e4f5a6b", "origin", "eu-west-1", "version", "3", "status", "captured"))
	after := []byte(item("write_id", "1b52c3d4-8e2f-4a71-8b3c-2d3e4f5a6b7c", "origin", "eu-west-1", "version", "4", "status", "refunded"))
	trace := sift.Trace{Old: sift.Hash{1}, New: sift.Hash{2}}
	b.ReportAllocs()
	before, fills := busy(b), 0
	for b.Loop() {
		n.Fill(&trace, old, after)
		fills++
	}
	b.ReportMetric(float64((busy(b)-before).Nanoseconds())/float64(2*fills), "cpu-ns/image")
}
