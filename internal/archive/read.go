package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// What can be wrong with a segment's file.
var (
	// ErrChecksum means that a segment's file is not the one that was written.
	ErrChecksum = errors.New("checksum does not agree")
	// ErrDamaged means that the file is the one the store names, and yet does not say what it should.
	ErrDamaged = errors.New("damaged")
)

// Read returns the changes of a segment, in their order. The file is compared with the segment's checksum before any of it
// is parsed, and what it holds with what the segment says. A missing file is fs.ErrNotExist.
func Read(ctx context.Context, place Place, s audit.Segment) ([]record.Change, error) {
	changes, err := read(ctx, place, s)
	if err != nil {
		return nil, fmt.Errorf("read archive segment %s: %w", s.Name, err)
	}
	return changes, nil
}

func read(ctx context.Context, place Place, s audit.Segment) ([]record.Change, error) {
	data, err := fetch(ctx, place, s)
	if err != nil {
		return nil, err
	}
	changes, err := decode(ctx, data, s, nil)
	if err != nil {
		return nil, err
	}
	if n := len(changes); changes[0].Seq != s.First || changes[n-1].Seq != s.Last {
		return nil, fmt.Errorf("%w: the file goes from %s to %s, the store knows %s to %s", ErrDamaged, changes[0].Seq, changes[n-1].Seq, s.First, s.Last)
	}
	return changes, nil
}

// Select returns the changes of a segment whose key's hash is wanted, in their order. Of row groups without such a key only
// the hashes are decoded. The file is compared with its checksum first, and each change with its hashes: a file that
// disagrees with itself is ErrDamaged.
func Select(ctx context.Context, place Place, s audit.Segment, want func(hash Hash) bool) ([]record.Change, error) {
	data, err := fetch(ctx, place, s)
	if err != nil {
		return nil, fmt.Errorf("select from archive segment %s: %w", s.Name, err)
	}
	changes, err := decode(ctx, data, s, want)
	if err != nil {
		return nil, fmt.Errorf("select from archive segment %s: %w", s.Name, err)
	}
	return changes, nil
}

// fetch returns a segment's file after comparing it with the segment's checksum.
func fetch(ctx context.Context, place Place, s audit.Segment) ([]byte, error) {
	if err := mustBeLocal(s.Name); err != nil {
		return nil, err
	}
	data, err := place.Get(ctx, s.Name, maxSegment)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != s.SHA256 {
		return nil, fmt.Errorf("%w: the file has sha256 %x, the store knows %s", ErrChecksum, sum, s.SHA256)
	}
	return data, nil
}

// decode builds the changes of a file whose key's hash is wanted; all of them if want is nil.
func decode(ctx context.Context, data []byte, s audit.Segment, want func(Hash) bool) (changes []record.Change, err error) {
	f, err := opened(data, s.Records)
	if err != nil {
		return nil, err
	}
	var keys []Hash
	var rows []int
	for index := range f.groups() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var g *group
		if g, keys, err = f.keys(index, keys); err != nil {
			return nil, err
		}
		rows = rows[:0]
		for i, key := range keys {
			if want == nil || want(key) {
				rows = append(rows, i)
			}
		}
		if changes, err = g.collect(changes, s, keys, rows); err != nil {
			return nil, err
		}
	}
	return changes, nil
}

// keys opens a row group and decodes the hashes of its keys.
func (f *segmentFile) keys(index int, into []Hash) (g *group, keys []Hash, err error) {
	defer recovered(&err)
	if g, err = f.group(index); err != nil {
		return nil, into, err
	}
	keys, err = g.hashes(colKeyHash, into)
	return g, keys, err
}

// collect appends the changes of some rows of a row group.
func (g *group) collect(changes []record.Change, s audit.Segment, keys []Hash, rows []int) (all []record.Change, err error) {
	defer recovered(&err)
	if len(rows) == 0 {
		return changes, nil
	}
	start := len(changes)
	for range rows {
		changes = append(changes, record.Change{Table: s.Table, Region: s.Region, Shard: s.Shard})
	}
	chosen := changes[start:]
	for col := range columns {
		if err := g.fill(col, rows, chosen); err != nil {
			return nil, fmt.Errorf("row group %d, column %s: %w", g.index, names[col], err)
		}
	}
	for i, row := range rows {
		if HashOf(chosen[i].Key) != keys[row] {
			return nil, fmt.Errorf("%w: record %d: the key does not have its hash", ErrDamaged, g.first+int64(row))
		}
	}
	return changes, nil
}
