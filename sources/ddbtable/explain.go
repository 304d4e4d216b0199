package ddbtable

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"parallax/internal/audit"
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
	var api smithy.APIError
	var body bodyError
	var spoilt spoiltError
	switch {
	case errors.Is(err, errBudget):
		g.Reason = fmt.Sprintf("%s in %s was not read to its end: %s", table, region, err)
		g.Remedy = "give the scan more read capacity (tables[].scan.read_units), or compare this table at a quieter time"
	case errors.Is(err, errSilent):
		g.Reason = fmt.Sprintf("%s got no answer: %s", what, err)
		g.Remedy = "check that the endpoint is reachable from here, then run again"
	case errors.Is(err, errCircle):
		g.Reason = fmt.Sprintf("%s: %s", what, err)
		g.Remedy = "check what answers at the endpoint, then run again"
	case uncredentialed(err):
		g.Reason = what + " was not sent: no AWS credentials were found"
		g.Remedy = "set AWS_PROFILE or the AWS_ variables, or give this process a role"
	case errors.As(err, &api):
		g.Reason = fmt.Sprintf("%s was refused: %s", what, api.ErrorCode())
		g.Remedy = remedy(err, operation)
	case errors.As(err, &body):
		g.Reason = fmt.Sprintf("%s got an answer that can't be used: %s", what, body)
		g.Remedy = "check what answers at the endpoint, then run again"
	case errors.As(err, &spoilt):
		g.Reason = fmt.Sprintf("%s: an item can't be used: %s", what, spoilt.fault.What())
		g.Remedy = "report it: the table holds something this version does not know"
	default:
		g.Reason = fmt.Sprintf("%s did not succeed: %s", what, root(err))
		g.Remedy = "check that the endpoint is reachable from here, then run again"
	}
	return g
}

func remedy(err error, operation string) string {
	switch code(err) {
	case "AccessDeniedException", "AccessDenied":
		return "allow dynamodb:" + operation + " on the table, and kms:Decrypt on its key where it has one of its own"
	case "UnrecognizedClientException", "InvalidClientTokenId", "MissingAuthenticationTokenException", "ExpiredTokenException", "InvalidSignatureException":
		return "give this process valid AWS credentials"
	case "ResourceNotFoundException":
		return "check the table's name and region, and that the replica exists"
	}
	if throttled(err) {
		return "lower tables[].scan.read_units, raise the table's read capacity, or run at a quieter time"
	}
	return runAgain
}

// uncredentialed reports that the client had no credentials to sign a request with. The SDK has no one type for it.
func uncredentialed(err error) bool {
	text := err.Error()
	for _, sign := range []string{"get credentials", "retrieve credentials", "static credentials are empty", "no EC2 IMDS role found"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// root is the innermost message: the layers above it repeat the operation and name the endpoint.
func root(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func throttled(err error) bool {
	switch code(err) {
	case "LimitExceededException", "ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded":
		return true
	default:
		return false
	}
}

// transient reports whether another attempt may succeed: throttling, a fault of the server, no answer or a damaged one.
func transient(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errSilent) || uncredentialed(err) {
		return false
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return true
	}
	var resp *smithyhttp.ResponseError
	if errors.As(err, &resp) && resp.HTTPStatusCode() >= http.StatusInternalServerError {
		return true // whatever stands between here and the service calls its errors as it likes
	}
	return throttled(err) || api.ErrorFault() == smithy.FaultServer || api.ErrorCode() == "InternalServerError"
}
