package globaltable

import (
	"maps"
	"slices"
)

// pageBytes is the most a Scan or GetRecords answers with (API reference: 1 MB).
const pageBytes = 1 << 20

// Shapes of the requests: Amazon DynamoDB API reference. Projections, filters and indexes are not part of the stand-in.
type (
	getItemRequest struct {
		TableName              string
		Key                    Item
		ConsistentRead         bool
		ReturnConsumedCapacity string
	}
	writeOptions struct {
		TableName                   string
		ConditionExpression         string
		ExpressionAttributeNames    map[string]string
		ExpressionAttributeValues   Item
		ReturnValues                string
		ReturnConsumedCapacity      string
		ReturnItemCollectionMetrics string
	}
	putItemRequest struct {
		writeOptions
		Item Item
	}
	updateItemRequest struct {
		writeOptions
		Key              Item
		UpdateExpression string
	}
	deleteItemRequest struct {
		writeOptions
		Key Item
	}
	scanRequest struct {
		TableName              string
		Limit                  int
		ExclusiveStartKey      Item
		Segment, TotalSegments int
		ConsistentRead         bool
		ReturnConsumedCapacity string
	}
	scanAnswer struct {
		Count, ScannedCount int
		Items               []Item
		LastEvaluatedKey    Item              `json:",omitempty"`
		ConsumedCapacity    *consumedCapacity `json:",omitempty"`
	}
	itemAnswer struct {
		Item             Item              `json:",omitempty"`
		ConsumedCapacity *consumedCapacity `json:",omitempty"`
	}
	writeAnswer struct {
		Attributes Item `json:",omitempty"`
	}
)

func (c *Cluster) getItem(r *replica, in getItemRequest) (any, error) {
	if err := c.known(r, in.TableName); err != nil {
		return nil, err
	}
	key, err := c.keyOf(in.Key)
	if err != nil {
		return nil, err
	}
	item := r.items[key].item
	consumed, err := c.consumed(in.ReturnConsumedCapacity, in.ConsistentRead, item.size())
	return itemAnswer{item, consumed}, err
}

func (c *Cluster) putItem(r *replica, in putItemRequest) (any, error) {
	e, err := c.expressions(r, in.writeOptions, "NONE", "ALL_OLD")
	if err != nil {
		return nil, err
	}
	cond, err := e.condition(in.ConditionExpression, c.options.HashKey)
	if err != nil {
		return nil, err
	}
	if err := e.spent(); err != nil {
		return nil, err
	}
	done, err := c.put(r, in.Item, cond)
	return in.returned(done), err
}

func (c *Cluster) updateItem(r *replica, in updateItemRequest) (any, error) {
	e, err := c.expressions(r, in.writeOptions, "NONE", "ALL_OLD", "ALL_NEW")
	if err != nil {
		return nil, err
	}
	key, err := c.keyOf(in.Key)
	if err != nil {
		return nil, err
	}
	set, remove, err := e.assignments(in.UpdateExpression)
	if err != nil {
		return nil, err
	}
	cond, err := e.condition(in.ConditionExpression, c.options.HashKey)
	if err != nil {
		return nil, err
	}
	if err := e.spent(); err != nil {
		return nil, err
	}
	done, err := c.update(r, key, set, remove, cond)
	return in.returned(done), err
}

func (c *Cluster) deleteItem(r *replica, in deleteItemRequest) (any, error) {
	e, err := c.expressions(r, in.writeOptions, "NONE", "ALL_OLD")
	if err != nil {
		return nil, err
	}
	key, err := c.keyOf(in.Key)
	if err != nil {
		return nil, err
	}
	cond, err := e.condition(in.ConditionExpression, c.options.HashKey)
	if err != nil {
		return nil, err
	}
	if err := e.spent(); err != nil {
		return nil, err
	}
	done, err := c.remove(r, key, cond)
	return in.returned(done), err
}

// expressions checks what all writes share.
func (c *Cluster) expressions(r *replica, in writeOptions, returns ...string) (*expressions, error) {
	if err := c.known(r, in.TableName); err != nil {
		return nil, err
	}
	if in.ReturnValues != "" && !slices.Contains(returns, in.ReturnValues) {
		return nil, validation("ReturnValues %s is not supported", in.ReturnValues)
	}
	return &expressions{names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues, used: map[string]bool{}}, nil
}

func (in writeOptions) returned(done change) writeAnswer {
	switch in.ReturnValues {
	case "ALL_OLD":
		return writeAnswer{done.before}
	case "ALL_NEW":
		return writeAnswer{done.after}
	}
	return writeAnswer{}
}

// keyOf reads the key of a request, which must have the hash key and nothing else.
func (c *Cluster) keyOf(key Item) (string, error) {
	value, ok := key[c.options.HashKey]
	if !ok || len(key) != 1 || value.Type != "S" {
		return "", validation("The provided key element does not match the schema")
	}
	if value.Text == "" {
		return "", validation("One or more parameter values are not valid: the key %s is empty", c.options.HashKey)
	}
	return value.Text, nil
}

func (c *Cluster) scan(r *replica, in scanRequest) (any, error) {
	if err := c.known(r, in.TableName); err != nil {
		return nil, err
	}
	if in.Limit < 0 || in.TotalSegments < 0 || in.Segment < 0 || (in.Segment > 0 || in.TotalSegments > 0) && in.Segment >= in.TotalSegments {
		return nil, validation("Limit %d, segment %d of %d do not make sense", in.Limit, in.Segment, in.TotalSegments)
	}
	start := ""
	if in.ExclusiveStartKey != nil {
		var err error
		if start, err = c.keyOf(in.ExclusiveStartKey); err != nil {
			return nil, err
		}
	}
	out := c.page(r, in, start)
	size := 0
	for _, item := range out.Items {
		size += item.size()
	}
	var err error
	out.ConsumedCapacity, err = c.consumed(in.ReturnConsumedCapacity, in.ConsistentRead, size)
	return out, err
}

// page collects the items after a key. The order is that of hashes, so that it tells nothing, as with the service.
func (c *Cluster) page(r *replica, in scanRequest, start string) scanAnswer {
	out := scanAnswer{Items: []Item{}}
	size, last := 0, ""
	for _, key := range r.keysByHash() {
		item := r.items[key].item
		if item == nil || start != "" && !byHash(start, key) || in.TotalSegments > 1 && hash(key)%uint64(in.TotalSegments) != uint64(in.Segment) { //nolint:gosec // both were checked not to be negative
			continue
		}
		if in.Limit > 0 && len(out.Items) == in.Limit || size > 0 && size+item.size() > pageBytes {
			out.LastEvaluatedKey = Item{c.options.HashKey: {Type: "S", Text: last}}
			break
		}
		out.Items = append(out.Items, item)
		size, last = size+item.size(), key
	}
	out.Count, out.ScannedCount = len(out.Items), len(out.Items)
	return out
}

func (r *replica) keysByHash() []string {
	return slices.SortedFunc(maps.Keys(r.items), func(a, b string) int {
		if byHash(a, b) {
			return -1
		}
		return 1
	})
}

func byHash(a, b string) bool {
	if ha, hb := hash(a), hash(b); ha != hb {
		return ha < hb
	}
	return a < b
}
