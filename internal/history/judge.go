package history

import (
	"context"
	"maps"
	"slices"

	"parallax/auditors/lww"
	"parallax/internal/archive"
	"parallax/internal/audit"
	"parallax/internal/record"
)

// changeSize is about what a change of an idempotency table takes in memory while it is judged, in bytes.
const changeSize = 1536

// judge audits the suspects in full, as many at a time as the memory allows, and returns the keys whose history began
// before what was read of them.
func (r *run) judge(ctx context.Context, suspects []archive.Hash) (deep map[archive.Hash]string, err error) {
	deep = maps.Clone(r.also)
	for len(suspects) > 0 {
		n := min(len(suspects), r.batch())
		changes, err := r.read(ctx, "reading suspect keys", r.Part.Segments, suspects[:n])
		if err != nil {
			return nil, err
		}
		r.judgeShallow(changes, deep)
		suspects = suspects[n:]
	}
	return deep, nil
}

// batch is how many keys are judged at a time: as many as half of the memory holds, the sieve having given up its own, if
// each has as many records as the suspects have on average. Each batch reads the archive once more.
func (r *run) batch() int {
	return int(max(1000, r.Memory/2/changeSize/max(1, r.perKey)))
}

// judgeShallow audits some keys with what lies around the window, and leaves to deep those for which that is not enough.
func (r *run) judgeShallow(changes []record.Change, deep map[archive.Hash]string) {
	in := r.input(r.Part.Read)
	in.Changes, in.Lag = changes, func(lww.Lag) {}
	auditor := lww.Auditor{Rules: r.Rules}
	if r.Earlier != nil {
		short := auditor.Audit(in).Shallow
		if len(short) == 0 {
			in.Lag = r.in.Lag
			r.add(auditor.Audit(in))
			return
		}
		apart := map[string]bool{}
		for _, key := range short {
			apart[key], deep[archive.HashOf(key)] = true, key
		}
		in.Changes = slices.DeleteFunc(changes, func(c record.Change) bool { return apart[c.Key] })
	}
	in.Lag = r.in.Lag
	r.add(auditor.Audit(in))
}

// judgeDeep audits keys with all that the archive holds of them.
func (r *run) judgeDeep(ctx context.Context, keys map[archive.Hash]string) error {
	if len(keys) == 0 {
		return nil
	}
	part := r.Part
	if r.Earlier != nil {
		var err error
		if part, err = r.Earlier(ctx); err != nil {
			return err
		}
	}
	left := slices.SortedFunc(maps.Keys(keys), func(a, b archive.Hash) int { return slices.Compare(a[:], b[:]) })
	for len(left) > 0 {
		n := min(len(left), r.batch())
		changes, err := r.read(ctx, "reading keys further back", part.Segments, left[:n])
		if err != nil {
			return err
		}
		in := r.input(part.Read)
		in.Changes = changes
		r.add(lww.Auditor{Rules: r.Rules}.Audit(in))
		left = left[n:]
	}
	return nil
}

// input is what the auditor is asked, with the time of damaged segments as gaps.
func (r *run) input(read map[audit.Region]lww.Reach) lww.Input {
	in := r.in
	in.Read = maps.Clone(read)
	for _, d := range r.out.Damaged {
		reach := in.Read[d.Segment.Region]
		reach.Gaps = append(slices.Clone(reach.Gaps), d.Segment.Window)
		in.Read[d.Segment.Region] = reach
	}
	return in
}

// read returns the changes of some keys.
func (r *run) read(ctx context.Context, stage string, segments []audit.Segment, keys []archive.Hash) ([]record.Change, error) {
	want := make(map[archive.Hash]struct{}, len(keys))
	for _, k := range keys {
		want[k] = struct{}{}
	}
	parts := make([][]record.Change, len(segments))
	err := r.each(ctx, stage, segments, func(_, rank int, s audit.Segment) error {
		changes, err := archive.Select(ctx, r.Place, s, func(h archive.Hash) bool { _, ok := want[h]; return ok })
		parts[rank] = changes
		return err
	})
	return slices.Concat(parts...), err
}
