package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

var noon = time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)

var image = record.NewImage

func changes(n int) []record.Change {
	out := make([]record.Change, n)
	for i := range out {
		key := fmt.Sprintf("order-%05d", i)
		c := record.Change{
			Table: "idempotency-keys", Region: "eu-west-1", Shard: "shardId-0001", Seq: fmt.Sprintf("%021d", 100+i), Event: "MODIFY",
			At: noon.Add(time.Duration(i) * time.Second), Key: key,
			Old: image(map[string]record.Attr{"pk": {Type: "S", Text: key}, "n": {Type: "N", Text: fmt.Sprint(i)}}),
			New: image(map[string]record.Attr{"pk": {Type: "S", Text: key}, "n": {Type: "N", Text: fmt.Sprint(i + 1)}}),
		}
		switch i % 4 {
		case 0:
			c.Event, c.Old = "INSERT", ""
		case 1:
			c.Event, c.New, c.ByTTL = "REMOVE", "", true
		}
		out[i] = c
	}
	return out
}

func TestRoundTripOfEveryType(t *testing.T) {
	in := changes(1)
	in[0].Old = "{}"
	in[0].New = image(map[string]record.Attr{
		"s": {Type: "S", Text: "naïve \x00 <&> \"\u2028 😀"}, "n": {Type: "N", Text: "-0.00000000000000000000000000000000000001"}, "b": {Type: "B", Text: "AAE="},
		"bool": {Type: "BOOL", Text: "true"}, "null": {Type: "NULL", Text: "true"}, "m": {Type: "M", Text: `{"a":{"S":"x"}}`},
		"l": {Type: "L", Text: `[{"N":"1"}]`}, "ss": {Type: "SS", Text: `["a","b"]`}, "ns": {Type: "NS", Text: `["1"]`}, "bs": {Type: "BS", Text: `["AA=="]`},
		"empty": {Type: "S", Text: ""},
	})
	dir := Folder(t.TempDir())
	s, err := Write(t.Context(), dir, in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Read(t.Context(), dir, s)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(out, in) {
		t.Errorf("got %+v\nwant %+v", out, in)
	}
}

func TestRoundTripOverRowGroups(t *testing.T) {
	in := changes(25000) // groups of 8192, 8192, 8192 and 424
	dir := Folder(t.TempDir())
	s, err := Write(t.Context(), dir, in)
	if err != nil {
		t.Fatal(err)
	}
	want := audit.Segment{
		Name:  "idempotency-keys/eu-west-1/shardId-0001/000000000000000000100-000000000000000025099.parquet",
		Table: "idempotency-keys", Region: "eu-west-1", Shard: "shardId-0001", First: in[0].Seq, Last: in[len(in)-1].Seq, Records: int64(len(in)),
		Window: audit.Window{From: noon, To: noon.Add(25000 * time.Second)}, SHA256: s.SHA256,
	}
	if s != want {
		t.Errorf("got %+v, want %+v", s, want)
	}
	again, err := Write(t.Context(), dir, in)
	if err != nil || again != s {
		t.Errorf("a second write gives %+v, %v", again, err)
	}
	out, err := Read(t.Context(), dir, s)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(out, in) {
		t.Error("what was read is not what was written")
	}
	entries, err := os.ReadDir(filepath.Dir(dir.file(s.Name)))
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files left: %v", len(entries), err)
	}
}

func TestWriteRefuses(t *testing.T) {
	two := changes(2)
	other := changes(2)
	other[1].Shard = "another"
	latin := changes(1)
	latin[0].New = "{\"s\":{\"S\":\"\xff\"}}"
	outside := changes(1)
	outside[0].Shard = ".."
	for name, c := range map[string]struct {
		in   []record.Change
		want string
	}{
		"nothing":      {nil, "no changes"},
		"other shard":  {other, "record 1: of table"},
		"wrong order":  {[]record.Change{two[1], two[0]}, "does not follow"},
		"twice":        {[]record.Change{two[0], two[0]}, "does not follow"},
		"not UTF-8":    {latin, "image: not UTF-8"},
		"out of house": {outside, "do not name a segment"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := Folder(t.TempDir())
			if _, err := Write(t.Context(), dir, c.in); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if files, _ := filepath.Glob(dir.file("*/*/*/*")); len(files) > 0 {
				t.Errorf("left behind: %v", files)
			}
		})
	}
}

func TestReadRefusesAnyDamage(t *testing.T) {
	dir := Folder(t.TempDir())
	s, err := Write(t.Context(), dir, changes(50))
	if err != nil {
		t.Fatal(err)
	}
	name := dir.file(s.Name)
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(whole); i += 7 {
		damaged := append([]byte{}, whole...)
		damaged[i] ^= 0xff
		if err := os.WriteFile(name, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(t.Context(), dir, s); !errors.Is(err, ErrChecksum) || !strings.Contains(err.Error(), s.Name) {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
	}
	if err := os.WriteFile(name, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(t.Context(), dir, s); !errors.Is(err, ErrChecksum) {
		t.Errorf("half a file: %v", err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(t.Context(), dir, s); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	s.Name = "../" + s.Name
	if _, err := Read(t.Context(), dir, s); err == nil || !strings.Contains(err.Error(), "out of the archive") {
		t.Errorf("a name that leads out: %v", err)
	}
}

// A damaged file whose checksum happens to agree must still end in an answer: an error, or records.
func TestDecodeSurvivesDamage(t *testing.T) {
	dir := Folder(t.TempDir())
	s, err := Write(t.Context(), dir, changes(50))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(dir.file(s.Name))
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for i := 0; i < len(whole); i += 7 {
		damaged := append([]byte{}, whole...)
		damaged[i] ^= 0xff
		if _, err := decode(t.Context(), damaged, s, nil); err != nil {
			refused++
		}
	}
	if refused == 0 {
		t.Error("no damage was noticed")
	}
	t.Logf("%d of about %d damaged files refused without their checksum", refused, len(whole)/7)
}

func TestReadComparesWithTheSegment(t *testing.T) {
	dir := Folder(t.TempDir())
	s, err := Write(t.Context(), dir, changes(5))
	if err != nil {
		t.Fatal(err)
	}
	s.Records = 6
	if _, err := Read(t.Context(), dir, s); err == nil || !strings.Contains(err.Error(), "holds 5 records") {
		t.Errorf("error %v", err)
	}
	junk := []byte("PAR1 not a file PAR1")
	if err := os.WriteFile(dir.file(s.Name), junk, 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(junk)
	s.SHA256 = hex.EncodeToString(sum[:])
	if _, err := Read(t.Context(), dir, s); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("error %v", err)
	}
}

func TestRepeatsOfAFeedThatRepeatsHaveNamesOfTheirOwn(t *testing.T) {
	place := Folder(t.TempDir())
	all := changes(3)
	for i := range all {
		all[i].Shard = record.UnorderedShard + "shardId-1"
	}
	first, err := Write(t.Context(), place, all)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Write(t.Context(), place, []record.Change{all[0], all[2]})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []audit.Segment{first, second} {
		if _, err := Read(t.Context(), place, s); err != nil {
			t.Error(err)
		}
	}
}

func TestScanTellsRecordsThatLackAnImage(t *testing.T) {
	one := image(map[string]record.Attr{"pk": {Type: "S", Text: "k"}})
	cases := []struct {
		event    string
		old, new record.Image
		want     bool
	}{
		{"INSERT", "", one, false}, {"INSERT", "", "", true},
		{"MODIFY", one, "{}", false}, {"MODIFY", "", one, true}, {"MODIFY", one, "", true}, {"MODIFY", "", "", true},
		{"REMOVE", one, "", false}, {"REMOVE", "", "", true},
	}
	in := changes(len(cases))
	var want, got []bool
	for i, c := range cases {
		in[i].Event, in[i].Old, in[i].New = c.event, c.old, c.new
		want = append(want, c.want)
	}
	place := NewMemory()
	s, err := Write(t.Context(), place, in)
	if err != nil {
		t.Fatal(err)
	}
	err = Scan(t.Context(), place, s, func(r Rows) error {
		got = append(got, r.Partial...)
		return nil
	})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}
