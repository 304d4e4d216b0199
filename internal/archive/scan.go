package archive

import (
	"context"
	"fmt"

	"parallax/internal/audit"
)

// Rows are the records of a row group, column by column, all of one length. They are valid during the call that they are
// given to; hashes and times may be kept if copied.
type Rows struct {
	First   int64  // number of the first of them in the segment, from 0
	KeyHash []Hash // see HashOf
	OldHash []Hash // zero: there was no item
	NewHash []Hash // zero: there is none any more
	At      []int64
	ByTTL   []bool
	Partial []bool   // an image is missing that the event says there was: the stream's view leaves it out
	New     [][]byte // the new image, as record.Image has it; nil where there is none

	events [][]byte // memory for decoding
}

// Len is the number of records.
func (r Rows) Len() int { return len(r.KeyHash) }

// Scan calls f for all records of a segment, in their order, some thousands at a time, and ends with f's first error. The
// file is compared with its checksum before any of it is parsed, so the hashes are those that Write computed. At is in
// microseconds of Unix time.
func Scan(ctx context.Context, place Place, s audit.Segment, f func(Rows) error) error {
	data, err := fetch(ctx, place, s)
	if err != nil {
		return fmt.Errorf("scan archive segment %s: %w", s.Name, err)
	}
	if err := scan(ctx, data, s.Records, f); err != nil {
		return fmt.Errorf("scan archive segment %s: %w", s.Name, err)
	}
	return nil
}

func scan(ctx context.Context, data []byte, records int64, f func(Rows) error) error {
	file, err := opened(data, records)
	if err != nil {
		return err
	}
	var rows Rows
	for g := range file.groups() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := rows.load(file, g); err != nil {
			return fmt.Errorf("row group %d: %w", g, err)
		}
		if err := f(rows); err != nil {
			return err
		}
	}
	return nil
}

// opened is open for a caller whose own panics are not to be taken for damage.
func opened(data []byte, records int64) (f *segmentFile, err error) {
	defer recovered(&err)
	return open(data, records)
}

// load decodes the columns of a row group, into the memory of the one before. New comes last: its values are the reader's.
func (r *Rows) load(f *segmentFile, index int) (err error) {
	defer recovered(&err)
	g, err := f.group(index)
	if err != nil {
		return err
	}
	r.First = g.first
	if r.KeyHash, err = g.hashes(colKeyHash, r.KeyHash); err != nil {
		return err
	}
	if r.OldHash, err = g.hashes(colOldHash, r.OldHash); err != nil {
		return err
	}
	if r.NewHash, err = g.hashes(colNewHash, r.NewHash); err != nil {
		return err
	}
	if r.At, err = g.times(r.At); err != nil {
		return err
	}
	if r.ByTTL, err = g.flags(r.ByTTL); err != nil {
		return err
	}
	if r.events, err = g.texts(colEvent, r.events); err != nil {
		return err
	}
	r.Partial = resized(r.Partial, g.rows)
	for i, event := range r.events {
		r.Partial[i] = partial(event, r.OldHash[i], r.NewHash[i])
	}
	if r.New, err = g.texts(colNew, r.New); err != nil {
		return err
	}
	for i, text := range r.New {
		if (text == nil) != (r.NewHash[i] == Hash{}) {
			return fmt.Errorf("%w: record %d: the image does not have its hash", ErrDamaged, r.First+int64(i))
		}
	}
	return nil
}

// partial reports whether an image is missing that the event says there was: an old one unless the item is new, a new one
// unless it was removed. Source: DynamoDB API reference, Streams "StreamRecord", and StreamSpecification.StreamViewType.
func partial(event []byte, before, after Hash) bool {
	name := string(event)
	return before == Hash{} && (name == "MODIFY" || name == "REMOVE") || after == Hash{} && (name == "MODIFY" || name == "INSERT")
}
