package topology

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// eventIdentity is all that tells two events apart, as RDS gives them no identifier.
type eventIdentity struct {
	source, message string
	at              time.Time
}

// events reads clusters and instances alike: the outcome of the write block is told by the instances only.
// Start and end are always given, for DescribeEvents looks back 60 minutes where they are missing.
// Source: Amazon RDS API reference, "DescribeEvents".
func (r *reading) events(ctx context.Context) {
	w := r.clip()
	if w.Empty() {
		return
	}
	seen := map[eventIdentity]bool{}
	for _, kind := range []types.SourceType{types.SourceTypeDbCluster, types.SourceTypeDbInstance} {
		if !r.eventsOf(ctx, kind, w, seen) {
			return
		}
	}
}

// clip cuts off the part of the window that RDS has forgotten and reports it as a gap.
func (r *reading) clip() audit.Window {
	oldest := r.now.Add(-Kept).UTC()
	w := r.window
	if !w.From.Before(oldest) {
		return w
	}
	lost := audit.Window{From: w.From, To: oldest}
	if w.To.Before(oldest) {
		lost.To = w.To
	}
	if !lost.Empty() {
		r.forgotten(lost, "RDS keeps events 14 days; those before "+oldest.Format(time.RFC3339)+" can no longer be read",
			"run the failover job at least every 14 days, so that its own store keeps the history")
	}
	return audit.Window{From: lost.To, To: w.To}
}

// eventsOf reads every page of one type of source; it reports false where it left a gap.
func (r *reading) eventsOf(ctx context.Context, kind types.SourceType, w audit.Window, seen map[eventIdentity]bool) bool {
	var marker *string
	var read int64
	for markers := map[string]bool{}; ; {
		var out *rds.DescribeEventsOutput
		ok := r.call(ctx, "DescribeEvents", w, func(ctx context.Context) (err error) {
			out, err = r.Client.DescribeEvents(ctx, &rds.DescribeEventsInput{
				SourceType: kind, StartTime: aws.Time(w.From), EndTime: aws.Time(w.To), MaxRecords: aws.Int32(100), Marker: marker,
			})
			return err
		})
		if !ok {
			return false
		}
		r.heed(out.ResultMetadata)
		added, room := r.addEvents(out.Events, w, seen)
		read += added
		if !room {
			r.gap(w, fmt.Sprintf("more than %d events of %s in %s; the rest was not read", r.maxEvents(), kind, r.Region),
				"audit a shorter window")
			return false
		}
		next := aws.ToString(out.Marker)
		if next == "" {
			break
		}
		if markers[next] {
			r.gap(w, fmt.Sprintf("DescribeEvents in %s repeats the page marker of its %s events", r.Region, kind), "run again")
			return false
		}
		markers[next], marker = true, aws.String(next)
	}
	r.extents = append(r.extents, audit.Extent{
		Name: "events of " + string(kind), Records: read, From: w.From.Format(time.RFC3339), To: w.To.Format(time.RFC3339),
	})
	return true
}

func (r *reading) maxEvents() int { return cmp.Or(r.Settings.MaxEvents, 50_000) }

// addEvents keeps what concerns the global cluster. It returns how many events of the window it has kept or excluded,
// and false once there is no more room.
func (r *reading) addEvents(events []types.Event, w audit.Window, seen map[eventIdentity]bool) (added int64, room bool) {
	for _, e := range events {
		at, message := aws.ToTime(e.Date).UTC(), aws.ToString(e.Message)
		id := eventIdentity{aws.ToString(e.SourceIdentifier), message, at}
		switch {
		case e.Date == nil:
			r.gap(w, fmt.Sprintf("an event of %s in %s has no time", id.source, r.Region), "read it in the RDS console")
			continue
		case !w.Holds(at) || seen[id]:
			continue // the end is inclusive for RDS, and a page may repeat its neighbour's last event
		case !r.concerns(id.source, message):
			r.exclude("event of a database outside the global cluster")
			added++
			continue
		case len(seen) >= r.maxEvents():
			return added, false
		}
		seen[id] = true
		added++
		r.found = append(r.found, record.Event{
			Region: r.Region, Type: Classify(message), Source: id.source, At: at, Message: message, Global: r.Global,
			Member: Subject(message, r.Clusters),
		})
	}
	return added, true
}

// concerns reports whether an event is about one of the member clusters or an instance of this region's. An instance
// that has been replaced since is no longer listed; its events still name the cluster.
func (r *reading) concerns(source, message string) bool {
	for _, cluster := range r.Clusters {
		if strings.EqualFold(source, cluster) || names(message, cluster) {
			return true
		}
	}
	return slices.ContainsFunc(r.instances, func(id string) bool { return strings.EqualFold(source, id) })
}
