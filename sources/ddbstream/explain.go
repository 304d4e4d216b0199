package ddbstream

import (
	"cmp"
	"errors"
	"fmt"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"parallax/internal/audit"
	"parallax/internal/awscall"
)

// explain turns a call that did not succeed into a gap over what it would have read, with what a person can do about it.
func explain(err error, operation, what string, w audit.Window) audit.Gap {
	g := audit.Gap{Window: w}
	call := operation + " of " + what
	var bad *answerError
	var http *smithyhttp.ResponseError
	reason, remedy := awscall.Explain(err, call)
	switch {
	case errors.Is(err, errBudget):
		g.Reason = fmt.Sprintf("%s was not read to its end: %s", what, err)
		g.Remedy = remedyAgain
	case reason != "":
		g.Reason, g.Remedy = reason, cmp.Or(remedy, refusal(err, operation))
	case errors.As(err, &bad):
		g.Reason = fmt.Sprintf("%s was answered with what cannot be read: %s", call, bad.err)
		g.Remedy = remedyEndpoint
	case errors.As(err, &http) && http.HTTPStatusCode() != 0:
		g.Reason = fmt.Sprintf("%s was answered with status %d and no error of the service", call, http.HTTPStatusCode())
		g.Remedy = remedyEndpoint
	default:
		g.Reason = fmt.Sprintf("%s got no answer: %s", call, awscall.Root(err))
		g.Remedy = "check that the endpoint is reachable from here, then run again"
	}
	return g
}

// What a person can do where more than one cause calls for it.
const (
	remedyAgain    = "run again; what was not read is still in the stream for 24 hours"
	remedyEndpoint = "check what answers at the endpoint, a proxy perhaps, then run again"
)

// refusal is what a person can do about a refusal by the service.
func refusal(err error, operation string) string {
	switch {
	case awscall.Denied(err):
		return "allow dynamodb:" + operation + " on the table and its stream"
	case awscall.Code(err) == "ResourceNotFoundException":
		return "check the table's name and region"
	case awscall.Throttled(err):
		return "let no other reader share the stream; one reader per shard is recommended for global tables"
	default:
		return remedyAgain
	}
}
