package sift

import "encoding/binary"

// Hash stands for a key or an image: equal texts have equal hashes, different ones do not. The zero Hash is no item.
type Hash = [16]byte

// Trace is one record of one region's stream, as far as the sieve needs it: 80 bytes without a pointer.
type Trace struct {
	Key, Old, New Hash

	At     int64  // microseconds of Unix time
	Order  uint64 // ascends as the sequence numbers do among the records of one key in one region; see Rank
	Writer uint32 // of the new image, see Author
	Before uint32 // the Writer of the old image, if Flags has Known
	Count  uint32 // of the new image, see Author
	Region uint8  // index in lww.Rules.Regions
	Origin uint8  // of the new image, see Author
	Flags  Flags
}

// Flags are what is known of a record beside its images.
type Flags uint8

// The caller sets ByTTL and Full, Naming.Fill the others.
const (
	ByTTL   Flags = 1 << iota // removed by time to live
	Known                     // Before was filled, or there is no old image
	Foreign                   // the old image names an origin that is no replica
	Full                      // audit the key in full: an image is missing that the event says there was
)

// Rank is an Order: the number of a segment among those of its region, in the order of their first records, and the
// number of the record in it.
func Rank(segment, row uint32) uint64 { return uint64(segment)<<32 | uint64(row) }

// Author is what an image says of its own write.
type Author struct {
	Writer uint32 // hash of write id and origin; 0 unless the image has both and the origin is a replica
	Count  uint32 // the application's counter; 0 if it has none or one below 1, Uncounted if it is too large to tell
	Origin uint8  // index in lww.Rules.Regions + 1, 0 if the image names none, Elsewhere if it names no replica
}

const (
	// Elsewhere is the Origin of an image that names no replica known.
	Elsewhere = 255
	// Uncounted is the Count of an image whose counter is larger than a Count can be.
	Uncounted = 1<<32 - 1
)

// high is the leading half of a hash as a number: it orders hashes as their bytes do, but for ties.
func high(h *Hash) uint64 { return binary.BigEndian.Uint64(h[:8]) }

func low(h *Hash) uint64 { return binary.BigEndian.Uint64(h[8:]) }
