package record

import (
	"slices"
	"time"
)

// ObjectNote is what an inventory says of a version beside key, version id, size and ETag, in one number: a row that is one of
// hundreds of millions takes little room with it. The zero note says nothing at all.
//
//	bits 0-43 last modification in milliseconds since 1970, 44 latest, 45 delete marker, 46 multipart,
//	47-49 replication status, 50-52 encryption, 53-57 storage class, 58-60 checksum algorithm
type ObjectNote int64

const (
	noteMillis   = 1<<44 - 1
	noteLatest   = ObjectNote(1) << 44
	noteMarker   = ObjectNote(1) << 45
	noteUploaded = ObjectNote(1) << 46

	noteStatus     = 47
	noteEncryption = 50
	noteClass      = 53
	noteAlgorithm  = 58
)

// The words that notes know. What is another word becomes the last one, "other".
// Source: Amazon S3 User Guide, "Amazon S3 Inventory list"; API reference, StorageClass.
var (
	noteStatuses    = []string{"", "PENDING", "COMPLETED", "FAILED", "REPLICA", "other"}
	noteEncryptions = []string{"", "NOT-SSE", "SSE-S3", "SSE-KMS", "SSE-C", "DSSE-KMS", "other"}
	noteClasses     = []string{
		"", "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE",
		"OUTPOSTS", "GLACIER_IR", "SNOW", "EXPRESS_ONEZONE", "FSX_OPENZFS", "FSX_ONTAP", "other",
	}
	noteAlgorithms = []string{"", "CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME", "other"}
)

// Note packs an object's note. A time before 1970 becomes 1970.
func (o Object) Note() ObjectNote {
	n := ObjectNote(min(max(o.LastModified.UnixMilli(), 0), noteMillis))
	for _, b := range []struct {
		set bool
		bit ObjectNote
	}{{o.IsLatest, noteLatest}, {o.DeleteMarker, noteMarker}, {o.Multipart, noteUploaded}} {
		if b.set {
			n |= b.bit
		}
	}
	return n | word(noteStatuses, o.ReplicationStatus)<<noteStatus | word(noteEncryptions, o.Encryption)<<noteEncryption |
		word(noteClasses, o.StorageClass)<<noteClass | word(noteAlgorithms, o.ChecksumAlgorithm)<<noteAlgorithm
}

// Describe puts what a note says into an object.
func (n ObjectNote) Describe(o *Object) {
	o.LastModified = time.UnixMilli(int64(n & noteMillis)).UTC()
	o.IsLatest, o.DeleteMarker, o.Multipart = n.Latest(), n.Marker(), n.Multipart()
	o.ReplicationStatus = n.Status()
	o.Encryption = n.Encryption()
	o.StorageClass = said(noteClasses, n>>noteClass&31)
	o.ChecksumAlgorithm = said(noteAlgorithms, n>>noteAlgorithm&7)
}

// Latest reports whether the version is the current one.
func (n ObjectNote) Latest() bool { return n&noteLatest != 0 }

// Marker reports whether it is a delete marker.
func (n ObjectNote) Marker() bool { return n&noteMarker != 0 }

// Multipart reports whether it was uploaded in parts.
func (n ObjectNote) Multipart() bool { return n&noteUploaded != 0 }

// Status is its replication status, empty for none.
func (n ObjectNote) Status() string { return said(noteStatuses, n>>noteStatus&7) }

// Encryption is how it is encrypted, empty where that is not told.
func (n ObjectNote) Encryption() string { return said(noteEncryptions, n>>noteEncryption&7) }

// Millis is the last modification in milliseconds since 1970.
func (n ObjectNote) Millis() int64 { return int64(n & noteMillis) }

// Class is the number of the storage class: equal where the classes are.
func (n ObjectNote) Class() int64 { return int64(n >> noteClass & 31) }

func word(known []string, text string) ObjectNote {
	if i := slices.Index(known, text); i >= 0 {
		return ObjectNote(i)
	}
	return ObjectNote(len(known) - 1)
}

func said(known []string, i ObjectNote) string {
	if int(i) >= len(known) {
		return known[len(known)-1]
	}
	return known[i]
}
