package repair

import "time"

// Head is what a HEAD of an object told.
type Head struct {
	Found    bool   `json:"found"`
	ETag     string `json:"etag,omitempty"`
	Size     int64  `json:"size,omitempty"`
	Checksum string `json:"-"` // with its algorithm; empty where the object has none
	Status   string `json:"-"` // replication status: PENDING, COMPLETED, FAILED, REPLICA; empty for none
	Class    string `json:"-"` // storage class; empty for STANDARD
	Archived bool   `json:"-"` // its content cannot be read before it is restored
	Replaced bool   `json:"-"` // another version is the current one; asked where it matters
	Again    bool   `json:"-"` // and it has the same content: the copy is made
	Version  string `json:"-"` // its id

	Modified time.Time `json:"-"`
}

// Same reports whether two objects have one content. Encrypted anew an object has another ETag: then a checksum has to say it.
func (h Head) Same(o Head) bool {
	return h.Found && o.Found && h.Size == o.Size && (h.ETag == o.ETag || h.Checksum != "" && h.Checksum == o.Checksum)
}

// Heads says how an object's guard stands: from is the version named in its bucket; to is, for a replica, the same version
// in the other bucket, and for a copy what is current there.
func (g ObjectGuard) Heads(from, to Head) (State, string) {
	seen := Head{Found: true, ETag: g.ETag, Size: g.Size}
	switch {
	case seen.Same(to), seen.Same(from) && from.Same(to):
		return Done, ""
	case !from.Found:
		return Changed, "the object is gone"
	case !seen.Same(from):
		return Changed, "the object is no longer the one that the audit saw"
	case g.Copy && to.buries(from):
		return Changed, NewerThere
	case g.Copy && from.Replaced && from.Again && g.To != g.into():
		return UnderWay, "a copy of it is the current version of its bucket, and has not reached the other one"
	case g.Copy && from.Replaced:
		return Changed, "the version is no longer the current one: a copy of it would become that"
	case to.Found && !g.Copy:
		return Changed, "the other bucket holds the version with another size or ETag, and no checksum says that it is the same"
	case to.Found != g.Target.Found, to.Found && !to.Same(g.Target):
		return Changed, "what the other bucket holds is no longer what it held when the file was written"
	}
	return Holds, ""
}

// NewerThere is why an object is not copied over another one.
const NewerThere = "the other bucket's current version is another and newer one, which a copy would bury"

// buries reports whether what stands where an object is to go is another and was written later.
func (h Head) buries(good Head) bool {
	return h.Found && !h.Same(good) && h.Version != good.Version && h.Modified.After(good.Modified)
}

// into is the bucket that a copy is written to.
func (g ObjectGuard) into() Place {
	if g.Into == nil {
		return g.From
	}
	return *g.Into
}
