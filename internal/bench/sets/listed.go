package sets

import (
	"fmt"
	"time"
)

// listed makes the rows of a bucket's inventory as S3 writes them: all twelve usual columns, versions, delete markers, in no
// order. Of a million versions 1,000 are missing on either side and 1,000 differ in size, ETag, latest or delete marker; one
// key in 64 has two versions, one version in 100 is a delete marker. One in 50 was uploaded in parts and one in 100 is
// encrypted with a key of KMS: their ETags differ, which says nothing.
// Source: Amazon S3 User Guide, "Amazon S3 Inventory list".
type listed struct {
	inventory
	order order
}

func (b Buckets) listed(side int) listed {
	s := Set{Seed: b.Seed}
	return listed{inventory: s.inventory(side), order: newOrder(uint64(b.Rows), mix(b.Seed, 20+uint64(side)))} //nolint:gosec // not negative
}

// The columns' places in a table.
const (
	colBucket = iota
	colKey
	colVersion
	colLatest
	colMarker
	colSize
	colModified
	colETag
	colClass
	colMultipart
	colReplication
	colEncryption
)

func (listed) columns() table {
	return table{
		colBucket: {name: "bucket", must: true}, colKey: {name: "key", must: true, plain: true}, colVersion: {name: "version_id", plain: true},
		colLatest: {name: "is_latest", kind: flag, plain: true}, colMarker: {name: "is_delete_marker", kind: flag, plain: true},
		colSize: {name: "size", kind: number, plain: true}, colModified: {name: "last_modified_date", kind: millis, plain: true},
		colETag: {name: "e_tag", plain: true}, colClass: {name: "storage_class"},
		colMultipart: {name: "is_multipart_uploaded", kind: flag, plain: true}, colReplication: {name: "replication_status"},
		colEncryption: {name: "encryption_status"},
	}
}

var (
	begins      = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	standard    = []byte("STANDARD")
	instant     = []byte("GLACIER_IR")
	sseS3       = []byte("SSE-S3")
	sseKMS      = []byte("SSE-KMS")
	replication = [2][]byte{[]byte("COMPLETED"), []byte("REPLICA")}
)

func (m listed) add(t table, i uint64) { m.row(t, m.order.at(i)) }

func (m listed) row(t table, i uint64) {
	c, traits := mix(m.seed, i)%1_000_000, mix(m.seed+7, i)
	if m.side == 1 && c < missingRight || m.side == 0 && c >= missingRight && c < missingLeft {
		return
	}
	object, latest := i, true
	if mix(m.seed+1, i>>1)%32 == 0 { // both of a pair of rows are versions of one key
		object, latest = i&^1, i&1 == 1
	}
	marker, multipart, kms := traits%100 == 0, traits%100 <= 2, traits%100 == 3
	multipart = multipart && !marker
	size, tag := 500+mix(m.seed+2, i)%90_000, mix(m.seed+3, i)
	if m.side == 1 && (multipart || kms) {
		tag++ // such ETags are no checksum
	}
	if m.side == 1 && c >= missingLeft && c < differs {
		switch {
		case c%4 == 0:
			latest = !latest
		case c%4 == 1:
			marker = !marker
		case c%4 == 2 && !multipart && !kms:
			tag += 2
		default:
			size++
		}
	}
	t[colBucket].addText(m.bucket)
	t[colKey].addText(m.key(object))
	t[colVersion].addText(m.versionID(i))
	t[colLatest].addFlag(latest)
	t[colMarker].addFlag(marker)
	t[colModified].addNumber(begins.AddDate(0, 0, int(object>>20)).UnixMilli() + int64(object&(1<<20-1))*82/1000*1000) //nolint:gosec // a number of rows
	t[colReplication].addText(replication[(uint64(m.side)+traits>>8)%2])                                               //nolint:gosec // 0 or 1
	if marker {
		t[colSize].skip()
		t[colETag].addNull()
		t[colClass].addNull()
		t[colMultipart].addFlag(false)
		t[colEncryption].addText(sseS3)
		return
	}
	m.content(t, size, tag, traits, multipart, kms)
}

// content is what a delete marker does not have.
func (m listed) content(t table, size, tag, traits uint64, multipart, kms bool) {
	etag, class, encryption := words(tag, mix(m.seed, tag)), standard, sseS3
	if multipart {
		etag = fmt.Appendf(etag, "-%d", 2+traits>>16%9)
	}
	if traits>>24%10 < 3 {
		class = instant
	}
	if kms {
		encryption = sseKMS
	}
	t[colSize].addNumber(int64(size)) //nolint:gosec // small
	t[colETag].addText(etag)
	t[colClass].addText(class)
	t[colMultipart].addFlag(multipart)
	t[colEncryption].addText(encryption)
}
