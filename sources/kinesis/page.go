package kinesis

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"parallax/internal/audit"
	"parallax/internal/ddbjson"
	"parallax/internal/record"
)

// Why records are left out.
const (
	leftRepeated = "repeats a record that was read before"
	leftTable    = "of another table"
	leftRegion   = "of the table's replica in another region"
)

// aggregated begins a record that the Kinesis Producer Library has packed, which DynamoDB does not use.
// Source: "KPL Aggregated Record Format" of the library.
var aggregated = []byte{0xF3, 0x89, 0x9A, 0xC2}

// repeats reports a page with records that does not lead on (an empty one counts as idle): its next iterator is the one that was asked, or its records do not follow
// the ones before. Reading on could go round in a circle.
func (rd *reader) repeats(ctx context.Context, asked *string, page *kinesis.GetRecordsOutput) bool {
	what := ""
	if page.NextShardIterator != nil && *page.NextShardIterator == *asked && len(page.Records) > 0 {
		what = "its next iterator is the one that was asked"
	}
	last := rd.last
	if rd.trimmed {
		last = "" // the reading starts anew
	}
	for _, rec := range page.Records {
		seq := aws.ToString(rec.SequenceNumber)
		if seq == "" || last != "" && !record.SeqLess(last, seq) {
			what = fmt.Sprintf("record %q came after %q", seq, last)
			break
		}
		last = seq
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

// page yields the records of one page up to the first that arrived after the window, and reports whether there was one:
// it and those behind it are left for a later run.
func (rd *reader) page(ctx context.Context, records []types.Record) (beyond bool) {
	var b batch
	for _, rec := range records {
		seq, arrived := aws.ToString(rec.SequenceNumber), aws.ToTime(rec.ApproximateArrivalTimestamp).UTC()
		if beyond = !arrived.Before(rd.window.To); beyond {
			break
		}
		known := rd.pos.seq != "" && !record.SeqLess(rd.pos.seq, seq)
		if rd.trimmed && !known {
			rd.lost(ctx, arrived)
		}
		rd.trimmed, rd.last = false, seq
		if known {
			continue // an earlier run has read it: nothing was trimmed after all
		}
		rd.arrived(seq, arrived)
		c, reason, err := rd.decode(rec.Data)
		switch {
		case err != nil:
			b.Gaps = append(b.Gaps, audit.Gap{
				Window: audit.Window{From: arrived.Add(-rd.Late), To: arrived.Add(time.Millisecond)},
				Reason: fmt.Sprintf("shard %s, record %s: %s", rd.id, seq, err),
				Remedy: "report it: the stream holds something this version does not know",
			})
		case reason != "":
			rd.left[reason]++
		default:
			b.Records = append(b.Records, c)
		}
	}
	b.Cursor = rd.at(rd.id, rd.pos)
	if len(b.Records) > 0 || len(b.Gaps) > 0 {
		rd.send(ctx, b)
	}
	return beyond
}

// arrived moves the position over a record.
func (rd *reader) arrived(seq string, at time.Time) {
	rd.pos.seq, rd.pos.read = seq, later(rd.pos.read, at)
	if rd.first == "" {
		rd.first = seq
	}
	rd.records++
	rd.mu.Lock()
	defer rd.mu.Unlock()
	if rd.oldest.IsZero() || at.Before(rd.oldest) {
		rd.oldest = at
	}
}

// lost reports the records that were trimmed before they were read, up to the arrival of the first that was not.
func (rd *reader) lost(ctx context.Context, until time.Time) {
	rd.trimmed = false
	rd.gone(ctx, audit.Gap{
		Window: audit.Window{From: rd.base.Add(-rd.Late), To: until},
		Reason: fmt.Sprintf("shard %s may have been trimmed before it was read: it keeps its records for %s", rd.id, rd.setup.Retention),
		Remedy: remedyScan,
	})
}

// decode turns what a record holds into a change of the table, or gives the reason to leave it out. The error names the
// field, never what the record holds.
func (rd *reader) decode(data []byte) (record.Change, string, error) {
	if bytes.HasPrefix(data, aggregated) {
		return record.Change{}, "", errors.New("packed by the Kinesis Producer Library, so not written by DynamoDB")
	}
	c, event, err := rd.scanner.Kinesis(data, rd.setup.Keys)
	if err != nil {
		if rd.foreign(data) {
			return record.Change{}, leftTable, nil
		}
		return record.Change{}, "", problem(err)
	}
	switch {
	case c.Table != "" && c.Table != rd.Table:
		return c, leftTable, nil
	case c.Region != "" && c.Region != rd.Region:
		return c, leftRegion, nil
	case event == "":
		return c, "", errors.New("event id: missing")
	case c.At.Unix() <= 0:
		return c, "", errors.New("time: before 1970")
	case c.Table == "" || c.Region == "":
		return c, "", errors.New("table name or region: missing")
	}
	c.Shard = record.UnorderedShard + rd.id
	c.Seq = Seq(c.At, event)
	if rd.seen.knows(c.Seq) {
		return c, leftRepeated, nil
	}
	return c, "", nil
}

// problem is what is wrong with a record, without its number in a page: it is the only one there.
func problem(err error) error {
	var fault ddbjson.Fault
	if errors.As(err, &fault) {
		return errors.New(fault.What())
	}
	return err
}

// foreign reports whether a record that could not be decoded says that it is of another table: its keys have other names.
func (rd *reader) foreign(data []byte) bool {
	var of struct {
		Table  string `json:"tableName"`
		Source string `json:"eventSource"`
	}
	return json.Unmarshal(data, &of) == nil && of.Source == "aws:dynamodb" && of.Table != "" && of.Table != rd.Table
}
