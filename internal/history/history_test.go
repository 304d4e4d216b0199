package history_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/archive"
	"parallax/internal/audit"
	"parallax/internal/history"
	"parallax/internal/record"
	"parallax/internal/simulate"
)

// table is a simulated table and its archive.
type table struct {
	changes  []record.Change
	segments []audit.Segment
	place    archive.Folder
	rules    lww.Rules
	read     map[audit.Region]lww.Reach
	window   audit.Window
}

// newTable plays a profile and archives what the streams showed, in segments of some records.
func newTable(t *testing.T, p simulate.Profile, keys, perSegment int) *table {
	t.Helper()
	world := simulate.NewWorld(p, 7)
	w := &table{
		place: archive.Folder(t.TempDir()), read: map[audit.Region]lww.Reach{}, window: audit.Window{From: world.Begin.Add(-time.Hour), To: world.End},
		rules: lww.Rules{
			Table: "keys", Regions: world.Regions, Settle: 15 * time.Minute, Clock: p.Skew,
			Attr: lww.Attributes{
				WriteID: "write_id", Version: "version", Origin: "origin", PaymentID: "payment_id", AmountMinor: "amount_minor", Currency: "currency", Status: "status",
			},
			Financial: []string{"amount_minor", "status"},
		},
	}
	for _, r := range world.Regions {
		from, through, gaps := world.Read(r)
		w.read[r] = lww.Reach{From: from, Through: through, Gaps: gaps}
	}
	byShard := map[string][]record.Change{}
	for i := range keys {
		for _, c := range world.Play(fmt.Sprintf("order-%05d", i)).Changes {
			c.Table = "keys"
			byShard[string(c.Region)+c.Shard] = append(byShard[string(c.Region)+c.Shard], c)
		}
	}
	for _, shard := range slices.Sorted(maps.Keys(byShard)) {
		changes := byShard[shard]
		slices.SortFunc(changes, func(a, b record.Change) int {
			return cmp.Or(cmp.Compare(len(a.Seq), len(b.Seq)), cmp.Compare(a.Seq, b.Seq))
		})
		for part := range slices.Chunk(changes, perSegment) {
			s, err := archive.Write(t.Context(), w.place, part)
			if err != nil {
				t.Fatal(err)
			}
			w.segments = append(w.segments, s)
		}
		w.changes = append(w.changes, changes...)
	}
	return w
}

func (w *table) input(window audit.Window) lww.Input {
	return lww.Input{Window: window, AsOf: w.window.To}
}

// run audits a window through the archive.
func (w *table) run(t *testing.T, window audit.Window, memory int64) (history.Result, []lww.Lag) {
	t.Helper()
	var lags []lww.Lag
	in := w.input(window)
	in.Lag = func(l lww.Lag) { l.Key = ""; lags = append(lags, l) }
	a := history.Audit{
		Place: w.place, Rules: w.rules, Part: history.Part{Segments: w.segments, Read: w.read}, Memory: memory, Dir: t.TempDir(),
	}
	got, err := a.Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(lags, compareLags)
	return got, lags
}

func compareLags(a, b lww.Lag) int {
	return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), a.Origin.Compare(b.Origin), a.Arrived.Compare(b.Arrived))
}

// The audit of an archive says what the auditor says of everything that is in it, in little memory as in much.
func TestSaysWhatTheAuditorSaysOfEverything(t *testing.T) {
	for _, p := range append(simulate.Reference(), simulate.Traps()...) {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			w := newTable(t, p, 400, 300)
			third := w.window.To.Sub(w.window.From) / 3
			window := audit.Window{From: w.window.From.Add(third / 8), To: w.window.To.Add(-third / 8)}
			in := w.input(window)
			in.Changes, in.Read = slices.Clone(w.changes), w.read
			want := lww.Auditor{Rules: w.rules}.Audit(in)
			wantLags := slices.Clone(want.Lags)
			for i := range wantLags {
				wantLags[i].Key = ""
			}
			slices.SortFunc(wantLags, compareLags)
			for _, memory := range []int64{64 << 20, 1 << 20} {
				got, lags := w.run(t, window, memory)
				got.Lags, want.Lags, got.Shallow, want.Shallow = nil, nil, nil, nil
				if !reflect.DeepEqual(got.Findings, want.Findings) {
					t.Errorf("%d bytes: %d findings, want %d", memory, len(got.Findings), len(want.Findings))
				}
				if got.Matched != want.Matched || got.Context != want.Context || got.Unjudged != want.Unjudged || len(got.Breaks) != len(want.Breaks) || !reflect.DeepEqual(got.Excluded, want.Excluded) {
					t.Errorf("%d bytes: matched %d unjudged %d breaks %d %v, want %d %d %d %v", memory,
						got.Matched, got.Unjudged, len(got.Breaks), got.Excluded, want.Matched, want.Unjudged, len(want.Breaks), want.Excluded)
				}
				if !reflect.DeepEqual(lags, wantLags) {
					t.Errorf("%d bytes: %d lags, want %d", memory, len(lags), len(wantLags))
				}
			}
		})
	}
}

func TestADamagedSegmentIsAGapAndNoError(t *testing.T) {
	w := newTable(t, simulate.Reference()[0], 300, 200)
	gone := w.segments[len(w.segments)/2]
	if err := os.Remove(filepath.Join(string(w.place), filepath.FromSlash(gone.Name))); err != nil {
		t.Fatal(err)
	}
	got, _ := w.run(t, w.window, 64<<20)
	if len(got.Damaged) != 1 || got.Damaged[0].Segment.Name != gone.Name || got.Unjudged == 0 {
		t.Errorf("damaged %v, unjudged %d", got.Damaged, got.Unjudged)
	}
	for _, f := range got.Findings {
		if f.Verdict == audit.Proven && f.Kind == audit.LWWNotReplicated {
			t.Errorf("%s is said never to have arrived in a stream that was not read whole", f.Key)
		}
	}
}

func TestACancelledAuditSaysNothing(t *testing.T) {
	w := newTable(t, simulate.Reference()[0], 100, 100)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := history.Audit{Place: w.place, Rules: w.rules, Part: history.Part{Segments: w.segments, Read: w.read}, Memory: 64 << 20, Dir: t.TempDir()}
	if _, err := a.Run(ctx, w.input(w.window)); err == nil {
		t.Error("no error")
	}
}
