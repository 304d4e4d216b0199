package receipt

import (
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Policy is the declared storage policy, ready for many rows.
type Policy struct {
	steps []step
	slack int64
}

// step is a storage class by its number, from an age in milliseconds on.
type step struct{ after, class int64 }

// Policy makes the storage policy ready.
func (r Rules) Policy() Policy {
	p := Policy{slack: r.Slack.Milliseconds()}
	for _, s := range r.Storage {
		p.steps = append(p.steps, step{after: s.After.Milliseconds(), class: record.Object{StorageClass: s.Class}.Note().Class()})
	}
	return p
}

// Broken reports whether a current version has another storage class at a moment than the policy wants by its age. For some time
// after a step the class before it is right too, for S3 changes classes in its own time. A row that does not tell its class says
// nothing. Source: Amazon S3 User Guide, "Transitioning objects using Amazon S3 Lifecycle".
func (p Policy) Broken(n record.ObjectNote, seen time.Time) bool {
	class := n.Class()
	if len(p.steps) == 0 || class == 0 || !n.Latest() || n.Marker() {
		return false
	}
	age := seen.UnixMilli() - n.Millis()
	last := len(p.steps) - 1
	for last > 0 && age < p.steps[last].after {
		last--
	}
	for i := last; i >= 0; i-- {
		if class == p.steps[i].class {
			return false
		}
		if age >= p.steps[i].after+p.slack {
			break
		}
	}
	return true
}

// wanted is the storage class that an object has to have by its age.
func (r Rules) wanted(age time.Duration) record.StorageStep {
	var out record.StorageStep
	for i, s := range r.Storage {
		if i == 0 || s.After <= age {
			out = s
		}
	}
	return out
}

// classMended is why a storage class is not judged.
const classMended = "receipt whose storage class breaks the policy in the inventories, and no longer when its bucket itself was asked"

// drifts reports the receipts that break the declared policy, each side by itself.
func (c *comparison) drifts() {
	policy := c.rules.Policy()
	byKey := map[string]*[2]*record.Object{}
	for i := range c.in.Drifted {
		o := &c.in.Drifted[i]
		side := c.side(o.Region)
		_, ok := c.paymentOf(o.Key)
		if side < 0 || !ok || !policy.Broken(o.Note(), c.seenAt(side, *o)) || !c.rules.Whole && !c.in.Window.Holds(o.LastModified) {
			continue
		}
		sides := byKey[o.Key]
		if sides == nil {
			sides = new([2]*record.Object)
			byKey[o.Key] = sides
		}
		sides[side] = o
	}
	for _, key := range sortedKeys(byKey) {
		c.drift(key, *byKey[key], policy)
	}
}

// drift reports one key, unless its buckets tell otherwise themselves.
func (c *comparison) drift(key string, sides [2]*record.Object, policy Policy) {
	told, asked := c.toldOf(key)
	if asked {
		for i := range sides {
			sides[i] = nil
			for _, o := range told[i] {
				o.Live = true
				if policy.Broken(o.Note(), o.SeenAt) {
					sides[i] = &o
				}
			}
		}
	}
	if sides[0] == nil && sides[1] == nil {
		c.exclude(classMended)
		return
	}
	payment, _ := c.paymentOf(key)
	f := storageDrift(c.rules, key, payment, sides)
	c.report(f)
	if !asked {
		c.add(rankLow, Suspect{Key: key, Payment: payment, Kind: f.Kind})
	}
}

func (c *comparison) side(region audit.Region) int { return slices.Index(c.rules.Regions[:], region) }

// seenAt is when an object was seen.
func (c *comparison) seenAt(side int, o record.Object) time.Time {
	if o.SeenAt.IsZero() {
		return c.scanned[side]
	}
	return o.SeenAt
}

// classApart reports whether the storage classes of two copies differ where no policy is declared, and no rule wants its copies
// so. Source: Amazon S3 API reference, "Destination", StorageClass.
func (c *comparison) classApart(a, b record.Object) bool {
	if len(c.rules.Storage) > 0 || a.StorageClass == b.StorageClass || a.StorageClass == "" || b.StorageClass == "" {
		return false
	}
	for side, o := range [2]record.Object{a, b} {
		if o.ReplicationStatus != replica {
			continue
		}
		if rule, known, covered := c.rule(1-side, o.Key); known && covered && rule.StorageClass == o.StorageClass {
			return false
		}
	}
	return true
}
