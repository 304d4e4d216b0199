package audit

import (
	"strings"
	"time"
)

// RunVerdict is how a run ended.
type RunVerdict string

// The run verdicts. A gap always makes a run inconclusive, whatever else was found.
const (
	RunClean        RunVerdict = "clean"
	RunFindings     RunVerdict = "findings"
	RunInconclusive RunVerdict = "inconclusive"
)

// Outcome is everything one run of one job has to say. It is committed as a whole or not at all.
type Outcome struct {
	RunID     string
	Job       string
	Window    Window
	AsOf      time.Time // the moment the run speaks for
	Basis     string    // digest of the rules and the witnesses it looked with: only a run of the same basis clears a finding
	Findings  []Finding
	Rejudged  []Fingerprint // findings of earlier windows that it judged again: those it does not report are no longer there
	Held      []Fingerprint // living findings that it could not judge anew: they stand, and its silence says nothing of them
	Coverage  []Coverage
	Cursors   []Cursor
	Segments  []Segment        // change archive written by capture
	Files     []SettlementFile // settlement files seen
	Matches   []Match          // pairings made
	Samples   []LagSample      // measured lags
	Failovers []Failover       // failovers seen, with what was measured
	Topology  []TopologyEvent  // what was said and seen of the databases, for RDS forgets
	Chains    []Chain          // payments whose chain is broken

	Replications []Replication // what S3 told of replications, for it tells once
}

// Judgement is what one auditor says of what it was given.
type Judgement struct {
	Findings  []Finding
	Excluded  []Exclusion // records it could not use, with the reason
	Matched   int64       // records that found their counterpart
	Matches   []Match
	Samples   []LagSample
	Failovers []Failover
	Chains    []Chain
}

// Verdict derives how the run ended from what it says: inconclusive with any gap or with nothing read at all,
// else findings if any is past being expected or a living one is held, else clean.
func (o Outcome) Verdict() RunVerdict {
	if len(o.Coverage) == 0 {
		return RunInconclusive
	}
	for _, c := range o.Coverage {
		if !c.Complete() {
			return RunInconclusive
		}
	}
	if len(o.Held) > 0 {
		return RunFindings
	}
	for _, f := range o.Findings {
		if f.Status != Expected && f.Status != Suppressed {
			return RunFindings
		}
	}
	return RunClean
}

// Segment is one file of the change archive. A segment that no committed outcome names does not exist.
type Segment struct {
	Name    string // relative to the archive's root, deterministic: table/region/shard/first-last.parquet
	Table   string
	Region  Region
	Shard   string
	First   string // sequence numbers, inclusive
	Last    string
	Records int64
	Window  Window // creation times of its records
	SHA256  string
}

// SettlementFile is a settlement file as it was seen, accepted or not.
type SettlementFile struct {
	Feed         string
	Name         string
	SHA256       string
	FileID       string // the file's own identifier, if the format has one
	BusinessDate string // YYYY-MM-DD
	Records      int64
	Rejected     int64
	Status       string // "accepted", "rejected", "duplicate"
	Reason       string
	Totals       map[string]string // control totals: stated and computed, per currency
	SeenAt       time.Time
}

// Match is one pairing of a ledger row with a settlement line, and the rule that made it.
type Match struct {
	Scope     string
	PaymentID string
	Reference string // the line's reference
	File      string
	Line      int64 // record number in the file
	Rule      string
	Amount    Money
}

// LagSample is one measurement of how far a region is behind.
type LagSample struct {
	Layer  string // "dynamodb", "aurora", "s3"
	Scope  string
	From   Region
	To     Region
	At     time.Time
	Lag    time.Duration
	Error  time.Duration // the measurement's own uncertainty, +/-
	Method string        // how it was measured: "aurora rpo_lag", "stream record", ...; see NotArrived
	Equal  int64         // how many more measurements gave the same at the same time
}

// NotArrived is how the method of a measurement begins that saw a thing not arrived yet, such as "not arrived at the
// inventory's scan".
const NotArrived = "not arrived"

// AtLeast reports whether the lag is a lower bound: the thing had not arrived when it was looked for.
func (s LagSample) AtLeast() bool { return strings.HasPrefix(s.Method, NotArrived) }
