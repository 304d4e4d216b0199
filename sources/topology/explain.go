package topology

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/smithy-go"

	"parallax/internal/audit"
	"parallax/internal/awscall"
)

// explain turns a failed request into the reason of a gap and what to do about it.
// Source of the codes: Amazon RDS API reference, "Common Errors", and the errors of each action.
func explain(err error, action string, region audit.Region, limit time.Duration) (reason, remedy string) {
	var answer smithy.APIError
	switch {
	case errors.As(err, &answer):
		return fmt.Sprintf("%s in %s: %s: %s", action, region, answer.ErrorCode(), answer.ErrorMessage()),
			remedyFor(answer.ErrorCode(), action)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("%s in %s: no answer within %s", action, region, limit),
			"check that the RDS endpoint of the region can be reached, and aws.timeout"
	default:
		return fmt.Sprintf("%s in %s: %v", action, region, awscall.Root(err)),
			"check that the RDS endpoint of the region can be reached and that credentials are configured"
	}
}

func remedyFor(code, action string) string {
	switch code {
	case "GlobalClusterNotFoundFault":
		return "check topology.global_cluster in the configuration"
	case "DBClusterNotFoundFault":
		return "check topology.clusters in the configuration"
	default:
		return cmp.Or(awscall.Remedy(code, "rds:"+action), "run again; if it persists, read the AWS Health Dashboard of the region")
	}
}
