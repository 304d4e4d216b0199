package topology

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/smithy-go/middleware"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// members reads who belongs to the global cluster and who writes. It comes first, for its answer carries the
// service's clock, and that decides which events RDS can still have.
// Source: Amazon RDS API reference, "DescribeGlobalClusters", "GlobalClusterMember".
func (r *reading) members(ctx context.Context) {
	var out *rds.DescribeGlobalClustersOutput
	ok := r.call(ctx, "DescribeGlobalClusters", r.window, func(ctx context.Context) (err error) {
		out, err = r.Client.DescribeGlobalClusters(ctx, &rds.DescribeGlobalClustersInput{GlobalClusterIdentifier: aws.String(r.Global)})
		return err
	})
	if !ok {
		return
	}
	r.heed(out.ResultMetadata)
	if len(out.GlobalClusters) == 0 {
		r.gap(r.window, fmt.Sprintf("global cluster %s is unknown in %s", r.Global, r.Region),
			"check topology.global_cluster in the configuration")
		return
	}
	cluster := out.GlobalClusters[0]
	seen, writers := r.addMembers(cluster)
	r.extents = append(r.extents, audit.Extent{Name: "members of " + r.Global, Records: int64(len(seen))})
	if own := r.own(); own != "" && !seen[strings.ToLower(own)] {
		r.found = append(r.found, record.Event{
			Region: r.Region, Type: record.MemberLeft, Source: own, At: r.AsOf.UTC(), Until: r.AsOf.UTC(), Global: r.Global, Member: r.Region,
			Message: "is not a member of global cluster " + r.Global,
		})
		r.gap(r.window, fmt.Sprintf("cluster %s is not a member of global cluster %s, as %s sees it", own, r.Global, r.Region),
			"check topology.clusters in the configuration; a cluster that was detached and promoted is no longer audited here")
	}
	if writers != 1 {
		r.gap(r.window, fmt.Sprintf("global cluster %s has %d writers, as %s sees it", r.Global, writers, r.Region),
			"wait until the switchover or failover under way has ended, then run again")
	}
	r.addFailoverState(cluster)
}

// addMembers adds one Member event for each cluster and returns their identifiers and how many of them write.
func (r *reading) addMembers(cluster types.GlobalCluster) (seen map[string]bool, writers int) {
	seen = map[string]bool{}
	for _, m := range cluster.GlobalClusterMembers {
		region, id := splitARN(aws.ToString(m.DBClusterArn))
		seen[strings.ToLower(id)] = true
		writer := aws.ToBool(m.IsWriter)
		if writer {
			writers++
		}
		r.found = append(r.found, record.Event{
			Region: r.Region, Type: record.Member, Source: id, At: r.AsOf.UTC(), Until: r.AsOf.UTC(),
			Message: memberMessage(m), Global: r.Global, Member: region, Writer: writer,
		})
	}
	return seen, writers
}

func memberMessage(m types.GlobalClusterMember) string {
	role := "reads"
	if aws.ToBool(m.IsWriter) {
		role = "writes"
	}
	if m.SynchronizationStatus != "" {
		return role + ", " + string(m.SynchronizationStatus)
	}
	return role
}

// addFailoverState reports an operation under way. The state is empty unless one is pending or running, so it is
// never history; and its values grow with the service, so it is passed on as text.
func (r *reading) addFailoverState(cluster types.GlobalCluster) {
	state := cluster.FailoverState
	if state == nil || string(state.Status) == "" {
		return
	}
	r.extents = append(r.extents, audit.Extent{Name: "operation under way on " + r.Global, Records: 1})
	_, from := splitARN(aws.ToString(state.FromDbClusterArn))
	_, to := splitARN(aws.ToString(state.ToDbClusterArn))
	r.found = append(r.found, record.Event{
		Region: r.Region, Type: record.OtherEvent, Source: r.Global, At: r.AsOf.UTC(), Global: r.Global,
		Message: fmt.Sprintf("global cluster is %s from %s to %s, data loss allowed: %t",
			string(state.Status), from, to, aws.ToBool(state.IsDataLossAllowed)),
	})
}

// cluster reads the region's own cluster: its instances, whose events count as its own, and its backup retention.
func (r *reading) cluster(ctx context.Context) {
	if r.own() == "" {
		r.gap(r.window, fmt.Sprintf("no cluster of %s is configured for %s", r.Global, r.Region), "add the region to topology.clusters")
		return
	}
	var out *rds.DescribeDBClustersOutput
	ok := r.call(ctx, "DescribeDBClusters", r.window, func(ctx context.Context) (err error) {
		out, err = r.Client.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{DBClusterIdentifier: aws.String(r.own())})
		return err
	})
	if !ok {
		return
	}
	r.heed(out.ResultMetadata)
	for _, c := range out.DBClusters {
		if !strings.EqualFold(aws.ToString(c.DBClusterIdentifier), r.own()) {
			continue
		}
		r.retention = time.Duration(aws.ToInt32(c.BackupRetentionPeriod)) * 24 * time.Hour
		for _, m := range c.DBClusterMembers {
			r.instances = append(r.instances, aws.ToString(m.DBInstanceIdentifier))
		}
	}
}

// heed takes the service's clock from a response. An audit for a moment in the past asks for events that RDS kept then;
// what it still keeps is counted from its own present.
func (r *reading) heed(metadata middleware.Metadata) {
	if at, ok := awsmiddleware.GetServerTime(metadata); ok && at.After(r.now) {
		r.now = at
	}
}

// splitARN takes region and identifier from arn:aws:rds:REGION:ACCOUNT:cluster:ID; what is no ARN is an identifier.
func splitARN(text string) (audit.Region, string) {
	parsed, err := arn.Parse(text)
	if err != nil {
		return "", text
	}
	return audit.Region(parsed.Region), parsed.Resource[strings.LastIndexByte(parsed.Resource, ':')+1:]
}
