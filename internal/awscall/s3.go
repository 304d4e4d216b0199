package awscall

import (
	"errors"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// S3Answer is the code that S3 has answered with, and the region of the bucket where it tells.
func S3Answer(err error) (code, region string) {
	code = Code(err)
	var status *awshttp.ResponseError
	if errors.As(err, &status) && status.Response != nil {
		region = status.Response.Header.Get("X-Amz-Bucket-Region")
		if status.HTTPStatusCode() == http.StatusMovedPermanently {
			code = "PermanentRedirect" // the client names it after the status
		}
	}
	return code, region
}

// S3Remedy is what a person can do about a code that means the same whatever the bucket is for; setting is what the
// configuration calls the bucket's region.
// Source of the codes: Amazon S3 API reference, "Error responses".
func S3Remedy(code, region, setting string) string {
	switch code {
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "TemporaryRedirect":
		if region != "" {
			return "the bucket is in " + region + ": set " + setting + " to it"
		}
		return "the bucket is in another region: set " + setting + " to it"
	case "ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "TokenRefreshRequired":
		return "renew the AWS credentials; check aws sts get-caller-identity"
	case "RequestTimeTooSkewed":
		return "set this machine's clock"
	case "SlowDown", "ServiceUnavailable", "InternalError", "Throttling", "RequestLimitExceeded", "RequestTimeout":
		return "run again later, or raise aws.retries"
	default:
		return "run again; if it persists, read the AWS Health Dashboard of the region"
	}
}
