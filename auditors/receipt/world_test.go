package receipt_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/internal/simulate/receipts"
)

// seeds is how many worlds are played.
const seeds = 100

// TestFindingsAreTheTruth plays worlds of two buckets and holds what is found in their inventories, and again with what the buckets
// themselves say, against what was done to every version.
func TestFindingsAreTheTruth(t *testing.T) {
	total := map[audit.Kind]int{}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := receipts.New(seed)
			c := newTrial(w)
			first := receipt.Auditor{Rules: c.rules}.Audit(c.in)
			c.holdInventories(t, first)
			for _, s := range first.Suspects {
				c.in.Live[s.Key] = w.Ask(s.Key)
			}
			second := receipt.Auditor{Rules: c.rules}.Audit(c.in)
			c.holdLive(t, second)
			for _, f := range second.Findings {
				total[f.Kind]++
			}
		})
	}
	t.Log(total)
	for _, kind := range []audit.Kind{
		audit.ReceiptMissing, audit.ReceiptNotReplicated, audit.ReceiptReplicationFailed, audit.ReceiptMismatch, audit.ReceiptDeleteDiverged,
		audit.ReceiptOrphan, audit.ReceiptStorageDrift,
	} {
		if total[kind] < seeds/2 {
			t.Errorf("%d times %s in %d worlds", total[kind], kind, seeds)
		}
	}
}

// trial is one world as an auditor is given it.
type trial struct {
	w       *receipts.World
	rules   receipt.Rules
	in      receipt.Input
	drifted map[string]bool
	early   time.Time // of the two scans
	late    time.Time
}

func newTrial(w *receipts.World) *trial {
	c := &trial{w: w, drifted: map[string]bool{}, early: w.Scans[0], late: w.Scans[1]}
	if c.late.Before(c.early) {
		c.early, c.late = c.late, c.early
	}
	c.rules = receipt.Rules{
		Scope: "receipts", Grace: receipts.Grace, Settle: receipts.Settle, Charged: []string{"captured"}, Regions: w.Regions, Whole: true,
		KeyPattern: regexp.MustCompile(`receipts/\d{4}/\d{2}/\d{2}/(?P<payment_id>[^/]+)\.json`),
		KeyOf: func(e record.Entry) string {
			return "receipts/" + e.CreatedAt.Format("2006/01/02/") + e.PaymentID + ".json"
		},
		DeleteMarkers: w.Markers, Slack: receipts.Slack,
	}
	if w.Policy {
		c.rules.Storage = []record.StorageStep{{Class: "STANDARD"}, {After: receipts.Cold, Class: "GLACIER_IR"}}
	}
	c.in = receipt.Input{
		Window: w.Window, AsOf: receipts.Now(), Entries: w.Entries, Cover: audit.Window{From: w.Window.From.Add(-time.Hour), To: w.Window.To},
		Buckets: w.Buckets, Complete: map[audit.Region]bool{w.Regions[0]: true, w.Regions[1]: true},
		Scanned: map[audit.Region]time.Time{w.Regions[0]: w.Scans[0], w.Regions[1]: w.Scans[1]},
		Live:    map[string][2][]record.Object{}, Suspects: 100_000,
		Survey: receipt.NewSurvey(w.Buckets), Ties: receipt.NewTies(c.rules, w.Entries, w.Window.From, 1000).Within(w.Window),
	}
	c.read()
	return c
}

// read does what the reader of the inventories does.
func (c *trial) read() {
	type version struct{ key, id string }
	rows := map[version][2]*record.Object{}
	policy := c.rules.Policy()
	for side := range 2 {
		for _, o := range c.w.Inventory(side) {
			at := version{o.Key, o.VersionID}
			both := rows[at]
			both[side] = &o
			rows[at] = both
			n := o.Note()
			c.in.Survey.See(side, []record.ObjectNote{n}, func(int) []byte { return []byte(o.Key) })
			if c.in.Ties.Wants(n) {
				c.in.Ties.See([]record.Object{o})
			}
			if policy.Broken(n, o.SeenAt) {
				c.in.Drifted = append(c.in.Drifted, o)
				c.drifted[o.Key] = true
			}
		}
	}
	pairs := map[string]*receipt.Pair{}
	for at, both := range rows {
		if both[0] != nil && both[1] != nil && c.alike(*both[0], *both[1]) {
			c.in.Equal++
			continue
		}
		if pairs[at.key] == nil {
			pairs[at.key] = &receipt.Pair{Key: at.key}
		}
		for side, o := range both {
			if o != nil {
				pairs[at.key].Sides[side] = append(pairs[at.key].Sides[side], *o)
			}
		}
	}
	c.in.Pairs = func(yield func(receipt.Pair) bool) {
		for _, key := range slices.Sorted(maps.Keys(pairs)) {
			if !yield(*pairs[key]) {
				return
			}
		}
	}
}

func (c *trial) alike(a, b record.Object) bool {
	one, n := c.rules.Print([]byte(a.ETag), a.Note())
	two, m := c.rules.Print([]byte(b.ETag), b.Note())
	return a.Size == b.Size && string(one) == string(two) && n == m
}

// found are the findings by key and kind.
type found map[string]map[audit.Kind]audit.Finding

func byKey(t *testing.T, r receipt.Result) found {
	t.Helper()
	out := found{}
	for _, f := range r.Findings {
		if out[f.Key] == nil {
			out[f.Key] = map[audit.Kind]audit.Finding{}
		}
		if _, twice := out[f.Key][f.Kind]; twice {
			t.Errorf("%s %s is reported twice", f.Kind, f.Key)
		}
		out[f.Key][f.Kind] = f
	}
	return out
}

// ofCopies are the kinds that a key has one of at most.
var ofCopies = []audit.Kind{audit.ReceiptNotReplicated, audit.ReceiptReplicationFailed, audit.ReceiptMismatch, audit.ReceiptDeleteDiverged, audit.ReceiptStorageDrift}

// holdInventories: what was wrong all the time is found, nothing is found that never was wrong, and nothing is proven that was not
// so when the buckets were listed.
func (c *trial) holdInventories(t *testing.T, r receipt.Result) {
	t.Helper()
	got := byKey(t, r)
	for _, o := range c.w.Objects {
		was := c.history(o, c.late)
		ever := c.history(o, receipts.Now())
		for _, kind := range ofCopies {
			f, reported := got[o.Key][kind]
			switch {
			case reported && !ever.ever[kind] && !(f.Verdict == audit.Probable && ever.erased && kind == audit.ReceiptNotReplicated):
				t.Errorf("false: %s", c.tell(o, kind, f))
			case reported && f.Verdict == audit.Proven && !was.ever[kind]:
				t.Errorf("falsely proven: %s", c.tell(o, kind, f))
			case !reported && ever.always == kind && c.w.Told(o, kind):
				t.Errorf("not found: %s", c.tell(o, kind, f))
			}
		}
	}
	c.holdPayments(t, got, func(o *receipts.Object, e record.Entry) (must, may bool) {
		if f, reported := got[o.Payment][audit.ReceiptMissing]; reported && f.Verdict == audit.Probable && c.w.Erased(o, c.early, c.late) {
			return false, true
		}
		due := !e.CreatedAt.Add(receipts.Settle).After(c.early)
		must = due && !c.w.Arrived(o, c.early)
		for _, at := range c.w.Moments(o, c.early, receipts.Now()) {
			has := c.w.Receipted(o, at)
			must, may = must && !has, may || due && !has
		}
		return must, may
	})
}

// holdLive: of what the buckets themselves were asked for exactly the truth is found.
func (c *trial) holdLive(t *testing.T, r receipt.Result) {
	t.Helper()
	got := byKey(t, r)
	for _, o := range c.w.Objects {
		_, asked := c.in.Live[o.Key]
		truth, wrong := c.w.Truth(o, receipts.Now())
		ever := c.history(o, receipts.Now())
		for _, kind := range ofCopies {
			f, reported := got[o.Key][kind]
			want := wrong && truth == kind
			if c.w.Policy && kind == audit.ReceiptStorageDrift {
				want = c.drifted[o.Key] && (c.w.Drifted(o, 0, receipts.Now()) || c.w.Drifted(o, 1, receipts.Now()))
			}
			switch {
			case asked && reported != want:
				t.Errorf("found %v, true %v: %s", reported, want, c.tell(o, kind, f))
			case !asked && reported && !ever.ever[kind]:
				t.Errorf("false: %s", c.tell(o, kind, f))
			case !asked && !reported && ever.always == kind && c.w.Told(o, kind):
				t.Errorf("not found: %s", c.tell(o, kind, f))
			}
		}
	}
	c.holdPayments(t, got, func(o *receipts.Object, e record.Entry) (must, may bool) {
		_, asked := c.in.Live[o.Key]
		must = asked && !e.CreatedAt.Add(receipts.Settle).After(receipts.Now()) && !c.w.Receipted(o, receipts.Now())
		return must, must
	})
}

// holdPayments holds missing receipts and orphans against the truth.
func (c *trial) holdPayments(t *testing.T, got found, missing func(o *receipts.Object, e record.Entry) (must, may bool)) {
	t.Helper()
	entries := map[string]record.Entry{}
	for _, e := range c.w.Entries {
		entries[e.PaymentID] = e
	}
	for _, o := range c.w.Objects {
		e, known := entries[o.Payment]
		must, may := false, false
		if known && e.Status == "captured" && c.w.Window.Holds(e.CreatedAt) {
			must, may = missing(o, e)
		}
		f, reported := got[o.Payment][audit.ReceiptMissing]
		if must && !reported || reported && !may {
			t.Errorf("missing %v, must %v, may %v: %s", reported, must, may, c.tell(o, audit.ReceiptMissing, f))
		}
		if f, reported := got[o.Key][audit.ReceiptOrphan]; reported && known {
			t.Errorf("false: %s", c.tell(o, audit.ReceiptOrphan, f))
		} else if !reported && !known && c.listedIn(o) && c.w.Receipted(o, receipts.Now()) {
			t.Errorf("not found: %s", c.tell(o, audit.ReceiptOrphan, f))
		}
	}
}

// listedIn reports whether a live receipt of the window is in one of the inventories.
func (c *trial) listedIn(o *receipts.Object) bool {
	for side := range 2 {
		for _, row := range c.w.Listed(o, side) {
			if row.IsLatest && !row.DeleteMarker && c.w.Window.Holds(row.LastModified) {
				return true
			}
		}
	}
	return false
}

// history is what was true of a key from the earlier scan on.
type history struct {
	ever   map[audit.Kind]bool
	always audit.Kind // true all the time
	erased bool       // a version was deleted on both sides meanwhile
}

func (c *trial) history(o *receipts.Object, until time.Time) history {
	h := history{ever: map[audit.Kind]bool{}}
	for i, at := range c.w.Moments(o, c.early, until) {
		kind, wrong := c.w.Truth(o, at)
		if !wrong {
			kind = ""
		}
		if i == 0 {
			h.always = kind
		} else if h.always != kind {
			h.always = ""
		}
		h.ever[kind] = wrong
		if c.w.Drifted(o, 0, at) || c.w.Drifted(o, 1, at) {
			h.ever[audit.ReceiptStorageDrift] = true
		}
	}
	h.erased = c.w.Erased(o, c.early, c.late)
	return h
}

func (c *trial) tell(o *receipts.Object, kind audit.Kind, f audit.Finding) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s %s\n\tscans %s, %s, markers %s\n", kind, f.Verdict, o.Key,
		c.w.Scans[0].Format(time.DateTime), c.w.Scans[1].Format(time.DateTime), c.w.Markers)
	for i, b := range c.w.Buckets {
		fmt.Fprintf(&text, "\trules of %s: known %v %+v\n", b.Name, b.RulesKnown, b.Rules)
		for _, row := range slices.Concat(c.w.Listed(o, i), c.w.Ask(o.Key)[i]) {
			fmt.Fprintf(&text, "\t  %s %s live %v latest %v marker %v %q %s %d %s %s\n", row.VersionID, row.LastModified.Format(time.DateTime),
				row.Live, row.IsLatest, row.DeleteMarker, row.ReplicationStatus, row.StorageClass, row.Size, row.ETag, row.Checksum)
		}
	}
	return text.String() + "\t" + f.Reason
}
