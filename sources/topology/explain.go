package topology

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/smithy-go"

	"parallax/internal/audit"
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
		return fmt.Sprintf("%s in %s: %v", action, region, rootCause(err)),
			"check that the RDS endpoint of the region can be reached and that credentials are configured"
	}
}

func remedyFor(code, action string) string {
	switch code {
	case "AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation":
		return "allow the action rds:" + action + " for the role Parallax runs as"
	case "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "SignatureDoesNotMatch",
		"IncompleteSignature", "MissingAuthenticationToken", "UnrecognizedClientException":
		return "renew the AWS credentials; check aws sts get-caller-identity"
	case "GlobalClusterNotFoundFault":
		return "check topology.global_cluster in the configuration"
	case "DBClusterNotFoundFault":
		return "check topology.clusters in the configuration"
	case "Throttling", "ThrottlingException", "RequestLimitExceeded":
		return "run again later, or raise aws.retries"
	default:
		return "run again; if it persists, read the AWS Health Dashboard of the region"
	}
}

// rootCause leaves out the SDK's own layers, which repeat the operation and carry request identifiers that differ
// from run to run.
func rootCause(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
