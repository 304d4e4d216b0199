package settlement

import "parallax/internal/record"

// Summary is what a decoder learned of a whole file.
type Summary struct {
	FileID        string   // the file's own identifier; empty where the format has none
	BusinessDates []string // YYYY-MM-DD, ascending: the days the file settles, as far as it says so
	Records       int64    // records or rows read, header and trailer included
	Lines         int64    // settlement lines yielded
	Rejected      int64    // rows that could not be read
	Rejects       []Reject // the first of them, at most maxRejects
	Admin         int64    // administrative messages: read, no line of them
	Totals        map[string]string
}

// Reject is one row that could not be read: where, and why.
type Reject struct {
	Line   int64
	Field  string
	Reason string
}

const maxRejects = 100

// yieldLine takes over one decoded line; an error stops the decoder and is returned as it is.
type yieldLine func(record.SettlementLine) error
