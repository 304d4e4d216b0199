package s3events

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"parallax/internal/awscall"
)

const (
	unreadRemedy = "read the message in the SQS console and delete it there, or let the queue's redrive policy put it aside"
	moreRemedy   = "run the lag job again, and more often"
	hiddenRemedy = "let nothing but Parallax read this queue; what a run that was cut off has held comes back by itself: run again after 15 minutes"
)

// explain turns a failed request into the reason of a gap and what to do about it.
// Source of the codes: Amazon SQS API reference, "Common Error Types", and the errors of each action.
func (r *reading) explain(err error, action string) (reason, remedy string) {
	call := fmt.Sprintf("%s of queue %s in %s", action, r.name, r.Region)
	if errors.Is(err, awscall.ErrSilent) {
		return fmt.Sprintf("%s: no answer within %s", call, r.calls.Timeout), "check that the SQS endpoint of the region can be reached, and aws.timeout"
	}
	reason, remedy = awscall.Explain(err, call)
	if reason == "" {
		return fmt.Sprintf("%s: %s", call, awscall.Root(err)), "check that the SQS endpoint of the region can be reached"
	}
	return reason, cmp.Or(remedy, remedyFor(awscall.Code(err), action))
}

func remedyFor(code, action string) string {
	switch {
	case strings.HasSuffix(code, "NonExistentQueue"), strings.HasSuffix(code, "QueueDoesNotExist"), strings.HasSuffix(code, "InvalidAddress"):
		return "correct the queue's URL in receipts[].events, and its region"
	case strings.HasPrefix(strings.ToLower(code), "kms"):
		return "allow the action kms:Decrypt on the queue's key for the role Parallax runs as"
	case strings.HasSuffix(code, "OverLimit"):
		return "too many messages are held at the same time: let nothing but Parallax read this queue"
	case strings.HasSuffix(code, "RequestThrottled"):
		return "run again later, or raise aws.retries"
	default:
		return cmp.Or(awscall.Remedy(code, "sqs:"+action), "run again; if it persists, read the AWS Health Dashboard of the region")
	}
}
