package app

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/auditors/chain"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sinks/repair"
)

// everyFindingOnce wants each finding to stand among the steps or among what is left to be done by hand, there once.
func everyFindingOnce(t *testing.T, found []audit.StoredFinding, steps []repair.Step, byHand []repair.ByHand) {
	t.Helper()
	for _, f := range found {
		inSteps := slices.ContainsFunc(steps, func(s repair.Step) bool { return slices.Contains(s.Findings, f.Fingerprint) })
		left := 0
		for _, b := range byHand {
			if slices.Contains(b.Findings, f.Fingerprint) {
				left++
			}
		}
		if left > 1 || left == 0 && !inSteps {
			t.Errorf("%s %s: in steps %v, by hand %d times", f.Kind, f.Key, inSteps, left)
		}
	}
}

// TestRefundLeftToAPersonNamesEveryFinding is about one order that two findings are about, with charges of which no machine can
// say that they are to be given back.
func TestRefundLeftToAPersonNamesEveryFinding(t *testing.T) {
	finding := func(kind audit.Kind, fingerprint audit.Fingerprint) audit.StoredFinding {
		return audit.StoredFinding{Finding: audit.Finding{Kind: kind, Fingerprint: fingerprint, Key: "order"}}
	}
	double, accepted, elsewhere := finding(audit.ChainDoubleCharge, "f1"), finding(audit.LWWDoubleAccept, "f2"), finding(audit.LedgerLostRow, "f3")
	elsewhere.Scope = "renamed"
	double.Verdict = audit.Proven
	double.Evidence = []audit.Evidence{
		{Field: "payment_id", Value: "kept", Ref: "row id 0", Note: chain.NoteNamed},
		{Field: "payment_id", Value: "p1", Ref: "row id 1", Note: chain.NoteRefund},
		{Field: "payment_id", Value: "p2", Ref: "row id 2", Note: chain.NoteRefund},
	}
	ledger := config.Ledger{Name: "payments", Statuses: config.Statuses{Charged: []string{"captured", "voided"}, Refunded: []string{"refunded"}}}
	for name, c := range map[string]record.Entry{
		"given back already": {Status: "refunded", Amount: money.Amount{Minor: 1, Currency: "EUR"}},
		"sounds given back":  {Status: "voided", Amount: money.Amount{Minor: 1, Currency: "EUR"}},
		"no amount":          {Status: "captured"},
		"like a card number": {Status: "captured", Amount: money.Amount{Minor: 1, Currency: "EUR"}, NetworkReference: "4111111111111111"},
		"gone":               {Status: "gone"},
	} {
		kept := record.Entry{ID: "0", PaymentID: "kept", Status: "captured", Amount: money.Amount{Minor: 1, Currency: "EUR"}}
		charges := map[string][]charge{"kept": {{Entry: kept, inForce: true}}}
		if c.Status != "gone" {
			c.ID, c.PaymentID = "1", "p1"
			charges["p1"] = []charge{{Entry: c, inForce: true}}
		}
		p := &planning{App: &App{}}
		left := p.refundsOf(ledger, []audit.StoredFinding{double}, []audit.StoredFinding{accepted}, charges)
		p.leftOver([]audit.StoredFinding{double, accepted, elsewhere})
		t.Run(name, func(t *testing.T) {
			everyFindingOnce(t, []audit.StoredFinding{double, accepted, elsewhere}, nil, p.plan.ByHand)
			if len(left) > 0 || len(p.plan.Refunds) > 0 || !strings.Contains(p.plan.ByHand[0].Why, "payment p2 can no longer be read") {
				t.Errorf("%+v", p.plan)
			}
		})
	}
}

func TestRepairFilesLiveFromTheirWriting(t *testing.T) {
	a, _ := bareAt(t)
	a.cfg.Repair.Expires = 24 * time.Hour
	for _, c := range []struct{ written, expires time.Time }{
		{noon.Add(3 * 24 * time.Hour), noon.Add(4 * 24 * time.Hour)}, // of a day in the past
		{noon.Add(-time.Hour), noon.Add(24 * time.Hour)},
		{time.Time{}, noon.Add(24 * time.Hour)},
	} {
		dir := filepath.Join(t.TempDir(), "r")
		if _, err := a.WriteRepair(t.Context(), t.Output(), "table", RepairRequest{Out: dir, AsOf: noon, Written: c.written}); err != nil {
			t.Fatal(err)
		}
		m, err := readManifest(dir)
		if err != nil || !m.Expires.Equal(c.expires) || !m.AsOf.Equal(noon) || !m.Written.Equal(c.expires.Add(-24*time.Hour)) {
			t.Errorf("as of %s, written %s, expires %s, want %s; %v", m.AsOf, m.Written, m.Expires, c.expires, err)
		}
	}
}

func TestRepairRefusalsSayWhatToDo(t *testing.T) {
	a, _ := bareAt(t)
	err := a.store.Commit(t.Context(), audit.Outcome{
		RunID: "r", Job: "failover", Window: audit.Window{From: noon, To: noon.Add(time.Hour)}, AsOf: noon.Add(time.Hour), Basis: "b",
		Coverage:  []audit.Coverage{{Source: "topology", Scope: "c", Window: audit.Window{From: noon, To: noon.Add(time.Hour)}}},
		Failovers: []audit.Failover{{Cluster: "c", Key: "1", From: dublin, To: london, Seen: audit.SeenInEvents, At: noon, Promoted: noon}},
	})
	if err != nil {
		t.Fatal(err)
	}
	a.cfg.Topology.GlobalCluster = "c"
	refused := func(req RepairRequest, want string) {
		t.Helper()
		req.AsOf = noon.Add(time.Hour)
		_, err := a.WriteRepair(t.Context(), t.Output(), "table", req)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), ".repair-") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	near := filepath.Join(t.TempDir(), "r")
	if _, err := a.WriteRepair(t.Context(), t.Output(), "table", RepairRequest{Out: near, AsOf: noon.Add(time.Hour), At: noon.Add(time.Minute)}); err != nil {
		t.Error(err)
	}
	for _, at := range []time.Time{noon.AddDate(-20, 0, 0), noon.AddDate(20, 0, 0)} {
		refused(RepairRequest{Out: near + "2", At: at}, "no failover is known within an hour of "+at.Format(time.RFC3339)+"; the newest known are "+noon.Format(time.RFC3339))
	}
	refused(RepairRequest{Out: "/proc/nowhere/r"}, "write repair files: folder /proc/nowhere/r cannot be made: no such file or directory: give another by --out")

	manifest := filepath.Join(near, repair.ManifestName)
	if err := os.WriteFile(manifest, []byte(`{"format": `), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = readManifest(near)
	if want := "read repair manifest " + manifest + ": it is no manifest of repair files: "; err == nil || !strings.HasPrefix(err.Error(), want) ||
		!strings.HasSuffix(err.Error(), ": write the files anew by parallax repair write") {
		t.Errorf("got %v", err)
	}
}
