package app

import (
	"context"
	"regexp"
	"strings"
	"unicode/utf8"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pan"
	"parallax/internal/record"
	"parallax/sinks/repair"
)

// receipts plans the objects that are to be replicated again, or copied where replication cannot help.
func (p *planning) receipts(ctx context.Context, r config.Receipts, found []audit.StoredFinding) error {
	settings := bucketSettings{App: p.App, read: map[repair.Place]record.Bucket{}}
	for _, f := range found {
		if err := ctx.Err(); err != nil {
			return err
		}
		if f.Kind == audit.ReceiptDeleteDiverged {
			p.diverged(r, f)
			continue
		}
		if err := p.receipt(ctx, r, f, settings); err != nil {
			return err
		}
	}
	return nil
}

func (p *planning) receipt(ctx context.Context, r config.Receipts, f audit.StoredFinding, settings bucketSettings) error {
	o, status, why := objectOf(r, f)
	if why != "" {
		p.byHand(f, why)
		return nil
	}
	links, err := settings.links(ctx, o)
	if err != nil {
		return err
	}
	from, err := p.head(ctx, o.From, o.Key, o.VersionID, false)
	if err == nil && from.Found {
		if o.Way, _ = repair.WayOf(o, status, from, links); o.Copy {
			err = p.replaced(ctx, o, &from)
		}
	}
	var to repair.Head
	if err == nil && from.Found {
		from, to, err = p.target(ctx, o, from)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		p.unread(err.Error(), f)
		return nil
	case !from.Found:
		p.byHand(f, "decide by hand: the object is gone from "+o.From.Bucket)
		return nil
	}
	o.ETag, o.Size, o.Target = from.ETag, from.Size, to
	switch state, note := guardOf(o).Heads(from, to); {
	case state == repair.Done:
		p.byHand(f, "nothing is left to do: the other bucket has it; the next inventories clear the finding")
		return nil
	case state == repair.UnderWay:
		p.byHand(f, "nothing is left to do but to wait: "+note)
		return nil
	case state == repair.Changed && (!from.Replaced || note == repair.NewerThere):
		p.byHand(f, "decide by hand: "+note)
		return nil
	}
	way, hand := repair.WayOf(o, status, from, links)
	if hand != nil {
		p.plan.ByHand = append(p.plan.ByHand, *hand)
		return nil
	}
	o.Way = way
	p.plan.Objects = append(p.plan.Objects, o)
	return nil
}

func guardOf(o repair.Object) repair.ObjectGuard {
	return repair.ObjectGuard{Copy: o.Copy, From: o.From, To: o.To, Key: o.Key, VersionID: o.VersionID, ETag: o.ETag, Size: o.Size, Target: o.Target}
}

// spelledOut finds what the store writes in place of a NUL and of bytes that are not UTF-8. A key that has just that text cannot be
// told from one that had such bytes.
var spelledOut = regexp.MustCompile(`\\x(00|[89a-f][0-9a-f])`)

// objectOf is the object that a finding is about: where it is good, what its replication status is, and where it is to go.
func objectOf(r config.Receipts, f audit.StoredFinding) (o repair.Object, status, why string) {
	o = repair.Object{About: about(f), Key: f.Key, To: placeOf(r, f.Region)}
	switch {
	case pan.Mask(f.Key) != f.Key:
		return o, "", "the object's key looks like a card number, which no file may hold"
	case f.Key == "" || !utf8.ValidString(f.Key):
		return o, "", "decide by hand: no manifest can name the object's key, for it is not UTF-8"
	case spelledOut.MatchString(f.Key):
		return o, "", "decide by hand: the store may have spelled out a NUL or broken UTF-8 in the object's key, so its real key is not known"
	}
	var good audit.Evidence
	for _, e := range f.Evidence {
		if e.Region != f.Region && versionIn(e) != "" {
			good = e
			break
		}
	}
	o.From = placeOf(r, good.Region)
	if good.Region == "" || f.Region == "" || o.To.Bucket == "" || o.From.Bucket == "" {
		return o, "", "decide by hand: neither copy says that it is the replica, so which one is right cannot be told"
	}
	if strings.HasSuffix(f.Rule, "version_id") {
		return o, "", "decide by hand: each bucket takes another version for the current one"
	}
	o.VersionID = versionIn(good)
	for _, e := range f.Evidence {
		if e.Region == good.Region && e.Field == "replication_status" && e.Value != "none" {
			status = e.Value
		}
	}
	return o, status, ""
}

// versionIn is the version id of an object that evidence refers to: "bucket/key version id".
func versionIn(e audit.Evidence) string {
	const before = " version "
	if i := strings.LastIndex(e.Ref, before); i >= 0 {
		return e.Ref[i+len(before):]
	}
	return ""
}

// diverged leaves a delete that is in one bucket only to its owner, with the commands for either answer.
func (p *planning) diverged(r config.Receipts, f audit.StoredFinding) {
	hand := repair.ByHand{About: about(f), Why: "decide by hand: whether the receipt was to be deleted, only its owner knows"}
	marker, live := placeOf(r, f.Region), repair.Place{}
	version := ""
	for _, e := range f.Evidence {
		switch {
		case e.Region == f.Region && e.Value == "delete marker":
			version = versionIn(e)
		case e.Region != f.Region && e.Value == "live":
			live = placeOf(r, e.Region)
		}
	}
	if version != "" && live.Bucket != "" && marker.Bucket != "" && pan.Mask(f.Key) == f.Key && utf8.ValidString(f.Key) && !spelledOut.MatchString(f.Key) {
		hand.Why += ": the first command takes the delete marker away, the second deletes the receipt in " + live.Bucket + " too"
		hand.Otherwise = "Batch Replication of " + repair.ManifestRow(marker.Bucket, f.Key, version) +
			": carries the marker over where the rule replicates delete markers, and leaves it out where not"
		hand.Commands = repair.Undelete(marker, live, f.Key, version)
		hand.Object = &repair.Whereabout{VersionID: version, From: marker, To: live}
	}
	p.plan.ByHand = append(p.plan.ByHand, hand)
}

func placeOf(r config.Receipts, region audit.Region) repair.Place {
	return repair.Place{Region: region, Bucket: r.Regions[region].Bucket}
}

// heads asks for the object where it is good, and for what stands where it is to go.
func (a *App) heads(ctx context.Context, o repair.Object) (from, to repair.Head, err error) {
	from, err = a.head(ctx, o.From, o.Key, o.VersionID, false)
	if err == nil && from.Found && o.Copy {
		err = a.replaced(ctx, o, &from)
	}
	if err != nil {
		return from, to, err
	}
	return a.target(ctx, o, from)
}

// replaced notes whether an object's version is no longer the current one in its bucket, and whether that is a copy of it.
func (a *App) replaced(ctx context.Context, o repair.Object, good *repair.Head) error {
	now, err := a.head(ctx, o.From, o.Key, "", false)
	if err != nil {
		return err
	}
	good.Replaced = now.Version != o.VersionID
	if good.Replaced && now.Found && now.ETag != good.ETag && now.Size == good.Size {
		if now, err = a.head(ctx, o.From, o.Key, "", true); err != nil {
			return err
		}
		summed, err := a.head(ctx, o.From, o.Key, o.VersionID, true)
		if err != nil {
			return err
		}
		good.Again = now.Same(summed)
		return nil
	}
	good.Again = good.Replaced && now.Same(*good)
	return nil
}

// target asks for what stands where an object is to go: the same version for a replica, what is current for a copy.
func (a *App) target(ctx context.Context, o repair.Object, good repair.Head) (from, to repair.Head, err error) {
	version := o.VersionID
	if o.Copy {
		version = ""
	}
	from = good
	if to, err = a.head(ctx, o.To, o.Key, version, false); err != nil || !from.Found || from.ETag == to.ETag || from.Size != to.Size {
		return from, to, err
	}
	// Only checksums tell now. Of an object under a key of KMS they take the right to decrypt: without it there are none.
	if f, err := a.head(ctx, o.From, o.Key, o.VersionID, true); err == nil && f.ETag == from.ETag {
		from.Checksum = f.Checksum
	}
	if t, err := a.head(ctx, o.To, o.Key, version, true); err == nil && t.ETag == to.ETag {
		to = t
	}
	return from, to, ctx.Err()
}
