package health

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/smithy-go"

	"parallax/internal/awscall"
)

// explain turns a failed request into the reason of a gap and what to do about it.
// Source of the codes: CloudWatch API reference and Amazon Route 53 API reference, "Common Errors" and the errors of each
// action.
func explain(err error, action, check string, limit time.Duration) (reason, remedy string) {
	var answer smithy.APIError
	switch {
	case errors.As(err, &answer):
		return fmt.Sprintf("%s of health check %s: %s: %s", action, check, answer.ErrorCode(), answer.ErrorMessage()),
			remedyFor(answer.ErrorCode(), action)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("%s of health check %s: no answer within %s", action, check, limit),
			"check that " + endpointOf(action) + " can be reached from here, and aws.timeout"
	default:
		return fmt.Sprintf("%s of health check %s: %v", action, check, awscall.Root(err)),
			"check that " + endpointOf(action) + " can be reached from here and that credentials are configured"
	}
}

// service is whose action it is, as IAM spells it.
func service(action string) string {
	if action == "GetMetricData" {
		return "cloudwatch"
	}
	return "route53"
}

func endpointOf(action string) string {
	if service(action) == "cloudwatch" {
		return "CloudWatch in us-east-1"
	}
	return "Route 53"
}

func remedyFor(code, action string) string {
	if code == "NoSuchHealthCheck" {
		return "check the id in topology.health_checks: aws route53 list-health-checks shows them all"
	}
	return cmp.Or(awscall.Remedy(code, service(action)+":"+action), "run again; if it persists, read the AWS Health Dashboard")
}
