package inventory

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"

	"parallax/internal/awscall"
	"parallax/internal/record"
)

// Settings reads what decides about a bucket's replicas: whether it has versions, and its replication rules. What could not be
// read is said in Notes, with what would be needed; the only error is that of ctx.
// Source: Amazon S3 API reference, GetBucketVersioning, GetBucketReplication.
func (l *Live) Settings(ctx context.Context) (record.Bucket, error) {
	b := record.Bucket{Region: l.Region, Name: l.Bucket}
	for _, read := range []func(context.Context, *record.Bucket) error{l.versioning, l.replication} {
		if err := read(ctx, &b); err != nil {
			return b, err
		}
	}
	return b, nil
}

func (l *Live) versioning(ctx context.Context, b *record.Bucket) error {
	_, err := l.ask(ctx, actionVersioning, func(ctx context.Context) (m middleware.Metadata, err error) {
		out, err := l.Client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &l.Bucket})
		if err == nil {
			m, b.Versioning, b.VersioningKnown = out.ResultMetadata, string(out.Status), true
		}
		return m, err
	})
	if err != nil {
		return l.note(ctx, b, "versioning of "+l.Bucket, err)
	}
	return nil
}

func (l *Live) replication(ctx context.Context, b *record.Bucket) error {
	_, err := l.ask(ctx, actionReplication, func(ctx context.Context) (m middleware.Metadata, err error) {
		out, err := l.Client.GetBucketReplication(ctx, &s3.GetBucketReplicationInput{Bucket: &l.Bucket})
		if err != nil {
			return m, err
		}
		b.RulesKnown, b.Rules = true, nil
		if out.ReplicationConfiguration != nil {
			b.Rules = rulesOf(out.ReplicationConfiguration.Rules)
		}
		return out.ResultMetadata, nil
	})
	switch {
	case err == nil:
		return nil
	case awscall.Code(err) == "ReplicationConfigurationNotFoundError":
		b.RulesKnown = true
		return nil
	default:
		return l.note(ctx, b, "replication rules of "+l.Bucket, err)
	}
}

// note keeps what could not be read and why; a run that is called off has no notes.
func (l *Live) note(ctx context.Context, b *record.Bucket, what string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	b.Absent = b.Absent || awscall.Code(err) == "NoSuchBucket"
	reason, remedy := Explain(err, what, l.timeout())
	b.Notes = append(b.Notes, reason+"; "+remedy)
	return nil
}

// unsupported reports that a store which speaks S3's protocol does not know the request.
func unsupported(err error) bool {
	switch awscall.Code(err) {
	case "NotImplemented", "XNotImplemented", "MethodNotAllowed", "UnsupportedOperation":
		return true
	}
	var answer *awshttp.ResponseError
	return errors.As(err, &answer) &&
		(answer.HTTPStatusCode() == http.StatusNotImplemented || answer.HTTPStatusCode() == http.StatusMethodNotAllowed)
}

func rulesOf(rules []types.ReplicationRule) []record.ReplicationRule {
	out := make([]record.ReplicationRule, 0, len(rules))
	for _, r := range rules {
		out = append(out, ruleOf(r))
	}
	return out
}

// ruleOf reads one rule. A rule without a filter has the form of version 1: its prefix stands in the rule itself, and it
// replicates every delete marker that a person makes. A rule with tags replicates none.
// Source: Amazon S3 User Guide, "Replication configuration file elements", with its section on backward compatibility.
func ruleOf(r types.ReplicationRule) record.ReplicationRule {
	out := record.ReplicationRule{
		ID: aws.ToString(r.ID), Enabled: r.Status == types.ReplicationRuleStatusEnabled, Priority: int(aws.ToInt32(r.Priority)),
	}
	switch f := r.Filter; {
	case f == nil:
		out.Prefix, out.DeleteMarkers = aws.ToString(r.Prefix), true //nolint:staticcheck // old rules have it there
	case f.And != nil:
		out.Prefix, out.Tagged = aws.ToString(f.And.Prefix), len(f.And.Tags) > 0
	default:
		out.Prefix, out.Tagged = aws.ToString(f.Prefix), f.Tag != nil
	}
	if r.DeleteMarkerReplication != nil {
		out.DeleteMarkers = r.DeleteMarkerReplication.Status == types.DeleteMarkerReplicationStatusEnabled
	}
	out.DeleteMarkers = out.DeleteMarkers && !out.Tagged
	if c := r.SourceSelectionCriteria; c != nil && c.SseKmsEncryptedObjects != nil {
		out.KMS = c.SseKmsEncryptedObjects.Status == types.SseKmsEncryptedObjectsStatusEnabled
	}
	if d := r.Destination; d != nil {
		arn := aws.ToString(d.Bucket)
		out.Destination = arn[strings.LastIndex(arn, ":")+1:]
		out.StorageClass = string(d.StorageClass)
		out.TimeControl = d.ReplicationTime != nil && d.ReplicationTime.Status == types.ReplicationTimeStatusEnabled
	}
	return out
}
