package inventory

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"parallax/internal/awscall"
)

// IAM actions of what is asked of a bucket. Source: Service Authorization Reference, "Actions, resources, and condition keys
// for Amazon S3"; HeadObject says which it needs beside s3:GetObjectVersion.
const (
	actionList        = "s3:ListBucketVersions"
	actionHead        = "s3:GetObjectVersion"
	actionVersioning  = "s3:GetBucketVersioning"
	actionReplication = "s3:GetReplicationConfiguration"
)

// askedError is why a bucket that was asked itself did not answer. It never carries a key.
type askedError struct {
	action string // that the request needs
	cause  error
}

func (a *askedError) Error() string { return "ask bucket (" + a.action + "): " + awscall.Root(a.cause) }
func (a *askedError) Unwrap() error { return a.cause }

// endlessError is a listing that has more pages than are read.
type endlessError struct{ pages int }

func (e *endlessError) Error() string { return fmt.Sprintf("has more than %d pages", e.pages) }

// Explain turns an error of Live about a thing ("listing of bucket/prefix") into the reason of a gap and what to do about it.
// limit is the time that one request was allowed.
func Explain(err error, what string, limit time.Duration) (reason, remedy string) {
	var asked *askedError
	if !errors.As(err, &asked) {
		return explain(err, what, limit)
	}
	var (
		damaged *damageError
		endless *endlessError
	)
	switch {
	case errors.As(err, &damaged):
		return what + " " + damaged.Error(), "what answers at the S3 endpoint does not keep to S3's protocol: look at aws.endpoints and at what stands in between"
	case errors.As(err, &endless):
		return what + " " + endless.Error() + "; the rest was not read", "audit shorter windows, or have inventories delivered daily, so that less is listed"
	case errors.Is(err, context.DeadlineExceeded):
		return explain(err, what, limit)
	case awscall.Uncredentialed(err):
		return awscall.Explain(err, what)
	case denied(err):
		return what + ": AccessDenied", "allow " + asked.action + alsoNeeded(asked.action) + " on the bucket for the role Parallax runs as"
	case unsupported(err):
		return what + ": the store does not answer this request (" + codeOf(err) + ")", "Amazon S3 does, with " + asked.action + " allowed"
	case tooFast(err):
		return what + ": " + codeOf(err) + ", also at a slower pace", "set receipts[].live.rate lower, or run again later"
	}
	if code, region := awscall.S3Answer(err); code != "" {
		return what + ": " + code, s3Remedy(code, region)
	}
	return explain(err, what, limit)
}

// alsoNeeded is what a HEAD needs beyond its action: without s3:ListBucket what is not there is refused instead of not found,
// and the checksum of an object that KMS has encrypted is told to those who may decrypt it.
func alsoNeeded(action string) string {
	if action == actionHead {
		return ", s3:ListBucket and, for objects encrypted with KMS, kms:Decrypt"
	}
	return ""
}

func s3Remedy(code, region string) string {
	switch code {
	case "NoSuchBucket", "NotFound":
		return "check receipts[].regions in the configuration: the bucket is not there"
	default:
		return awscall.S3Remedy(code, region, "receipts[].regions")
	}
}

// denied reports a refusal; the answer to a HEAD has no body that could say AccessDenied.
func denied(err error) bool {
	var answer *awshttp.ResponseError
	return awscall.Denied(err) ||
		errors.As(err, &answer) && answer.HTTPStatusCode() == http.StatusForbidden && awscall.Code(err) == "Forbidden"
}

// codeOf is the service's name for an error, or the HTTP status where it gave none.
func codeOf(err error) string {
	if code := awscall.Code(err); code != "" {
		return code
	}
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) {
		return fmt.Sprint(answer.HTTPStatusCode())
	}
	return "no code"
}
