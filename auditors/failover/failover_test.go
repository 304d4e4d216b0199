package failover_test

import (
	"slices"
	"testing"
	"time"

	"parallax/auditors/failover"
	"parallax/internal/audit"
	"parallax/internal/golden"
	"parallax/internal/money"
	"parallax/internal/record"
)

// event is one line of a section "events": Of is the region that the message speaks of, Until ends a state.
type event struct{ Region, Type, Source, At, Expires, Of, Until string }

// entry is one row of a ledger.
type entry struct{ ID, Pay, At, Updated, Status string }

type key struct{ Region, Key, At, Origin, Write string }

// known is a failover of an earlier run.
type known struct{ Key, From, To, At, Promoted, Snapshot, Expires string }

func entries(t *testing.T, section []byte, updates bool) []record.Entry {
	t.Helper()
	rows := golden.Lines[entry](t, section)
	if rows == nil {
		return nil
	}
	out := []record.Entry{}
	for _, e := range rows {
		r := record.Entry{
			ID: e.ID, PaymentID: e.Pay, Status: e.Status, CreatedAt: golden.Clock(t, e.At), Amount: money.Amount{Minor: 1, Currency: "EUR"},
		}
		if updates {
			r.UpdatedAt = r.CreatedAt
		}
		if e.Updated != "" {
			r.UpdatedAt = golden.Clock(t, e.Updated)
		}
		out = append(out, r)
	}
	return out
}

func at(t *testing.T, clock string) time.Time {
	t.Helper()
	if clock == "" {
		return time.Time{}
	}
	return golden.Clock(t, clock)
}

func events(t *testing.T, section []byte, asOf time.Time) []record.Event {
	t.Helper()
	var out []record.Event
	for _, e := range golden.Lines[event](t, section) {
		ev := record.Event{
			Region: audit.Region(e.Region), Type: record.EventType(e.Type), Source: e.Source, At: golden.Clock(t, e.At), Message: e.Type,
			Member: audit.Region(e.Of), ExpiresAt: at(t, e.Expires), Until: at(t, e.Until),
		}
		switch ev.Type {
		case record.Member:
			ev.Member = ev.Region
		case record.SnapshotSeen, record.SnapshotCopied:
			if ev.Until.IsZero() {
				ev.Until = asOf
			}
			ev.Of = e.Of
		default:
		}
		out = append(out, ev)
	}
	return out
}

func knownOf(t *testing.T, section []byte) []audit.Failover {
	t.Helper()
	var out []audit.Failover
	for _, k := range golden.Lines[known](t, section) {
		out = append(out, audit.Failover{
			Cluster: "global", Key: k.Key, From: audit.Region(k.From), To: audit.Region(k.To), Seen: audit.SeenInEvents, At: at(t, k.At),
			Promoted: at(t, k.Promoted), Snapshot: k.Snapshot, SnapshotExpires: at(t, k.Expires),
		})
	}
	return out
}

func changes(t *testing.T, section []byte) []record.Change {
	t.Helper()
	var out []record.Change
	for _, k := range golden.Lines[key](t, section) {
		out = append(out, record.Change{
			Region: audit.Region(k.Region), Key: k.Key, At: golden.Clock(t, k.At),
			New: record.NewImage(map[string]record.Attr{"origin": {Type: "S", Text: k.Origin}, "write_id": {Type: "S", Text: k.Write}}),
		})
	}
	return out
}

// The files say what RDS and the databases tell (events), what earlier runs found (known), what a person says (stated), which
// regions were silent, and the data: the ledger in force (entries), old primaries (snapshot, snapshot r1,
// snapshot r2), keys, and of which payments the receipts are missing (receipts). An
// entry of a file with a section "updates" has been updated when it was made, unless it says otherwise.
func TestAudit(t *testing.T) {
	golden.Run(t, func(t *testing.T, s map[string][]byte) audit.Judgement {
		in := failover.Input{
			Window: audit.Window{From: golden.Clock(t, "14:00:00"), To: golden.Clock(t, "15:00:00")}, AsOf: golden.Clock(t, "18:00:00"),
			Known: knownOf(t, s["known"]),
		}
		in.Events = events(t, s["events"], in.AsOf)
		for _, clock := range golden.Lines[string](t, s["stated"]) {
			in.Stated = append(in.Stated, golden.Clock(t, clock))
		}
		in.Silent = golden.Lines[audit.Region](t, s["silent"])
		_, updates := s["updates"]
		l := failover.Layers{
			Entries: entries(t, s["entries"], updates), Keys: changes(t, s["keys"]),
			Missing: map[string]string{"snapshot": "no snapshot is configured", "keys": "no table is configured", "receipts": "no receipts are configured"},
		}
		for _, at := range golden.Lines[string](t, s["receipts"]) {
			l.Receipts = append(l.Receipts, audit.Finding{Kind: audit.ReceiptMissing, Window: audit.At(golden.Clock(t, at))})
		}
		for _, name := range []string{"snapshot", "snapshot r1", "snapshot r2"} {
			if section, found := s[name]; found {
				l.Copies = append(l.Copies, failover.Copy{Region: audit.Region(name[len("snapshot"):]), Entries: entries(t, section, updates)})
				if name != "snapshot" {
					l.Copies[len(l.Copies)-1].Region = audit.Region(name[len("snapshot "):])
				}
			}
		}
		a := failover.Auditor{Rules: failover.Rules{Scope: "global", RTO: time.Minute, SnapshotAlarm: 72 * time.Hour, Origin: "origin", Around: time.Hour}}
		for _, f := range a.Detect(in) {
			l.Of, l.Around = f, a.Surroundings(in, f)
			in.Layers = append(in.Layers, l)
		}
		j := a.Audit(in)
		again := in
		again.Known = j.Failovers
		slices.Reverse(again.Events)
		if twice := a.Audit(again); len(twice.Findings) != len(j.Findings) || len(twice.Failovers) != len(j.Failovers) {
			t.Errorf("a second run, which knows what the first found, tells of %d findings and %d failovers", len(twice.Findings), len(twice.Failovers))
		}
		return j
	})
}
