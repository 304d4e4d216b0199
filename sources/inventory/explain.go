package inventory

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"parallax/internal/awscall"
)

// damageError is something wrong with what was fetched: a checksum, a format, a field. It never carries a raw row.
type damageError struct{ what string }

func (d *damageError) Error() string { return d.what }

// unsupportedError is a list in a format that is not read.
type unsupportedError struct{ what string }

func (u *unsupportedError) Error() string { return u.what }

// slowError is a file that was verified and took too long to decode.
type slowError struct{ limit time.Duration }

func (s *slowError) Error() string { return fmt.Sprintf("takes longer than %s to decode", s.limit) }

// tooLargeError is a file beyond the limit in bytes.
type tooLargeError struct{ limit int64 }

func (t *tooLargeError) Error() string {
	return fmt.Sprintf("is larger than the limit of %d bytes", t.limit)
}

// localError is a failure of this machine: a full disk, a folder that cannot be written.
type localError struct{ cause error }

func (l *localError) Error() string {
	return fmt.Sprintf("could not be kept on disk: %v", awscall.Root(l.cause))
}

// explain turns an error about a thing ("bucket/key") into the reason of a gap and what to do about it.
// Source of the codes: Amazon S3 API reference, "Error responses".
func explain(err error, what string, limit time.Duration) (reason, remedy string) {
	var (
		skipped *skippedError
		damaged *damageError
		format  *unsupportedError
		large   *tooLargeError
		slow    *slowError
		disk    *localError
		answer  smithy.APIError
		status  *awshttp.ResponseError
	)
	switch {
	case errors.As(err, &skipped):
		_, remedy = explain(skipped.last, what, limit)
		return what + " " + skipped.Error(), remedy
	case errors.Is(err, errUnfinished):
		return what + " " + errUnfinished.Error(), "run again"
	case errors.As(err, &damaged):
		return what + " " + damaged.Error(), "do not trust this list; wait for the next delivery and run again, and find out who changed it"
	case errors.As(err, &format):
		return what + " " + format.Error(), "deliver the inventory as CSV, Parquet or ORC, with the columns as S3 names them"
	case errors.As(err, &large):
		return what + " " + large.Error(), "S3 cuts its lists into far smaller files: find out who wrote this one, and wait for the next delivery"
	case errors.As(err, &slow):
		return what + " " + slow.Error(), "its checksum is right: run again when this machine has less to do, or on a faster one"
	case errors.As(err, &disk):
		return what + " " + disk.Error(), "free room in the folder for temporary files, or set another one"
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("%s: no answer within the time allowed (%s a request)", what, limit),
			"check that the S3 endpoint of the region can be reached, and aws.timeout"
	case errors.As(err, &answer) && answer.ErrorCode() != "":
		code := answer.ErrorCode()
		if errors.As(err, &status) && status.HTTPStatusCode() == http.StatusForbidden && code == "Forbidden" {
			code = "AccessDenied" // a HEAD has no body that could say so
		}
		return fmt.Sprintf("%s: %s: %s", what, code, answer.ErrorMessage()), remedyFor(code)
	default:
		return fmt.Sprintf("%s: %v", what, awscall.Root(err)),
			"check that the S3 endpoint of the region can be reached and that credentials are configured"
	}
}

func remedyFor(code string) string {
	switch code {
	case "AccessDenied":
		return "allow s3:ListBucket and s3:GetObject on the inventory bucket (and s3:ListBucketVersions, s3:GetObjectVersion on the " +
			"audited one for live reads) for the role Parallax runs as, and kms:Decrypt where the lists are encrypted"
	case "NoSuchBucket":
		return "check receipts[].regions in the configuration: bucket and inventory.bucket"
	case "NoSuchKey":
		return "the manifest names a file that is gone: check the lifecycle rules of the inventory bucket, and wait for the next delivery"
	case "ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "TokenRefreshRequired":
		return "renew the AWS credentials; check aws sts get-caller-identity"
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "MovedPermanently":
		return "the bucket is in another region: check receipts[].regions in the configuration"
	case "SlowDown", "ServiceUnavailable", "InternalError", "Throttling", "RequestLimitExceeded":
		return "run again later, or raise aws.retries"
	default:
		return "run again; if it persists, read the AWS Health Dashboard of the region"
	}
}
