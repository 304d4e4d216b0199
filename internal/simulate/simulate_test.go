package simulate

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

func profiles() []Profile { return append(Reference(), Traps()...) }

func named(t *testing.T, name string) Profile {
	t.Helper()
	for _, p := range profiles() {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no profile is named %q", name)
	return Profile{}
}

func TestSameSeedSameHistory(t *testing.T) {
	for _, p := range profiles() {
		a, b, c := Play(p, 7, "order-1"), Play(p, 7, "order-1"), Play(p, 8, "order-1")
		if !reflect.DeepEqual(a.Changes, b.Changes) || !maps.EqualFunc(a.Lost, b.Lost, func(x, y Loss) bool { return x.At.Equal(y.At) }) {
			t.Errorf("%s: one seed, two histories", p.Name)
		}
		if len(a.Changes) > 0 && reflect.DeepEqual(a.Changes, c.Changes) {
			t.Errorf("%s: two seeds, one history", p.Name)
		}
	}
}

func TestProfilesHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range profiles() {
		if seen[p.Name] || p.Name == "" {
			t.Errorf("name %q is taken", p.Name)
		}
		seen[p.Name] = true
	}
}

// TestStreamsAreStreams holds every record against what a stream promises: canonical images, the event that they make, order,
// and a chain of images without a hole where nothing was trimmed.
func TestStreamsAreStreams(t *testing.T) {
	for _, p := range profiles() {
		for n := range 100 {
			h := Play(p, 3, fmt.Sprintf("order-%d", n))
			last := map[audit.Region]record.Change{}
			for _, c := range h.Changes {
				follows(t, p, last[c.Region], c)
				last[c.Region] = c
			}
		}
	}
}

func follows(t *testing.T, p Profile, before, c record.Change) {
	t.Helper()
	event := "MODIFY"
	switch {
	case c.Old.Absent():
		event = "INSERT"
	case c.New.Absent():
		event = "REMOVE"
	}
	switch {
	case c.Event != event || c.Old == c.New || !c.At.Equal(c.At.Truncate(time.Second)):
		t.Fatalf("%s: %+v", p.Name, c)
	case !c.Old.Absent() && !c.Old.Canonical(), !c.New.Absent() && !c.New.Canonical():
		t.Fatalf("%s: images are not canonical: %+v", p.Name, c)
	case len(c.Seq) < 21 || len(c.Seq) > 40:
		t.Fatalf("%s: sequence number %s has %d digits", p.Name, c.Seq, len(c.Seq))
	case before.Seq == "":
	case !record.SeqLess(before.Seq, c.Seq) || c.At.Before(before.At):
		t.Fatalf("%s: %s after %s", p.Name, c.Seq, before.Seq)
	case p.Trim == 0 && before.New != c.Old:
		t.Fatalf("%s: a hole before %s", p.Name, c.Seq)
	}
}

// TestTrapsSnap sees to it that each profile does what its name says, by counting what only it can bring about.
func TestTrapsSnap(t *testing.T) {
	for name, happens := range map[string]func(h *History) bool{
		"write id + origin":              func(h *History) bool { return len(h.Lost) > 1 },
		"write id + origin, 20% deletes": func(h *History) bool { return len(h.Undone) > 0 },
		"time to live in one region": func(h *History) bool {
			return slices.ContainsFunc(h.Changes, func(c record.Change) bool { return c.ByTTL })
		},
		"time to live in both regions":            expiredInBoth,
		"delete and recreate":                     func(h *History) bool { return count(h, "INSERT") > 2 },
		"insert and delete combined to nothing":   func(h *History) bool { return inserts(h) > count(h, "INSERT") },
		"retries replay a write id":               comesBack,
		"content comes back":                      comesBack,
		"equal content in both regions":           standsForTwo,
		"one write id in both regions":            standsForTwo,
		"writes that change nothing":              standsForTwo,
		"clocks minutes apart":                    func(h *History) bool { return apartBy(h) > 2*time.Minute },
		"timestamps not raised":                   func(h *History) bool { return h.Apart && len(h.InFlight) == 0 },
		"messages lost for ever":                  func(h *History) bool { return h.Apart && len(h.InFlight) == 0 },
		"reading stops on the way":                func(h *History) bool { return len(h.InFlight) > 0 },
		"three replicas":                          func(h *History) bool { return len(h.World.Regions) == 3 && regained(h) },
		"outage of minutes":                       func(h *History) bool { return longest(h) > 5*time.Minute },
		"outage of more than a day":               func(h *History) bool { return longest(h) > 24*time.Hour && shards(h) > 1 },
		"outage of more than a day, then trimmed": unread,
		"first seen after trim":                   func(h *History) bool { return len(h.Changes) > 0 && h.Changes[0].Event == "MODIFY" },
		"idle keys":                               func(h *History) bool { return len(h.Versions) == 1 },
	} {
		p, n := named(t, name), 0
		for seed := range uint64(10) {
			w := NewWorld(p, seed)
			for key := range 100 {
				if happens(w.Play(fmt.Sprintf("order-%d", key))) {
					n++
				}
			}
		}
		t.Logf("%s: in %d of 1000 histories", name, n)
		if n < 3 {
			t.Errorf("%s: happens in %d of 1000 histories", name, n)
		}
	}
}

func count(h *History, event string) (n int) {
	for _, c := range h.Changes {
		if c.Event == event && c.Region == Dublin {
			n++
		}
	}
	return n
}

func inserts(h *History) (n int) {
	for _, v := range h.Versions {
		if v.Insert() {
			n++
		}
	}
	return n
}

func expiredInBoth(h *History) bool {
	in := map[audit.Region]bool{}
	for _, c := range h.Changes {
		in[c.Region] = in[c.Region] || c.ByTTL
	}
	return in[Dublin] && in[London]
}

// comesBack: a region holds an image, another one, and the first again.
func comesBack(h *History) bool {
	for i, a := range h.Versions {
		for _, b := range h.Versions[i+1:] {
			if !a.Removal() && a.Image == b.Image && b.Parent != a {
				return true
			}
		}
	}
	return false
}

// standsForTwo: one record stands for two versions.
func standsForTwo(h *History) bool {
	return slices.ContainsFunc(h.Changes, func(c record.Change) bool { return len(h.Names(c.Region, c.Shard+"/"+c.Seq)) > 1 })
}

// arrivals are the record times of each version, by region.
func arrivals(h *History) map[int]map[audit.Region]time.Time {
	out := map[int]map[audit.Region]time.Time{}
	for _, c := range h.Changes {
		for _, serial := range h.Names(c.Region, c.Shard+"/"+c.Seq) {
			if out[serial] == nil {
				out[serial] = map[audit.Region]time.Time{}
			}
			out[serial][c.Region] = c.At
		}
	}
	return out
}

func longest(h *History) (d time.Duration) {
	for serial, at := range arrivals(h) {
		for _, t := range at {
			d = max(d, t.Sub(h.Versions[serial].At))
		}
	}
	return d
}

func apartBy(h *History) (d time.Duration) {
	for _, at := range arrivals(h) {
		if len(at) == 2 {
			d = max(d, at[Dublin].Sub(at[London]).Abs())
		}
	}
	return d
}

func regained(h *History) bool {
	for _, l := range h.Lost {
		if l.Regained {
			return true
		}
	}
	return false
}

func shards(h *History) int {
	names := map[string]bool{}
	for _, c := range h.Changes {
		names[c.Shard] = true
	}
	return len(names)
}

func unread(h *History) bool {
	for _, l := range h.Lost {
		if !l.Seen {
			return true
		}
	}
	return false
}
