package receipts

import (
	"fmt"
	"time"

	"parallax/internal/record"
)

// Inventory is what a side's inventory lists.
func (w *World) Inventory(side int) []record.Object {
	var out []record.Object
	for _, o := range w.Objects {
		out = append(out, w.view(o, side, w.Scans[side], false)...)
	}
	return out
}

// Ask is what both buckets themselves say of a key now: never nil.
func (w *World) Ask(key string) (out [2][]record.Object) {
	for side := range out {
		out[side] = []record.Object{}
		for _, o := range w.Objects {
			if o.Key == key {
				out[side] = append(out[side], w.view(o, side, Now(), true)...)
			}
		}
	}
	return out
}

// view is all versions of a key on a side at a moment.
func (w *World) view(o *Object, side int, t time.Time, live bool) []record.Object {
	var out []record.Object
	current := o.current(side, t)
	for _, v := range o.Versions {
		if v.life[side].holds(t) {
			out = append(out, w.row(o, v, side, t, live, v == current))
		}
	}
	return out
}

func (w *World) row(o *Object, v *Version, side int, t time.Time, live, latest bool) record.Object {
	row := record.Object{
		Region: w.Regions[side], Bucket: w.Buckets[side].Name, Key: o.Key, VersionID: v.id, IsLatest: latest, DeleteMarker: v.marker,
		LastModified: v.at(side), ReplicationStatus: w.status(v, side, t), SeenAt: t, Live: live,
	}
	if v.marker {
		return row
	}
	row.Size, row.StorageClass = v.sizeOn(side), v.class(side, t)
	row.ETag, row.Multipart = v.etag(side), v.parts && v.columns
	if live || w.Column {
		row.Encryption = "SSE-S3"
		if v.kms {
			row.Encryption = "SSE-KMS"
		}
	}
	if live {
		row.Checksum = fmt.Sprintf("CRC64NVME FULL_OBJECT %08x", v.contentOn(side))
	}
	return row
}

// etag is the MD5 of the content where the object is neither in parts nor encrypted under a KMS key: then it is another on each side.
func (v *Version) etag(side int) string {
	switch {
	case v.parts:
		return fmt.Sprintf("%032x-%d", v.contentOn(side)*1000+side, 2+side)
	case v.kms:
		return fmt.Sprintf("%032x", v.contentOn(side)*1000+100+side)
	default:
		return fmt.Sprintf("%032x", v.contentOn(side))
	}
}

// status is the replication status on a side at a moment.
func (w *World) status(v *Version, side int, t time.Time) string {
	switch {
	case v.origin == bySync:
		return ""
	case side != v.origin:
		return "REPLICA"
	case !v.copied:
		if w.ways[side].others && !v.marker {
			return "COMPLETED"
		}
		return ""
	case !v.failed.IsZero() && !t.Before(v.failed):
		return "FAILED"
	case !v.life[1-side].from.IsZero() && !t.Before(v.life[1-side].from):
		return "COMPLETED"
	default:
		return "PENDING"
	}
}

// Listed is what a side's inventory lists of a key.
func (w *World) Listed(o *Object, side int) []record.Object {
	return w.view(o, side, w.Scans[side], false)
}
