package audit

import (
	"encoding/json"
	"time"
)

// StoredFinding is a finding with its life: when it was seen first and last, and by which runs.
type StoredFinding struct {
	Finding
	Job       string
	FirstSeen time.Time
	LastSeen  time.Time
	Runs      int64 // runs that saw it
	FirstRun  string
	LastRun   string
	ClearedBy string // the run that no longer saw it
}

// storedJSON is the finding as outside programs read it; the names are a contract.
type storedJSON struct {
	Finding
	AmountMinor *int64    `json:"amount_minor"` // of the first amount; null where no money is at stake
	Currency    string    `json:"currency"`
	Job         string    `json:"job"`
	FirstSeen   time.Time `json:"first_seen"`
	LastSeen    time.Time `json:"last_seen"`
	Runs        int64     `json:"runs"`
	FirstRun    string    `json:"first_run"`
	LastRun     string    `json:"last_run"`
	ClearedBy   string    `json:"cleared_by,omitempty"`
}

// MarshalJSON writes the contract's fields: the finding's own, amount_minor and currency of its first amount, and its life.
func (s StoredFinding) MarshalJSON() ([]byte, error) {
	out := storedJSON{
		Finding: s.Finding, Job: s.Job, FirstSeen: s.FirstSeen, LastSeen: s.LastSeen,
		Runs: s.Runs, FirstRun: s.FirstRun, LastRun: s.LastRun, ClearedBy: s.ClearedBy,
	}
	if out.Evidence == nil {
		out.Evidence = []Evidence{}
	}
	if len(s.Amounts) > 0 {
		out.AmountMinor, out.Currency = &s.Amounts[0].Minor, s.Amounts[0].Currency
	}
	return json.Marshal(out)
}

// Event is one entry of a finding's history.
type Event struct {
	At     time.Time `json:"at"`
	Run    string    `json:"run,omitempty"`
	Actor  string    `json:"actor,omitempty"`
	Action string    `json:"action"` // "detected", "redetected", "reopened", "cleared", ...
	From   Status    `json:"from,omitempty"`
	To     Status    `json:"to,omitempty"`
	Note   string    `json:"note,omitempty"`
}

// RunRecord is a run as the store remembers it: its certificate of coverage and how it ended.
type RunRecord struct {
	RunID    string     `json:"run_id"`
	Job      string     `json:"job"`
	Window   Window     `json:"window"`
	AsOf     time.Time  `json:"as_of"`
	Verdict  RunVerdict `json:"verdict"`
	Findings int64      `json:"finding_count"` // reported by this run
	Coverage []Coverage `json:"coverage"`
}
