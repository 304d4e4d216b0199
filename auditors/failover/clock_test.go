package failover_test

import (
	"fmt"
	"testing"
	"time"

	"parallax/auditors/failover"
	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// The regions' clocks are apart, and how far is itself measured with an error: the true recovery time lies within the bar, at
// either end of that error.
func TestRecoveryTimeHoldsByClocksThatAreApart(t *testing.T) {
	at := func(clock string) time.Time {
		moment, err := time.Parse(time.RFC3339, "2026-11-18T"+clock+"Z")
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	const truth, exactly = 70 * time.Second, 30 * time.Microsecond
	last, promoted := at("14:04:00"), at("14:05:00")
	for _, ahead := range []time.Duration{-3 * time.Minute, -40 * time.Second, 0, 40 * time.Second, 4 * time.Minute} {
		for _, error := range []time.Duration{-exactly, 0, exactly} {
			l := failover.Layers{Ahead: ahead + error, AheadError: exactly}
			var old []record.Entry
			for i := range 20 {
				old = append(old, paid(fmt.Sprint("old", i), last.Add(time.Duration(i-19)*10*time.Second)))
			}
			l.Entries = append(l.Entries, old...)
			for i := range 20 {
				l.Entries = append(l.Entries, paid(fmt.Sprint("new", i), last.Add(truth+ahead+time.Duration(i)*10*time.Second)))
			}
			l.Copies = []failover.Copy{{Region: "r1", Entries: old}}
			a := failover.Auditor{Rules: failover.Rules{Scope: "global", RTO: time.Minute, Around: time.Hour}}
			in := failover.Input{
				Window: audit.Window{From: at("13:00:00"), To: at("16:00:00")}, AsOf: at("18:00:00"),
				Events: []record.Event{
					{Region: "r2", Type: record.FailoverCompleted, Source: "c2", At: promoted, Member: "r2"},
					{Region: "r1", Type: record.Member, Source: "c1", At: at("18:00:00"), Member: "r1"},
				},
			}
			l.Of = a.Detect(in)[0]
			l.Around = a.Surroundings(in, l.Of)
			in.Layers = []failover.Layers{l}
			var found bool
			for _, m := range a.Audit(in).Failovers[0].Measures {
				if m.Figure != "rto" {
					continue
				}
				found = true
				if truth < m.Value-m.Error || truth > m.Value+m.Error || m.Error > ahead.Abs()+20*time.Second {
					t.Errorf("clock ahead by %s, measured as %s: %s +/- %s, in truth %s", ahead, l.Ahead, m.Value, m.Error, truth)
				}
			}
			if !found {
				t.Errorf("clock ahead by %s: no recovery time", ahead)
			}
		}
	}
}

func paid(payment string, at time.Time) record.Entry {
	return record.Entry{
		ID: payment, PaymentID: payment, Status: "captured", CreatedAt: at, UpdatedAt: at, Amount: money.Amount{Minor: 1, Currency: "EUR"},
	}
}
