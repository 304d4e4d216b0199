package history

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"parallax/auditors/lww"
	"parallax/auditors/lww/sift"
	"parallax/internal/archive"
	"parallax/internal/audit"
	"parallax/internal/record"
)

// siftShare is the part of the memory that the sieve may use; the rest is for reading.
const siftShare = 0.75

// sift reads the compact columns of every segment and returns the keys to be audited in full.
func (r *run) sift(ctx context.Context) (suspects []archive.Hash, err error) {
	o := sift.Options{Memory: int64(float64(r.Memory) * siftShare), Dir: r.Dir, Workers: workers()}
	if r.in.Lag != nil {
		o.Lag = func(l sift.Lag) {
			r.in.Lag(lww.Lag{
				From: r.Rules.Regions[l.From], To: r.Rules.Regions[l.To],
				Origin: time.UnixMicro(l.Origin).UTC(), Arrived: time.UnixMicro(l.Arrived).UTC(),
			})
		}
	}
	sieve, err := sift.New(r.Rules, r.in.Window, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, sieve.Close()) }()
	if err := r.fill(ctx, sieve); err != nil {
		return nil, err
	}
	counts, err := sieve.Judge(ctx, func(keys []archive.Hash) error {
		suspects = append(suspects, keys...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.out.Keys, r.out.Full = counts.Keys+int64(len(r.also)), counts.Suspects+int64(len(r.also))
	if counts.Suspects > 0 {
		r.perKey = 1 + counts.SuspectTraces/counts.Suspects
	}
	r.out.Matched += counts.Matched
	r.out.Context += counts.Context
	return suspects, nil
}

// fill puts a trace of every record into the sieve, but those of keys that are judged by themselves.
func (r *run) fill(ctx context.Context, sieve *sift.Sieve) error {
	writers := make([]*sift.Writer, workers())
	for i := range writers {
		w, err := sieve.Writer(ctx)
		if err != nil {
			return err
		}
		writers[i] = w
	}
	naming := sift.NewNaming(r.Rules)
	err := r.each(ctx, "sifting the archive", ordered(r.Part.Segments), func(worker, rank int, s audit.Segment) error {
		region := slices.Index(r.Rules.Regions, s.Region)
		if region < 0 {
			return nil
		}
		t := traces{naming: naming, writer: writers[worker], also: r.also, region: region, rank: rank, full: strings.HasPrefix(s.Shard, record.UnorderedShard)}
		if err := archive.Scan(ctx, r.Place, s, t.add); err != nil {
			return err
		}
		r.mu.Lock()
		r.out.Records[s.Region] += s.Records
		r.mu.Unlock()
		return nil
	})
	for _, w := range writers {
		err = errors.Join(err, w.Close())
	}
	return err
}

// traces puts the records of one segment into the sieve.
type traces struct {
	naming       *sift.Naming
	writer       *sift.Writer
	also         map[archive.Hash]string
	region, rank int
	full         bool // whether the feed may change the order of an item's records
}

func (t traces) add(rows archive.Rows) error {
	one := sift.Trace{Region: uint8(t.region)} //nolint:gosec // sift.New refuses more regions
	for i := range rows.Len() {
		if _, apart := t.also[rows.KeyHash[i]]; apart {
			continue
		}
		one.Key, one.Old, one.New, one.At = rows.KeyHash[i], rows.OldHash[i], rows.NewHash[i], rows.At[i]
		one.Order = sift.Rank(uint32(t.rank), uint32(rows.First)+uint32(i)) //nolint:gosec // a segment has some thousands
		one.Flags = 0
		if t.full || rows.Partial[i] {
			one.Flags |= sift.Full
		}
		if rows.ByTTL[i] {
			one.Flags |= sift.ByTTL
		}
		t.naming.Fill(&one, nil, rows.New[i])
		if err := t.writer.Add(&one); err != nil {
			return stopError{err}
		}
	}
	return nil
}
