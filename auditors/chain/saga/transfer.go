package saga

import (
	"cmp"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// state is what a command's status means, the strongest last.
type state int

const (
	absent  state = iota // no command at all
	failed               // did not take effect, or was undone
	pending              // not finished
	done                 // took effect
)

func (s state) String() string {
	return [...]string{"has no command", "failed", "is pending", "is done"}[s]
}

// step is one command of a transfer.
type step struct {
	record.Command

	state  state
	due    time.Time
	lost   bool // only an old primary has it
	skewed bool // its times contradict one another
}

// transfer is what the commands that share an id say together.
type transfer struct {
	id    string
	first time.Time
	steps []step // in order of time
}

// side is the strongest state that the database in force holds of a side: a command that failed may have been tried again.
func (t *transfer) side(name string) state {
	s := absent
	for _, step := range t.steps {
		if step.Side == name && !step.lost {
			s = max(s, step.state)
		}
	}
	return s
}

// lostDone reports whether a side took effect on an old primary only.
func (t *transfer) lostDone(name string) bool {
	return slices.ContainsFunc(t.steps, func(s step) bool { return s.Side == name && s.lost && s.state == done })
}

// due is when the last of its commands should have been finished.
func (t *transfer) due() time.Time {
	var due time.Time
	for _, s := range t.steps {
		if s.due.After(due) {
			due = s.due
		}
	}
	return due
}

// half is a transfer that took effect on some sides and not on others.
type half struct {
	moved, missing []string
	lost           []string // of the missing ones, those that took effect on the old primary
	beside         []string // further sides that took effect, which may have undone one
}

// halves tells which sides took effect.
func (t *transfer) halves(sides []string) (half, bool) {
	var h half
	for _, name := range sides {
		switch {
		case t.side(name) == done:
			h.moved = append(h.moved, name)
		default:
			h.missing = append(h.missing, name)
			if t.lostDone(name) {
				h.lost = append(h.lost, name)
			}
		}
	}
	for _, s := range t.steps {
		if s.state == done && !s.lost && !slices.Contains(sides, s.Side) && !slices.Contains(h.beside, s.Side) {
			h.beside = append(h.beside, s.Side)
		}
	}
	return h, len(h.moved) > 0 && len(h.missing) > 0
}

// stuck are the pending commands past their deadline that no other command of their side has made up for.
func (t *transfer) stuck(asOf time.Time) []step {
	var out []step
	for _, s := range t.steps {
		if s.state == pending && !s.lost && asOf.After(s.due) && t.side(s.Side) == pending {
			out = append(out, s)
		}
	}
	return out
}

// amount is what the transfer is about: the largest amount of any of its commands in each currency.
func (t *transfer) amount() []audit.Money {
	var out []audit.Money
	for _, s := range t.steps {
		if s.Amount.Currency == "" {
			continue
		}
		m := audit.Money(s.Amount)
		m.Minor = max(m.Minor, -m.Minor)
		i := slices.IndexFunc(out, func(o audit.Money) bool { return o.Currency == m.Currency })
		if i < 0 {
			out = append(out, m)
			continue
		}
		out[i].Minor = max(out[i].Minor, m.Minor)
	}
	slices.SortFunc(out, func(a, b audit.Money) int { return cmp.Compare(a.Currency, b.Currency) })
	return out
}

// region is the one that took the transfer, else the one whose database holds it.
func (t *transfer) region() audit.Region {
	for _, s := range t.steps {
		if s.Owner != "" {
			return s.Owner
		}
	}
	return t.steps[0].Region
}
