package delivery

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"parallax/internal/awscall"
)

// explain makes a Problem of an error. A caller's own cancellation stays what it is.
// Source of the codes: Amazon S3 API reference, "Error responses".
func (p *S3) explain(ctx context.Context, err error, verb, key string) error {
	if err == nil {
		return nil
	}
	object := "s3://" + p.bucket + "/" + key
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("%s %s: %w", verb, object, cause)
	}
	var answer smithy.APIError
	switch {
	case errors.Is(err, ErrChanged):
		return ErrChanged
	case errors.Is(err, awscall.ErrSilent):
		return &Problem{
			What: fmt.Sprintf("%s %s: no answer within %s", verb, object, p.limits.Timeout), Err: err,
			Fix: "check that the S3 endpoint can be reached and is fast enough, and run again",
		}
	case awscall.Uncredentialed(err):
		return &Problem{
			What: fmt.Sprintf("%s %s: no AWS credentials were found", verb, object), Err: err,
			Fix: "set AWS_PROFILE or the AWS_ variables, or give this process a role",
		}
	case errors.As(err, &answer) && answer.ErrorCode() != "":
		return p.answered(err, answer, verb, object)
	default:
		return &Problem{
			What: fmt.Sprintf("%s %s: %s", verb, object, awscall.Root(err)), Err: err,
			Fix: "check that the S3 endpoint can be reached, and run again",
		}
	}
}

// answered makes a Problem of an error that S3 has answered with; one that says that the object is another one now is
// ErrChanged.
func (p *S3) answered(err error, answer smithy.APIError, verb, object string) error {
	var status *awshttp.ResponseError
	if errors.As(err, &status) && status.Response != nil && slices.Contains([]int{http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable}, status.HTTPStatusCode()) {
		return ErrChanged
	}
	code, region := awscall.S3Answer(err)
	out := &Problem{What: fmt.Sprintf("%s %s: %s", verb, object, code), Fix: p.fix(code, region), Err: answer}
	if code == "NoSuchKey" || code == "NotFound" {
		out.Err = fs.ErrNotExist
	}
	return out
}

func (p *S3) fix(code, region string) string {
	switch code {
	case "AccessDenied", "Forbidden", "AllAccessDisabled":
		return fmt.Sprintf("allow s3:ListBucket on arn:aws:s3:::%s and s3:GetObject on arn:aws:s3:::%s/%s* for the role Parallax runs as; and "+
			"kms:Decrypt where the bucket is encrypted with a key of yours", p.bucket, p.bucket, literalPart(p.pattern))
	case "NoSuchBucket":
		return "check the bucket's name in the feed's path"
	case "NoSuchKey", "NotFound":
		return "run again: the object was removed after it had been listed"
	case "InvalidObjectState":
		return "restore the object from its archival storage class, and keep lifecycle rules away from files that are still read"
	default:
		return awscall.S3Remedy(code, region, "the feed's region")
	}
}
