package globaltable_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"parallax/internal/lab/globaltable"
)

// changes shows the records of one item in a region: the states before and after.
func changes(t *testing.T, c *globaltable.Cluster, region string) (out []string) {
	t.Helper()
	for _, r := range serve(t, c, region).records(t) {
		out = append(out, fmt.Sprintf("%s %s>%s", r.EventName, attribute(r.Dynamodb.OldImage["state"]), attribute(r.Dynamodb.NewImage["state"])))
	}
	return out
}

// Each case is a script of one item, with what the streams of the two regions must show in the end.
func TestStreamsOfConflicts(t *testing.T) {
	second := func(n float64) time.Time { return start.Add(time.Duration(n * float64(time.Second))) }
	put := func(c *globaltable.Cluster, region string, at float64, state string) error {
		return c.Put(region, second(at), item("order-1", state), globaltable.Condition{})
	}
	for name, tc := range map[string]struct {
		options        func(*globaltable.Options)
		script         func(*globaltable.Cluster) error
		dublin, london []string
	}{
		"a write is replicated": {
			script: func(c *globaltable.Cluster) error { return put(c, dublin, 0, "a") },
			dublin: []string{"INSERT >a"}, london: []string{"INSERT >a"},
		},
		"the later writer wins and the winner's region shows nothing": {
			script: func(c *globaltable.Cluster) error {
				return errors.Join(put(c, dublin, 0, "a"), put(c, london, 0.1, "b"))
			},
			dublin: []string{"INSERT >a", "MODIFY a>b"}, london: []string{"INSERT >b"},
		},
		"a clock that runs ahead makes the earlier writer win": {
			options: func(o *globaltable.Options) { o.Skew = map[string]time.Duration{dublin: time.Second} },
			script: func(c *globaltable.Cluster) error {
				return errors.Join(put(c, dublin, 0, "a"), put(c, london, 0.1, "b"))
			},
			dublin: []string{"INSERT >a"}, london: []string{"INSERT >b", "MODIFY b>a"},
		},
		"at the same moment the region's name decides": {
			script: func(c *globaltable.Cluster) error {
				return errors.Join(put(c, dublin, 0, "a"), put(c, london, 0, "b"))
			},
			dublin: []string{"INSERT >a", "MODIFY a>b"}, london: []string{"INSERT >b"},
		},
		"equal content makes no record": {
			script: func(c *globaltable.Cluster) error {
				return errors.Join(put(c, dublin, 0, "a"), put(c, london, 0.1, "a"), put(c, london, 5, "a"))
			},
			dublin: []string{"INSERT >a"}, london: []string{"INSERT >a"},
		},
		"a tombstone beats an earlier write": {
			script: func(c *globaltable.Cluster) error {
				return errors.Join(put(c, dublin, 0, "a"), put(c, london, 5, "b"),
					c.Delete(dublin, second(5.1), "order-1", globaltable.Condition{}))
			},
			dublin: []string{"INSERT >a", "REMOVE a>"}, london: []string{"INSERT >a", "MODIFY a>b", "REMOVE b>"},
		},
		"a later write beats a tombstone": {
			script: func(c *globaltable.Cluster) error {
				return errors.Join(put(c, dublin, 0, "a"), c.Delete(dublin, second(5), "order-1", globaltable.Condition{}), put(c, london, 5.1, "b"))
			},
			dublin: []string{"INSERT >a", "REMOVE a>", "INSERT >b"}, london: []string{"INSERT >a", "MODIFY a>b"},
		},
		"queued versions ship as one": {
			options: func(o *globaltable.Options) { o.Coalesce = 1 },
			script: func(c *globaltable.Cluster) error {
				return errors.Join(put(c, dublin, 0, "a"), put(c, dublin, 0.1, "b"), put(c, dublin, 0.2, "c"))
			},
			dublin: []string{"INSERT >a", "MODIFY a>b", "MODIFY b>c"}, london: []string{"INSERT >c"},
		},
		"without coalescing each version arrives, in order": {
			script: func(c *globaltable.Cluster) error {
				return errors.Join(put(c, dublin, 0, "a"), put(c, dublin, 0.1, "b"), put(c, dublin, 0.2, "c"))
			},
			dublin: []string{"INSERT >a", "MODIFY a>b", "MODIFY b>c"}, london: []string{"INSERT >a", "MODIFY a>b", "MODIFY b>c"},
		},
		"a lost message never arrives, the next one does": {
			script: func(c *globaltable.Cluster) error {
				c.LoseNext(dublin, "order-1")
				return errors.Join(put(c, dublin, 0, "a"), put(c, dublin, 5, "b"))
			},
			dublin: []string{"INSERT >a", "MODIFY a>b"}, london: []string{"INSERT >b"},
		},
		"while paused nothing arrives": {
			script: func(c *globaltable.Cluster) error {
				err := put(c, dublin, 0, "a")
				c.Pause()
				return errors.Join(err, put(c, london, 600, "b"))
			},
			dublin: []string{"INSERT >a"}, london: []string{"INSERT >b"},
		},
		"after a pause all arrives": {
			script: func(c *globaltable.Cluster) error {
				c.Pause()
				err := errors.Join(put(c, dublin, 0, "a"), put(c, dublin, 1, "b"), put(c, london, 600, "c"))
				c.Resume()
				return err
			},
			dublin: []string{"INSERT >a", "MODIFY a>b", "MODIFY b>c"}, london: []string{"INSERT >c"},
		},
		"a local write is raised above what it overwrites": {
			options: func(o *globaltable.Options) { o.Skew = map[string]time.Duration{dublin: time.Hour} },
			script: func(c *globaltable.Cluster) error {
				return errors.Join(put(c, dublin, 0, "a"), put(c, london, 60, "b"))
			},
			dublin: []string{"INSERT >a", "MODIFY a>b"}, london: []string{"INSERT >a", "MODIFY a>b"},
		},
		"without raising it stays where it was written": {
			options: func(o *globaltable.Options) {
				o.Skew, o.NoRaise = map[string]time.Duration{dublin: time.Hour}, true
			},
			script: func(c *globaltable.Cluster) error {
				return errors.Join(put(c, dublin, 0, "a"), put(c, london, 60, "b"))
			},
			dublin: []string{"INSERT >a"}, london: []string{"INSERT >a", "MODIFY a>b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(4)
			if tc.options != nil {
				tc.options(&o)
			}
			c := globaltable.New(o)
			must(t, tc.script(c))
			c.Advance(c.Now().Add(10 * time.Second))
			if got := changes(t, c, dublin); !slices.Equal(got, tc.dublin) {
				t.Errorf("Dublin shows %q, want %q", got, tc.dublin)
			}
			if got := changes(t, c, london); !slices.Equal(got, tc.london) {
				t.Errorf("London shows %q, want %q", got, tc.london)
			}
		})
	}
}
