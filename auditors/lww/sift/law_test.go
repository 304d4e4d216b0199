package sift_test

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"parallax/auditors/lww"
	"parallax/auditors/lww/sift"
	"parallax/internal/audit"
	"parallax/internal/record"
)

func rulesFor(regions int) lww.Rules {
	return lww.Rules{
		Table: "idempotency-keys", Regions: []audit.Region{"eu-west-1", "eu-west-2", "eu-central-1"}[:regions],
		Settle: 15 * time.Minute, Clock: 500 * time.Millisecond,
		Attr:      lww.Attributes{WriteID: "write_id", Version: "version", Origin: "origin", WrittenAt: "written_at", PaymentID: "payment_id"},
		Financial: []string{"body"},
	}
}

func inputFor(rules lww.Rules, changes []record.Change) lww.Input {
	in := lww.Input{
		Window: audit.Window{From: epoch.Add(10 * time.Minute), To: epoch.Add(50 * time.Minute)}, AsOf: epoch.Add(3 * time.Hour),
		Changes: changes, Read: map[audit.Region]lww.Reach{},
	}
	for _, r := range rules.Regions {
		in.Read[r] = lww.Reach{From: epoch.Add(-time.Hour), Through: epoch.Add(2 * time.Hour)}
	}
	return in
}

func hashOf(text string) sift.Hash {
	if text == "" {
		return sift.Hash{}
	}
	sum := sha256.Sum256([]byte(text))
	return sift.Hash(sum[:16])
}

// tracer makes traces of changes, as somebody does who reads an archive.
type tracer struct {
	rng    *rand.Rand
	rules  lww.Rules
	naming *sift.Naming
	old    float64 // share of old images that are read
	seen   map[string]bool
}

func newTracer(rules lww.Rules, rng *rand.Rand, old float64) *tracer {
	return &tracer{rng: rng, rules: rules, naming: sift.NewNaming(rules), old: old, seen: map[string]bool{}}
}

// trace is false for a record of another region.
func (x *tracer) trace(c record.Change) (sift.Trace, bool) {
	region := slices.Index(x.rules.Regions, c.Region)
	if region < 0 {
		return sift.Trace{}, false
	}
	seq, _ := strconv.ParseUint(c.Seq, 10, 32)
	t := sift.Trace{
		Key: hashOf(c.Key), Old: hashOf(string(c.Old)), New: hashOf(string(c.New)),
		At: c.At.UnixMicro(), Region: uint8(region), Order: sift.Rank(0, uint32(seq)),
	}
	if c.ByTTL {
		t.Flags |= sift.ByTTL
	}
	if c.Old.Absent() != (c.Event == "INSERT") || c.New.Absent() != (c.Event == "REMOVE") {
		t.Flags |= sift.Full
	}
	// A record that is read again lies beside the first one, or in a later segment of the archive with all the others.
	if name := string(c.Region) + c.Seq; x.seen[name] && len(c.Key)%2 == 0 {
		t.Order = sift.Rank(1, uint32(seq))
	} else {
		x.seen[name] = true
	}
	var old []byte
	if x.rng.Float64() < x.old {
		old = []byte(c.Old)
	}
	x.naming.Fill(&t, old, []byte(c.New))
	return t, true
}

// sifted is what sieve and auditor say together.
type sifted struct {
	result lww.Result
	counts sift.Counts
}

func siftAndAudit(t *testing.T, rules lww.Rules, in lww.Input, o sift.Options, x *tracer) sifted {
	t.Helper()
	keys := map[sift.Hash]string{}
	var lags []lww.Lag
	o.Lag = func(l sift.Lag) {
		lags = append(lags, lww.Lag{
			Key: keys[l.Key], From: rules.Regions[l.From], To: rules.Regions[l.To],
			Origin: time.UnixMicro(l.Origin).UTC(), Arrived: time.UnixMicro(l.Arrived).UTC(),
		})
	}
	s, err := sift.New(rules, in.Window, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w, err := s.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var foreign int64
	for _, c := range in.Changes {
		keys[hashOf(c.Key)] = c.Key
		trace, ok := x.trace(c)
		if !ok {
			if in.Window.Holds(c.At) {
				foreign++
			}
			continue
		}
		if err := w.Add(&trace); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	suspect := map[string]bool{}
	last := sift.Hash{}
	var out sifted
	out.counts, err = s.Judge(t.Context(), func(hashes []sift.Hash) error {
		for _, h := range hashes {
			if string(h[:]) <= string(last[:]) {
				t.Errorf("suspects are not ascending")
			}
			suspect[keys[h]], last = true, h
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(suspect)) != out.counts.Suspects {
		t.Errorf("%d suspects counted, %d named", out.counts.Suspects, len(suspect))
	}
	rest := in
	rest.Changes = slices.DeleteFunc(slices.Clone(in.Changes), func(c record.Change) bool { return !suspect[c.Key] })
	out.result = lww.Auditor{Rules: rules}.Audit(rest)
	out.result.Matched += out.counts.Matched
	out.result.Lags = append(out.result.Lags, lags...)
	out.result.Context += out.counts.Context
	known := int64(0) // records of unknown regions that the auditor did not get, with the quiet keys
	for _, c := range rest.Changes {
		if !slices.Contains(rules.Regions, c.Region) && in.Window.Holds(c.At) {
			known++
		}
	}
	if foreign > known {
		out.result.Excluded = append(out.result.Excluded, audit.Exclusion{Reason: "record of another table or region", Records: foreign - known})
	}
	return out
}

// sorted brings a result into one order, and adds up what was excluded.
func sorted(r lww.Result) lww.Result {
	slices.SortFunc(r.Lags, func(a, b lww.Lag) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), a.Origin.Compare(b.Origin), a.Arrived.Compare(b.Arrived), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	sum := map[string]int64{}
	for _, e := range r.Excluded {
		sum[e.Reason] += e.Records
	}
	r.Excluded = nil
	for reason, n := range sum {
		r.Excluded = append(r.Excluded, audit.Exclusion{Reason: reason, Records: n})
	}
	slices.SortFunc(r.Excluded, func(a, b audit.Exclusion) int { return cmp.Compare(a.Reason, b.Reason) })
	return r
}

// TestLaw: sieve and auditor together say what the auditor alone does.
func TestLaw(t *testing.T) {
	t.Parallel()
	const seeds, keys = 3000, 16
	var total sift.Counts
	for seed := range uint64(seeds) {
		rng := rand.New(rand.NewPCG(seed, 3))
		rules := rulesFor(2 + rng.IntN(4)/3)
		if rng.IntN(10) == 0 {
			rules.Attr.Origin = ""
		}
		if rng.IntN(10) == 0 {
			rules.Attr.WriteID = ""
		}
		if rng.IntN(5) == 0 {
			rules.Attr.Version = ""
		}
		rules.Strong = rng.IntN(8) == 0
		g := &generator{rng: rng, dial: wild(rng), rules: rules, shard: []string{"shard", record.UnorderedShard + "shard"}[rng.IntN(2)]}
		for k := range keys {
			g.key(fmt.Sprintf("order-%d", k))
		}
		rng.Shuffle(len(g.changes), func(i, j int) { g.changes[i], g.changes[j] = g.changes[j], g.changes[i] })
		in := inputFor(rules, g.changes)
		o := sift.Options{Memory: 1 << 20, Dir: t.TempDir()}
		if rng.IntN(4) == 0 {
			in.Also = map[string]audit.Window{}
			for range 4 {
				key := fmt.Sprintf("order-%d", rng.IntN(keys+5))
				in.Also[key] = audit.Window{From: epoch.Add(-time.Hour), To: in.Window.From}
				o.Also = append(o.Also, hashOf(key))
			}
		}
		want := sorted(lww.Auditor{Rules: rules}.Audit(in))
		x := newTracer(rules, rng, []float64{0, 1, 0.5}[rng.IntN(3)])
		got := siftAndAudit(t, rules, in, o, x)
		if diff := differ(sorted(got.result), want); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
		total.Keys += got.counts.Keys
		total.Suspects += got.counts.Suspects
	}
	t.Logf("%d keys, %d suspects", total.Keys, total.Suspects)
	if quiet := total.Keys - total.Suspects; quiet*5 < total.Keys {
		t.Errorf("only %d of %d keys are quiet: the law is hardly tested", quiet, total.Keys)
	}
}

// differ names the first field in which two results are not the same; nil and empty are.
func differ(got, want lww.Result) string {
	a, b := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range a.NumField() {
		x, y := a.Field(i), b.Field(i)
		if k := x.Kind(); (k == reflect.Slice || k == reflect.Map) && x.Len() == 0 && y.Len() == 0 {
			continue
		}
		if !reflect.DeepEqual(x.Interface(), y.Interface()) {
			return fmt.Sprintf("%s:\n got %v\nwant %v", a.Type().Field(i).Name, x.Interface(), y.Interface())
		}
	}
	return ""
}

// TestCleanIsQuiet: the sieve is worth its while.
func TestCleanIsQuiet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		regions int
		change  func(*dial, *lww.Rules)
		old     float64
		quiet   float64 // share of keys, at least
	}{
		{"two regions", 2, func(*dial, *lww.Rules) {}, 1, 1},
		{"three regions", 3, func(*dial, *lww.Rules) {}, 1, 1},
		{"old images unread", 2, func(*dial, *lww.Rules) {}, 0, 0.65},
		{"no origin", 2, func(d *dial, _ *lww.Rules) { d.origin = 0 }, 1, 1},
		{"no origin configured, old images unread", 2, func(d *dial, r *lww.Rules) { d.origin, r.Attr.Origin = 0, "" }, 0, 1},
		{"no attributes", 2, func(d *dial, _ *lww.Rules) { d.origin, d.writeID, d.counter = 0, 0, 0 }, 1, 1},
		{"coalesced", 2, func(d *dial, _ *lww.Rules) { d.coalesce, d.elsewhere = 0.4, 0 }, 1, 0.8},
		{"coalesced, three regions", 3, func(d *dial, _ *lww.Rules) { d.coalesce, d.elsewhere = 0.4, 0 }, 1, 0.7},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(1, 2))
			rules, d := rulesFor(c.regions), clean
			c.change(&d, &rules)
			g := &generator{rng: rng, dial: d, rules: rules}
			for k := range 3000 {
				g.key(fmt.Sprintf("order-%d", k))
			}
			got := siftAndAudit(t, rules, inputFor(rules, g.changes), sift.Options{Memory: 8 << 20, Dir: t.TempDir()}, newTracer(rules, rng, c.old))
			share := 1 - float64(got.counts.Suspects)/float64(got.counts.Keys)
			t.Logf("%.3f of %d keys are quiet", share, got.counts.Keys)
			if share < c.quiet {
				t.Errorf("%.3f of the keys are quiet, want %.2f", share, c.quiet)
			}
		})
	}
}
