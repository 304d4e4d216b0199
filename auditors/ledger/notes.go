package ledger

import "parallax/internal/record"

// What the evidence says of a row, for whoever has to tell the parts of a finding apart: it is asked for by these names, so
// that other words mean nothing else.
const (
	// NoteInForce is of the row in the ledger in force.
	NoteInForce = "in force"
	// RuleFewerRows begins the rule of a finding about one more row of a payment that the writer has other rows of.
	RuleFewerRows = "fewer rows of the payment on the writer than in a witness"
)

// NoteHeld is of a row that differs, as a witness holds it.
func NoteHeld(w record.Witness) string { return "as the " + string(w) + " holds it" }

// NoteLost is of a row that the ledger in force lacks, as a witness holds it.
func NoteLost(w record.Witness) string { return "the row " + NoteHeld(w) }
