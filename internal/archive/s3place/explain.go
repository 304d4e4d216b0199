package s3place

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/aws/smithy-go"

	"parallax/internal/archive"
	"parallax/internal/awscall"
)

// problem is what went wrong with an object, in words that are the same from run to run, and what to do about it.
type problem struct {
	what  string
	fix   string
	cause error // what a caller may compare with
}

func (p *problem) Error() string  { return p.what }
func (p *problem) Remedy() string { return p.fix }
func (p *problem) Unwrap() error  { return p.cause }

// explain makes a problem of an error. A caller's own cancellation stays what it is.
// Source of the codes: Amazon S3 API reference, "Error responses".
func (p *Place) explain(ctx context.Context, err error, verb, name string) error {
	if err == nil {
		return nil
	}
	object := "s3://" + p.bucket + "/" + p.prefix + name
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("%s %s: %w", verb, object, cause)
	}
	var answer smithy.APIError
	switch {
	case errors.Is(err, archive.ErrTooLarge):
		return fmt.Errorf("%s %s: %w", verb, object, err)
	case errors.Is(err, context.DeadlineExceeded):
		return &problem{
			what: fmt.Sprintf("%s %s: not done within %s", verb, object, p.timeout), cause: context.DeadlineExceeded,
			fix: "check that the S3 endpoint can be reached and is fast enough, and run again",
		}
	case errors.As(err, &answer) && answer.ErrorCode() != "":
		return p.answered(err, answer, verb, object)
	default:
		return &problem{
			what: fmt.Sprintf("%s %s: %v", verb, object, root(err)), cause: root(err),
			fix: "check that the S3 endpoint can be reached and that credentials are configured, and run again",
		}
	}
}

// answered makes a problem of an error that S3 has answered with.
func (p *Place) answered(err error, answer smithy.APIError, verb, object string) error {
	code, region := awscall.S3Answer(err)
	out := &problem{what: fmt.Sprintf("%s %s: %s", verb, object, code), fix: p.fix(code, region), cause: answer}
	if message := answer.ErrorMessage(); message != "" {
		out.what += ": " + message
	}
	if code == "NoSuchKey" || code == "NotFound" {
		out.cause = fs.ErrNotExist
	}
	return out
}

func (p *Place) fix(code, region string) string {
	switch code {
	case "AccessDenied", "Forbidden", "AllAccessDisabled":
		return fmt.Sprintf("allow s3:ListBucket on arn:aws:s3:::%s, and s3:GetObject, s3:PutObject and s3:DeleteObject on arn:aws:s3:::%s/%s*, for the "+
			"role Parallax runs as; and kms:Decrypt and kms:GenerateDataKey where the bucket is encrypted with a key of yours", p.bucket, p.bucket, p.prefix)
	case "NoSuchBucket":
		return "create the bucket, or check archive.s3 in the configuration"
	case "NoSuchKey", "NotFound":
		return "restore the object from an older version or a backup, and check the bucket's lifecycle rules: archive.retention alone may remove segments"
	case "InvalidObjectState":
		return "restore the object from its archival storage class, and keep lifecycle rules away from the archive"
	case "BadDigest", "XAmzContentChecksumMismatch", "InvalidDigest":
		return "what arrived is not what was sent: run again"
	default:
		return awscall.S3Remedy(code, region, "archive.region")
	}
}

// root leaves out the client's own layers, which repeat the operation and carry identifiers that differ from run to run.
func root(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
