package app

import (
	"cmp"
	"maps"
	"strconv"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/record"
)

// rewritten is the content of one version as a new write on top of another: under a write id of its own, the next version,
// written in a region, living as long as the longer of the two.
func (n tableNow) rewritten(f audit.StoredFinding, content, on record.Image, region audit.Region) record.Image {
	at := n.table.Attributes
	out := maps.Collect(content.All())
	out[at.WriteID] = record.Attr{Type: "S", Text: audit.RepairWriteID(f.Fingerprint)}
	if at.Origin != "" {
		out[at.Origin] = record.Attr{Type: "S", Text: string(region)}
	}
	if v, ok := on.Attr(at.Version); ok {
		if next, err := strconv.ParseInt(v.Text, 10, 64); err == nil {
			out[at.Version] = record.Attr{Type: v.Type, Text: strconv.FormatInt(next+1, 10)}
		}
	}
	if ttl, ok := on.Attr(at.TTL); ok && at.TTL != "" {
		out[at.TTL] = longer(ttl, out[at.TTL])
	}
	return record.NewImage(out)
}

// longer is the longer of two times to live, in seconds since 1970.
func longer(a, b record.Attr) record.Attr {
	x, errX := strconv.ParseInt(a.Text, 10, 64)
	y, errY := strconv.ParseInt(b.Text, 10, 64)
	if errY != nil || errX == nil && cmp.Compare(x, y) >= 0 {
		return a
	}
	return b
}

// sameContent reports whether two versions differ in nothing but what names the write.
func sameContent(at config.Attributes, a, b record.Image) bool {
	bare := func(m record.Image) record.Image {
		attrs := maps.Collect(m.All())
		for _, own := range []string{at.WriteID, at.Version, at.Origin, at.WrittenAt, at.TTL} {
			delete(attrs, own)
		}
		return record.NewImage(attrs)
	}
	return bare(a) == bare(b)
}
