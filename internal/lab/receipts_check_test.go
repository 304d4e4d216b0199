package lab

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// object is a receipt as one bucket shows it.
type object struct {
	size        int64
	etag, class string
	deleted     bool
}

// listBucket reads a region's bucket through the real SDK.
func listBucket(t *testing.T, w *World, region string) (*s3.Client, map[string]object) {
	t.Helper()
	url, stop, err := w.receipts.Serve(region)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	client := s3.New(s3.Options{
		Region: region, BaseEndpoint: &url, UsePathStyle: true, Credentials: credentials.NewStaticCredentialsProvider("lab", "lab", ""),
	})
	found := map[string]object{}
	pages := s3.NewListObjectVersionsPaginator(client, &s3.ListObjectVersionsInput{Bucket: aws.String("receipts-" + region)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.Versions {
			if aws.ToBool(v.IsLatest) {
				found[*v.Key] = object{size: aws.ToInt64(v.Size), etag: aws.ToString(v.ETag), class: string(v.StorageClass)}
			}
		}
		for _, m := range page.DeleteMarkers {
			if aws.ToBool(m.IsLatest) {
				found[*m.Key] = object{deleted: true}
			}
		}
	}
	return client, found
}

func checkReceipts(t *testing.T, w *World, l ledgers) {
	client, here := listBucket(t, w, dublin)
	_, there := listBucket(t, w, london)
	found := map[string]map[string]bool{}
	note := func(kind, key string) {
		if found[kind] == nil {
			found[kind] = map[string]bool{}
		}
		found[kind][key] = true
	}
	for key, a := range here {
		b, both := there[key]
		switch {
		case !both:
			note(string(headStatus(t, client, key)), key)
		case a.deleted != b.deleted:
			note("deleted", key)
		case a.size != b.size || a.etag != b.etag && !slices.Contains(w.retagged, key):
			note("mismatch", key)
		case a.class != b.class:
			note("drift", key)
		}
	}
	for key := range there {
		if _, both := here[key]; !both {
			t.Errorf("%s is in London only", key)
		}
	}
	for key := range found["COMPLETED"] { // deleted at the replica
		note("PENDING", key)
	}
	same(t, w, "receipt.not_replicated", found["PENDING"])
	same(t, w, "receipt.replication_failed", found["FAILED"])
	same(t, w, "receipt.delete_diverged", found["deleted"])
	same(t, w, "receipt.mismatch", found["mismatch"])
	same(t, w, "receipt.storage_drift", found["drift"])
	checkOwners(t, w, l, here)
}

// checkOwners holds the receipts against the ledger in force; every receipt is in Dublin or replicated to it.
func checkOwners(t *testing.T, w *World, l ledgers, receipts map[string]object) {
	orphans, missing := map[string]bool{}, map[string]bool{}
	for key := range receipts {
		payment := strings.TrimSuffix(strings.TrimPrefix(key, "receipts/2026/11/18/"), ".json")
		if _, found := l.london[payment]; !found {
			orphans[key] = true
		}
	}
	for _, r := range l.london {
		if _, found := receipts[receiptKey(r.payment)]; !found && r.status != "declined" {
			missing[r.payment] = true
		}
	}
	same(t, w, "receipt.orphan", orphans)
	same(t, w, "receipt.missing", missing)
}

func headStatus(t *testing.T, client *s3.Client, key string) types.ReplicationStatus {
	t.Helper()
	out, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("receipts-" + dublin), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	return out.ReplicationStatus
}
