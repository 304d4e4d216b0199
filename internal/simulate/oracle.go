package simulate

import (
	"slices"
	"time"

	"parallax/internal/record"
)

// Loss is a version that replication destroyed: an accepted write, or a removal that was undone.
type Loss struct {
	Version  *Version
	By       *Version // what took its place
	Region   int      // where that happened first
	At       time.Time
	Regained bool // a version that descends from it came to stand in some region after all
	Expired  bool // a removal by time to live, which nobody asked for at that moment
	Seen     bool // a record that is left shows the winner taking its place

	records []int // where that shows, among all records ever made
}

// destroy notes what is lost when a message takes the place of what a region holds.
//
// What the winner does not descend from is lost, back to where the two branches part, with three exceptions in which nobody misses
// anything: what a writer had knowingly removed (in a third region it may stand longer than the removal does), what had
// become content that the winner's writer had seen too, and writes that changed nothing.
func (h *History) destroy(region int, old *Version, m message) {
	won := m.v
	if old == nil || won.Descends(old) || old.Image == won.Image {
		return
	}
	if old.Removal() {
		h.undo(region, old, m)
		return
	}
	seen := contents(won, meet(old, won))
	for v := old; v != nil && !v.Removal() && !won.Descends(v); v = v.Parent {
		if slices.Contains(seen, v.Image) || h.removed(v) {
			return
		}
		if v.Parent == nil || v.Parent.Image != v.Image {
			h.note(h.Lost, Loss{Version: v, By: won, Region: region, At: m.due})
		}
	}
}

// removed reports whether a writer has removed that very version.
func (h *History) removed(v *Version) bool {
	return slices.ContainsFunc(h.Versions, func(r *Version) bool { return r.Removal() && r.Parent == v })
}

// undo notes that an item came back to a region that had removed it, if the item was there all the way for its writer.
func (h *History) undo(region int, gone *Version, m message) {
	common := meet(gone, m.v)
	if common.Removal() || !h.removedHere(region, gone) {
		return
	}
	for v := m.v; v != common; v = v.Parent {
		if v.Removal() {
			return
		}
	}
	h.note(h.Undone, Loss{Version: gone, By: m.v, Region: region, At: m.due, Expired: gone.TTL})
}

// removedHere reports whether a removal took an item away from a region; combined with a write that never arrived alone, it does not.
func (h *History) removedHere(region int, gone *Version) bool {
	i := h.newest[region]
	return i >= 0 && h.Changes[i].New.Absent() && slices.Contains(h.stands[i], gone.Serial)
}

// note keeps the first time a version was destroyed, and every record that shows it: the one about to be made.
func (h *History) note(losses map[int]Loss, l Loss) {
	if first, known := losses[l.Version.Serial]; known {
		l = first
	}
	l.records = append(l.records, len(h.Changes))
	losses[l.Version.Serial] = l
}

// meet is the newest version that both descend from, nil if there is none.
func meet(a, b *Version) *Version {
	for ; a != nil; a = a.Parent {
		if b.Descends(a) {
			return a
		}
	}
	return nil
}

// contents are the images that the writer of a version had seen, from its parent back to the common version; with nothing
// in common, back to the beginning.
func contents(won, common *Version) []record.Image {
	var out []record.Image
	for v := won.Parent; v != nil; v = v.Parent {
		if !v.Removal() {
			out = append(out, v.Image)
		}
		if v == common {
			break
		}
	}
	return out
}

// settle notes what came back and how the regions ended.
func (r *replicas) settle() {
	for _, losses := range []map[int]Loss{r.Lost, r.Undone} {
		for serial, l := range losses {
			l.Regained = slices.ContainsFunc(r.held, func(v *Version) bool { return v.Descends(l.Version) })
			losses[serial] = l
		}
	}
	r.Held = r.held
	for _, v := range r.held {
		r.Apart = r.Apart || image(v) != image(r.held[0])
	}
	for from := range r.queue {
		for to := range r.queue[from] {
			for _, m := range r.queue[from][to] {
				r.InFlight = append(r.InFlight, m.v.Serial)
			}
		}
	}
}

// DoubleAccept reports whether two versions are inserts of the key in different regions of which neither writer had seen the other's.
func DoubleAccept(a, b *Version) bool {
	return a.Insert() && b.Insert() && a.Region != b.Region && !a.Descends(b) && !b.Descends(a)
}
