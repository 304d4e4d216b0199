package ddbtable

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"parallax/internal/audit"
	"parallax/internal/awscall"
)

// mostCauses bounds how many causes are told one by one.
const mostCauses = 20

// failure is why some of the table was not read, and how much that is.
type failure struct {
	gap   audit.Gap
	items bool // it is about items, else about segments that were not read to their end
	n     int
}

// fail notes why a segment was not read, or not all of it. A read that was called off is no failure.
func (r *run) fail(ctx context.Context, err error) {
	if ctx.Err() == nil {
		r.note(failure{gap: explain(err, "Scan", r.Table, r.Region, r.window), n: 1})
	}
}

// spoilt notes the items of a page that can't be used.
func (r *run) spoilt(p page) {
	for _, f := range p.faults {
		r.note(failure{gap: explain(spoiltError{f}, "Scan", r.Table, r.Region, r.window), items: true, n: 1})
	}
}

func (r *run) note(f failure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.failures {
		if r.failures[i].gap == f.gap && r.failures[i].items == f.items {
			r.failures[i].n += f.n
			return
		}
	}
	if len(r.failures) >= mostCauses {
		f.gap.Reason = fmt.Sprintf("Scan of %s in %s: further causes", r.Table, r.Region)
		if last := &r.failures[len(r.failures)-1]; last.gap.Reason == f.gap.Reason {
			last.n += f.n
			return
		}
	}
	r.failures = append(r.failures, f)
}

// gaps are the failures, one for each cause.
func (r *run) gaps() []audit.Gap {
	var out []audit.Gap
	for _, f := range r.failures {
		if f.items {
			f.gap.Reason = fmt.Sprintf("%s (%d items)", f.gap.Reason, f.n)
		} else {
			f.gap.Reason = fmt.Sprintf("%s (%d of %d segments not read to their end)", f.gap.Reason, f.n, r.Segments)
		}
		out = append(out, f.gap)
	}
	return out
}

const runAgain = "run again: a table is scanned from its beginning"

// explain turns a call that did not succeed into a gap over the window on whose behalf the table was read, with what a
// person can do about it.
func explain(err error, operation, table string, region audit.Region, w audit.Window) audit.Gap {
	g := audit.Gap{Window: w, Remedy: runAgain}
	what := fmt.Sprintf("%s of %s in %s", operation, table, region)
	var body bodyError
	var spoilt spoiltError
	reason, advice := awscall.Explain(err, what)
	switch {
	case errors.Is(err, errBudget):
		g.Reason = fmt.Sprintf("%s in %s was not read to its end: %s", table, region, err)
		g.Remedy = "give the scan more read capacity (tables[].scan.read_units), or compare this table at a quieter time"
	case errors.Is(err, awscall.ErrSilent):
		g.Reason = fmt.Sprintf("%s got no answer: %s", what, err)
		g.Remedy = "check that the endpoint is reachable from here, then run again"
	case errors.Is(err, errCircle):
		g.Reason = fmt.Sprintf("%s: %s", what, err)
		g.Remedy = "check what answers at the endpoint, then run again"
	case reason != "":
		g.Reason, g.Remedy = reason, cmp.Or(advice, refusal(err, operation))
	case errors.As(err, &body):
		g.Reason = fmt.Sprintf("%s got an answer that can't be used: %s", what, body)
		g.Remedy = "check what answers at the endpoint, then run again"
	case errors.As(err, &spoilt):
		g.Reason = fmt.Sprintf("%s: an item can't be used: %s", what, spoilt.fault.What())
		g.Remedy = "report it: the table holds something this version does not know"
	default:
		g.Reason = fmt.Sprintf("%s did not succeed: %s", what, awscall.Root(err))
		g.Remedy = "check that the endpoint is reachable from here, then run again"
	}
	return g
}

// refusal is what a person can do about a refusal by the service.
func refusal(err error, operation string) string {
	switch {
	case awscall.Denied(err):
		return "allow dynamodb:" + operation + " on the table, and kms:Decrypt on its key where it has one of its own"
	case awscall.Code(err) == "ResourceNotFoundException":
		return "check the table's name and region, and that the replica exists"
	case awscall.Throttled(err):
		return "lower tables[].scan.read_units, raise the table's read capacity, or run at a quieter time"
	default:
		return runAgain
	}
}
