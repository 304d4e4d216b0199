// Package topology reads what Amazon RDS says about an Aurora global database: who its members are and which one
// writes, what happened to them, and which system snapshots a failover left behind.
//
// Amazon RDS keeps events for 14 days, emits them on a best-effort basis and gives them no identifier (Amazon Aurora
// User Guide, "Monitoring Amazon Aurora events"; API reference, "DescribeEvents"). So a part of the window that is
// older is a gap, the text of a message is all there is to tell the events apart, and silence is no proof.
package topology

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/smithy-go"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Kept is how long Amazon RDS keeps events (API reference, "DescribeEvents").
const Kept = 14 * 24 * time.Hour

// Client is the part of *rds.Client that is used. Every call is a read.
type Client interface {
	DescribeGlobalClusters(context.Context, *rds.DescribeGlobalClustersInput, ...func(*rds.Options)) (*rds.DescribeGlobalClustersOutput, error)
	DescribeDBClusters(context.Context, *rds.DescribeDBClustersInput, ...func(*rds.Options)) (*rds.DescribeDBClustersOutput, error)
	DescribeEvents(context.Context, *rds.DescribeEventsInput, ...func(*rds.Options)) (*rds.DescribeEventsOutput, error)
	DescribeDBClusterSnapshots(context.Context, *rds.DescribeDBClusterSnapshotsInput, ...func(*rds.Options)) (*rds.DescribeDBClusterSnapshotsOutput, error)
}

// Settings bound a read.
type Settings struct {
	Timeout   time.Duration // of one request with its retries; 30 s where zero
	MaxEvents int           // events kept of one window; 50,000 where zero, and a gap beyond
}

// Source asks one region's RDS about a global cluster. The same global cluster is asked in each of its regions: events
// are kept where they happened, and after a failover only one of the regions may answer.
type Source struct {
	Region   audit.Region            // the region that is asked
	Global   string                  // identifier of the global cluster
	Clusters map[audit.Region]string // identifier of the member cluster, by region
	Client   Client                  // a client for Region
	AsOf     time.Time               // the moment the audit speaks for
	Settings Settings
}

// Read yields one batch: the members as they stand (Type Member, at AsOf), the events inside w in order of time, and
// the snapshots that unplanned failovers of this region's cluster have left, whenever they were made. What RDS refuses
// or no longer has is a gap with its remedy. The cursor is not used: every read sees the whole window again, for
// events arrive late and out of order. The only error is that of ctx.
func (s Source) Read(ctx context.Context, w audit.Window, _ audit.Cursor) iter.Seq2[record.Batch[record.Event], error] {
	return func(yield func(record.Batch[record.Event], error) bool) {
		r := &reading{Source: s, window: w, now: s.AsOf}
		r.members(ctx)
		r.cluster(ctx)
		r.events(ctx)
		r.snapshots(ctx)
		if err := ctx.Err(); err != nil {
			yield(record.Batch[record.Event]{}, err)
			return
		}
		yield(r.batch(), nil)
	}
}

// reading is the state of one Read.
type reading struct {
	Source
	window    audit.Window
	now       time.Time     // the later of AsOf and the service's own clock
	retention time.Duration // of the region's cluster; zero where unknown
	instances []string      // of the region's cluster
	found     []record.Event
	extents   []audit.Extent
	excluded  map[string]int64
	gaps      []audit.Gap
	silent    bool // the region gave no answer at all, so nothing further is asked of it
}

func (r *reading) batch() record.Batch[record.Event] {
	slices.SortStableFunc(r.found, func(a, b record.Event) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Message, b.Message))
	})
	var excluded []audit.Exclusion
	for reason, n := range r.excluded {
		excluded = append(excluded, audit.Exclusion{Reason: reason, Records: n})
	}
	slices.SortFunc(excluded, func(a, b audit.Exclusion) int { return cmp.Compare(a.Reason, b.Reason) })
	return record.Batch[record.Event]{
		Records: r.found, Region: r.Region, Extents: r.extents, Excluded: excluded, Gaps: r.gaps,
	}
}

func (r *reading) exclude(reason string) {
	if r.excluded == nil {
		r.excluded = map[string]int64{}
	}
	r.excluded[reason]++
}

func (r *reading) gap(w audit.Window, reason, remedy string) {
	r.gaps = append(r.gaps, audit.Gap{Window: w, Reason: reason, Remedy: remedy})
}

// forgotten is a gap of what can never be read again.
func (r *reading) forgotten(w audit.Window, reason, remedy string) {
	r.gaps = append(r.gaps, audit.Gap{Window: w, Reason: reason, Remedy: remedy, Lost: true})
}

func (r *reading) own() string { return r.Clusters[r.Region] }

// call runs one request under the timeout and turns its failure into a gap over w; it reports whether it succeeded.
// A region that does not answer at all costs one timeout, not one for each request.
func (r *reading) call(ctx context.Context, action string, w audit.Window, do func(context.Context) error) bool {
	if r.silent {
		return false
	}
	limit := cmp.Or(r.Settings.Timeout, 30*time.Second)
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := do(bounded)
	if err == nil {
		return true
	}
	if ctx.Err() != nil {
		return false
	}
	var answered smithy.APIError
	if !errors.As(err, &answered) {
		r.silent, w = true, r.window
	}
	reason, remedy := explain(err, action, r.Region, limit)
	r.gap(w, reason, remedy)
	return false
}
