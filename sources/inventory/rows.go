package inventory

import (
	"parallax/internal/join"
	"parallax/internal/record"
)

// Rows are some rows of an inventory, column by column; valid until the call they were given to returns.
type Rows struct {
	Len int
	// Key, Version and ETag are texts: the key decoded, "" for the null version, the ETag without quotes.
	Key, Version, ETag join.Column
	Size               []int64 // bytes; 0 for a delete marker
	Notes              []record.ObjectNote
}

// Object is one row as an object, without region, bucket and the time it was seen.
func (r *Rows) Object(i int) record.Object {
	o := record.Object{
		Key: string(text(&r.Key, i)), VersionID: string(text(&r.Version, i)), ETag: string(text(&r.ETag, i)), Size: r.Size[i],
	}
	r.Notes[i].Describe(&o)
	return o
}

func text(c *join.Column, i int) []byte { return c.Data[c.Texts[i].Start:c.Texts[i].End] }

// keep moves a row to an earlier place.
func (r *Rows) keep(to, from int) {
	r.Key.Texts[to], r.Version.Texts[to], r.ETag.Texts[to] = r.Key.Texts[from], r.Version.Texts[from], r.ETag.Texts[from]
	r.Size[to], r.Notes[to] = r.Size[from], r.Notes[from]
}
