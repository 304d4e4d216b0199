package ddbstream

import "time"

// ReadThrough is the moment up to which the committed cursors have read the whole stream; false if there are none yet.
func (s *Source) ReadThrough() (time.Time, bool) {
	m, known := s.mark()
	return m.through, known
}
