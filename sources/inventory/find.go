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

// Find finds the newest complete inventory begun not after AsOf and verifies its manifest. What is wrong with it is a gap,
// and there is no list then. A list that is only too old is returned with its gap. The error is that of ctx.
//
// Whoever gets a list closes it.
func (s Source) Find(ctx context.Context) (*List, []audit.Gap, error) {
	s.Settings.fill()
	list, gap := s.find(ctx)
	if ctx.Err() != nil {
		if list != nil {
			_ = list.Close() // nothing was fetched yet
		}
		return nil, nil, context.Cause(ctx)
	}
	if gap != nil {
		return list, []audit.Gap{*gap}, nil
	}
	return list, nil, nil
}

func (s *Source) find(ctx context.Context) (*List, *audit.Gap) {
	editions, err := s.editions(ctx)
	if err != nil {
		return nil, new(s.unread("inventory folder "+s.Inventory.Bucket+"/"+s.base(), err))
	}
	if len(editions) == 0 {
		return nil, s.absent(ctx)
	}
	unfinished := ""
	for _, e := range editions {
		checksum, err := s.checksum(ctx, e)
		if errors.Is(err, errNoChecksum) {
			unfinished = "; that of " + e.stamp.Format(time.RFC3339) + " has no manifest.checksum"
			continue
		}
		if err != nil {
			return nil, new(s.unread(s.Inventory.Bucket+"/"+e.folder+"manifest.checksum", err))
		}
		list, err := s.open(ctx, e, checksum)
		if err != nil {
			return nil, new(s.unread(s.Inventory.Bucket+"/"+e.folder+"manifest.json", err))
		}
		list.newest = "newest is of " + e.stamp.Format(time.RFC3339) + unfinished
		if !list.Scanned.Truncate(time.Minute).Equal(e.stamp) {
			list.newest += "; its scan began at " + list.Scanned.Format(time.RFC3339)
		}
		if age, allowed := s.AsOf.Sub(list.Scanned), s.Every+s.Every/2; s.Every > 0 && age > allowed {
			return list, s.late(list.Scanned, fmt.Sprintf("%s, %s old, %s are allowed", list.newest, hours(age), hours(allowed)))
		}
		return list, nil
	}
	return nil, s.late(s.hidden().From, "there is none"+unfinished)
}

// open reads the manifest of an edition.
func (s *Source) open(ctx context.Context, e edition, checksum string) (*List, error) {
	body, err := s.small(ctx, e.folder+"manifest.json", s.Settings.MaxManifest)
	if err != nil {
		return nil, err
	}
	if got := md5Hex(body); got != checksum {
		return nil, &damageError{"has MD5 " + got + ", manifest.checksum says " + checksum}
	}
	m, err := decodeManifest(body, s.Bucket, s.Inventory.Bucket)
	if err == nil {
		err = m.fits(e.stamp, s.base())
	}
	if err != nil {
		return nil, err
	}
	return newList(s, m, s.Inventory.Bucket+"/"+e.folder+"manifest.json", checksum)
}

// late is the gap of a list that is not there yet, from a moment on.
func (s *Source) late(from time.Time, newest string) *audit.Gap {
	w := s.hidden()
	if from.After(w.From) && from.Before(w.To) {
		w.From = from
	}
	return &audit.Gap{
		Window: w,
		Reason: "inventory of " + s.Bucket + " (" + s.Inventory.Bucket + "/" + s.base() + ") not delivered yet; " + newest,
		Remedy: "wait for the next delivery and run again; if none comes, check the inventory configuration " + s.Inventory.ID +
			" and the policy of its destination bucket",
	}
}

// base is the folder of the configuration: prefix/bucket/id/.
func (s *Source) base() string {
	base := s.Bucket + "/" + s.Inventory.ID + "/"
	if prefix := strings.Trim(s.Inventory.Prefix, "/"); prefix != "" {
		base = prefix + "/" + base
	}
	return base
}

// editions lists the configuration's folders up to AsOf, newest first.
func (s *Source) editions(ctx context.Context) ([]edition, error) {
	var out []edition
	var token *string
	for page := 0; ; page++ {
		if page == s.Settings.MaxPages {
			return nil, fmt.Errorf("more than %d pages of folders", page)
		}
		answer, err := s.listPage(ctx, token)
		if err != nil {
			return nil, err
		}
		for _, p := range answer.CommonPrefixes {
			folder := aws.ToString(p.Prefix)
			name := strings.TrimSuffix(strings.TrimPrefix(folder, s.base()), "/")
			stamp, err := time.Parse(stampLayout, name)
			if err == nil && !stamp.After(s.AsOf) {
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

func (s *Source) listPage(ctx context.Context, token *string) (*s3.ListObjectsV2Output, error) {
	bounded, cancel := context.WithTimeout(ctx, s.Settings.Timeout)
	defer cancel()
	answer, err := s.Client.ListObjectsV2(bounded, &s3.ListObjectsV2Input{
		Bucket: &s.Inventory.Bucket, Prefix: aws.String(s.base()), Delimiter: aws.String("/"), ContinuationToken: token,
	})
	if err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	return answer, nil
}

var errNoChecksum = errors.New("no manifest.checksum")

// checksum reads manifest.checksum: the MD5 of manifest.json in 32 hexadecimal digits and a line end. S3 writes it last.
func (s *Source) checksum(ctx context.Context, e edition) (string, error) {
	body, err := s.small(ctx, e.folder+"manifest.checksum", 128)
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

// hours is a duration in whole hours and minutes: "73h7m".
func hours(d time.Duration) string {
	text := strings.TrimSuffix(d.Truncate(time.Minute).String(), "0s")
	if short, whole := strings.CutSuffix(text, "h0m"); whole {
		return short + "h"
	}
	return text
}

func count(n int) string { return strconv.Itoa(n) }
