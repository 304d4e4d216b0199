package app

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"parallax/auditors/lag"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pan"
)

const (
	// eventError is how far apart the clocks may be that give the two times of an event. Both are S3's own and have
	// milliseconds; how well they agree is not described, so it is taken as tables[].clock is by default.
	eventError = time.Second
	// tick is the unit in which S3 tells times.
	tick = time.Millisecond
	// longestLag bounds what is believed of an event's two times. For how long S3 tries is not described; it tells of hours at most.
	// Source: Amazon S3 User Guide, "Troubleshooting replication".
	longestLag = 30 * 24 * time.Hour
	// earliest is how long before a threshold has passed that it was missed may be told: the two times of an event are not of one
	// clock.
	earliest = time.Minute
	// methodMissed is how a lag is known from an event that tells only that the threshold was missed.
	methodMissed = audit.NotArrived + " at the s3 event of a missed threshold"
)

// receiptLags takes what tells of late replicas as samples. The job receipts has found what had not arrived at the scan of an
// inventory, which tells that an object is late, not how late the others were; inventories come daily, so their window is moved
// back until one lists it. S3 itself tells of those past its threshold, and then how late they were: what it tells now belongs to
// this run, whenever the object was written.
func (a *App) receiptLags(ctx context.Context, t task, in *lag.Input) (lagEvents, error) {
	listed := before(t.window, t.asOf.Add(-inventoryDelay(a.cfg)))
	in.Window = listed
	stuck, coverage, err := a.storedStuck(ctx, listed, t)
	if err != nil {
		return lagEvents{}, err
	}
	events, err := a.readEvents(ctx, t) // last, so that the messages are not held for long
	if err != nil {
		return events, err
	}
	for _, r := range a.cfg.Receipts {
		told, err := a.toldOf(ctx, r, &events, listed, t)
		if err != nil {
			return events, err
		}
		for _, s := range told {
			in.Samples = append(in.Samples, s.LagSample)
		}
		in.Samples = append(in.Samples, notArrived(stuck[r.Name], told)...)
	}
	for _, s := range in.Samples {
		in.Window = audit.Window{From: minTime(in.Window.From, s.At), To: maxTime(in.Window.To, s.At.Add(time.Nanosecond))}
	}
	events.coverage = append(coverage, events.coverage...)
	return events, nil
}

// notArrived are the objects that an inventory lists as not arrived, without those of which S3 itself tells more.
func notArrived(stuck []audit.LagSample, told []toldSample) []audit.LagSample {
	return slices.DeleteFunc(stuck, func(s audit.LagSample) bool {
		return slices.ContainsFunc(told, func(o toldSample) bool { return o.tellsOf(s) })
	})
}

// toldSample is a lag that S3 has told.
type toldSample struct{ audit.LagSample }

// tellsOf reports whether it is of the object that an inventory lists as not arrived, as far as times tell: S3 shows whole seconds
// in a list, and different hosts tell what it calls the request's time and the time of creation. An object that arrived after the
// scan was later than the scan tells: what is less late is another one, and takes nothing away.
func (s toldSample) tellsOf(o audit.LagSample) bool {
	const apart = 2 * time.Second
	return s.From == o.From && s.To == o.To && s.At.Sub(o.At).Abs() <= apart && s.Lag >= o.Lag-apart
}

// toldOf are the lags of a pair of buckets that S3 has told: just now, or earlier and of the time of this run. It adds the lines
// of coverage that say so.
func (a *App) toldOf(ctx context.Context, r config.Receipts, e *lagEvents, listed audit.Window, t task) (out []toldSample, err error) {
	for _, region := range slices.Sorted(maps.Keys(r.Events)) {
		bucket, fresh := pan.Mask(r.Regions[region].Bucket), map[audit.Replication]bool{}
		for _, f := range e.fresh {
			if f.Bucket == bucket && f.Region == region {
				fresh[f] = true
			}
		}
		all, err := a.storedEvents(ctx, bucket, region, listed, t)
		if err != nil {
			return nil, err
		}
		line := e.line(r, region)
		all = slices.DeleteFunc(all, func(s audit.Replication) bool { return fresh[s] })
		if len(all) > 0 {
			line.Extents = append(line.Extents, audit.Extent{Name: "events that earlier runs have read", Records: int64(len(all))})
		}
		all = append(all, slices.SortedFunc(maps.Keys(fresh), compareReplications)...)
		samples, excluded := lagsOf(r, all)
		line.Records, line.Matched = int64(len(all)), int64(len(samples))
		note(&line, excluded)
		e.coverage = append(e.coverage, line)
		out = append(out, samples...)
	}
	return out, nil
}

// storedEvents are what earlier runs have read of a bucket and this run speaks of: what was told in its window, or of requests
// made in it or in the window of the inventories.
func (a *App) storedEvents(ctx context.Context, bucket string, region audit.Region, listed audit.Window, t task) ([]audit.Replication, error) {
	hull := audit.Window{From: minTime(listed.From, t.window.From), To: maxTime(listed.To, t.window.To)}
	all, err := a.store.Replications(ctx, []string{bucket}, hull)
	return slices.DeleteFunc(all, func(e audit.Replication) bool {
		ours := t.window.Holds(e.At) || t.window.Holds(e.Requested) || listed.Holds(e.Requested)
		return e.Region != region || !ours || t.longAgo() && e.At.After(t.asOf)
	}), err
}

// lagsOf are the samples that events give, and why others give none. Of an object that has arrived since, that it was missed is
// told by how late it came.
func lagsOf(r config.Receipts, all []audit.Replication) (out []toldSample, excluded map[string]int64) {
	excluded = map[string]int64{}
	arrived := map[audit.Replication]bool{}
	for _, e := range all {
		if e.Signal == audit.ReplicationLate {
			arrived[request(e)] = true
		}
	}
	for _, e := range all {
		to := otherSide(r, e)
		reason := cmp.Or(leftOut(e, to), implausible(e))
		if reason == "" && e.Signal == audit.ReplicationMissed && arrived[request(e)] {
			reason = "missed threshold: the object has arrived since"
		}
		if reason != "" {
			excluded[reason]++
			continue
		}
		out = append(out, toldSample{sampleOf(r, e, to)})
	}
	return out, excluded
}

// implausible is why the times of an event cannot be believed; empty where they can.
func implausible(e audit.Replication) string {
	switch passed := e.At.Sub(e.Requested); {
	case passed > longestLag:
		return fmt.Sprintf("told more than %d days after its request, which is not believed: how late it was is undetermined", longestLag/(24*time.Hour))
	case passed < e.Threshold-earliest:
		return "told before the threshold had passed since its request: how late it was is undetermined"
	}
	return ""
}

// request is what two events of one replication have in common.
func request(e audit.Replication) audit.Replication {
	e.Signal, e.At, e.Threshold, e.Reason = "", time.Time{}, 0, ""
	return e
}

// otherSide is the region that an event says the object goes to; empty where that is no bucket of the pair.
func otherSide(r config.Receipts, e audit.Replication) audit.Region {
	for region, at := range r.Regions {
		if region != e.Region && pan.Mask(at.Bucket) == e.Destination {
			return region
		}
	}
	return ""
}

// sampleOf is the lag that an event gives: from the request to what it tells, which is an inference, for S3 does not state a
// lag. That the threshold was missed S3 does state, so no error of the clocks reaches below it, not even doubled. While the
// object has not arrived, its lag is that long at least.
func sampleOf(r config.Receipts, e audit.Replication, to audit.Region) audit.LagSample {
	missed := e.Threshold + tick
	s := audit.LagSample{
		Layer: "s3", Scope: r.Name, From: e.Region, To: to, At: e.Requested, Lag: max(e.At.Sub(e.Requested), missed), Method: "s3 event",
	}
	s.Error = min(eventError, (s.Lag-missed)/2)
	if e.Signal == audit.ReplicationMissed {
		s.Method = methodMissed
	}
	return s
}

func compareReplications(a, b audit.Replication) int {
	return cmp.Or(a.Requested.Compare(b.Requested), a.At.Compare(b.At), cmp.Compare(a.Key, b.Key), cmp.Compare(a.VersionID, b.VersionID),
		cmp.Compare(a.Signal, b.Signal), cmp.Compare(a.Destination, b.Destination), cmp.Compare(a.Operation, b.Operation))
}
