package history_test

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/archive"
	"parallax/internal/audit"
	"parallax/internal/history"
	"parallax/internal/record"
	"parallax/internal/simulate"
)

// heat adds a key to a table with so many versions of half a kilobyte in each region, one of which one region alone has.
func (w *table) heat(t *testing.T, key string, versions int) {
	t.Helper()
	pad := fmt.Sprintf("%0400d", 1)
	image := func(id int, origin audit.Region) record.Image {
		return record.NewImage(map[string]record.Attr{
			"pk": {Type: "S", Text: key}, "write_id": {Type: "S", Text: fmt.Sprint(key, id)}, "origin": {Type: "S", Text: string(origin)}, "pad": {Type: "S", Text: pad},
		})
	}
	for i, region := range w.rules.Regions {
		var changes []record.Change
		var before record.Image
		for n := range versions {
			after, event := image(n, w.rules.Regions[0]), "MODIFY"
			if i == 1 && n == versions/2 {
				after = image(-1, region)
			}
			if n == 0 {
				event = "INSERT"
			}
			at := w.window.From.Add(time.Hour + time.Duration(n)*100*time.Millisecond).Truncate(time.Second)
			changes = append(changes, record.Change{
				Table: "keys", Region: region, Shard: "shard-of-" + key, Seq: fmt.Sprintf("%021d", n+1), Event: event, At: at, Key: key, Old: before, New: after,
			})
			before = after
		}
		for part := range slices.Chunk(changes, 500) {
			s, err := archive.Write(t.Context(), w.place, part)
			if err != nil {
				t.Fatal(err)
			}
			w.segments = append(w.segments, s)
		}
		w.changes = append(w.changes, changes...)
	}
}

// audit runs an audit over all of a table in some memory, and returns the most that was alive whenever a segment was done,
// in bytes.
func (w *table) audit(t *testing.T, memory int64, also map[string]audit.Window) (result history.Result, peak uint64) {
	t.Helper()
	alive := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := alive()
	a := history.Audit{
		Place: w.place, Rules: w.rules, Part: history.Part{Segments: w.segments, Read: w.read}, Memory: memory, Dir: t.TempDir(),
		Progress: func(string, int, int) { peak = max(peak, alive()) },
	}
	in := w.input(w.window)
	in.Also = also
	result, err := a.Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return result, peak - min(before, peak)
}

// Hot keys among the suspects are read apart from the others; what is too large for the memory is left unjudged, and so
// said, and the others are judged all the same.
func TestHotKeysStayWithinTheMemory(t *testing.T) {
	w := newTable(t, simulate.Reference()[0], 60, 300)
	want, _ := w.audit(t, 64<<20, nil)
	const memory = 8 << 20
	for _, c := range []struct {
		key      string
		versions int
	}{{"warm-1", 600}, {"warm-2", 600}, {"warm-3", 600}, {"hot", 3000}} {
		w.heat(t, c.key, c.versions)
	}
	got, peak := w.audit(t, memory, nil)
	if peak > memory {
		t.Errorf("%d bytes in use, want at most %d", peak, memory)
	}
	if got.TooLarge != 1 || got.Unjudged != want.Unjudged+2*3000 {
		t.Errorf("%d keys too large, %d versions unjudged, want 1 and %d", got.TooLarge, got.Unjudged, want.Unjudged+2*3000)
	}
	warm := func(f audit.Finding) bool { return strings.HasPrefix(f.Key, "warm") }
	if !slices.ContainsFunc(got.Findings, warm) {
		t.Error("nothing is said of keys that fit")
	}
	if rest := slices.DeleteFunc(got.Findings, warm); !reflect.DeepEqual(rest, want.Findings) {
		t.Errorf("%d findings about the other keys, want %d", len(rest), len(want.Findings))
	}
}

// A key that is to be judged again stays withheld if it is too large; others are withheld only for what was seen of them.
func TestOnlyWhatWasNotJudgedAgainIsWithheld(t *testing.T) {
	w := newTable(t, simulate.Reference()[0], 60, 300)
	w.heat(t, "warm", 600)
	w.heat(t, "hot", 3000)
	also := map[string]audit.Window{"hot": w.window, "warm": w.window, "order-00001": w.window, "never-seen": w.window}
	for memory, want := range map[int64][]string{8 << 20: {"hot", "never-seen"}, 64 << 20: {"never-seen"}} {
		got, _ := w.audit(t, memory, also)
		slices.Sort(got.Withheld)
		if !slices.Equal(got.Withheld, want) {
			t.Errorf("%d MiB: withheld %v, want %v", memory>>20, got.Withheld, want)
		}
	}
}

// A record of which the stream's view leaves an image out proves nothing, though its hashes look like those of another
// event: it is the auditor's to leave out.
func TestRecordsWithoutTheirImagesAreTheAuditors(t *testing.T) {
	w := newTable(t, simulate.Reference()[0], 0, 300)
	for _, region := range w.rules.Regions {
		c := record.Change{
			Table: "keys", Region: region, Shard: "shard-1", Seq: fmt.Sprintf("%021d", 1), Event: "MODIFY", At: w.window.From.Add(time.Hour), Key: "k",
			New: record.NewImage(map[string]record.Attr{"pk": {Type: "S", Text: "k"}, "write_id": {Type: "S", Text: "w"}, "origin": {Type: "S", Text: string(w.rules.Regions[0])}}),
		}
		s, err := archive.Write(t.Context(), w.place, []record.Change{c})
		if err != nil {
			t.Fatal(err)
		}
		w.segments, w.changes = append(w.segments, s), append(w.changes, c)
	}
	in := w.input(w.window)
	in.Changes, in.Read = w.changes, w.read
	want := lww.Auditor{Rules: w.rules}.Audit(in)
	got, _ := w.run(t, w.window, 64<<20)
	if len(want.Excluded) == 0 || got.Full != 1 || got.Matched != want.Matched || got.Unjudged != want.Unjudged || !reflect.DeepEqual(got.Excluded, want.Excluded) {
		t.Errorf("full %d, matched %d unjudged %d excluded %v, want %d %d %v", got.Full, got.Matched, got.Unjudged, got.Excluded, want.Matched, want.Unjudged, want.Excluded)
	}
}
