package ddbtable

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"parallax/internal/audit"
)

var errCircle = errors.New("its pages do not lead on: a key came back that had been passed")

// segment reads one part of the table from where an earlier read stopped.
func (r *run) segment(ctx context.Context, number int) {
	start, drained, err := r.position(number)
	if drained {
		return
	}
	records, circle := int64(0), circle{}
	for err == nil {
		var p page
		if p, err = r.page(ctx, number, start); err != nil {
			break
		}
		r.spoilt(p)
		records += int64(len(p.items))
		r.send(ctx, batch{Records: p.items, Cursor: r.at(number, p.next)})
		if len(p.next) == 0 {
			r.drained[number] = audit.Extent{Name: fmt.Sprintf("segment %d of %d", number+1, r.Segments), Records: records}
			return
		}
		if start = p.next; circle.closes(start) {
			err = errCircle
		}
	}
	r.fail(ctx, err)
}

// page reads one page, as often as it takes.
func (r *run) page(ctx context.Context, number int, start key) (page, error) {
	var p page
	err := r.retry(ctx, func(ctx context.Context) (middleware.Metadata, error) {
		charged, err := r.pace.charge(ctx)
		if err != nil {
			return middleware.Metadata{}, err
		}
		p = page{}
		out, err := r.Tables.Scan(ctx, r.request(number, start), p.taking(r.schema.keys))
		if err != nil {
			r.pace.read(charged, 0, 0)
			return middleware.Metadata{}, err
		}
		if held := len(p.items) + len(p.faults); !p.counted || int(out.Count) != held {
			return middleware.Metadata{}, bodyError{fmt.Errorf("it says %d items and holds %d", out.Count, held)}
		}
		p.next = out.LastEvaluatedKey
		for i := range p.items {
			p.items[i].Segment = number
		}
		r.paid(charged, p.cost(out.ConsumedCapacity), len(p.items))
		return out.ResultMetadata, nil
	})
	return p, err
}

func (r *run) request(number int, start key) *dynamodb.ScanInput {
	limit := r.Limit
	if limit <= 0 {
		limit = r.pace.items()
	}
	in := &dynamodb.ScanInput{
		TableName: aws.String(r.Table), ConsistentRead: aws.Bool(true), Limit: aws.Int32(limit),
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	}
	if len(start) > 0 {
		in.ExclusiveStartKey = start
	}
	if r.Segments > 1 {
		in.Segment, in.TotalSegments = aws.Int32(int32(number)), aws.Int32(int32(r.Segments)) //nolint:gosec // a handful
	}
	return in
}

// cost is what a page cost in read capacity units, by its size where the service does not say.
func (p *page) cost(consumed *types.ConsumedCapacity) float64 {
	if consumed != nil && consumed.CapacityUnits != nil {
		return *consumed.CapacityUnits
	}
	return math.Max(1, math.Ceil(float64(p.bytes)/unitBytes))
}

// circle notices keys that come back, in constant memory: it keeps one key and replaces it after 1, 2, 4, ... others
// (R. P. Brent, "An improved Monte Carlo factorization algorithm", 1980).
type circle struct {
	kept  key
	since int
	until int
}

func (c *circle) closes(next key) bool {
	if c.kept != nil && maps.EqualFunc(c.kept, next, equalKeys) {
		return true
	}
	if c.since++; c.since >= c.until {
		c.kept, c.since, c.until = next, 0, max(1, 2*c.until)
	}
	return false
}
