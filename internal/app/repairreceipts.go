package app

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pan"
	"parallax/sinks/repair"
)

// receipts plans the objects that are to be replicated again, or copied where replication cannot help.
func (p *planning) receipts(ctx context.Context, r config.Receipts, found []audit.StoredFinding) error {
	for _, f := range found {
		if err := ctx.Err(); err != nil {
			return err
		}
		o, why := objectOf(r, f)
		if why != "" {
			p.byHand(f, why)
			continue
		}
		from, to, err := p.heads(ctx, o)
		switch {
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			p.unread(err.Error(), f)
			continue
		case !from.Found:
			p.byHand(f, "decide by hand: the object is gone from "+o.From.Bucket)
			continue
		}
		o.ETag, o.Size = from.ETag, from.Size
		o.Target = to
		switch state, note := guardOf(o).Heads(from, to); state {
		case repair.Done:
			p.byHand(f, "nothing is left to do: the other bucket has it; the next inventories clear the finding")
			continue
		case repair.Changed:
			p.byHand(f, "decide by hand: "+note)
			continue
		}
		p.plan.Objects = append(p.plan.Objects, o)
	}
	return nil
}

func guardOf(o repair.Object) repair.ObjectGuard {
	return repair.ObjectGuard{Copy: o.Copy, From: o.From, To: o.To, Key: o.Key, VersionID: o.VersionID, ETag: o.ETag, Size: o.Size, Target: o.Target}
}

// objectOf is the object that a finding is about: where it is good, and where it is to go. What S3 will not replicate, or says
// that it has replicated, is copied.
func objectOf(r config.Receipts, f audit.StoredFinding) (repair.Object, string) {
	o := repair.Object{About: about(f), Key: f.Key, To: placeOf(r, f.Region)}
	if pan.Mask(f.Key) != f.Key {
		return o, "the object's key looks like a card number, which no file may hold"
	}
	var good audit.Evidence
	for _, e := range f.Evidence {
		if e.Region != f.Region && strings.Contains(e.Ref, " version ") {
			good = e
			break
		}
	}
	if good.Region == "" || f.Region == "" || o.To.Bucket == "" {
		return o, "decide by hand: neither copy says that it is the replica, so which one is right cannot be told"
	}
	if strings.HasSuffix(f.Rule, "version_id") {
		return o, "decide by hand: each bucket takes another version for the current one"
	}
	o.From = placeOf(r, good.Region)
	if v := good.Ref[strings.LastIndex(good.Ref, " version ")+len(" version "):]; v != "null" {
		o.VersionID = v
	}
	switch {
	case f.Kind == audit.ReceiptMismatch:
		o.Copy = true
	case good.Field == "replication_status":
		o.Copy = good.Value == "REPLICA" || good.Value == "COMPLETED" || good.Value == "COMPLETE"
	}
	return o, ""
}

func placeOf(r config.Receipts, region audit.Region) repair.Place {
	return repair.Place{Region: region, Bucket: r.Regions[region].Bucket}
}

// heads asks for the object where it is good, and for what stands where it is to go: the same version for a replica, what is
// current for a copy.
func (a *App) heads(ctx context.Context, o repair.Object) (from, to repair.Head, err error) {
	if from, err = a.head(ctx, o.From, o.Key, o.VersionID, false); err != nil {
		return from, to, err
	}
	version := o.VersionID
	if o.Copy {
		version = ""
	}
	if to, err = a.head(ctx, o.To, o.Key, version, false); err != nil || !from.Found || from.ETag == to.ETag || from.Size != to.Size {
		return from, to, err
	}
	// Only checksums tell now. Of an object under a key of KMS they take the right to decrypt: without it there are none.
	if f, err := a.head(ctx, o.From, o.Key, o.VersionID, true); err == nil && f.ETag == from.ETag {
		from = f
	}
	if t, err := a.head(ctx, o.To, o.Key, version, true); err == nil && t.ETag == to.ETag {
		to = t
	}
	return from, to, ctx.Err()
}

// head is a HEAD of an object. One that is not there, or whose current version is a delete marker, is no error. S3 tells a
// caller who may not list the bucket that he is forbidden, whether the object is there or not.
// Source: Amazon S3 API reference, "HeadObject".
func (a *App) head(ctx context.Context, at repair.Place, key, version string, checksum bool) (repair.Head, error) {
	ctx, cancel := context.WithTimeout(ctx, a.cfg.AWS.Timeout)
	defer cancel()
	in := &s3.HeadObjectInput{Bucket: &at.Bucket, Key: &key}
	if version != "" {
		in.VersionId = &version
	}
	if checksum {
		in.ChecksumMode = types.ChecksumModeEnabled
	}
	answer, err := a.aws.s3(at.Region).HeadObject(ctx, in)
	var refused *awshttp.ResponseError
	switch {
	case errors.As(err, &refused) && (refused.HTTPStatusCode() == 404 || refused.HTTPStatusCode() == 405):
		return repair.Head{}, nil
	case errors.As(err, &refused):
		return repair.Head{}, errors.New("object of bucket " + at.Bucket + ": S3 answered " + refused.Response.Status)
	case err != nil:
		return repair.Head{}, errors.New("object of bucket " + at.Bucket + ": S3 did not answer")
	}
	return repair.Head{
		Found: true, ETag: strings.Trim(aws.ToString(answer.ETag), `"`), Size: aws.ToInt64(answer.ContentLength), Checksum: checksumOf(answer),
	}, nil
}

// checksumOf is an object's checksum with its algorithm and type; an object has one at most.
func checksumOf(h *s3.HeadObjectOutput) string {
	for name, sum := range map[string]*string{
		"SHA256": h.ChecksumSHA256, "CRC64NVME": h.ChecksumCRC64NVME, "SHA1": h.ChecksumSHA1, "CRC32C": h.ChecksumCRC32C, "CRC32": h.ChecksumCRC32,
	} {
		if sum != nil {
			return name + " " + string(h.ChecksumType) + " " + *sum
		}
	}
	return ""
}
