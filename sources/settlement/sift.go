package settlement

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/delivery"
)

// sift keeps the files that are to be read, in name order, and says what becomes of the others: uploads under way by their
// names, files that have changed only now, and files that were settled long ago.
func (r *reading) sift(l delivery.Listing) ([]delivery.File, error) {
	r.present = map[string]bool{}
	var out, arriving []delivery.File
	var unfinished int64
	for _, f := range l.Files {
		switch {
		case delivery.Unfinished(f.Name, r.Place.Pattern()):
			unfinished++
			continue
		case r.young(f, l.At):
			arriving = append(arriving, f)
		case r.settled(f):
		default:
			out = append(out, f)
		}
		r.present[f.Name] = true
	}
	if len(r.present) == 0 {
		if err := r.gap(r.window, "no file matches "+r.Place.Pattern(), "check the feed's path, and whether the delivery has come"); err != nil {
			return nil, err
		}
	}
	if err := r.excluded(unfinished); err != nil {
		return nil, err
	}
	byName(arriving)
	for _, f := range arriving {
		if err := r.arriving(f); err != nil {
			return nil, err
		}
	}
	byName(out)
	return out, nil
}

func byName(files []delivery.File) {
	slices.SortFunc(files, func(a, b delivery.File) int {
		return cmp.Or(cmp.Compare(stem(a.Name), stem(b.Name)), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Path, b.Path))
	})
}

// young reports whether a file changed so recently that its delivery may go on. One whose time lies further in the future
// got it from a clock that is wrong, and waiting would not help.
func (r *reading) young(f delivery.File, now time.Time) bool {
	return f.Regular && now.Sub(f.Modified).Abs() < r.Settle
}

// maxPatience is how long a reading waits for files that have just come rather than leave them to the next run.
const maxPatience = 10 * time.Second

// patience is how long it takes until the youngest file has settled; zero where none is young, or where that takes too long.
func (r *reading) patience(l delivery.Listing) time.Duration {
	if r.Settle > maxPatience {
		return 0
	}
	var wait time.Duration
	for _, f := range l.Files {
		if r.young(f, l.At) {
			wait = max(wait, f.Modified.Add(r.Settle).Sub(l.At))
		}
	}
	return wait
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d + 10*time.Millisecond): // by the place's clock it must be over
		return nil
	}
}

func (r *reading) arriving(f delivery.File) error {
	w := r.window
	if date := decode.DateInName(f.Name); date != "" {
		w = r.windowOf([]string{date})
	}
	return r.gap(w, fmt.Sprintf("%s is still arriving: it changed less than %s before it was looked at", f.Name, r.Settle),
		"run again when the delivery has finished")
}

// settled reports whether a file can be left out because of Since, and notes it: an earlier run has accepted a file of this
// name, it has not changed since, and the days it settles are over.
func (r *reading) settled(f delivery.File) bool {
	if r.Since == "" {
		return false
	}
	var last KnownFile
	for _, k := range r.Known {
		if k.Name == f.Name && k.Status == statusAccepted && !k.SeenAt.Before(last.SeenAt) {
			last = k
		}
	}
	if last.BusinessDate == "" || last.BusinessDate >= r.Since || !f.Modified.Before(last.SeenAt) {
		return false
	}
	r.passed = append(r.passed, last)
	r.delivered[last.BusinessDate]++
	return true
}

// excluded counts the files that were left alone.
func (r *reading) excluded(unfinished int64) error {
	var out []audit.Exclusion
	if unfinished > 0 {
		out = append(out, audit.Exclusion{Reason: "files named as uploads under way (.tmp, .part, .filepart, or a dot at the beginning)", Records: unfinished})
	}
	if n := int64(len(r.passed)); n > 0 {
		out = append(out, audit.Exclusion{Reason: "files settled before " + r.Since + " and accepted by earlier runs", Records: n})
	}
	if out == nil {
		return nil
	}
	return r.send(record.Batch[record.SettlementLine]{Excluded: out})
}
