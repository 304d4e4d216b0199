package ddbstream

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// repeats reports a page that does not lead on: its next iterator is the one that was asked, or its records do not follow
// the ones before. Reading on could go round in a circle.
func (rd *reader) repeats(ctx context.Context, asked *string, page *dynamodbstreams.GetRecordsOutput) bool {
	what := ""
	if page.NextShardIterator != nil && *page.NextShardIterator == *asked {
		what = "its next iterator is the one that was asked"
	}
	last := rd.last
	for _, rec := range page.Records {
		if rec.Dynamodb == nil {
			continue
		}
		if seq := aws.ToString(rec.Dynamodb.SequenceNumber); last != "" && compareSeq(seq, last) <= 0 {
			what = "record " + seq + " came after " + last
			break
		}
		last = aws.ToString(rec.Dynamodb.SequenceNumber)
	}
	if what == "" {
		return false
	}
	rd.gap(ctx, audit.Gap{
		Window: rd.unread(), Reason: fmt.Sprintf("shard %s does not lead on: %s", rd.id, what),
		Remedy: "check what answers at the endpoint, then run again",
	})
	return true
}

// page yields the records of one page. Order holds for each item alone, so a record of a later window does not end the
// reading: it is left for the run of that window, and those behind it are read. It reports true when the whole page was
// written after the window and after the reading began: what a busy shard gets meanwhile is for the next run.
func (rd *reader) page(ctx context.Context, records []types.Record) (beyond bool) {
	if len(records) == 0 {
		rd.idle++
		return false
	}
	rd.idle = 0
	var b batch
	limit := later(rd.window.To, rd.before.to)
	tail := later(limit, rd.readAt())
	beyond = !rd.window.To.IsZero()
	for _, rec := range records {
		c, err := decode(rec, rd.keys)
		c.Table, c.Region, c.Shard = rd.Table, rd.Region, rd.id
		if c.At.Before(tail) {
			beyond = false
		}
		rd.last = cmp.Or(c.Seq, rd.last)
		if rd.trimmed && rd.begin != c.Seq {
			rd.lost(ctx, c.At)
		}
		rd.trimmed = false
		if !rd.take(c, limit) {
			continue
		}
		if err != nil {
			rd.gone(ctx, audit.Gap{
				Window: audit.At(c.At), Reason: fmt.Sprintf("shard %s, record %s: %s", rd.id, c.Seq, err),
				Remedy: "report it: the stream holds something this version does not know",
			})
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
