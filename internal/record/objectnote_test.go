package record

import (
	"testing"
	"time"
)

// TestObjectNote: what is packed comes back, and what is not known becomes "other".
func TestObjectNote(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 14, 9, 8, 7e6, time.UTC)
	for _, status := range noteStatuses {
		for _, encryption := range noteEncryptions {
			for i, class := range noteClasses {
				want := Object{
					LastModified: at, IsLatest: i%2 == 0, DeleteMarker: i%3 == 0, Multipart: i%5 == 0, ReplicationStatus: status,
					Encryption: encryption, StorageClass: class, ChecksumAlgorithm: noteAlgorithms[i%len(noteAlgorithms)],
				}
				var got Object
				want.Note().Describe(&got)
				if got != want || want.Note() < 0 {
					t.Fatalf("%+v became %+v", want, got)
				}
			}
		}
	}
	var got Object
	Object{LastModified: time.Unix(-9, 0), StorageClass: "LUKEWARM"}.Note().Describe(&got)
	if got.StorageClass != "other" || got.LastModified.UnixMilli() != 0 {
		t.Errorf("%+v", got)
	}
}
