package repair

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
}

// same reports whether two objects have one content. Encrypted anew an object has another ETag: then a checksum has to say it.
func (h Head) same(o Head) bool {
	return h.Found && o.Found && h.Size == o.Size && (h.ETag == o.ETag || h.Checksum != "" && h.Checksum == o.Checksum)
}

// Heads says how an object's guard stands: from is the version named in its bucket; to is, for a replica, the same version
// in the other bucket, and for a copy what is current there.
func (g ObjectGuard) Heads(from, to Head) (State, string) {
	seen := Head{Found: true, ETag: g.ETag, Size: g.Size}
	switch {
	case seen.same(to), seen.same(from) && from.same(to):
		return Done, ""
	case !from.Found:
		return Changed, "the object is gone"
	case !seen.same(from):
		return Changed, "the object is no longer the one that the audit saw"
	case g.Copy && from.Replaced:
		return Changed, "the version is no longer the current one: a copy of it would become that"
	case to.Found && !g.Copy:
		return Changed, "the other bucket holds the version with another size or ETag, and no checksum says that it is the same"
	case to.Found != g.Target.Found, to.Found && !to.same(g.Target):
		return Changed, "what the other bucket holds is no longer what it held when the file was written"
	}
	return Holds, ""
}
