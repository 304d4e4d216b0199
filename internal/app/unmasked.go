package app

import (
	"context"
	"strings"
	"time"

	"parallax/internal/archive"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pan"
	"parallax/internal/record"
)

// unmasked gives the findings whose keys the store holds masked the keys of the records they name as evidence. Those of
// which no record can be read are left out.
func (a *App) unmasked(ctx context.Context, table config.Table, found []audit.StoredFinding) ([]audit.StoredFinding, error) {
	out := make([]audit.StoredFinding, 0, len(found))
	named := map[string]*naming{}
	for _, f := range found {
		if !pan.Masked(f.Key) {
			out = append(out, f)
			continue
		}
		if err := a.name(ctx, table, f, named); err != nil {
			return nil, err
		}
	}
	known := map[audit.Fingerprint]bool{}
	for _, n := range named {
		changes, err := archive.Read(ctx, a.place(), n.segment)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			continue // the audit will say so of the segments it reads
		}
		for _, c := range changes {
			for _, f := range n.findings[c.Seq] {
				if pan.Mask(c.Key) == f.Key && !known[f.Fingerprint] {
					known[f.Fingerprint] = true
					f.Key = c.Key
					out = append(out, f)
				}
			}
		}
	}
	return out, nil
}

// naming is a segment of the archive and, by their sequence numbers, the records of it that findings name.
type naming struct {
	segment  audit.Segment
	findings map[string][]audit.StoredFinding
}

// name enters the records that a finding names under the segments that hold them.
func (a *App) name(ctx context.Context, table config.Table, f audit.StoredFinding, named map[string]*naming) error {
	for _, e := range f.Evidence {
		at := strings.LastIndexByte(e.Ref, '/')
		if at < 0 {
			continue
		}
		shard, seq := e.Ref[:at], e.Ref[at+1:]
		segments, err := a.store.Segments(ctx, table.Name, audit.At(e.At).Around(time.Second))
		if err != nil {
			return err
		}
		for _, s := range segments {
			if s.Shard != shard || s.Region != e.Region || record.SeqLess(seq, s.First) || record.SeqLess(s.Last, seq) {
				continue
			}
			if named[s.Name] == nil {
				named[s.Name] = &naming{segment: s, findings: map[string][]audit.StoredFinding{}}
			}
			named[s.Name].findings[seq] = append(named[s.Name].findings[seq], f)
		}
	}
	return nil
}
