package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Write stores changes of one shard, in the shard's order. The same changes give the same name and the same bytes. The file
// is complete and durable when Write returns without an error; no reader ever sees half of it.
func Write(ctx context.Context, place Place, changes []record.Change) (audit.Segment, error) {
	s, err := describe(changes)
	if err != nil {
		return audit.Segment{}, fmt.Errorf("write archive segment: %w", err)
	}
	data, err := encode(changes)
	if err != nil {
		return audit.Segment{}, fmt.Errorf("write archive segment %s: %w", s.Name, err)
	}
	if len(data) > maxSegment {
		return audit.Segment{}, fmt.Errorf("write archive segment %s: %w: %d bytes; write fewer changes at a time", s.Name, ErrTooLarge, len(data))
	}
	sum := sha256.Sum256(data)
	s.SHA256 = hex.EncodeToString(sum[:])
	if err := place.Put(ctx, s.Name, data); err != nil {
		return audit.Segment{}, fmt.Errorf("write archive segment %s: %w; %s", s.Name, err, placeRemedy(err))
	}
	return s, nil
}

// describe checks that the changes are a run of one shard and names it.
func describe(changes []record.Change) (audit.Segment, error) {
	if len(changes) == 0 {
		return audit.Segment{}, errors.New("no changes")
	}
	first, last := &changes[0], &changes[len(changes)-1]
	s := audit.Segment{
		Table: first.Table, Region: first.Region, Shard: first.Shard, First: first.Seq, Last: last.Seq, Records: int64(len(changes)),
		Window: audit.Window{From: first.At, To: first.At},
	}
	for i := range changes {
		c := &changes[i]
		if c.Table != s.Table || c.Region != s.Region || c.Shard != s.Shard {
			return s, fmt.Errorf("record %d: of table %s, %s, shard %s, not of %s, %s, %s", i, c.Table, c.Region, c.Shard, s.Table, s.Region, s.Shard)
		}
		if i > 0 && !record.SeqLess(changes[i-1].Seq, c.Seq) {
			return s, fmt.Errorf("record %d: sequence number %s does not follow %s", i, c.Seq, changes[i-1].Seq)
		}
		if c.At.Before(s.Window.From) {
			s.Window.From = c.At
		}
		if c.At.After(s.Window.To) {
			s.Window.To = c.At
		}
	}
	s.Window.From, s.Window.To = s.Window.From.UTC(), s.Window.To.Add(time.Second).UTC() // times are whole seconds, rounded down
	name, err := nameOf(s, repeats(changes))
	s.Name = name
	return s, err
}

// repeats tells apart the runs of a feed that repeats its records, of which two may have the same first and last one; ""
// where none can.
func repeats(changes []record.Change) string {
	if !strings.HasPrefix(changes[0].Shard, record.UnorderedShard) {
		return ""
	}
	h := sha256.New()
	for i := range changes {
		h.Write([]byte(changes[i].Seq + "\n"))
	}
	return "-" + hex.EncodeToString(h.Sum(nil)[:6])
}

// nameOf is table/region/shard/first-last.parquet, each part made safe for a file name.
func nameOf(s audit.Segment, apart string) (string, error) {
	var parts []string
	for _, part := range []string{s.Table, string(s.Region), s.Shard} {
		if part == "" || part == "." || part == ".." {
			return "", fmt.Errorf("table %q, region %q, shard %q do not name a segment", s.Table, s.Region, s.Shard)
		}
		parts = append(parts, url.PathEscape(part))
	}
	parts = append(parts, url.PathEscape(s.First)+"-"+url.PathEscape(s.Last)+apart+extension)
	return strings.Join(parts, "/"), nil
}

// extension ends the name of every segment.
const extension = ".parquet"
