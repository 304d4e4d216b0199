package kinesis

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"parallax/internal/audit"
	"parallax/internal/awscall"
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
	call := name + " of " + what
	reason, remedy := awscall.Explain(err, call)
	switch {
	case errors.Is(err, errBudget):
		g.Reason = fmt.Sprintf("%s was not read to its end: %s", what, err)
		g.Remedy = remedyAgain
	case reason != "":
		g.Reason, g.Remedy = reason, cmp.Or(remedy, refusal(err, operation))
	default:
		g.Reason = fmt.Sprintf("%s got no answer: %s", call, awscall.Root(err))
		g.Remedy = "check that the endpoint is reachable from here, then run again"
	}
	return g
}

// refusal is what a person can do about a refusal by the service.
func refusal(err error, operation string) string {
	switch awscall.Code(err) {
	case "ResourceNotFoundException":
		return "check the names of the table and of the data stream, and the region"
	case "KMSAccessDeniedException", "KMSDisabledException", "KMSInvalidStateException", "KMSNotFoundException", "KMSOptInRequired":
		return "let this process use the key that the stream is encrypted with (kms:Decrypt)"
	}
	switch {
	case awscall.Denied(err):
		return "allow " + operation + " on it"
	case awscall.Throttled(err):
		return "let fewer readers share the stream, 5 reads a second and 2 MB a second are allowed for a shard, or give it more shards"
	default:
		return remedyAgain
	}
}
