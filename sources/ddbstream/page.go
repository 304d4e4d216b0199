package ddbstream

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/ddbjson"
	"parallax/internal/record"
)

// repeats reports a page that does not lead on: its next iterator is the one that was asked, its records do not follow the
// ones before, or page after page says the same. Reading on could go round in a circle. Records that the page before had
// too are taken out, as they have been read.
func (rd *reader) repeats(ctx context.Context, asked string, page *ddbjson.Page) bool {
	what := ""
	if page.Next == asked && len(page.Changes) > 0 { // an empty page that leads nowhere counts as idle: dynoxide answers so at the end of a shard
		what = "its next iterator is the one that was asked"
	}
	fresh := 0 // the records from here on are new
	for fresh < len(page.Changes) && rd.seen(page.Changes[fresh].Seq) {
		fresh++
	}
	last := rd.last
	for _, c := range page.Changes[fresh:] {
		if c.Seq == "" {
			continue
		}
		if last != "" && compareSeq(c.Seq, last) <= 0 {
			what = "record " + c.Seq + " came after " + last
			break
		}
		last = c.Seq
	}
	if rd.repeated++; fresh == 0 {
		rd.repeated = 0
	} else if rd.repeated > patientRepeats {
		what = fmt.Sprintf("record %s came after %s, page after page", page.Changes[0].Seq, last)
	}
	if what == "" {
		rd.fresh(ctx, page, fresh)
		return false
	}
	rd.gap(ctx, audit.Gap{
		Window: rd.unread(), Reason: fmt.Sprintf("shard %s does not lead on: %s", rd.id, what),
		Remedy: "check what answers at the endpoint, then run again",
	})
	return true
}

const patientRepeats = 8 // pages in a row that begin with records of the page before

// fresh takes the first records out of a page and remembers the others, lest the next page has them too.
func (rd *reader) fresh(ctx context.Context, page *ddbjson.Page, from int) {
	if from > 0 {
		rd.send(ctx, batch{Excluded: []audit.Exclusion{{Reason: "the stream gave the record twice", Records: int64(from)}}})
		page.Changes = page.Changes[from:]
		for len(page.Faults) > 0 && page.Faults[0].Record <= from {
			page.Faults = page.Faults[1:]
		}
		for i := range page.Faults {
			page.Faults[i].Record -= from
		}
	}
	if len(page.Changes) > 0 {
		rd.prior = page.Changes
	}
}

// seen reports whether the last page with records had this one.
func (rd *reader) seen(seq string) bool {
	return seq != "" && rd.last != "" && compareSeq(seq, rd.last) <= 0 &&
		slices.ContainsFunc(rd.prior, func(c record.Change) bool { return c.Seq == seq })
}

// page yields the records of one page. Order holds for each item alone, so a record of a later window does not end the
// reading: it is left for the run of that window, and those behind it are read. It reports true when the whole page was
// written after the window and after the reading began: what a busy shard gets meanwhile is for the next run.
func (rd *reader) page(ctx context.Context, page ddbjson.Page) (beyond bool) {
	if len(page.Changes) == 0 {
		rd.idle++
		return false
	}
	rd.idle = 0
	b := batch{Records: make([]record.Change, 0, len(page.Changes))}
	limit := later(rd.window.To, rd.before.to)
	tail := later(limit, rd.readAt())
	beyond = !rd.window.To.IsZero()
	faults := page.Faults
	for i, c := range page.Changes {
		c.Table, c.Region, c.Shard = rd.Table, rd.Region, rd.id
		if c.At.Before(tail) {
			beyond = false
		}
		rd.last = cmp.Or(c.Seq, rd.last)
		if rd.trimmed && rd.begin != c.Seq {
			rd.lost(ctx, c.At)
		}
		rd.trimmed = false
		faulty := len(faults) > 0 && faults[0].Record == i+1
		var fault ddbjson.Fault
		if faulty {
			fault, faults = faults[0], faults[1:]
		}
		if !rd.take(c, limit) {
			continue
		}
		if faulty {
			rd.unusable(ctx, c, fault)
		} else {
			b.Records = append(b.Records, c)
		}
		if rd.first == "" {
			rd.first = c.Seq
		}
		rd.newest = c.Seq
		rd.records++
		rd.since = later(rd.since, c.At)
	}
	b.Cursor = rd.at(rd.id, rd.pos)
	if len(b.Records) > 0 {
		rd.send(ctx, b)
	}
	return beyond
}

// unusable reports a record that was read and not understood.
func (rd *reader) unusable(ctx context.Context, c record.Change, fault ddbjson.Fault) {
	w := rd.unread()
	if !c.At.IsZero() {
		w = audit.At(c.At)
	}
	rd.gone(ctx, audit.Gap{
		Window: w, Reason: fmt.Sprintf("shard %s, record %s: %s", rd.id, c.Seq, fault.What()),
		Remedy: "report it: the stream holds something this version does not know",
	})
}

// take moves the position over a record and reports whether it is to be yielded now: it is not if it belongs to a later
// window, or if an earlier run has yielded it.
func (rd *reader) take(c record.Change, limit time.Time) bool {
	if c.Seq == "" {
		return true // its gap is; the position stays
	}
	past := rd.before.far != "" && compareSeq(c.Seq, rd.before.far) <= 0
	late := !rd.window.To.IsZero() && !c.At.IsZero() && !c.At.Before(limit)
	rd.holding = rd.holding || late
	if !rd.holding {
		rd.pos.seq = c.Seq
	}
	switch {
	case past: // the earlier run's word still holds for what comes up to there
	case rd.holding:
		rd.pos.far, rd.pos.to = c.Seq, limit
	default:
		rd.pos.far, rd.pos.to = "", time.Time{}
	}
	return !late && !(past && c.At.Before(rd.before.to))
}

// compareSeq compares sequence numbers, which are decimal numbers of 21 to 40 digits. Source: API reference, StreamRecord.
func compareSeq(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}
