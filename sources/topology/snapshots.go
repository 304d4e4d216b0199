package topology

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// SnapshotPrefix begins the name of the system snapshot that Aurora tries to take of the old primary's volume once its
// region is back after an unplanned failover: rds:unplanned-global-failover-<old cluster>-<timestamp>. It is the only
// copy of the rows that were lost, and it expires with the old cluster's backup retention.
// Source: Amazon Aurora User Guide, "Using switchover or failover in Amazon Aurora Global Database".
const SnapshotPrefix = "rds:unplanned-global-failover-"

// snapshots reads those of this region's cluster. All snapshots are listed and chosen by name here: asking by cluster
// would find nothing after the cluster was deleted, which is when the snapshot matters most.
func (r *reading) snapshots(ctx context.Context) {
	var marker *string
	var read int64
	for markers := map[string]bool{}; ; {
		var out *rds.DescribeDBClusterSnapshotsOutput
		ok := r.call(ctx, "DescribeDBClusterSnapshots", r.window, func(ctx context.Context) (err error) {
			out, err = r.Client.DescribeDBClusterSnapshots(ctx, &rds.DescribeDBClusterSnapshotsInput{MaxRecords: aws.Int32(100), Marker: marker})
			return err
		})
		if !ok {
			return
		}
		read += int64(len(out.DBClusterSnapshots))
		for _, snapshot := range out.DBClusterSnapshots {
			r.addSnapshot(snapshot)
		}
		next := aws.ToString(out.Marker)
		if next == "" {
			break
		}
		if markers[next] {
			r.gap(r.window, fmt.Sprintf("DescribeDBClusterSnapshots in %s repeats a page marker", r.Region), "run again")
			return
		}
		markers[next], marker = true, aws.String(next)
	}
	r.extents = append(r.extents, audit.Extent{Name: "cluster snapshots", Records: read})
}

func (r *reading) addSnapshot(s types.DBClusterSnapshot) {
	name := aws.ToString(s.DBClusterSnapshotIdentifier)
	if of := r.copiedFrom(s); of != "" {
		r.found = append(r.found, record.Event{
			Region: r.Region, Type: record.SnapshotCopied, Source: name, At: aws.ToTime(s.SnapshotCreateTime).UTC(), Until: r.AsOf.UTC(),
			Global: r.Global, Of: of, Message: "manual snapshot, copied from " + of,
		})
		return
	}
	if !r.isOurs(name, aws.ToString(s.DBClusterIdentifier)) {
		r.exclude("snapshot that no failover of this region's cluster has left")
		return
	}
	created := aws.ToTime(s.SnapshotCreateTime).UTC()
	if s.SnapshotCreateTime != nil && created.After(r.AsOf) {
		r.exclude("snapshot made after the moment of the audit")
		return
	}
	event := record.Event{
		Region: r.Region, Type: record.SnapshotSeen, Source: name, At: created, Until: r.AsOf.UTC(), Global: r.Global,
		Message: "system snapshot of the old primary",
	}
	retention := r.retention
	if retention == 0 {
		retention = time.Duration(aws.ToInt32(s.BackupRetentionPeriod)) * 24 * time.Hour
	}
	if s.SnapshotCreateTime != nil && retention > 0 {
		event.ExpiresAt = created.Add(retention)
	} else {
		r.gap(r.window,
			fmt.Sprintf("it is unknown when snapshot %s expires", name), "copy it to a manual snapshot now; allow rds:DescribeDBClusters")
	}
	r.found = append(r.found, event)
}

// copiedFrom is the system snapshot of a failover that a manual snapshot, ready for use, was copied from. The copy may stand in
// another region, and be of any cluster of the global database.
// Source: Amazon RDS API reference, "DBClusterSnapshot", SourceDBClusterSnapshotArn.
func (r *reading) copiedFrom(s types.DBClusterSnapshot) string {
	if !strings.EqualFold(aws.ToString(s.SnapshotType), "manual") || !strings.EqualFold(aws.ToString(s.Status), "available") {
		return ""
	}
	source := aws.ToString(s.SourceDBClusterSnapshotArn)
	i := strings.Index(strings.ToLower(source), SnapshotPrefix)
	if i < 0 || s.SnapshotCreateTime != nil && s.SnapshotCreateTime.After(r.AsOf) {
		return ""
	}
	return source[i:]
}

// isOurs goes by the cluster that the snapshot states; where it states none, by its name.
func (r *reading) isOurs(name, cluster string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(name), SnapshotPrefix)
	if !ok || r.own() == "" {
		return false
	}
	if cluster != "" {
		return strings.EqualFold(cluster, r.own())
	}
	return strings.HasPrefix(rest, strings.ToLower(r.own())+"-")
}
