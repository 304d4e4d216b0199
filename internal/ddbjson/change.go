package ddbjson

import (
	"time"

	"parallax/internal/record"
)

// The identity that a removal by time to live carries, in the region where it happened.
// Source: Developer Guide, "DynamoDB Streams and Time to Live".
const (
	ttlType      = "Service"
	ttlPrincipal = "dynamodb.amazonaws.com"
)

// entry is a record of the page as it was read so far: its texts are parts of out. It holds no pointers, so that a page of
// them costs the garbage collector nothing.
type entry struct {
	event           event
	sec, nsec       int64
	timed           bool
	service, ttl    bool // what the identity says
	seq, key        part
	before, after   part
	id, table, area part // of a Kinesis record
	unit            int  // decimal places of the time's unit below the second
	when            part // of the body
	fault           int  // its place among the page's problems, from 1; 0 if it has none
}

// event is what happened to an item.
type event uint8

const (
	unknown event = iota
	insert
	modify
	remove
)

// events are the names of the events. Source: API reference, Record.eventName.
var events = [...]string{insert: "INSERT", modify: "MODIFY", remove: "REMOVE"}

// Members of a record, and of what is inside it.
const (
	hasEvent uint = 1 << iota
	hasStream
	hasIdentity
	hasSeq
	hasAt
	hasKeys
	hasOld
	hasNew
	hasUnit
	hasID
	hasTable
	hasArea
)

// record passes one record and appends it to the page; one that cannot be used has its fault.
func (s *Scanner) record() bool {
	from, at := s.i, len(s.out)
	s.page = append(s.page, entry{})
	e := &s.page[len(s.page)-1]
	if s.change(e) {
		return true
	}
	if s.bad.syntax {
		return false
	}
	fault := s.bad
	s.bad, s.bare, s.i, s.out = nil, true, from, s.out[:at]
	s.spans, s.tmp, s.frags = s.spans[:0], s.tmp[:0], s.frags[:0]
	*e = entry{}
	ok := s.change(e)
	s.bare, e.fault = false, s.problem(fault)
	return ok
}

// change passes the members of a record. When bare it takes what names the record and passes over all else.
func (s *Scanner) change(e *entry) bool {
	if s.peek() != '{' {
		if s.bare {
			return s.skip()
		}
		return s.refuse("not an object")
	}
	s.i++
	var seen uint
	for first := true; ; first = false {
		name, more := s.member(first)
		if !more {
			break
		}
		var ok bool
		switch string(name) {
		case "eventName":
			ok = s.once(&seen, hasEvent) && (s.event(e) || s.of("event name"))
		case "userIdentity":
			ok = s.once(&seen, hasIdentity) && (s.identity(e) || s.of("user identity"))
		case "dynamodb":
			ok = s.once(&seen, hasStream) && s.stream(e)
		case "eventID":
			ok = s.once(&seen, hasID) && (s.origin(&e.id) || s.of("event id"))
		case "tableName":
			ok = s.once(&seen, hasTable) && (s.origin(&e.table) || s.of("table name"))
		case "awsRegion":
			ok = s.once(&seen, hasArea) && (s.origin(&e.area) || s.of("region"))
		default:
			ok = s.skip()
		}
		if !ok {
			return false
		}
	}
	if s.bad != nil || s.bare {
		return s.bad == nil
	}
	return s.complete(e)
}

// complete checks that a record has what each has, and that its images are those of its event: an insert had nothing
// before, a removal leaves nothing.
func (s *Scanner) complete(e *entry) bool {
	old, now := !e.before.empty(), !e.after.empty()
	switch {
	case e.key == part{}:
		s.refuse("missing")
		return s.of("keys")
	case !e.timed:
		s.refuse("missing")
		return s.of("time")
	case e.event == insert && (old || !now):
		s.refuse("not those of an insert")
		return s.of("images")
	case e.event == modify && (!old || !now):
		s.refuse("not those of a modification")
		return s.of("images")
	case e.event == remove && (!old || now):
		s.refuse("not those of a removal")
		return s.of("images")
	case e.event == unknown:
		s.refuse("missing")
		return s.of("event name")
	}
	return true
}

func (s *Scanner) event(e *entry) bool {
	if s.bare {
		return s.skip()
	}
	f, ok := s.text()
	if !ok {
		return false
	}
	switch string(s.plain(f)) {
	case events[insert]:
		e.event = insert
	case events[modify]:
		e.event = modify
	case events[remove]:
		e.event = remove
	default:
		return s.refuse("unknown")
	}
	return true
}

func (s *Scanner) identity(e *entry) bool {
	if s.bare {
		return s.skip()
	}
	if s.null() || s.bad != nil {
		return s.bad == nil
	}
	if s.peek() != '{' {
		return s.refuse("not an object")
	}
	s.i++
	for first := true; ; first = false {
		name, more := s.member(first)
		if !more {
			return s.bad == nil
		}
		var who part
		at := len(s.out)
		switch string(name) {
		case "type", "Type":
			if !s.kept(&who) {
				return false
			}
			e.service = string(s.out[who.from:who.to]) == ttlType
		case "principalId", "PrincipalId":
			if !s.kept(&who) {
				return false
			}
			e.ttl = string(s.out[who.from:who.to]) == ttlPrincipal
		default:
			if !s.skip() {
				return false
			}
		}
		s.out = s.out[:at]
	}
}

// origin passes what only a Kinesis record need tell of itself: the reader of a stream knows.
func (s *Scanner) origin(p *part) bool {
	if !s.kinesis {
		return s.skip()
	}
	return s.kept(p)
}

// kept passes a string, or a null, and writes what it says to out.
func (s *Scanner) kept(p *part) bool {
	if s.null() || s.bad != nil {
		return s.bad == nil
	}
	if s.bare && s.peek() != '"' {
		return s.skip()
	}
	f, ok := s.text()
	if !ok {
		return false
	}
	p.from = len(s.out)
	s.out = append(s.out, s.plain(f)...)
	p.to = len(s.out)
	return true
}

// record fills in what the caller gets; text is all of out.
func (e *entry) record(c *record.Change, text string) {
	c.Seq, c.Event, c.Key = text[e.seq.from:e.seq.to], events[e.event], text[e.key.from:e.key.to]
	c.Old, c.New = record.Image(text[e.before.from:e.before.to]), record.Image(text[e.after.from:e.after.to])
	c.ByTTL = e.event == remove && e.service && e.ttl
	if e.timed {
		c.At = time.Unix(e.sec, e.nsec).UTC()
	}
}
