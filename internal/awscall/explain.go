package awscall

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Explain says why a call was not sent or was refused, and what a person can do about it where that is the same for every
// service. call is how the call reads: "Scan of keys in eu-west-1". Without a reason there was no answer of the service.
// Source of the codes: the "Common errors" section of each service's API reference.
func Explain(err error, call string) (reason, remedy string) {
	if Uncredentialed(err) {
		return call + " was not sent: no AWS credentials were found", "set AWS_PROFILE or the AWS_ variables, or give this process a role"
	}
	code := Code(err)
	if code == "" {
		return "", ""
	}
	switch code {
	case "UnrecognizedClientException", "InvalidClientTokenId", "MissingAuthenticationTokenException", "ExpiredTokenException", "InvalidSignatureException":
		remedy = "give this process valid AWS credentials"
	}
	return call + " was refused: " + code, remedy
}

// Remedy is what a person can do about a refusal that means the same in every service; empty for any other code. action is as
// IAM spells it: "rds:DescribeEvents".
func Remedy(code, action string) string {
	switch code {
	case "AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation":
		return "allow the action " + action + " for the role Parallax runs as"
	case "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "SignatureDoesNotMatch",
		"IncompleteSignature", "MissingAuthenticationToken", "UnrecognizedClientException":
		return "renew the AWS credentials; check aws sts get-caller-identity"
	case "Throttling", "ThrottlingException", "RequestLimitExceeded", "LimitExceeded", "LimitExceededException":
		return "run again later, or raise aws.retries"
	default:
		return ""
	}
}

// Uncredentialed reports that the client had no credentials to sign a request with. The SDK has no one type for it.
func Uncredentialed(err error) bool {
	text := err.Error()
	for _, sign := range []string{"get credentials", "retrieve credentials", "static credentials are empty", "no EC2 IMDS role found"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// Root is the innermost message: the layers above it repeat the operation and name the endpoint.
func Root(err error) string {
	var lookup *net.DNSError
	if errors.As(err, &lookup) {
		return "lookup " + lookup.Name + ": " + lookup.Err // without the resolver's address
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// Code is the service's name for an error, "" where it was not the service that spoke.
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Denied reports that the caller is known and may not make the call.
func Denied(err error) bool {
	code := Code(err)
	return code == "AccessDeniedException" || code == "AccessDenied"
}

// Throttled reports a refusal for calling too often.
func Throttled(err error) bool {
	switch Code(err) {
	case "LimitExceededException", "ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded", "KMSThrottlingException":
		return true
	default:
		return false
	}
}

// Transient reports whether another attempt may succeed: throttling, a fault of the server, no answer or a damaged one.
func Transient(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrSilent) || Uncredentialed(err) {
		return false
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return true
	}
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.HTTPStatusCode() >= http.StatusInternalServerError {
		return true // whatever stands between here and the service calls its errors as it likes
	}
	switch api.ErrorCode() {
	case "InternalServerError", "InternalFailure", "InternalFailureException", "ServiceUnavailable":
		return true
	}
	return Throttled(err) || api.ErrorFault() == smithy.FaultServer
}
