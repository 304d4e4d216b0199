package kinesis

import (
	"strings"
	"time"

	"parallax/internal/audit"
)

// streamName is the cursor of the stream as a whole.
func (s *Source) streamName() string { return "kinesis/" + s.Table + "/" + string(s.Region) }

// shardName is the cursor of one shard. Every stream counts its shards from zero, so the stream's label is part of it.
func (r *run) shardName(shard string) string {
	return r.streamName() + "/" + r.last.label + "/" + shard
}

// position is a shard's committed position.
type position struct {
	known  bool      // the shard was seen by an earlier run
	seq    string    // Kinesis' own sequence number of the last record read, "" if there was none yet
	read   time.Time // arrivals before this were read
	closed bool      // drained: it will never have another record
}

func (r *run) position(shard string) position {
	c, ok := r.Cursors[r.shardName(shard)]
	text, closed := strings.CutSuffix(string(c.Pos), "!")
	seq, at, _ := strings.Cut(text, "/")
	p := position{known: ok, seq: seq, closed: closed}
	if t, err := time.Parse(time.RFC3339Nano, at); err == nil {
		p.read = t
	}
	return p
}

// at is the cursor of a shard moved to a position. The version stays the committed one: the store compares it.
func (r *run) at(shard string, p position) audit.Cursor {
	name := r.shardName(shard)
	pos := p.seq + "/"
	if !p.read.IsZero() {
		pos += p.read.UTC().Format(time.RFC3339Nano)
	}
	if p.closed {
		pos += "!"
	}
	return audit.Cursor{Stream: name, Pos: audit.Position(pos), Version: r.Cursors[name].Version}
}

// mark is the position of the stream as a whole: its label, which is new whenever another stream was put in its place,
// the moment up to which all its shards were read, and whether the table was found not to send its changes.
type mark struct {
	label   string
	through time.Time
	unfed   bool
}

// unfedWord ends the mark of a run that found the table's destination not active.
const unfedWord = "unfed"

func (s *Source) mark() (mark, bool) {
	c, ok := s.Cursors[s.streamName()]
	parts := strings.Split(string(c.Pos), " ")
	if !ok || len(parts) < 2 {
		return mark{}, false
	}
	through, err := time.Parse(time.RFC3339Nano, parts[1])
	return mark{label: parts[0], through: through, unfed: len(parts) > 2 && parts[2] == unfedWord}, err == nil
}

func (s *Source) marked(m mark) audit.Cursor {
	name := s.streamName()
	pos := m.label + " " + m.through.UTC().Format(time.RFC3339Nano)
	if m.unfed {
		pos += " " + unfedWord
	}
	return audit.Cursor{Stream: name, Pos: audit.Position(pos), Version: s.Cursors[name].Version}
}

// ReadThrough is the moment up to which the committed cursors have read the whole stream; false if there are none yet.
func (s *Source) ReadThrough() (time.Time, bool) {
	m, known := s.mark()
	return m.through, known
}
