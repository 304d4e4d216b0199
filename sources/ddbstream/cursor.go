package ddbstream

import (
	"strings"
	"time"

	"parallax/internal/audit"
)

// streamName is the cursor of the stream as a whole.
func (s *Source) streamName() string { return "ddb/" + s.Table + "/" + string(s.Region) }

// shardName is the cursor of one shard.
func (s *Source) shardName(shard string) string { return s.streamName() + "/" + shard }

// position is a shard's committed position.
type position struct {
	known  bool   // the shard was seen by an earlier run
	seq    string // last sequence number read, "" if it had no record yet
	closed bool   // drained: it will never have another record

	// Behind a record that was left for a later window, those up to far that were written before to have been yielded.
	far string
	to  time.Time
}

func (s *Source) position(shard string) position {
	c, ok := s.Cursors[s.shardName(shard)]
	seq, closed := strings.CutSuffix(string(c.Pos), "!")
	p := position{known: ok, seq: seq, closed: closed}
	if parts := strings.Split(seq, "/"); len(parts) == 3 {
		p.seq = parts[0]
		if to, err := time.Parse(time.RFC3339Nano, parts[2]); err == nil {
			p.far, p.to = parts[1], to
		}
	}
	return p
}

// at is the cursor of a shard moved to a position. The version stays the committed one: the store compares it.
func (s *Source) at(shard string, p position) audit.Cursor {
	name := s.shardName(shard)
	pos := p.seq
	if p.far != "" {
		pos += "/" + p.far + "/" + p.to.UTC().Format(time.RFC3339Nano)
	}
	if p.closed {
		pos += "!"
	}
	return audit.Cursor{Stream: name, Pos: audit.Position(pos), Version: s.Cursors[name].Version}
}

// mark is the position of the stream as a whole: its label, which is new whenever the stream was disabled and enabled
// again, and the moment up to which all its shards were read.
type mark struct {
	label   string
	through time.Time
}

func (s *Source) mark() (mark, bool) {
	c, ok := s.Cursors[s.streamName()]
	label, text, _ := strings.Cut(string(c.Pos), " ")
	through, err := time.Parse(time.RFC3339Nano, text)
	return mark{label: label, through: through}, ok && err == nil
}

func (s *Source) marked(m mark) audit.Cursor {
	name := s.streamName()
	return audit.Cursor{
		Stream: name, Pos: audit.Position(m.label + " " + m.through.UTC().Format(time.RFC3339Nano)), Version: s.Cursors[name].Version,
	}
}
