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

// What a change of an idempotency table takes in memory while it is judged, in bytes: about so much, and what of it is
// not text.
const (
	changeSize     = 1536
	changeOverhead = 1024
)

// judge audits the suspects in full, as many at a time as the memory allows, and returns the keys whose history began
// before what was read of them.
func (r *run) judge(ctx context.Context, suspects []archive.Hash) (deep map[archive.Hash]string, err error) {
	deep = maps.Clone(r.also)
	err = r.load(ctx, "reading suspect keys", r.Part.Segments, suspects, func(changes []record.Change, _ map[string]audit.Window) {
		r.judgeShallow(changes, deep)
	})
	return deep, err
}

// batch is how many keys are read at a time: as many as the memory holds if each has as many records as the suspects have
// on average.
func (r *run) batch() int {
	return int(max(1000, r.budget()/changeSize/max(1, r.perKey)))
}

// judgeShallow audits some keys with what lies around the window, and leaves to deep those for which that is not enough.
func (r *run) judgeShallow(changes []record.Change, deep map[archive.Hash]string) {
	in := r.input(r.Part.Read)
	in.Changes, in.Also, in.Lag = changes, nil, func(lww.Lag) {} // keys of Also are judged by all that there is of them
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
	all := slices.SortedFunc(maps.Keys(keys), func(a, b archive.Hash) int { return slices.Compare(a[:], b[:]) })
	return r.load(ctx, "reading keys further back", part.Segments, all, func(changes []record.Change, asked map[string]audit.Window) {
		in := r.input(part.Read)
		in.Changes, in.Also = changes, asked
		r.add(lww.Auditor{Rules: r.Rules}.Audit(in))
	})
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
