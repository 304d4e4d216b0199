package rdsapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"parallax/internal/lab/rdsapi"
)

var now = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

// impatient retries as the SDK does, without its pauses.
func impatient() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = time.Millisecond })
}

func serve(t *testing.T) (*rdsapi.Server, *rds.Client) {
	t.Helper()
	server := rdsapi.New(rdsapi.Options{
		Global: "payments-global", Writer: "eu-west-1", Clock: func() time.Time { return now },
		Clusters: map[string]string{"eu-west-1": "payments-eu-west-1", "eu-west-2": "payments-eu-west-2"},
	})
	url, stop, err := server.Serve("eu-west-1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return server, rds.New(rds.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(url), Retryer: impatient(),
		Credentials: credentials.NewStaticCredentialsProvider("lab", "lab", ""),
	})
}

func TestGlobalClusterThroughTheSDK(t *testing.T) {
	server, client := serve(t)
	server.SetWriter("eu-west-2")
	out, err := client.DescribeGlobalClusters(t.Context(), &rds.DescribeGlobalClustersInput{GlobalClusterIdentifier: aws.String("payments-global")})
	if err != nil {
		t.Fatal(err)
	}
	members := out.GlobalClusters[0].GlobalClusterMembers
	if len(members) != 2 || aws.ToBool(members[0].IsWriter) || !aws.ToBool(members[1].IsWriter) {
		t.Fatalf("members: %+v", members)
	}
	if got := aws.ToString(members[0].DBClusterArn); got != "arn:aws:rds:eu-west-1:123456789012:cluster:payments-eu-west-1" {
		t.Errorf("arn: %s", got)
	}
	if len(members[1].Readers) != 1 || out.GlobalClusters[0].FailoverState.Status != "" {
		t.Errorf("readers %v, state %+v", members[1].Readers, out.GlobalClusters[0].FailoverState)
	}
	_, err = client.DescribeGlobalClusters(t.Context(), &rds.DescribeGlobalClustersInput{GlobalClusterIdentifier: aws.String("other")})
	var missing *types.GlobalClusterNotFoundFault
	if !errors.As(err, &missing) {
		t.Errorf("unknown global cluster: %v", err)
	}
}

func TestEventsDefaultToTheLastHour(t *testing.T) {
	server, client := serve(t)
	server.Event("eu-west-1", "db-cluster", "payments-eu-west-1", now.Add(-61*time.Minute), "old")
	server.Event("eu-west-1", "db-instance", "payments-eu-west-1-1", now.Add(-59*time.Minute), "young", "notification")
	server.Event("eu-west-2", "db-cluster", "payments-eu-west-2", now.Add(-59*time.Minute), "elsewhere")
	server.Event("eu-west-1", "db-cluster", "payments-eu-west-1", now.Add(-15*24*time.Hour), "forgotten")

	messages := func(in rds.DescribeEventsInput) []string {
		t.Helper()
		out, err := client.DescribeEvents(t.Context(), &in)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, e := range out.Events {
			found = append(found, aws.ToString(e.Message))
		}
		return found
	}
	check := func(what string, got []string, want ...string) {
		t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	check("default", messages(rds.DescribeEventsInput{}), "young")
	check("two hours", messages(rds.DescribeEventsInput{Duration: aws.Int32(120)}), "old", "young")
	check("by type", messages(rds.DescribeEventsInput{Duration: aws.Int32(120), SourceType: types.SourceTypeDbCluster}), "old")
	check("30 days", messages(rds.DescribeEventsInput{StartTime: aws.Time(now.Add(-30 * 24 * time.Hour)), EndTime: aws.Time(now)}), "old", "young")
}

func TestEventsArePaged(t *testing.T) {
	server, client := serve(t)
	for i := range 45 {
		server.Event("eu-west-1", "db-cluster", "payments-eu-west-1", now.Add(-time.Duration(i)*time.Second), fmt.Sprint(i))
	}
	pages := rds.NewDescribeEventsPaginator(client, &rds.DescribeEventsInput{MaxRecords: aws.Int32(20)})
	var sizes []int
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(out.Events))
	}
	if fmt.Sprint(sizes) != "[20 20 5]" {
		t.Errorf("pages of %v", sizes)
	}
	if _, err := client.DescribeEvents(t.Context(), &rds.DescribeEventsInput{MaxRecords: aws.Int32(10)}); err == nil {
		t.Error("a page of 10 was accepted")
	}
}

func TestClustersAndSnapshotsThroughTheSDK(t *testing.T) {
	server, client := serve(t)
	server.SetRetention("eu-west-1", 3)
	clusters, err := client.DescribeDBClusters(t.Context(), &rds.DescribeDBClustersInput{DBClusterIdentifier: aws.String("payments-eu-west-1")})
	if err != nil {
		t.Fatal(err)
	}
	if c := clusters.DBClusters[0]; aws.ToInt32(c.BackupRetentionPeriod) != 3 || aws.ToString(c.DBClusterMembers[0].DBInstanceIdentifier) != "payments-eu-west-1-1" {
		t.Errorf("cluster: %+v", c)
	}
	server.AddSnapshot("eu-west-1", "rds:unplanned-global-failover-payments-eu-west-1-x", "payments-eu-west-1", now)
	server.AddSnapshot("eu-west-1", "kept-by-hand", "payments-eu-west-1", now)
	out, err := client.DescribeDBClusterSnapshots(t.Context(), &rds.DescribeDBClusterSnapshotsInput{SnapshotType: aws.String("automated")})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.DBClusterSnapshots) != 1 || !aws.ToTime(out.DBClusterSnapshots[0].SnapshotCreateTime).Equal(now) {
		t.Errorf("snapshots: %+v", out.DBClusterSnapshots)
	}
}

func TestFaultsReachTheSDKByTheirCode(t *testing.T) {
	server, client := serve(t)
	server.Fault(func(_, _ string, nth int) rdsapi.Fault {
		if nth > 1 {
			return rdsapi.Fault{}
		}
		return rdsapi.Fault{Status: http.StatusForbidden, Code: "AccessDenied", Message: "not authorized to perform rds:DescribeDBClusters"}
	})
	_, err := client.DescribeDBClusters(t.Context(), &rds.DescribeDBClustersInput{})
	var answer interface{ ErrorCode() string }
	if !errors.As(err, &answer) || answer.ErrorCode() != "AccessDenied" {
		t.Errorf("first request: %v", err)
	}
	if _, err := client.DescribeDBClusters(t.Context(), &rds.DescribeDBClustersInput{}); err != nil {
		t.Errorf("second request: %v", err)
	}
}
