package ddbjson

import (
	"errors"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Page is one answer to GetRecords. Changes has every record of it, without table, region and shard; one that cannot be
// used has its sequence number and time, as far as those could be read, and a Fault. The texts of a page are parts of one
// string: keeping one of them keeps all.
type Page struct {
	Changes []record.Change
	Faults  []Fault // in the order of the records
	Next    string  // the iterator to go on with; "" where the shard is closed and this was its end
}

var errKeys = errors.New("no names of key attributes")

func acceptable(body []byte, keys []string) error {
	switch {
	case len(keys) == 0:
		return errKeys
	case len(body) > longest:
		return &SyntaxError{Offset: longest, Reason: "longer than any answer"}
	default:
		return nil
	}
}

// Records decodes the body of an answer to GetRecords. keys are the names of the table's key attributes, the hash key
// first. Times are cut to the whole second, which is all that a stream tells. The error is a *SyntaxError, or that keys is
// empty.
func Records(body []byte, keys []string) (Page, error) { return new(Scanner).Records(body, keys) }

// Records is the function of this name, with buffers that are kept.
func (s *Scanner) Records(body []byte, keys []string) (Page, error) {
	if err := acceptable(body, keys); err != nil {
		return Page{}, err
	}
	s.start(body, keys)
	defer s.done()
	var next part
	var seen uint
	const hasRecords, hasNext = 1, 2
	ok := s.open()
	for first := true; ok; first = false {
		name, more := s.member(first)
		if !more {
			break
		}
		switch string(name) {
		case "Records":
			ok = s.once(&seen, hasRecords) && s.records()
		case "NextShardIterator":
			ok = s.once(&seen, hasNext) && s.kept(&next)
		default:
			ok = s.skip()
		}
	}
	if !s.end() || seen&hasRecords == 0 && !s.syntax("an answer without records") {
		return Page{}, s.syntaxError()
	}
	return s.result(next), nil
}

func (s *Scanner) records() bool {
	if s.peek() != '[' {
		return s.syntax("records that are not a list")
	}
	s.i++
	for first := true; s.element(first); first = false {
		if !s.record() {
			return false
		}
	}
	return s.bad == nil
}

// end checks that the body ends here.
func (s *Scanner) end() bool {
	if s.bad != nil {
		return false
	}
	if s.peek(); s.i < len(s.in) {
		return s.syntax("something behind the end")
	}
	return true
}

// result cuts the page's texts out of one string.
func (s *Scanner) result(next part) Page {
	text := string(s.out)
	p := Page{Next: text[next.from:next.to]}
	if len(s.page) > 0 {
		p.Changes = make([]record.Change, len(s.page))
	}
	for i := range s.page {
		e := &s.page[i]
		e.nsec = 0
		e.record(&p.Changes[i], text)
		if e.fault == 0 && e.seq.empty() {
			e.fault = s.problem(&problem{field: "sequence number", reason: "missing"})
		}
		if e.fault > 0 {
			fault := s.problems[e.fault-1]
			p.Faults = append(p.Faults, Fault{Record: i + 1, Seq: p.Changes[i].Seq, Field: fault.field, Reason: fault.reason})
		}
	}
	return p
}

// Kinesis decodes one record that DynamoDB has put into a Kinesis data stream, and returns it with its event id, by which
// duplicates are known. Table and region are set, shard and sequence number are not; the time keeps its fraction. The error
// is a *SyntaxError or a Fault.
func Kinesis(body []byte, keys []string) (record.Change, string, error) {
	return new(Scanner).Kinesis(body, keys)
}

// Kinesis is the function of this name, with buffers that are kept.
func (s *Scanner) Kinesis(body []byte, keys []string) (record.Change, string, error) {
	if err := acceptable(body, keys); err != nil {
		return record.Change{}, "", err
	}
	s.start(body, keys)
	s.kinesis = true
	defer s.done()
	if s.peek() != '{' {
		s.syntax("not an object")
		return record.Change{}, "", s.syntaxError()
	}
	e := entry{unit: 3} // where the precision is not stated
	if !s.change(&e) || !s.end() {
		if s.bad.syntax {
			return record.Change{}, "", s.syntaxError()
		}
		return record.Change{}, "", Fault{Record: 1, Field: s.bad.field, Reason: s.bad.reason}
	}
	text := string(s.out)
	var c record.Change
	e.record(&c, text)
	c.Table, c.Region = text[e.table.from:e.table.to], audit.Region(text[e.area.from:e.area.to])
	return c, text[e.id.from:e.id.to], nil
}
