package ddbstream

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"parallax/internal/audit"
)

// explain turns a call that did not succeed into a gap over what it would have read, with what a person can do about it.
func explain(err error, operation, what string, w audit.Window) audit.Gap {
	g := audit.Gap{Window: w}
	var api smithy.APIError
	var bad *answerError
	var http *smithyhttp.ResponseError
	switch {
	case errors.Is(err, errBudget):
		g.Reason = fmt.Sprintf("%s was not read to its end: %s", what, err)
		g.Remedy = "run again; what was not read is still in the stream for 24 hours"
		return g
	case uncredentialed(err):
		g.Reason = fmt.Sprintf("%s of %s was not sent: no AWS credentials were found", operation, what)
		g.Remedy = "set AWS_PROFILE or the AWS_ variables, or give this process a role"
		return g
	case errors.As(err, &bad):
		g.Reason = fmt.Sprintf("%s of %s was answered with what cannot be read: %s", operation, what, bad.err)
		g.Remedy = "check what answers at the endpoint, a proxy perhaps, then run again"
		return g
	case !errors.As(err, &api) && errors.As(err, &http) && http.HTTPStatusCode() != 0:
		g.Reason = fmt.Sprintf("%s of %s was answered with status %d and no error of the service", operation, what, http.HTTPStatusCode())
		g.Remedy = "check what answers at the endpoint, a proxy perhaps, then run again"
		return g
	case !errors.As(err, &api):
		g.Reason = fmt.Sprintf("%s of %s got no answer: %s", operation, what, root(err))
		g.Remedy = "check that the endpoint is reachable from here, then run again"
		return g
	}
	g.Reason = fmt.Sprintf("%s of %s was refused: %s", operation, what, api.ErrorCode())
	switch api.ErrorCode() {
	case "AccessDeniedException", "AccessDenied":
		g.Remedy = "allow dynamodb:" + operation + " on the table and its stream"
	case "UnrecognizedClientException", "InvalidClientTokenId", "MissingAuthenticationTokenException", "ExpiredTokenException", "InvalidSignatureException":
		g.Remedy = "give this process valid AWS credentials"
	case "ResourceNotFoundException":
		g.Remedy = "check the table's name and region"
	default:
		if throttled(err) {
			g.Remedy = "let no other reader share the stream; one reader per shard is recommended for global tables"
		} else {
			g.Remedy = "run again; what was not read is still in the stream for 24 hours"
		}
	}
	return g
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

// transient reports whether another attempt may succeed: throttling, a fault of the server, no answer at all.
func transient(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errSilent) || uncredentialed(err) {
		return false
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return true
	}
	var answer *smithyhttp.ResponseError // a proxy's 502 has no code that anyone knows
	return throttled(err) || api.ErrorFault() == smithy.FaultServer || api.ErrorCode() == "InternalServerError" ||
		errors.As(err, &answer) && answer.HTTPStatusCode() >= 500
}
