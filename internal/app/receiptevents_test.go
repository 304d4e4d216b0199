package app

import (
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
)

// What S3 has told of a failure is evidence of the finding about that version, in that direction, told by then; of no other.
func TestFailuresAreExplained(t *testing.T) {
	a, _ := bareAt(t)
	failed := func(version, bucket, destination string, at time.Time) audit.Replication {
		return audit.Replication{
			Region: dublin, Bucket: bucket, Destination: destination, Key: "receipts/pay_1.json", VersionID: version, Operation: "OBJECT_PUT",
			Signal: audit.ReplicationFailed, At: at, Requested: pm(13, 0, 0), Reason: "DstKmsKeyInvalidState",
		}
	}
	missed := failed("v1", "one", "two", pm(13, 20, 0))
	missed.Signal = audit.ReplicationMissed
	o := audit.Outcome{RunID: "run-1", Job: "lag", AsOf: pm(14, 0, 0), Window: audit.Window{From: pm(13, 0, 0), To: pm(14, 0, 0)}, Replications: []audit.Replication{
		failed("v1", "one", "two", pm(13, 5, 0)), failed("v2", "one", "two", pm(13, 6, 0)), failed("v1", "one", "three", pm(13, 7, 0)),
		failed("v1", "one", "two", pm(15, 0, 0)), missed,
	}}
	if err := a.store.Commit(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	pair := config.Receipts{
		Name: "receipts", Regions: map[audit.Region]config.ReceiptRegion{dublin: {Bucket: "one"}, london: {Bucket: "two"}},
		Events: map[audit.Region]string{dublin: "https://sqs.eu-west-1.amazonaws.com/1/replication"},
	}
	finding := func(kind audit.Kind, key, version string, region audit.Region) audit.Finding {
		return audit.Finding{Kind: kind, Key: key, Region: region, Window: audit.At(pm(13, 0, 0)), Evidence: []audit.Evidence{{Ref: "one/" + key + " version " + version}}}
	}
	for name, c := range map[string]struct {
		f    audit.Finding
		more int
	}{
		"failed":         {finding(audit.ReceiptReplicationFailed, "receipts/pay_1.json", "v1", london), 1},
		"not replicated": {finding(audit.ReceiptNotReplicated, "receipts/pay_1.json", "v1", london), 1},
		"another kind":   {finding(audit.ReceiptMismatch, "receipts/pay_1.json", "v1", london), 0},
		"another key":    {finding(audit.ReceiptReplicationFailed, "receipts/pay_2.json", "v1", london), 0},
		"null version":   {finding(audit.ReceiptReplicationFailed, "receipts/pay_1.json", "null", london), 0},
		"other way":      {finding(audit.ReceiptReplicationFailed, "receipts/pay_1.json", "v1", dublin), 0},
	} {
		findings := []audit.Finding{c.f}
		if err := a.explainFailures(t.Context(), pair, findings, task{asOf: pm(14, 0, 0)}); err != nil {
			t.Fatal(err)
		}
		got := findings[0].Evidence[1:]
		if len(got) != c.more || c.more == 1 && (got[0].Value != "DstKmsKeyInvalidState" || !got[0].At.Equal(pm(13, 5, 0)) || got[0].Ref != "one/receipts/pay_1.json version v1") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
