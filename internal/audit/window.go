package audit

import (
	"fmt"
	"time"
)

// Region is an AWS region name, for example "eu-west-1".
type Region string

// Window is a half-open interval of time [From, To), in UTC.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// NewWindow returns [from, to) in UTC. A window that ends before it begins is an error; an empty one is not.
func NewWindow(from, to time.Time) (Window, error) {
	if to.Before(from) {
		return Window{}, fmt.Errorf("window ends at %s, before it begins at %s",
			to.UTC().Format(time.RFC3339), from.UTC().Format(time.RFC3339))
	}
	return Window{From: from.UTC(), To: to.UTC()}, nil
}

// At is the smallest window that holds the instant t: one microsecond, the resolution of the store.
func At(t time.Time) Window {
	t = t.UTC().Truncate(time.Microsecond)
	return Window{From: t, To: t.Add(time.Microsecond)}
}

// Holds reports whether t lies in the window.
func (w Window) Holds(t time.Time) bool { return !t.Before(w.From) && t.Before(w.To) }

// Covers reports whether o lies wholly inside w.
func (w Window) Covers(o Window) bool { return !o.From.Before(w.From) && !o.To.After(w.To) }

// Empty reports whether the window holds no instant at all.
func (w Window) Empty() bool { return !w.From.Before(w.To) }

// Around widens the window by d on both sides.
func (w Window) Around(d time.Duration) Window {
	return Window{From: w.From.Add(-d), To: w.To.Add(d)}
}

// String shows the window as two RFC 3339 instants.
func (w Window) String() string {
	return w.From.UTC().Format(time.RFC3339) + "/" + w.To.UTC().Format(time.RFC3339)
}
