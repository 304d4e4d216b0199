package ddbjson

import "parallax/internal/record"

// Item is one item of a table as it stands.
type Item struct {
	Key   string // as record.Change has it
	Image record.Image
}

// ItemPage is one answer to Scan, Query or GetItem.
type ItemPage struct {
	Items  []Item  // every item of the page; one that cannot be used is empty and has a Fault
	Faults []Fault // in the order of the items
	Rest   []byte  // the body without its items, for the SDK's decoder: LastEvaluatedKey, ConsumedCapacity, counts
}

// Items decodes the body of an answer to Scan or Query, {"Items":[...]}, or to GetItem, {"Item":{...}}, where an absent
// item is none. keys are the names of the table's key attributes, the hash key first. The error is a *SyntaxError, or that
// keys is empty.
func Items(body []byte, keys []string) (ItemPage, error) { return new(Scanner).Items(body, keys) }

// Items is the function of this name, with buffers that are kept.
func (s *Scanner) Items(body []byte, keys []string) (ItemPage, error) {
	if err := acceptable(body, keys); err != nil {
		return ItemPage{}, err
	}
	s.start(body, keys)
	defer s.done()
	rest := []byte{'{'}
	var seen uint
	const hasItems, hasItem = 1, 2
	ok := s.open()
	for first := true; ok; first = false {
		name, more := s.member(first)
		if !more {
			break
		}
		switch string(name) {
		case "Items":
			ok = s.once(&seen, hasItems) && s.items()
		case "Item":
			ok = s.once(&seen, hasItem) && s.item()
		default:
			if len(rest) > 1 {
				rest = append(rest, ',')
			}
			rest = append(record.AppendText(rest, string(name)), ':')
			from := s.i
			ok = s.skip()
			rest = append(rest, s.in[from:s.i]...)
		}
	}
	if !s.end() {
		return ItemPage{}, s.syntaxError()
	}
	return s.itemPage(append(rest, '}')), nil
}

func (s *Scanner) items() bool {
	if s.peek() != '[' {
		return s.syntax("items that are not a list")
	}
	s.i++
	for first := true; s.element(first); first = false {
		if !s.item() {
			return false
		}
	}
	return s.bad == nil
}

// item passes one item and its key; one that cannot be used has its fault.
func (s *Scanner) item() bool {
	s.peek()
	from, at := s.i, len(s.out)
	var e entry
	ok := s.keyed(&e)
	s.spans, s.tmp, s.frags = s.spans[:0], s.tmp[:0], s.frags[:0]
	if !ok {
		if s.bad.syntax {
			return false
		}
		e = entry{fault: s.problem(s.bad)}
		s.bad, s.i, s.out = nil, from, s.out[:at]
		if !s.skip() {
			return false
		}
	}
	s.page = append(s.page, e)
	return true
}

func (s *Scanner) keyed(e *entry) bool {
	tidy, ok := s.members(0)
	if !ok || !tidy && !s.arrange(s.spans) {
		return false
	}
	e.key.from = len(s.out)
	if !s.writeKey() {
		return false
	}
	e.key.to = len(s.out)
	s.out = s.write(s.out, s.spans)
	e.after = part{e.key.to, len(s.out)}
	return true
}

func (s *Scanner) itemPage(rest []byte) ItemPage {
	text := string(s.out)
	p := ItemPage{Rest: rest}
	for i, e := range s.page {
		p.Items = append(p.Items, Item{Key: text[e.key.from:e.key.to], Image: record.Image(text[e.after.from:e.after.to])})
		if e.fault > 0 {
			fault, field := s.problems[e.fault-1], ""
			if fault.attr != "" {
				field = "attribute " + fault.attr
			}
			p.Faults = append(p.Faults, Fault{Record: i + 1, Field: field, Reason: fault.reason})
		}
	}
	return p
}
