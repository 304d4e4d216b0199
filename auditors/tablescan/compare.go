package tablescan

import (
	"iter"
	"slices"
)

// Print is an item of one replica, reduced to what a comparison needs.
type Print struct {
	Region int // index into Rules.Regions
	Key    string
	Image  [16]byte // first half of the SHA-256 of the image: equal items have equal prints
}

// Comparison is what the prints of all items say. Its zero value, with Regions set, is ready for Add.
type Comparison struct {
	Regions     int      // how many replicas are compared, at most 64
	MaxSuspects int      // bound on Suspects; 0 is none
	Read        []int64  // prints, by region
	Agreed      int64    // keys under which every region holds the same item
	Suspects    []string // keys under which they do not, to be read again, sorted within one call of Add
	Dropped     int64    // further such keys, beyond MaxSuspects
}

// held is what was seen of one key so far.
type held struct {
	image   [16]byte
	regions uint64 // one bit each
	differs bool
}

// Add takes all prints, of every region, of some keys. How keys are put together is the caller's choice: memory grows with
// the number of keys of one call, and the result does not depend on it but for the order of Suspects. A key that comes twice
// from one region was written while the scan went on, and differs unless both are equal.
func (c *Comparison) Add(prints iter.Seq2[Print, error]) error {
	if c.Read == nil {
		c.Read = make([]int64, c.Regions)
	}
	keys := map[string]held{}
	for p, err := range prints {
		if err != nil {
			return err
		}
		c.Read[p.Region]++
		h, seen := keys[p.Key]
		if !seen {
			h.image = p.Image
		}
		h.differs = h.differs || h.image != p.Image
		h.regions |= 1 << p.Region
		keys[p.Key] = h
	}
	everywhere := uint64(1)<<c.Regions - 1
	var apart []string
	for key, h := range keys {
		if !h.differs && h.regions == everywhere {
			c.Agreed++
		} else {
			apart = append(apart, key)
		}
	}
	slices.Sort(apart)
	if room := c.MaxSuspects - len(c.Suspects); c.MaxSuspects > 0 && len(apart) > room {
		c.Dropped += int64(len(apart) - room)
		apart = apart[:room]
	}
	c.Suspects = append(c.Suspects, apart...)
	return nil
}

func (c *Comparison) differed() int64 { return int64(len(c.Suspects)) + c.Dropped }
