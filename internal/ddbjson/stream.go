package ddbjson

// stream passes the member "dynamodb" of a record: what happened to which item.
func (s *Scanner) stream(e *entry) bool {
	if s.peek() != '{' {
		if s.bare {
			return s.skip()
		}
		s.refuse("missing")
		return s.of("dynamodb")
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
		case "SequenceNumber":
			ok = s.once(&seen, hasSeq) && (s.sequence(e) || s.of("sequence number"))
		case "ApproximateCreationDateTime":
			ok = s.once(&seen, hasAt) && (s.at(e) || s.of("time"))
		case "ApproximateCreationDateTimePrecision":
			ok = s.once(&seen, hasUnit) && (s.precision(e) || s.of("precision of the time"))
		case "Keys":
			ok = s.once(&seen, hasKeys) && (s.own(&e.key, s.key) || s.of("keys"))
		case "OldImage":
			ok = s.once(&seen, hasOld) && (s.own(&e.before, s.image) || s.of("old image"))
		case "NewImage":
			ok = s.once(&seen, hasNew) && (s.own(&e.after, s.image) || s.of("new image"))
		default:
			ok = s.skip()
		}
		if !ok {
			return false
		}
	}
	return s.bad == nil && (s.timed(e) || s.bare || s.of("time"))
}

// own passes a null or an item.
func (s *Scanner) own(p *part, item func() (part, bool)) bool {
	if s.bare {
		return s.skip()
	}
	if s.null() || s.bad != nil {
		return s.bad == nil
	}
	var ok bool
	*p, ok = item()
	return ok
}

// sequence passes a sequence number, which is a decimal number of 21 to 40 digits. Source: API reference, StreamRecord.
func (s *Scanner) sequence(e *entry) bool {
	if !s.kept(&e.seq) {
		return false
	}
	if decimal(s.out[e.seq.from:e.seq.to]) {
		return true
	}
	e.seq = part{}
	return s.bare || s.refuse("not a number")
}

// at passes the time; what it means depends on its precision, which may stand behind it.
func (s *Scanner) at(e *entry) bool {
	if s.null() || s.bad != nil {
		return s.bad == nil
	}
	if c := s.peek(); s.bare && c != '-' && c-'0' > 9 {
		return s.skip()
	}
	text, ok := s.moment()
	e.when = part{s.i - len(text), s.i}
	return ok
}

func (s *Scanner) timed(e *entry) bool {
	if e.when.empty() {
		return true
	}
	e.sec, e.nsec, e.timed = seconds(s.in[e.when.from:e.when.to], e.unit)
	return e.timed || s.bare || s.refuse("not a time")
}

// precision passes the unit of a Kinesis record's time. Source: Developer Guide, "Using Kinesis Data Streams to capture
// changes to DynamoDB", "Adjusting the timestamp precision".
func (s *Scanner) precision(e *entry) bool {
	if s.bare {
		return s.skip()
	}
	if s.null() || s.bad != nil {
		return s.bad == nil
	}
	f, ok := s.text()
	if !ok {
		return false
	}
	switch string(s.plain(f)) {
	case "MILLISECOND":
		e.unit = 3
	case "MICROSECOND":
		e.unit = 6
	default:
		return s.refuse("unknown")
	}
	return true
}
