package app

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parallax/internal/audit"
	"parallax/internal/lab"
	"parallax/sinks/report"
)

// followed is the report of a world's chains, computed or from the store.
func (d *demo) followed(t *testing.T, r ChainReport) report.Chains {
	t.Helper()
	r.Request, r.Format = Request{AsOf: d.world.AsOf(), From: d.from, To: d.to}, "json"
	var out bytes.Buffer
	verdict, err := d.app.ReportChain(t.Context(), &out, io.Discard, r)
	if err != nil || verdict != audit.RunFindings {
		t.Fatalf("verdict %q, %v", verdict, err)
	}
	var said report.Chains
	if err := json.Unmarshal(out.Bytes(), &said); err != nil {
		t.Fatal(err)
	}
	return said
}

// facts are the keys that the truth names of a kind.
func facts(truth lab.Truth, kind audit.Kind) map[string]bool {
	keys := map[string]bool{}
	for _, f := range truth.Facts {
		if f.Kind == string(kind) {
			keys[f.Key] = true
		}
	}
	return keys
}

func stateOf(c audit.Chain, layer string) audit.LinkState {
	i := slices.IndexFunc(c.Links, func(l audit.Link) bool { return l.Layer == layer })
	return c.Links[i].State
}

// checkChains wants a chain for each payment of a world, each link as the script left it, and the store to hold those that are
// broken.
func checkChains(t *testing.T, d *demo) {
	t.Helper()
	said, truth := d.followed(t, ChainReport{}), d.world.Truth()
	if want := d.o.Payments + 3; said.Total != want { // a receipt and two lines belong to no payment of the world
		t.Errorf("%d chains, want %d", said.Total, want)
	}
	if len(said.Gaps) > 0 {
		t.Errorf("gaps %v", said.Gaps)
	}
	checkLayer(t, said, "ledger", audit.LinkLost, facts(truth, audit.LedgerLostRow))
	checkLayer(t, said, "key", audit.LinkAbsent, facts(truth, audit.ChainEntryWithoutKey))
	for _, c := range said.Chains {
		for _, l := range c.Links {
			if l.State == audit.LinkUnknown || l.State == audit.LinkExpected {
				t.Errorf("%s: %s is %s (%s)", c.PaymentID, l.Layer, l.State, l.Note)
			}
		}
		checkBroken(t, c, truth)
	}
	broken := d.followed(t, ChainReport{Broken: true})
	stored := d.followed(t, ChainReport{Stored: true})
	if diff := cmp.Diff(broken.Chains, stored.Chains); diff != "" {
		t.Errorf("broken chains, and those in the store (-computed +stored):\n%s", diff)
	}
	checkMended(t, d, said)
}

// checkLayer wants exactly these payments to be in a state; those that go by no payment id of ours are left out.
func checkLayer(t *testing.T, said report.Chains, layer string, state audit.LinkState, want map[string]bool) {
	t.Helper()
	got := map[string]bool{}
	for _, c := range said.Chains {
		if stateOf(c, layer) == state && stateOf(c, "ledger") != audit.LinkAbsent {
			got[c.PaymentID] = true
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s %s: got %v, want %v", layer, state, got, want)
	}
}

// checkBroken wants a reason in the truth for every broken chain, and a broken chain for every reason.
func checkBroken(t *testing.T, c audit.Chain, truth lab.Truth) {
	t.Helper()
	line := strings.TrimPrefix(c.PaymentID, "line ")
	overwritten := facts(truth, audit.LWWDoubleAccept)[c.Key] && stateOf(c, "key") == audit.LinkLost
	reasons := map[string]bool{
		"ledger":     facts(truth, audit.LedgerLostRow)[c.PaymentID] || facts(truth, audit.ChainKeyWithoutEntry)[c.Key],
		"receipt":    facts(truth, audit.ReceiptMissing)[c.PaymentID],
		"settlement": facts(truth, audit.SettlementMissingInNetwork)[c.PaymentID] || strings.HasPrefix(c.Links[3].Note, "its reference was settled once"),
		"key":        facts(truth, audit.ChainEntryWithoutKey)[c.PaymentID] || overwritten || facts(truth, audit.SettlementMissingInLedger)[line] || c.Links[2].State == audit.LinkPresent && facts(truth, audit.ReceiptOrphan)[c.Links[2].Ref[strings.Index(c.Links[2].Ref, "/")+1:]],
	}
	if c.Broken != "" && !reasons[c.Broken] {
		t.Errorf("%s breaks at %s, which the truth does not tell: %+v", c.PaymentID, c.Broken, c.Links)
	}
	for layer, is := range reasons {
		if s := stateOf(c, layer); is && s != audit.LinkAbsent && s != audit.LinkLost && layer != "key" {
			t.Errorf("%s: %s is %s, the truth says that it is missing", c.PaymentID, layer, s)
		}
	}
}

// checkMended commits that a whole chain was broken, and lets the chain job look again.
func checkMended(t *testing.T, d *demo, said report.Chains) {
	t.Helper()
	i := slices.IndexFunc(said.Chains, func(c audit.Chain) bool { return c.Broken == "" })
	was, gone := said.Chains[i], said.Chains[i]
	was.Broken, was.Links = "receipt", slices.Clone(was.Links)
	was.Links[2] = audit.Link{Layer: "receipt", State: audit.LinkAbsent}
	gone.PaymentID, gone.Broken = "pay_gone", "ledger"
	before := audit.Outcome{
		RunID: "earlier", Job: "chain", AsOf: d.world.AsOf().Add(-1), Window: audit.Window{From: d.from, To: d.to}, Chains: []audit.Chain{was, gone},
		Coverage: []audit.Coverage{{Source: "test", Window: audit.Window{From: d.from, To: d.to}}},
	}
	if err := d.app.store.Commit(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	if _, err := d.app.Run(t.Context(), Request{Job: "chain", AsOf: d.world.AsOf(), From: d.from, To: d.to}); err != nil {
		t.Fatal(err)
	}
	mended, err := d.app.store.ChainsOf(t.Context(), was.Scope, []string{was.PaymentID, "pay_gone"})
	if err != nil || len(mended) != 2 || mended[0].Broken != "" || mended[1].Broken != "" {
		t.Errorf("%v, %+v", err, mended)
	}
}

func TestWhatWasNotReadTakesNothingBack(t *testing.T) {
	link := func(s audit.LinkState) audit.Chain {
		return audit.Chain{Links: []audit.Link{{Layer: "key", State: audit.LinkPresent}, {Layer: "ledger", State: s}}}
	}
	for _, c := range []struct {
		old, now audit.LinkState
		want     bool
	}{
		{audit.LinkAbsent, audit.LinkUnknown, true}, {audit.LinkLost, audit.LinkUnknown, true}, {audit.LinkAbsent, audit.LinkPresent, false},
		{audit.LinkAbsent, audit.LinkAbsent, false}, {audit.LinkPresent, audit.LinkUnknown, false},
	} {
		if got := hides(link(c.old), link(c.now)); got != c.want {
			t.Errorf("%s, then %s: %t", c.old, c.now, got)
		}
	}
}
