package failover_test

import (
	"testing"
	"time"

	"parallax/auditors/failover"
	"parallax/internal/audit"
	"parallax/internal/golden"
	"parallax/internal/money"
	"parallax/internal/record"
)

type event struct{ Region, Type, Source, At, Expires string }

type entry struct{ Pay, At string }

type key struct{ Region, Key, At, Origin, Write string }

func entries(t *testing.T, section []byte) []record.Entry {
	rows := golden.Lines[entry](t, section)
	if rows == nil {
		return nil
	}
	out := []record.Entry{}
	for _, e := range rows {
		out = append(out, record.Entry{PaymentID: e.Pay, CreatedAt: golden.Clock(t, e.At), Amount: money.Amount{Minor: 1, Currency: "EUR"}})
	}
	return out
}

func TestAudit(t *testing.T) {
	golden.Run(t, func(t *testing.T, s map[string][]byte) audit.Judgement {
		in := failover.Input{
			Window: audit.Window{From: golden.Clock(t, "14:00:00"), To: golden.Clock(t, "15:00:00")}, AsOf: golden.Clock(t, "18:00:00"),
			Entries: entries(t, s["entries"]), Snapshot: entries(t, s["snapshot"]),
		}
		for _, e := range golden.Lines[event](t, s["events"]) {
			ev := record.Event{Region: audit.Region(e.Region), Type: record.EventType(e.Type), Source: e.Source, At: golden.Clock(t, e.At), Message: e.Type, Member: audit.Region(e.Region)}
			if e.Expires != "" {
				ev.ExpiresAt = golden.Clock(t, e.Expires)
			}
			in.Events = append(in.Events, ev)
		}
		for _, k := range golden.Lines[key](t, s["keys"]) {
			in.Keys = append(in.Keys, record.Change{
				Region: audit.Region(k.Region), Key: k.Key, At: golden.Clock(t, k.At),
				New: record.NewImage(map[string]record.Attr{"origin": {Type: "S", Text: k.Origin}, "write_id": {Type: "S", Text: k.Write}}),
			})
		}
		a := failover.Auditor{Rules: failover.Rules{Scope: "global", RTO: time.Minute, SnapshotAlarm: 72 * time.Hour, Origin: "origin", Around: time.Hour}}
		return a.Audit(in)
	})
}
