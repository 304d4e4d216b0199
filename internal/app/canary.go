package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/archive"
	"parallax/internal/audit"
	"parallax/internal/canary"
	"parallax/internal/history"
	"parallax/internal/record"
)

// canary replays the sealed history through the code that audits the tables: it is archived, sifted, read and judged as
// they are. Its line of the certificate has a gap if not all that is known was found, or more: then the run is void.
func (a *App) canary(ctx context.Context, sealed canary.History, t task) (audit.Coverage, error) {
	line := audit.Coverage{Source: "canary", Scope: canary.Table, Window: t.window}
	result, err := auditSealed(ctx, sealed, int64(a.cfg.Limits.MemoryMiB)<<20, a.scratch())
	if err != nil {
		return line, fmt.Errorf("audit the canary: %w", err)
	}
	said := sealed.Judge(result.Findings, result.Matched, len(result.Breaks))
	line.Records, line.Matched = int64(len(sealed.Changes)), result.Matched
	line.Extents = []audit.Extent{{Name: fmt.Sprintf("%d of %d known faults found", said.Found, said.Known), Records: int64(said.Found)}}
	if !said.Sound() {
		line.Gaps = append(line.Gaps, audit.Gap{
			Window: t.window, Reason: "this run is void: the audit of a history with known faults went wrong: " + said.String(),
			Remedy: "do not rely on this version of Parallax; use the one before, and report this",
		})
	}
	return line, nil
}

// auditSealed archives the sealed history in memory and audits it.
func auditSealed(ctx context.Context, sealed canary.History, memory int64, scratch string) (history.Result, error) {
	place := archive.NewMemory()
	regions := []audit.Region{canary.First, canary.Second}
	part := history.Part{Read: map[audit.Region]lww.Reach{}}
	for _, region := range regions {
		own := slices.DeleteFunc(slices.Clone(sealed.Changes), func(c record.Change) bool { return c.Region != region })
		for some := range slices.Chunk(own, 16) {
			s, err := archive.Write(ctx, place, some)
			if err != nil {
				return history.Result{}, err
			}
			part.Segments = append(part.Segments, s)
		}
		part.Read[region] = lww.Reach{From: canary.Window().From, Through: canary.Window().To}
	}
	audited := history.Audit{
		Place: place, Part: part, Memory: memory, Dir: scratch,
		Rules: lww.Rules{
			Table: canary.Table, Regions: regions, Settle: 15 * time.Minute, Clock: time.Second,
			Attr: lww.Attributes{
				WriteID: "write_id", Origin: "origin", PaymentID: "payment_id", AmountMinor: "amount_minor", Currency: "currency", Status: "status",
			},
		},
	}
	return audited.Run(ctx, lww.Input{Window: canary.Window(), AsOf: canary.Window().To})
}
