package kinesis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"

	"parallax/internal/audit"
)

// What a person can do where more than one cause calls for it.
const (
	remedyAgain = "run again; what was not read stays in the stream for its retention period"
	remedyScan  = "run capture well within the stream's retention period; compare the table by a scan for this time"
)

// explain turns a call that did not succeed into a gap over what it would have read, with what a person can do about it.
// operation is the call with its service, as IAM names it: "kinesis:GetRecords".
func explain(err error, operation, what string, w audit.Window) audit.Gap {
	g := audit.Gap{Window: w}
	_, name, _ := strings.Cut(operation, ":")
	var api smithy.APIError
	switch {
	case errors.Is(err, errBudget):
		g.Reason = fmt.Sprintf("%s was not read to its end: %s", what, err)
		g.Remedy = remedyAgain
		return g
	case uncredentialed(err):
		g.Reason = fmt.Sprintf("%s of %s was not sent: no AWS credentials were found", name, what)
		g.Remedy = "set AWS_PROFILE or the AWS_ variables, or give this process a role"
		return g
	case !errors.As(err, &api):
		g.Reason = fmt.Sprintf("%s of %s got no answer: %s", name, what, root(err))
		g.Remedy = "check that the endpoint is reachable from here, then run again"
		return g
	}
	g.Reason = fmt.Sprintf("%s of %s was refused: %s", name, what, api.ErrorCode())
	switch api.ErrorCode() {
	case "AccessDeniedException", "AccessDenied":
		g.Remedy = "allow " + operation + " on it"
	case "UnrecognizedClientException", "InvalidClientTokenId", "MissingAuthenticationTokenException", "ExpiredTokenException", "InvalidSignatureException":
		g.Remedy = "give this process valid AWS credentials"
	case "ResourceNotFoundException":
		g.Remedy = "check the names of the table and of the data stream, and the region"
	case "KMSAccessDeniedException", "KMSDisabledException", "KMSInvalidStateException", "KMSNotFoundException", "KMSOptInRequired":
		g.Remedy = "let this process use the key that the stream is encrypted with (kms:Decrypt)"
	default:
		g.Remedy = remedyAgain
		if throttled(err) {
			g.Remedy = "let fewer readers share the stream, 5 reads a second and 2 MB a second are allowed for a shard, or give it more shards"
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
	case "ProvisionedThroughputExceededException", "LimitExceededException", "KMSThrottlingException", "ThrottlingException", "RequestLimitExceeded":
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
	return throttled(err) || api.ErrorFault() == smithy.FaultServer ||
		api.ErrorCode() == "InternalFailureException" || api.ErrorCode() == "InternalFailure" || api.ErrorCode() == "ServiceUnavailable"
}
