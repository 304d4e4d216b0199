package tabular

import "bytes"

// parse finds the fields of the record at pos and moves behind it. Fields in quotes are unquoted where they stand, once the
// record is known to be all there. It reports false if the record does not end in the buffer and the stream has not ended.
func (s *csvScan) parse() (bool, error) {
	s.fields, s.quoted = s.fields[:0], s.quoted[:0]
	at, lines := s.pos, int64(0)
	if at == s.end {
		return false, nil
	}
	for {
		var f span
		quoted := at < s.end && s.buf[at] == '"'
		var next int
		var state fieldEnd
		var err error
		if quoted {
			f, next, state, err = s.quotedField(at)
			lines += int64(bytes.Count(s.buf[f.start:f.end], []byte{'\n'}))
		} else {
			f, next, state, err = s.plainField(at)
		}
		if err != nil {
			return false, lineError(s.line+lines, err)
		}
		if state == endUnknown {
			if s.end-s.pos > maxRecord {
				return false, lineError(s.line, errLong)
			}
			return false, nil
		}
		s.fields, s.quoted = append(s.fields, f), append(s.quoted, quoted)
		at = next
		if state == endRecord {
			break
		}
	}
	if at-s.pos > maxRecord {
		return false, lineError(s.line, errLong)
	}
	for i := range s.fields {
		if s.quoted[i] {
			s.fields[i] = s.unquote(s.fields[i])
		}
	}
	s.pos = at
	s.line += lines + 1
	return true, nil
}

// fieldEnd is what a field is followed by.
type fieldEnd int

const (
	endUnknown fieldEnd = iota // the buffer ends
	endField
	endRecord
)

// plainField finds the end of a field without quotes.
func (s *csvScan) plainField(at int) (span, int, fieldEnd, error) {
	for i := at; i < s.end; i++ {
		switch s.buf[i] {
		case s.comma:
			return span{at, i}, i + 1, endField, nil
		case '\n':
			end := i
			if end > at && s.buf[end-1] == '\r' {
				end--
			}
			return span{at, end}, i + 1, endRecord, nil
		case '"':
			return span{}, 0, endUnknown, errQuote
		}
	}
	if s.ended == nil {
		return span{}, 0, endUnknown, nil
	}
	end := s.end
	if end > at && s.buf[end-1] == '\r' {
		end--
	}
	return span{at, end}, s.end, endRecord, nil
}

// quotedField finds the end of a field in quotes. The span is what stands between them.
func (s *csvScan) quotedField(at int) (span, int, fieldEnd, error) {
	start := at + 1
	for i := start; ; {
		n := bytes.IndexByte(s.buf[i:s.end], '"')
		if n < 0 {
			if s.ended != nil {
				return span{}, 0, endUnknown, errOpen
			}
			return span{}, 0, endUnknown, nil
		}
		i += n
		if i+1 < s.end && s.buf[i+1] == '"' {
			i += 2
			continue
		}
		next, state := s.after(i + 1)
		if state == endUnknown && (s.ended != nil || i+2 < s.end) {
			return span{}, 0, endUnknown, errClosed
		}
		return span{start, i}, next, state, nil
	}
}

// after looks at what follows a closing quote.
func (s *csvScan) after(at int) (int, fieldEnd) {
	rest := s.buf[at:s.end]
	switch {
	case len(rest) == 0 && s.ended != nil, len(rest) == 1 && rest[0] == '\r' && s.ended != nil:
		return s.end, endRecord
	case len(rest) == 0:
		return 0, endUnknown
	case rest[0] == s.comma:
		return at + 1, endField
	case rest[0] == '\n':
		return at + 1, endRecord
	case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
		return at + 2, endRecord
	default:
		return 0, endUnknown
	}
}

// unquote makes two quotes one, where they stand.
func (s *csvScan) unquote(f span) span {
	at := bytes.IndexByte(s.buf[f.start:f.end], '"')
	if at < 0 {
		return f
	}
	to := f.start + at
	for from := to; from < f.end; from++ {
		if s.buf[from] == '"' {
			from++
		}
		s.buf[to] = s.buf[from]
		to++
	}
	return span{f.start, to}
}
