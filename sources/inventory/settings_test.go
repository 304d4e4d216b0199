package inventory_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"parallax/internal/lab/buckets"
	"parallax/internal/record"
)

func TestSettings(t *testing.T) {
	both := func(rules ...buckets.Rule) func(*buckets.Options) {
		return func(o *buckets.Options) { o.Rules = map[string][]buckets.Rule{dublin: rules} }
	}
	rule := func(change func(*record.ReplicationRule)) record.ReplicationRule {
		r := record.ReplicationRule{ID: "r", Enabled: true, Priority: 1, Destination: "receipts-eu-west-2", DeleteMarkers: true, KMS: true}
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		options func(*buckets.Options)
		want    []record.ReplicationRule
	}{
		"everything": {both(buckets.Rule{ID: "r"}), []record.ReplicationRule{rule(func(*record.ReplicationRule) {})}},
		"prefix": {both(buckets.Rule{ID: "r", Prefix: "a b/", Priority: 7, TimeControl: true, StorageClass: "GLACIER_IR"}),
			[]record.ReplicationRule{rule(func(r *record.ReplicationRule) {
				r.Prefix, r.Priority, r.TimeControl, r.StorageClass = "a b/", 7, true, "GLACIER_IR"
			})}},
		"tag": {both(buckets.Rule{ID: "r", Tag: "kind"}),
			[]record.ReplicationRule{rule(func(r *record.ReplicationRule) { r.Tagged, r.DeleteMarkers = true, false })}},
		"tag and prefix": {both(buckets.Rule{ID: "r", Tag: "kind", Prefix: "a/"}),
			[]record.ReplicationRule{rule(func(r *record.ReplicationRule) { r.Tagged, r.DeleteMarkers, r.Prefix = true, false, "a/" })}},
		"old form": {both(buckets.Rule{ID: "r", Prefix: "a/", WithoutFilter: true}),
			[]record.ReplicationRule{rule(func(r *record.ReplicationRule) { r.Prefix, r.Priority, r.KMS = "a/", 0, false })}},
		"off, no markers, another bucket": {both(buckets.Rule{ID: "r", Disabled: true, NoMarkers: true, NoKMS: true, OtherBucket: "third"}),
			[]record.ReplicationRule{rule(func(r *record.ReplicationRule) {
				r.Enabled, r.DeleteMarkers, r.KMS, r.Destination = false, false, false, "third"
			})}},
		"none": {both(), nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.options)
			got, err := w.live(dublin).Settings(t.Context())
			want := record.Bucket{
				Region: dublin, Name: "receipts-eu-west-1", Versioning: "Enabled", VersioningKnown: true, RulesKnown: true, Rules: c.want,
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
	w := newWorld(t, func(o *buckets.Options) { o.Versioning = map[string]string{dublin: "Suspended", london: ""} })
	for region, want := range map[string]string{dublin: "Suspended", london: ""} {
		if got, err := w.live(region).Settings(t.Context()); got.Versioning != want || !got.VersioningKnown || err != nil {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func TestSettingsThatAreNotTold(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		fault       buckets.Fault
		note, note2 string
	}{
		{buckets.Fault{Status: 403, Code: "AccessDenied"}, "allow s3:GetBucketVersioning on", "allow s3:GetReplicationConfiguration on"},
		{buckets.Fault{Status: 501, Code: "NotImplemented"}, "does not answer this request (NotImplemented); Amazon S3 does, with s3:GetBucketVersioning", "s3:GetReplicationConfiguration allowed"},
		{buckets.Fault{Status: 405, Code: "MethodNotAllowed"}, "(MethodNotAllowed)", "(MethodNotAllowed)"},
		{buckets.Fault{Status: 404, Code: "NoSuchBucket"}, "the bucket is not there", "the bucket is not there"},
	} {
		w.Fault(func(buckets.Request) buckets.Fault { return c.fault })
		got, err := w.live(dublin).Settings(t.Context())
		if err != nil || got.RulesKnown || got.VersioningKnown || got.Absent != (c.fault.Status == 404) || len(got.Notes) != 2 ||
			!strings.Contains(got.Notes[0], c.note) || !strings.Contains(got.Notes[1], c.note2) {
			t.Errorf("%s: %+v, %v", c.fault.Code, got, err)
		}
	}
}
