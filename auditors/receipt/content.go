package receipt

import (
	"bytes"
	"strings"

	"parallax/internal/record"
)

// likeness is what comparing two copies of one version came to: the same, the field that differs, or why it cannot be told.
type likeness string

const (
	same           likeness = ""
	sizeDiffers    likeness = "size"
	contentDiffers likeness = "etag"
	sumDiffers     likeness = "checksum"
	versionDiffers likeness = "version_id"
	notComparable  likeness = "size agrees, the ETag of a multipart or KMS-encrypted object says nothing: content not compared"
	notTold        likeness = "size agrees, the ETags differ and the inventory does not tell how the object is encrypted: content not compared"
)

func (l likeness) differs() bool {
	return l == sizeDiffers || l == contentDiffers || l == sumDiffers || l == versionDiffers
}

// compare holds two copies of one version against one another: by size, then by checksums of one algorithm over the whole
// content, then by ETag where it is the MD5 of both.
func compare(a, b record.Object) likeness {
	if a.Size != b.Size {
		return sizeDiffers
	}
	if one, two := a.Checksum, b.Checksum; one != "" && one == two {
		return same
	} else if whole(a) && whole(b) && algorithm(one) == algorithm(two) {
		return sumDiffers
	}
	switch {
	case !sayable(a) || !sayable(b):
		return notComparable
	case a.ETag == b.ETag:
		return same
	case plain(a) && plain(b):
		return contentDiffers
	default:
		return notTold
	}
}

// whole reports whether an object has a checksum over all of its content: that of a multipart upload may be one over its parts.
// Source: Amazon S3 User Guide, "Checking object integrity", "Full object and composite checksum types".
func whole(o record.Object) bool {
	fields := strings.Fields(o.Checksum)
	switch len(fields) {
	case 3:
		return fields[1] == "FULL_OBJECT"
	case 2: // from before there were types
		return !o.Multipart && !strings.Contains(fields[1], "-")
	default:
		return false
	}
}

func algorithm(checksum string) string {
	name, _, _ := strings.Cut(checksum, " ")
	return name
}

// sayable reports whether the ETag can be the MD5 of the body: neither multipart nor encrypted under a KMS or customer key
// (Amazon S3 API reference, "Object").
func sayable(o record.Object) bool {
	return o.ETag != "" && !o.Multipart && !strings.Contains(o.ETag, "-") && (o.Encryption == "" || plain(o))
}

// plain reports whether it is known that it is encrypted under no KMS or customer key.
func plain(o record.Object) bool {
	return strings.EqualFold(o.Encryption, "SSE-S3") || strings.EqualFold(o.Encryption, "NOT-SSE")
}

// Print is what of an inventory's row must be equal in both regions, beside its size: the ETag where it says something of the
// content, else nothing; and, in a number, whether it is the latest version, a delete marker, and the storage class of a latest
// version where no policy is declared. The text is the ETag itself, or empty.
func (r Rules) Print(etag []byte, n record.ObjectNote) (text []byte, number int64) {
	if n.Latest() {
		number = 1
		if len(r.Storage) == 0 {
			number |= n.Class() << 2
		}
	}
	if n.Marker() {
		return nil, number | 2
	}
	if silent(n) || bytes.IndexByte(etag, '-') >= 0 {
		return nil, number
	}
	return etag, number
}

// silent reports whether the ETag of a row says nothing of its content.
func silent(n record.ObjectNote) bool {
	switch n.Encryption() { // every row is asked: a note knows the words as S3 writes them
	case "", "SSE-S3", "NOT-SSE":
		return n.Multipart()
	default:
		return true
	}
}
