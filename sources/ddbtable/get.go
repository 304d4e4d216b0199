package ddbtable

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Reading is what single items were, read consistently one by one.
type Reading struct {
	From, To time.Time               // of the first and the last answer, by the service's clock
	Images   map[string]record.Image // by key; the empty image where there is no item, nothing where the key was not read
	Keys     []string                // names of the key attributes, the hash key first
	Units    float64                 // read capacity consumed
	Gaps     []audit.Gap             // why keys were not read
}

// Get reads the items of some keys, whose text is that of Item.Key. What could not be read is missing from the reading's
// images and has a gap over w; the only errors are those of ctx.
func (s *Source) Get(ctx context.Context, w audit.Window, keys []string) (Reading, error) {
	out := Reading{Images: map[string]record.Image{}}
	if len(keys) == 0 {
		return out, ctx.Err()
	}
	r := s.begin(w)
	if err := r.describe(ctx); err != nil {
		if ctx.Err() != nil {
			return out, fmt.Errorf("read items of %s in %s: %w", s.Table, s.Region, ctx.Err())
		}
		out.Gaps = []audit.Gap{explain(err, "DescribeTable", r.Table, r.Region, w)}
		return out, nil
	}
	out.Keys = r.schema.keys
	r.first, r.last = time.Time{}, time.Time{} // the items' own moments count, not that of their description
	var got sync.Mutex
	r.each(ctx, keys, func(text string) {
		image, err := r.get(ctx, text)
		got.Lock()
		defer got.Unlock()
		if err == nil {
			out.Images[text] = image
		} else if ctx.Err() == nil {
			out.unread(explain(err, "GetItem", r.Table, r.Region, w))
		}
	})
	if err := ctx.Err(); err != nil {
		return out, fmt.Errorf("read items of %s in %s: %w", s.Table, s.Region, err)
	}
	out.From, out.To, out.Units = r.first.UTC(), r.last.UTC(), r.units
	return out, nil
}

// unread notes a gap once, however many keys it is for.
func (d *Reading) unread(g audit.Gap) {
	if !slices.Contains(d.Gaps, g) {
		d.Gaps = append(d.Gaps, g)
	}
}

// each calls get for every key, some at a time.
func (r *run) each(ctx context.Context, keys []string, get func(string)) {
	next := make(chan string)
	var readers sync.WaitGroup
	for range min(r.Segments, len(keys)) {
		readers.Go(func() {
			for text := range next {
				get(text)
			}
		})
	}
	for _, text := range keys {
		if ctx.Err() != nil {
			break
		}
		next <- text
	}
	close(next)
	readers.Wait()
}

func (r *run) get(ctx context.Context, text string) (record.Image, error) {
	id, err := r.schema.parse(text)
	if err != nil {
		return "", err
	}
	var p page
	err = r.retry(ctx, func(ctx context.Context) (middleware.Metadata, error) {
		charged, err := r.pace.charge(ctx)
		if err != nil {
			return middleware.Metadata{}, err
		}
		p = page{}
		out, err := r.Tables.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: aws.String(r.Table), Key: id, ConsistentRead: aws.Bool(true),
			ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
		}, p.taking(r.schema.keys))
		if err != nil {
			r.pace.read(charged, 0, 0)
			return middleware.Metadata{}, err
		}
		r.paid(charged, p.cost(out.ConsumedCapacity), len(p.items))
		return out.ResultMetadata, nil
	})
	switch {
	case err != nil:
		return "", err
	case len(p.faults) > 0:
		return "", spoiltError{p.faults[0]}
	case len(p.items) == 0:
		return "", nil
	case p.items[0].Key != text:
		return "", bodyError{fmt.Errorf("it holds another item than the one asked for")}
	}
	return p.items[0].Image, nil
}
