package decode

import "slices"

// Summary is what a decoder learned of a whole file.
type Summary struct {
	FileID        string   // the file's own identifier; empty where the format has none
	BusinessDates []string // YYYY-MM-DD, ascending: the days the file settles, as far as it says so
	Records       int64    // records or rows read, header and trailer included
	Lines         int64    // settlement lines yielded
	Rejected      int64    // rows that could not be read
	Rejects       []Reject // the first of them, at most MaxRejects
	Admin         int64    // administrative messages: read, no line of them
	Totals        map[string]string
	Sequence      int64  // the file's own number in a series; 0 where it has none
	SequenceOf    string // which series that is, where a sender keeps several: processor, account, file type
}

// Reject is one row that could not be read: where, and why.
type Reject struct {
	Line   int64
	Field  string
	Reason string
}

// MaxRejects is how many bad rows of a file are listed.
const MaxRejects = 100

const maxDates = 400 // business dates remembered of one file

// Date adds a business date, each once; an empty one is none.
func (s *Summary) Date(businessDate string) {
	if businessDate == "" || len(s.BusinessDates) >= maxDates {
		return
	}
	if i, found := slices.BinarySearch(s.BusinessDates, businessDate); !found {
		s.BusinessDates = slices.Insert(s.BusinessDates, i, businessDate)
	}
}

// Reject notes a row that could not be read; err may be a *FieldError.
func (s *Summary) Reject(line int64, err error) {
	field, err := split(err)
	if s.Rejected++; len(s.Rejects) < MaxRejects {
		s.Rejects = append(s.Rejects, Reject{Line: line, Field: field, Reason: err.Error()})
	}
}
