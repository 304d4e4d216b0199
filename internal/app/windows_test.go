package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/record"
	"parallax/schedules"
)

const shipped = `regions: [eu-west-1, eu-west-2]
tables: [{name: keys}]
`

// The shipped schedules give every write to one run of lww, and that run speaks when its fate is known: a version that
// never arrives is open at once and not left as one still expected. The streams may be behind by a missed capture.
func TestALostReplicationIsOpenWheneverItWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parallax.yaml")
	if err := os.WriteFile(path, []byte(shipped), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	hourly, captures := scheduled(t, cfg, "lww"), scheduled(t, cfg, "capture")
	for minute := range 60 {
		at := noon.Add(time.Duration(minute) * time.Minute)
		open := 0
		for asOf := schedules.Next(hourly, at); asOf.Before(at.Add(6 * time.Hour)); asOf = schedules.Next(hourly, asOf) {
			w, err := Request{AsOf: asOf}.window(cfg, "lww")
			if err != nil {
				t.Fatal(err)
			}
			through := schedules.LastSlot(captures, schedules.LastSlot(captures, asOf).From).To
			for _, f := range lostAt(cfg, at, w, asOf, through) {
				if f.Kind != audit.LWWNotReplicated || f.Status != audit.Open {
					t.Errorf("written at %s, audited at %s: %s is %s", at.Format("15:04"), asOf.Format("15:04"), f.Kind, f.Status)
				}
				open++
			}
		}
		if open != 1 {
			t.Errorf("written at %s: reported by %d runs", at.Format("15:04"), open)
		}
	}
}

func scheduled(t *testing.T, cfg *config.Config, job string) schedules.Schedule {
	t.Helper()
	s, err := schedules.Parse(cfg.Schedules[job])
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// lostAt audits a key inserted in one region at a moment, of which the other one never heard.
func lostAt(cfg *config.Config, at time.Time, w audit.Window, asOf, through time.Time) []audit.Finding {
	reach := lww.Reach{From: noon.Add(-24 * time.Hour), Through: through}
	table := cfg.Tables[0]
	auditor := lww.Auditor{Rules: lww.Rules{Table: table.Name, Regions: cfg.Regions, Settle: table.Settle}}
	return auditor.Audit(lww.Input{
		Window: w, AsOf: asOf, Read: map[audit.Region]lww.Reach{cfg.Regions[0]: reach, cfg.Regions[1]: reach},
		Changes: []record.Change{{
			Table: table.Name, Region: cfg.Regions[0], Shard: "shard", Seq: "1", At: at, Key: "k", New: record.NewImage(map[string]record.Attr{"pk": {Type: "S", Text: "k"}}),
		}},
	}).Findings
}

// A row that was left out because it had just been changed is of the next run's window too, also across a weekend.
func TestTheLedgerIsLookedAtTwice(t *testing.T) {
	cfg := &config.Config{Ledgers: []config.Ledger{{Margin: 30 * time.Second}}, Schedules: map[string]string{"ledger": "0 6 * * 1-5"}}
	monday := time.Date(2026, time.November, 16, 7, 0, 0, 0, time.UTC)
	first, err := Request{AsOf: monday}.window(cfg, "ledger")
	if err != nil {
		t.Fatal(err)
	}
	next, err := Request{AsOf: monday.AddDate(0, 0, 1)}.window(cfg, "ledger")
	if err != nil {
		t.Fatal(err)
	}
	friday := time.Date(2026, time.November, 13, 6, 0, 0, 0, time.UTC).Add(-30 * time.Second)
	if first.To != monday.Add(-time.Hour-30*time.Second) || next.From.After(friday) || next.To.Before(first.To) {
		t.Errorf("%s and then %s", first, next)
	}
}
