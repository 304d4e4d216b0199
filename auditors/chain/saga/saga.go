// Package saga judges transfers by their commands: the steps that an event-sourced saga keeps beside a ledger, one for each
// side of a transfer. It finds transfers that are pending past their deadline, and transfers that took effect on one side
// only.
//
// The copy that takes the writes speaks; a restored old primary only explains what a failover lost.
package saga

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Rules say how commands are read.
type Rules struct {
	Scope    string        // the configured commands
	Pending  []string      // statuses of a command that is not finished
	Done     []string      // statuses of one that took effect; with any other it failed or was undone
	Sides    []string      // those that every transfer must have; empty: a transfer has one side
	Deadline time.Duration // how long a command may be pending where it states no deadline of its own
}

// Input is what was read over one window and some time around it.
type Input struct {
	Window   audit.Window
	AsOf     time.Time
	Commands []record.Command // of the database that takes the writes
	Snapshot []record.Command // of restored old primaries

	// Incomplete means that some commands were not read: then none is taken to be missing, and one that is pending may have
	// been made up for.
	Incomplete bool
}

// Result is the judgement, and what could not be judged.
type Result struct {
	audit.Judgement
	Gaps []audit.Gap
}

// Auditor applies Rules.
type Auditor struct{ Rules Rules }

// Audit returns the chain.stuck_command findings of transfers whose first command was created inside the window, one for each
// transfer. Commands without a transfer or a status, and statuses or sides of which not one is known, are gaps.
func (a Auditor) Audit(in Input) Result {
	w := walk{rules: a.Rules, in: in, left: map[string]int64{}, unusable: map[string]*unusable{}, sided: len(a.Rules.Sides) > 0}
	held := newest(in.Commands)
	w.check(held)
	transfers, known := map[string]*transfer{}, map[string]bool{}
	for _, c := range held {
		known[c.ID] = true
		w.add(transfers, c, false)
	}
	for _, c := range newest(in.Snapshot) {
		if !known[c.ID] {
			w.add(transfers, c, true)
		}
	}
	for _, t := range transfers {
		if w.in.Window.Holds(t.first) {
			w.judge(t)
		}
	}
	audit.Sort(w.out.Findings)
	for reason, n := range w.left {
		w.out.Excluded = append(w.out.Excluded, audit.Exclusion{Reason: reason, Records: n})
	}
	w.unusableGaps()
	slices.SortFunc(w.out.Excluded, func(a, b audit.Exclusion) int { return strings.Compare(a.Reason, b.Reason) })
	return w.out
}

type walk struct {
	rules    Rules
	in       Input
	left     map[string]int64     // judged or left out in a way that has to be told, by reason
	unusable map[string]*unusable // by what they lack
	sided    bool                 // commands tell their side
	out      Result
}

// newest keeps of the rows that share a command's id the one that was changed last, with the creation time of the first: some
// sagas append a row for every change. They are in order of time and id.
func newest(rows []record.Command) []record.Command {
	at := map[string]int{}
	var out []record.Command
	for _, c := range rows {
		i, seen := at[c.ID]
		if !seen {
			at[c.ID] = len(out)
			out = append(out, c)
			continue
		}
		old := out[i]
		if changed(c).Before(changed(old)) {
			c, old = old, c
		}
		if old.CreatedAt.Before(c.CreatedAt) {
			c.CreatedAt = old.CreatedAt
		}
		out[i] = c
	}
	slices.SortFunc(out, func(a, b record.Command) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	return out
}

func changed(c record.Command) time.Time {
	if c.UpdatedAt.IsZero() {
		return c.CreatedAt
	}
	return c.UpdatedAt
}

// enoughToTell is how many commands there must be for a side that none of them is of to be taken for a wrong setting.
const enoughToTell = 20

// check finds settings that mean nothing for what was read. A side that no command at all is of cannot be missing from one
// transfer: it is not judged.
func (w *walk) check(commands []record.Command) {
	if len(commands) == 0 {
		return
	}
	statuses, sides := map[string]bool{}, map[string]bool{}
	for _, c := range commands {
		statuses[c.Status], sides[c.Side] = true, true
	}
	if !anyOf(statuses, func(s string) bool { return slices.Contains(w.rules.Pending, s) || slices.Contains(w.rules.Done, s) }) {
		w.gap(fmt.Sprintf("no command of %d has one of the statuses %s; they have %s", len(commands),
			strings.Join(slices.Concat(w.rules.Pending, w.rules.Done), ", "), some(statuses)), "correct commands[].pending and commands[].done")
	}
	var judged []string
	for _, side := range w.rules.Sides {
		if !sides[side] && (len(commands) >= enoughToTell || !anyOf(sides, func(s string) bool { return slices.Contains(w.rules.Sides, s) })) {
			w.gap(fmt.Sprintf("no command of %d is of the side %q; they are %s", len(commands), side, some(sides)),
				"correct commands[].sides, or the column side")
			continue
		}
		judged = append(judged, side)
	}
	w.rules.Sides = judged
}

func anyOf(set map[string]bool, f func(string) bool) bool {
	for s := range set {
		if f(s) {
			return true
		}
	}
	return false
}

// some lists at most five of a set.
func some(set map[string]bool) string {
	var names []string
	for s := range set {
		names = append(names, fmt.Sprintf("%q", s))
	}
	slices.Sort(names)
	if len(names) > 5 {
		return strings.Join(names[:5], ", ") + fmt.Sprintf(" and %d more", len(names)-5)
	}
	return strings.Join(names, ", ")
}

func (w *walk) gap(reason, remedy string) {
	w.out.Gaps = append(w.out.Gaps, audit.Gap{Window: w.in.Window, Reason: "commands " + w.rules.Scope + ": " + reason, Remedy: remedy})
}

// add enters a command into its transfer. What cannot be entered may hide a transfer that is stuck, which is a gap.
func (w *walk) add(transfers map[string]*transfer, c record.Command, lost bool) {
	for _, lack := range []struct {
		what string
		is   bool
	}{{"transfer", c.Transfer == ""}, {"status", c.Status == ""}, {"side", w.sided && c.Side == ""}} {
		if lack.is {
			w.leaveOut(c, lack.what)
			return
		}
	}
	t := transfers[c.Transfer]
	if t == nil {
		t = &transfer{id: c.Transfer, first: c.CreatedAt}
		transfers[c.Transfer] = t
	}
	if c.CreatedAt.Before(t.first) {
		t.first = c.CreatedAt
	}
	s := step{Command: c, lost: lost, state: w.stateOf(c)}
	s.due = c.CreatedAt.Add(w.rules.Deadline)
	switch {
	case c.Deadline.IsZero():
	case c.Deadline.Before(c.CreatedAt):
		w.left["command whose deadline lies before its creation, judged by the configured deadline"]++
		s.skewed = true
	default:
		s.due = c.Deadline
	}
	if !c.UpdatedAt.IsZero() && c.UpdatedAt.Before(c.CreatedAt) {
		w.left["command that was changed before it was created: the clocks that write them disagree"]++
		s.skewed = true
	}
	t.steps = append(t.steps, s)
}

// unusable are commands that lack something.
type unusable struct {
	count    int
	window   audit.Window
	examples []string
}

// leaveOut notes a command that cannot be judged, where the run speaks for it.
func (w *walk) leaveOut(c record.Command, lacks string) {
	if !w.in.Window.Holds(c.CreatedAt) {
		return
	}
	u := w.unusable[lacks]
	if u == nil {
		u = &unusable{window: audit.At(c.CreatedAt)}
		w.unusable[lacks] = u
	}
	u.count++
	if at := audit.At(c.CreatedAt); at.To.After(u.window.To) {
		u.window.To = at.To
	}
	if len(u.examples) < 3 {
		u.examples = append(u.examples, c.ID)
	}
}

func (w *walk) unusableGaps() {
	for _, lacks := range slices.Sorted(maps.Keys(w.unusable)) {
		u := w.unusable[lacks]
		w.out.Gaps = append(w.out.Gaps, audit.Gap{
			Window: u.window,
			Reason: fmt.Sprintf("commands %s: %d without a %s were not judged (%s)", w.rules.Scope, u.count, lacks, strings.Join(u.examples, ", ")),
			Remedy: "correct the rows, or the columns of commands[]",
		})
	}
}

func (w *walk) stateOf(c record.Command) state {
	switch {
	case slices.Contains(w.rules.Done, c.Status):
		return done
	case slices.Contains(w.rules.Pending, c.Status):
		return pending
	default:
		return failed
	}
}
