package audit

import "time"

// Failover is one change of the writing region, with what the data says it cost in time.
type Failover struct {
	Cluster         string
	Key             string // its name in findings, as the first run that saw it gave it
	From, To        Region
	Planned         bool
	Seen            Seen      // how it is known
	At              time.Time // when the writes began to fail, as far as the first run that saw it could tell: with Cluster and To its identity
	Promoted        time.Time
	PromotedError   time.Duration // +/-; zero where an event states the moment
	Snapshot        string        // the system snapshot of the old primary, if one was seen
	SnapshotExpires time.Time     // zero where unknown
	Measures        []Measure
	Marks           []Mark
	Unmeasured      []string // "layer figure: reason" for each figure that the data does not give
}

// Seen says how a change of the writer is known.
type Seen string

// The ways a change of the writer is known.
const (
	SeenInEvents Seen = "rds events"
	SeenInData   Seen = "the writer changed" // nobody announced it: a detach and promotion by hand
	SeenByPerson Seen = "a person said so"
)

// Measure is a recovery figure of one layer, measured from the data and held against its objective.
type Measure struct {
	Layer     string        `json:"layer"`  // "ledger", "keys", "receipts"
	Figure    string        `json:"figure"` // "rpo" or "rto"
	Value     time.Duration `json:"value"`  // nanoseconds
	Error     time.Duration `json:"error"`  // +/-
	Objective time.Duration `json:"objective"`
	Basis     string        `json:"basis"` // which records it was read from
	// Copy is the fingerprint of the old primary's copy that it was measured against; empty if none was needed.
	Copy string `json:"copy,omitempty"`
}

// Broken reports whether the objective is missed even at the favourable end of the error bar.
func (m Measure) Broken() bool { return m.Value-m.Error > m.Objective }

// Mark is a moment of a failover that the data itself tells.
type Mark struct {
	Layer string        `json:"layer"` // "ledger", "keys", "receipts"
	Name  string        `json:"name"`  // "last write", "last survivor", "first lost", "last lost", "first good write"
	At    time.Time     `json:"at"`
	Error time.Duration `json:"error"` // +/-
	Basis string        `json:"basis"` // which record tells it
}

// TopologyEvent is one thing said or seen of the databases or of what stands before them, as the store keeps it.
type TopologyEvent struct {
	Cluster string    `json:"cluster"` // the configured global cluster
	Region  Region    `json:"region"`
	Type    string    `json:"type"`   // of record.Event
	Source  string    `json:"source"` // cluster, instance, snapshot, health check, or the user's incident file
	At      time.Time `json:"at"`
	Message string    `json:"message"`
	Until   time.Time `json:"until,omitzero"` // of a state (a snapshot, who writes): when it was last seen so; zero for an event
}

// Case is the reconciliation of one failover: every job over the window around it, repeated as late evidence arrives, and
// closed when every item is explained.
type Case struct {
	Cluster   string     `json:"cluster"`
	To        Region     `json:"to"`
	At        time.Time  `json:"at"`     // of the failover
	Window    Window     `json:"window"` // what its jobs look at
	State     CaseState  `json:"state"`
	NextDue   time.Time  `json:"next_due,omitzero"` // when its jobs are repeated; zero once closed
	Questions []Question `json:"questions"`         // what keeps it open
	Runs      []CaseRun  `json:"runs"`              // the newest run of each job, in the order of the jobs
	Evidence  []string   `json:"evidence"`          // what could be read at its newest repetition: anything new repeats it at once
	OpenedAt  time.Time  `json:"opened_at"`
	ClosedAt  time.Time  `json:"closed_at,omitzero"`
	AsOf      time.Time  `json:"as_of"` // of the newest repetition
}

// CaseState is where a case stands.
type CaseState string

// The states of a case. One that is given up has waited for its evidence as long as the configuration allows.
const (
	CaseOpen    CaseState = "open"
	CaseClosed  CaseState = "closed"
	CaseGivenUp CaseState = "given up"
)

// Question is something a case still waits for.
type Question struct {
	About  string `json:"about"`  // "snapshot", "old region", "settlement file", "findings", "coverage"
	Text   string `json:"text"`   // one sentence for a person
	Remedy string `json:"remedy"` // what would answer it
}

// CaseRun is one job's newest run for a case.
type CaseRun struct {
	Job     string     `json:"job"`
	RunID   string     `json:"run_id"`
	Verdict RunVerdict `json:"verdict"`
	AsOf    time.Time  `json:"as_of"`
}

// Drill is a game day: what was broken on purpose, what had to be found, and what was.
type Drill struct {
	Name     string        `json:"name"`
	Cluster  string        `json:"cluster"`
	Started  time.Time     `json:"started"`
	Stopped  time.Time     `json:"stopped,omitzero"`
	Note     string        `json:"note"`
	Expected []Expectation `json:"expected"`
	Late     bool          `json:"late"` // declared when a job had already looked at what follows its start: no surprise was left
	Score    *DrillScore   `json:"score,omitempty"`
}

// Expectation is a finding that a drill declares before it is looked for.
type Expectation struct {
	Kind  Kind   `json:"kind"`
	Key   string `json:"key,omitempty"` // one finding of this key; empty: Count findings of the kind, whatever their keys
	Count int    `json:"count"`         // 0: any number of them, one at least
}

// DrillScore is what was found of what a drill declared.
type DrillScore struct {
	AsOf     time.Time     `json:"as_of"`
	Found    int           `json:"found"`
	FoundBy  map[Kind]int  `json:"found_by"`
	Missed   []Expectation `json:"missed"`
	False    []Expectation `json:"false"` // found in the drill's window and not declared
	Measures []Measure     `json:"measures"`
	Gaps     int           `json:"gaps"`   // parts of the window that were not read: a score with gaps is not final
	Unread   []Unread      `json:"unread"` // the first of them
	Passed   bool          `json:"passed"` // everything declared was found, nothing else was, and nothing was left unread
}

// Unread is a part of a drill's window that a job has not read.
type Unread struct {
	Job string `json:"job"`
	Gap
}
