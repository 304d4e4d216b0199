package globaltable

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// ErrCondition means a write was refused because the item was not as its condition asks.
var ErrCondition = errors.New("the conditional request failed")

// errInvalid means a write makes no sense whatever the table holds.
var errInvalid = errors.New("invalid write")

// Condition guards a write by the state of the item in the region of the write. The zero Condition asks for nothing.
type Condition struct {
	Absent       bool     // the item must not exist: attribute_not_exists(hash key)
	Attr, Equals string   // the attribute must exist and be the string
	All          Item     // these attributes must exist and be equal
	Without      []string // these attributes must not exist
}

func (c Condition) holds(item Item) bool {
	if c.Absent && item != nil {
		return false
	}
	for name, want := range c.All {
		if held, ok := item[name]; !ok || !held.equal(want) {
			return false
		}
	}
	for _, name := range c.Without {
		if _, ok := item[name]; ok {
			return false
		}
	}
	return c.Attr == "" || item[c.Attr].is(c.Equals)
}

// Put writes a whole item in a region at a moment, after all that was due until then. A moment in the past of the virtual
// clock is an error, as is an item without key; ErrCondition says the condition did not hold. A write that changes
// nothing leaves no trace.
func (c *Cluster) Put(region string, at time.Time, item Item, cond Condition) error {
	err := c.at(region, at, func(r *replica) (change, error) { return c.put(r, item, cond) })
	return wrap("put item", err)
}

// Update sets attributes of an item and keeps the others; an item that does not exist is created with the key and what
// is set. Errors as for Put.
func (c *Cluster) Update(region string, at time.Time, key string, set Item, cond Condition) error {
	err := c.at(region, at, func(r *replica) (change, error) { return c.update(r, key, set, nil, cond) })
	return wrap("update item", err)
}

// Delete removes an item and keeps a tombstone that takes part in the choice of the last writer. Deleting what does not
// exist leaves no trace. Errors as for Put.
func (c *Cluster) Delete(region string, at time.Time, key string, cond Condition) error {
	err := c.at(region, at, func(r *replica) (change, error) { return c.remove(r, key, cond) })
	return wrap("delete item", err)
}

// Get returns an item as a region has it now, and whether it exists there.
func (c *Cluster) Get(region, key string) (Item, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, err := c.replica(region)
	if err != nil {
		return nil, false
	}
	held := r.items[key].item
	return maps.Clone(held), held != nil
}

// change is what a write did: the item before and after, nil for none.
type change struct{ before, after Item }

// at advances the world to a moment and then lets a write happen in a region.
func (c *Cluster) at(region string, at time.Time, write func(*replica) (change, error)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, err := c.replica(region)
	if err != nil {
		return err
	}
	at = at.UTC()
	if at.Before(c.now) {
		return fmt.Errorf("%s lies before the virtual present %s", at.Format(time.RFC3339Nano), c.now.Format(time.RFC3339Nano))
	}
	c.advance(at)
	_, err = write(r)
	return err
}

func (c *Cluster) put(r *replica, item Item, cond Condition) (change, error) {
	key := item[c.options.HashKey]
	if key.Type != "S" {
		return change{}, fmt.Errorf("%w: the item lacks the key %s of type S", errInvalid, c.options.HashKey)
	}
	clean, err := item.clean()
	if err != nil {
		return change{}, err
	}
	return c.write(r, key.Text, cond, clean)
}

func (c *Cluster) update(r *replica, key string, set Item, remove []string, cond Condition) (change, error) {
	if _, ok := set[c.options.HashKey]; ok || slices.Contains(remove, c.options.HashKey) {
		return change{}, fmt.Errorf("%w: cannot update attribute %s: it is part of the key", errInvalid, c.options.HashKey)
	}
	clean, err := set.clean()
	if err != nil {
		return change{}, err
	}
	after := maps.Clone(r.items[key].item)
	if after == nil {
		after = Item{c.options.HashKey: {Type: "S", Text: key}}
	}
	maps.Copy(after, clean)
	for _, name := range remove {
		delete(after, name)
	}
	return c.write(r, key, cond, after)
}

func (c *Cluster) remove(r *replica, key string, cond Condition) (change, error) {
	return c.write(r, key, cond, nil)
}

// write makes after the item of the key in a region, for an application there, and sends it to the other regions.
func (c *Cluster) write(r *replica, key string, cond Condition, after Item) (change, error) {
	if key == "" {
		return change{}, fmt.Errorf("%w: the key is empty", errInvalid)
	}
	held := r.items[key]
	done := change{before: held.item, after: after}
	if !cond.holds(held.item) {
		return change{before: held.item}, ErrCondition
	}
	if held.item.Equal(after) {
		return done, nil
	}
	v := version{item: after, stamp: stamp{c.now.Add(c.options.Skew[r.region]).UnixNano(), r.region}}
	if !c.options.NoRaise && !held.stamp.before(v.stamp) {
		v.stamp.moment = held.stamp.moment + 1
	}
	c.apply(r, key, v)
	c.ship(r.region, key, v)
	return done, nil
}

func wrap(operation string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", operation, err)
}
