// Package inventory reads what S3 Inventory says a bucket holds, and asks the bucket itself for what is newer.
//
// An inventory is read from its end: manifest.checksum names the MD5 of manifest.json, which names the MD5 of every
// file. Nothing is parsed before its checksum was verified. Whatever cannot be read is a gap with its remedy.
// Source: Amazon S3 User Guide, "Locating your inventory list" and "Amazon S3 Inventory list"; facts of real lists.
package inventory

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Client is the part of *s3.Client that is used. Every call is a read.
type Client interface {
	ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, options ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
	ListObjectVersions(ctx context.Context, in *s3.ListObjectVersionsInput, options ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error)
	GetObject(ctx context.Context, in *s3.GetObjectInput, options ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	HeadObject(ctx context.Context, in *s3.HeadObjectInput, options ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	GetBucketVersioning(ctx context.Context, in *s3.GetBucketVersioningInput, options ...func(*s3.Options)) (*s3.GetBucketVersioningOutput, error)
	GetBucketReplication(ctx context.Context, in *s3.GetBucketReplicationInput, options ...func(*s3.Options)) (*s3.GetBucketReplicationOutput, error)
}

// Location is where an inventory configuration writes its lists.
type Location struct {
	Bucket string // destination bucket
	Prefix string // destination prefix, empty for none
	ID     string // id of the configuration
}

// Settings bound a read. Zero fields have the defaults named here.
type Settings struct {
	Timeout     time.Duration // of one request with its retries; 30 s
	FileTimeout time.Duration // of fetching and decoding one file; 10 min
	MaxManifest int64         // bytes of manifest.json; 16 MiB
	MaxFile     int64         // bytes of one data file, which is kept on disk while it is read; 1 GiB
	MaxObjects  int           // objects kept of one window; 5,000,000, and a gap beyond
	MaxPages    int           // pages of one listing; 5,000, and a gap beyond
	TempDir     string        // where files are kept while they are read; the system's where empty
}

// Source reads the inventory of one bucket in one region.
type Source struct {
	Region    audit.Region
	Bucket    string // the bucket the inventory is of
	Inventory Location
	Client    Client        // a client for Region
	AsOf      time.Time     // the moment the audit speaks for: later inventories and objects are left out
	Margin    time.Duration // objects this far outside the window are yielded too, as context; 1 h where zero
	Settings  Settings
}

const rowsPerBatch = 4096

// Read yields the objects whose last modification lies in w or within the margin around it, from the newest complete
// inventory not younger than AsOf. An inventory that was begun before the end of w leaves a gap from there on, unless
// a live listing fills it. The watermark is the moment of the scan or of the listing. The cursor is not used: an
// inventory is always read as a whole. The only error is that of ctx.
func (s Source) Read(ctx context.Context, w audit.Window, _ audit.Cursor) iter.Seq2[record.Batch[record.Object], error] {
	return func(yield func(record.Batch[record.Object], error) bool) {
		s.Settings.fill()
		r := &reading{Source: s, window: w, wide: w.Around(cmp.Or(s.Margin, time.Hour)), yield: yield, excluded: map[string]int64{}}
		r.inventory(ctx, false)
		if r.stopped {
			return
		}
		if err := context.Cause(ctx); err != nil {
			yield(record.Batch[record.Object]{Region: s.Region}, err)
			return
		}
		r.last()
	}
}

func (s *Settings) fill() {
	s.Timeout = cmp.Or(s.Timeout, 30*time.Second)
	s.FileTimeout = cmp.Or(s.FileTimeout, 10*time.Minute)
	s.MaxManifest = cmp.Or(s.MaxManifest, 16<<20)
	s.MaxFile = cmp.Or(s.MaxFile, 1<<30)
	s.MaxObjects = cmp.Or(s.MaxObjects, 5_000_000)
	s.MaxPages = cmp.Or(s.MaxPages, 5000)
}

// reading is the state of one Read.
type reading struct {
	Source
	window, wide audit.Window
	yield        func(record.Batch[record.Object], error) bool
	stopped      bool // the consumer has broken off

	pending   []record.Object
	kept      int
	extents   []audit.Extent
	excluded  map[string]int64
	gaps      []audit.Gap
	watermark time.Time
}

// keep yields an object in its turn if it belongs to the window or its context. It reports false when no more is wanted.
func (r *reading) keep(o record.Object) bool {
	switch {
	case o.LastModified.After(r.AsOf):
		r.excluded["newer than the moment the audit speaks for"]++
		return true
	case !r.wide.Holds(o.LastModified):
		r.excluded["outside the window"]++
		return true
	case r.kept >= r.Settings.MaxObjects:
		r.gap(r.window, "more than "+count(r.Settings.MaxObjects)+" objects of "+r.Bucket+" in the window; the rest was not read",
			"audit a shorter window, or raise the limit on objects")
		return false
	}
	o.Region, o.Bucket = r.Region, r.Bucket
	r.pending = append(r.pending, o)
	r.kept++
	return len(r.pending) < rowsPerBatch || r.flush()
}

// flush hands over what has gathered; it reports whether the consumer wants more.
func (r *reading) flush() bool {
	if len(r.pending) == 0 {
		return true
	}
	batch := record.Batch[record.Object]{Records: r.pending, Region: r.Region}
	r.pending = nil
	if !r.yield(batch, nil) {
		r.stopped = true
	}
	return !r.stopped
}

// last yields the rest, with everything there is to say of the reading.
func (r *reading) last() {
	excluded := make([]audit.Exclusion, 0, len(r.excluded))
	for reason, n := range r.excluded {
		excluded = append(excluded, audit.Exclusion{Reason: reason, Records: n})
	}
	slices.SortFunc(excluded, func(a, b audit.Exclusion) int { return strings.Compare(a.Reason, b.Reason) })
	r.yield(record.Batch[record.Object]{
		Records: r.pending, Region: r.Region, Extents: r.extents, Excluded: excluded, Gaps: r.gaps, Watermark: r.watermark,
	}, nil)
}

func (r *reading) gap(w audit.Window, reason, remedy string) {
	r.gaps = append(r.gaps, audit.Gap{Window: w, Reason: reason, Remedy: remedy})
}

// fail turns an error about a thing ("bucket/key") into a gap over the window, unless the run itself was cancelled.
func (r *reading) fail(ctx context.Context, what string, err error) {
	if ctx.Err() != nil {
		return
	}
	reason, remedy := explain(err, what, r.Settings.Timeout)
	r.gap(r.window, reason, remedy)
}
