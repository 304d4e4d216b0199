package ddbjson_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"parallax/internal/record"
)

// The identity that a removal by time to live carries, in the region where it happened.
// Source: Developer Guide, "DynamoDB Streams and Time to Live".
const (
	ttlType      = "Service"
	ttlPrincipal = "dynamodb.amazonaws.com"
)

// decode turns one stream record into a Change without its table, region and shard. Sequence number and time are set even
// when an error is returned, which names the field.
func decode(r types.Record, keys []string) (record.Change, error) {
	c := record.Change{Event: string(r.EventName)}
	d := r.Dynamodb
	if d == nil {
		return c, fmt.Errorf("dynamodb: missing")
	}
	c.Seq = aws.ToString(d.SequenceNumber)
	c.At = aws.ToTime(d.ApproximateCreationDateTime).UTC().Truncate(time.Second)
	c.ByTTL = r.EventName == types.OperationTypeRemove && r.UserIdentity != nil &&
		aws.ToString(r.UserIdentity.Type) == ttlType && aws.ToString(r.UserIdentity.PrincipalId) == ttlPrincipal
	own, err := image(d.Keys)
	if err != nil {
		return c, fmt.Errorf("keys: %w", err)
	}
	if c.Key, err = key(own, keys); err != nil {
		return c, fmt.Errorf("keys: %w", err)
	}
	if c.Old, err = image(d.OldImage); err != nil {
		return c, fmt.Errorf("old image: %w", err)
	}
	if c.New, err = image(d.NewImage); err != nil {
		return c, fmt.Errorf("new image: %w", err)
	}
	return c, consistent(r.EventName, c)
}

// consistent checks that the images are those of the event: an insert had nothing before, a removal leaves nothing.
func consistent(event types.OperationType, c record.Change) error {
	hadOld, hasNew := !c.Old.Absent(), !c.New.Absent()
	switch event {
	case types.OperationTypeInsert:
		if hadOld || !hasNew {
			return fmt.Errorf("images: not those of an insert")
		}
	case types.OperationTypeModify:
		if !hadOld || !hasNew {
			return fmt.Errorf("images: not those of a modification")
		}
	case types.OperationTypeRemove:
		if !hadOld || hasNew {
			return fmt.Errorf("images: not those of a removal")
		}
	default:
		return fmt.Errorf("event name: unknown %q", event)
	}
	return nil
}

// parted makes the two parts of a key safe to be joined by a slash.
var parted = strings.NewReplacer("%", "%25", "/", "%2F")

// key is the text of an item's key, see record.Change.
func key(own record.Image, names []string) (string, error) {
	parts := make([]string, len(names))
	for i, name := range names {
		a, ok := own.Attr(name)
		if !ok {
			return "", fmt.Errorf("no attribute %s", name)
		}
		if parts[i] = a.Text; len(names) > 1 {
			parts[i] = parted.Replace(a.Text)
		}
	}
	return strings.Join(parts, "/"), nil
}

// image decodes an item; an absent one is the empty image.
func image(item map[string]types.AttributeValue) (record.Image, error) {
	if len(item) == 0 {
		return "", nil
	}
	out := make(map[string]record.Attr, len(item))
	for name, v := range item {
		a, err := attribute(v)
		if err != nil {
			return "", fmt.Errorf("attribute %s: %w", name, err)
		}
		out[name] = a
	}
	return record.NewImage(out), nil
}
