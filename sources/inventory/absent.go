package inventory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"parallax/internal/audit"
)

// maxNamed bounds how many folders a gap names.
const maxNamed = 5

// absent is the gap of a configuration under whose prefix no inventory lies: most likely a name is wrong, so it says what lies
// there instead.
func (s *Source) absent(ctx context.Context) *audit.Gap {
	ids, buckets := s.folders(ctx, s.above()+s.Bucket+"/"), ""
	if slices.Contains(ids, s.Inventory.ID) {
		return s.late(s.hidden().From, "there is none up to the moment the audit speaks for")
	}
	if len(ids) == 0 {
		buckets = said("folders under "+quoted(s.above()), s.folders(ctx, s.above()))
	}
	return &audit.Gap{
		Window: s.hidden(),
		Reason: fmt.Sprintf("no inventory of %s lies in bucket %s under %q%s%s", s.Bucket, s.Inventory.Bucket, s.base(),
			said("inventories of this bucket there have the ids", ids), buckets),
		Remedy: "check receipts[].regions: bucket, inventory.prefix and inventory.id; the first list of a new configuration may take 48 hours",
	}
}

// above is the folder in which each audited bucket has one.
func (s *Source) above() string {
	return strings.TrimSuffix(s.base(), s.Bucket+"/"+s.Inventory.ID+"/")
}

// folders are the names of the folders under a prefix, of the first page; none where it cannot be listed, for they only help.
func (s *Source) folders(ctx context.Context, prefix string) []string {
	bounded, cancel := context.WithTimeout(ctx, s.Settings.Timeout)
	defer cancel()
	answer, err := s.Client.ListObjectsV2(bounded, &s3.ListObjectsV2Input{
		Bucket: &s.Inventory.Bucket, Prefix: &prefix, Delimiter: aws.String("/"),
	})
	if err != nil {
		return nil
	}
	var names []string
	for _, p := range answer.CommonPrefixes {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(aws.ToString(p.Prefix), prefix), "/"))
	}
	return names
}

func quoted(prefix string) string {
	if prefix == "" {
		return "no prefix"
	}
	return fmt.Sprintf("%q", prefix)
}

func said(what string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	more := ""
	if len(names) > maxNamed {
		names, more = names[:maxNamed], fmt.Sprintf(" and %d more", len(names)-maxNamed)
	}
	return "; " + what + ": " + strings.Join(names, ", ") + more
}
