package report

import (
	"math"
	"strconv"
	"time"

	"parallax/internal/audit"
)

// Dossier is all that the report on one failover shows. It is made from the findings store alone and speaks for the moment of
// the newest run it was made from, so that one store gives one dossier, to the byte.
type Dossier struct {
	AsOf          time.Time     `json:"as_of"`
	Headline      Headline      `json:"headline"`
	Cluster       string        `json:"cluster"`
	From          audit.Region  `json:"from"`
	To            audit.Region  `json:"to"`
	Planned       bool          `json:"planned"`
	Seen          string        `json:"seen"` // how it is known
	At            time.Time     `json:"at"`   // when the writes began to fail, as far as it is known
	Promoted      time.Time     `json:"promoted,omitzero"`
	PromotedError Span          `json:"promoted_error_seconds"` // +/-
	Outage        audit.Window  `json:"outage"`                 // from the last write that survived to the first good one, in any layer
	Window        audit.Window  `json:"window"`                 // what its findings, chains and runs lie in
	Snapshot      Snapshot      `json:"snapshot"`
	Case          *DossierCase  `json:"case"` // null while nobody reconciles it
	Others        []string      `json:"other_failovers"`
	Timeline      []Moment      `json:"timeline"`
	Figures       []Figure      `json:"measures"`
	Money         []MoneyRow    `json:"money"`
	Actions       []Action      `json:"actions"` // the most urgent first
	Lost          []LostPayment `json:"lost_payments"`
	Doubles       []Double      `json:"double_charges"`

	Standing   int              `json:"findings_standing"` // findings of the window that want someone's attention
	Questions  []audit.Question `json:"questions"`
	NotCovered []NotCovered     `json:"not_covered"`
	Runs       []DossierRun     `json:"runs"`
}

// Headline is what a tired person reads first.
type Headline struct {
	Title string     `json:"title"`
	When  string     `json:"when"`
	Says  []Sentence `json:"says"`
}

// Sentence is one sentence of the headline.
type Sentence struct {
	Text string `json:"text"`
	Bad  bool   `json:"bad"` // it asks for someone's attention
}

// Snapshot is the old primary's system snapshot, the witness of what was lost.
type Snapshot struct {
	Name      string    `json:"name"` // empty: none was seen
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	Compared  bool      `json:"compared"` // a run has held its rows against the ledger in force
}

// DossierCase says how far the reconciliation has come.
type DossierCase struct {
	State    audit.CaseState `json:"state"`
	OpenedAt time.Time       `json:"opened_at"`
	ClosedAt time.Time       `json:"closed_at,omitzero"`
	NextDue  time.Time       `json:"next_due,omitzero"`
}

// The lanes of the timeline, from the outermost layer to the innermost.
const (
	LaneHealth     = "health"
	LaneIncident   = "incident notes"
	LaneControl    = "control plane"
	LaneLedger     = "ledger"
	LaneKeys       = "keys"
	LaneReceipts   = "receipts"
	LaneSettlement = "settlement"
)

// Lanes lists them in the order of the picture.
func Lanes() []string {
	return []string{LaneHealth, LaneIncident, LaneControl, LaneLedger, LaneKeys, LaneReceipts, LaneSettlement}
}

// Moment is one thing on the timeline: a point in time, or a stretch if Until is set.
type Moment struct {
	Lane   string       `json:"layer"`
	Name   string       `json:"name"` // a few words
	Region audit.Region `json:"region,omitempty"`
	At     time.Time    `json:"at"`
	Until  time.Time    `json:"until,omitzero"`
	Error  Span         `json:"error_seconds"` // +/- of At
	State  MomentState  `json:"state,omitempty"`
	Weight int          `json:"-"`      // what must be labelled first where there is little room: 2, 1 or 0; below 0 it is in the table alone
	Source string       `json:"source"` // who says so
	Text   string       `json:"text"`
}

// MomentState says what a moment means for the layer.
type MomentState string

// The states of a moment; most have none.
const (
	MomentDown MomentState = "down" // writes failed, or the health check did, or an attempt
	MomentLost MomentState = "lost"
	MomentLate MomentState = "late" // not there when it was needed, though it may come
)

// FigureState says how a measured figure stands against its objective.
type FigureState string

// The states of a figure. A figure is met or broken only where the whole error bar is.
const (
	FigureMet        FigureState = "met"
	FigureBroken     FigureState = "broken"
	FigureUnsure     FigureState = "too close to tell"
	FigureUnmeasured FigureState = "not measured"
)

// Figure is a recovery figure of one layer, or why there is none.
type Figure struct {
	Layer     string      `json:"layer"`
	Figure    string      `json:"figure"` // "rpo" or "rto"
	State     FigureState `json:"state"`
	Value     Span        `json:"value_seconds"`
	Error     Span        `json:"error_seconds"` // +/-
	Objective Span        `json:"objective_seconds"`
	Late      bool        `json:"late,omitempty"` // what was measured came later and is not lost
	Note      string      `json:"note,omitempty"` // what came of it, in a few words
	Basis     string      `json:"basis"`          // which records tell it, or why it was not measured
}

// NewFigure holds a measure against its objective.
func NewFigure(m audit.Measure) Figure {
	f := Figure{
		Layer: m.Layer, Figure: m.Figure, State: FigureUnsure,
		Value: Span(m.Value), Error: Span(m.Error), Objective: Span(m.Objective), Basis: m.Basis,
	}
	switch {
	case m.Value < 0 || m.Error < 0 || m.Value > math.MaxInt64-m.Error: // no such figure can be measured
	case m.Broken():
		f.State = FigureBroken
	case m.Value+m.Error <= m.Objective:
		f.State = FigureMet
	}
	return f
}

// Measured is the value with its error, where it has one; "-" where nothing was measured.
func (f Figure) Measured() string {
	text := f.Value.String()
	switch {
	case f.State == FigureUnmeasured:
		return "-"
	case f.Late:
		text = "late by " + text
	}
	if f.Error > 0 {
		text += " ± " + f.Error.String()
	}
	return text
}

// The classes of money, in the order a finance person asks.
const (
	ClassLost         = "lost"
	ClassChanged      = "changed"
	ClassDouble       = "charged_twice"
	ClassKeyOnly      = "key_without_entry"
	ClassKeyWrites    = "key_writes_lost"
	ClassNotInLedger  = "settled_not_in_ledger"
	ClassNotInNetwork = "in_ledger_not_settled"
	ClassStuck        = "stuck_transfers"
	ClassSettledTwice = "settled_twice"
	ClassNoReceipt    = "no_receipt"
	ClassOther        = "other"
	ClassAtRisk       = "at_risk"
	ClassExplained    = "explained"
)

// MoneyRow is one class of what the failover, and the hours around it, cost. Rows are never added up: one payment may stand in
// several of them, and in each it is counted once.
type MoneyRow struct {
	Class    string        `json:"class"`
	Name     string        `json:"name"`
	Kinds    []audit.Kind  `json:"kinds"`
	Count    int           `json:"count"`
	InOutage int           `json:"in_outage"` // of them in the outage or the span of their layer's loss, or of a payment that was lost in it
	Amounts  []audit.Money `json:"amounts"`
	Complete bool          `json:"complete"` // everything that could hold more of them was read
}

// Action is something to do now.
type Action struct {
	What    string `json:"what"`
	Why     string `json:"why"`
	File    string `json:"file,omitempty"`    // to look through and approve; empty if there is none
	Command string `json:"command,omitempty"` // makes the file, or does the rest
}

// LostPayment is a payment that the ledger in force does not hold, and what is left to rebuild it from.
type LostPayment struct {
	PaymentID string            `json:"payment_id"`
	Key       string            `json:"key"`
	Ledger    string            `json:"ledger"`
	Region    audit.Region      `json:"region"`
	Amounts   []audit.Money     `json:"amounts"`
	At        time.Time         `json:"at"`
	Verdict   audit.Verdict     `json:"verdict"`
	Status    audit.Status      `json:"status,omitempty"` // of its finding
	Links     []audit.Link      `json:"links"`            // key, ledger, receipt, settlement
	Rebuild   string            `json:"rebuild"`          // from what it can be rebuilt
	Finding   audit.Fingerprint `json:"finding,omitempty"`
}

// Double is an order that was charged more than once.
type Double struct {
	Key     string            `json:"key"`
	Ledger  string            `json:"ledger"`
	Region  audit.Region      `json:"region"`
	Refund  []audit.Money     `json:"refund"`
	Charges []Charge          `json:"charges"`
	Note    string            `json:"note,omitempty"` // where it stands against the failover
	Status  audit.Status      `json:"status"`
	Verdict audit.Verdict     `json:"verdict"`
	Finding audit.Fingerprint `json:"finding"`
}

// Charge is one of the payments of an order.
type Charge struct {
	PaymentID string       `json:"payment_id"`
	Source    string       `json:"source"`
	Region    audit.Region `json:"region"`
	Ref       string       `json:"ref"`
	At        time.Time    `json:"at,omitzero"`
	Note      string       `json:"note"`
}

// NotCovered is a part of the window that no run has read.
type NotCovered struct {
	Job    string       `json:"job"`
	RunID  string       `json:"run_id,omitempty"` // empty: no run has looked there at all
	Source string       `json:"source"`
	Scope  string       `json:"scope"`
	Region audit.Region `json:"region,omitempty"`
	Window audit.Window `json:"window"`
	Reason string       `json:"reason"`
	Remedy string       `json:"remedy,omitempty"`
	Lost   bool         `json:"lost,omitempty"` // it will never be read
}

// DossierRun is one of the runs that the dossier rests on.
type DossierRun struct {
	RunID    string           `json:"run_id"`
	Job      string           `json:"job"`
	Window   audit.Window     `json:"window"`
	AsOf     time.Time        `json:"as_of"`
	Verdict  audit.RunVerdict `json:"verdict"`
	Findings int64            `json:"finding_count"`
	Gaps     int              `json:"gaps"`
}

// What a question is about. Findings to be explained are told by the money already; the rest of these say that something was
// not read.
const (
	AboutFindings = "findings"
	AboutCoverage = "coverage"
	AboutOld      = "old region"
	AboutSnapshot = "snapshot"
	AboutJob      = "job"
)

// Span is a duration that JSON shows as decimal seconds.
type Span time.Duration

// MarshalJSON writes the seconds with as many decimals as they have.
func (s Span) MarshalJSON() ([]byte, error) {
	return []byte(strconv.FormatFloat(time.Duration(s).Seconds(), 'f', -1, 64)), nil
}

// String shows the span as a person reads it: "0.84 s", "75 s", "3 h 20 min".
func (s Span) String() string { return Spell(time.Duration(s)) }
