package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"parallax/internal/audit"
)

const stampLayout = "2006-01-02T15-04Z"

// edition is one inventory: the folder of its manifest and the moment the scan began, to the minute.
type edition struct {
	folder string
	stamp  time.Time
}

// base is the folder of the configuration: prefix/bucket/id/.
func (r *reading) base() string {
	base := r.Bucket + "/" + r.Inventory.ID + "/"
	if prefix := strings.Trim(r.Inventory.Prefix, "/"); prefix != "" {
		base = prefix + "/" + base
	}
	return base
}

// inventory finds the newest complete edition and reads it. With listed, a live listing has covered the whole window
// and only damage is a gap, not lateness.
func (r *reading) inventory(ctx context.Context, listed bool) {
	editions, err := r.editions(ctx)
	if err != nil {
		r.fail(ctx, "inventory folder "+r.Inventory.Bucket+"/"+r.base(), err)
		return
	}
	where := "inventory of " + r.Bucket + " (" + r.Inventory.Bucket + "/" + r.base() + ")"
	unfinished := ""
	for _, e := range editions {
		checksum, err := r.checksum(ctx, e)
		if errors.Is(err, errNoChecksum) {
			unfinished = "; that of " + e.stamp.Format(time.RFC3339) + " has no manifest.checksum"
			continue
		}
		if err != nil {
			r.fail(ctx, r.Inventory.Bucket+"/"+e.folder+"manifest.checksum", err)
			return
		}
		if late := e.stamp.Before(r.window.To); late && !listed {
			r.late(where, "newest is of "+e.stamp.Format(time.RFC3339)+unfinished, e.stamp)
		}
		if !e.stamp.Before(r.wide.From) {
			r.edition(ctx, e, checksum, listed)
		}
		return
	}
	if !listed {
		r.late(where, "there is none"+unfinished, r.window.From)
	}
}

func (r *reading) late(where, newest string, from time.Time) {
	if from.Before(r.window.From) {
		from = r.window.From
	}
	r.gap(audit.Window{From: from, To: r.window.To}, where+" not delivered yet; "+newest,
		"wait for the next delivery and run again; if none comes, check the inventory configuration "+r.Inventory.ID+
			" and the policy of its destination bucket")
}

// editions lists the configuration's folders up to AsOf, newest first.
func (r *reading) editions(ctx context.Context) ([]edition, error) {
	var out []edition
	var token *string
	for page := 0; ; page++ {
		if page == r.Settings.MaxPages {
			return nil, fmt.Errorf("more than %d pages of folders", page)
		}
		answer, err := r.listPage(ctx, token)
		if err != nil {
			return nil, err
		}
		for _, p := range answer.CommonPrefixes {
			folder := aws.ToString(p.Prefix)
			name := strings.TrimSuffix(strings.TrimPrefix(folder, r.base()), "/")
			stamp, err := time.Parse(stampLayout, name)
			if err == nil && !stamp.After(r.AsOf) {
				out = append(out, edition{folder, stamp})
			}
		}
		if !aws.ToBool(answer.IsTruncated) {
			break
		}
		if answer.NextContinuationToken == nil || aws.ToString(answer.NextContinuationToken) == aws.ToString(token) {
			return nil, errors.New("the listing is cut off and names no way to go on")
		}
		token = answer.NextContinuationToken
	}
	slices.SortFunc(out, func(a, b edition) int { return b.stamp.Compare(a.stamp) })
	return out, nil
}

func (r *reading) listPage(ctx context.Context, token *string) (*s3.ListObjectsV2Output, error) {
	bounded, cancel := context.WithTimeout(ctx, r.Settings.Timeout)
	defer cancel()
	answer, err := r.Client.ListObjectsV2(bounded, &s3.ListObjectsV2Input{
		Bucket: &r.Inventory.Bucket, Prefix: aws.String(r.base()), Delimiter: aws.String("/"), ContinuationToken: token,
	})
	if err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	return answer, nil
}

var errNoChecksum = errors.New("no manifest.checksum")

// checksum reads manifest.checksum: the MD5 of manifest.json in 32 hexadecimal digits and a line end. S3 writes it last.
func (r *reading) checksum(ctx context.Context, e edition) (string, error) {
	body, err := r.small(ctx, e.folder+"manifest.checksum", 128)
	var missing *types.NoSuchKey
	if errors.As(err, &missing) {
		return "", errNoChecksum
	}
	if err != nil {
		return "", err
	}
	sum := strings.ToLower(strings.TrimSpace(string(body)))
	if !isMD5(sum) {
		return "", &damageError{"is not an MD5 of 32 hexadecimal digits"}
	}
	return sum, nil
}

func count(n int) string { return strconv.Itoa(n) }
