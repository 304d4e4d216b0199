// Package inventory reads what S3 Inventory says a bucket holds, and asks the bucket itself for what is newer.
//
// An inventory is read from its end: manifest.checksum names the MD5 of manifest.json, which names the MD5 of every
// file. Nothing is parsed before its checksum was verified. Whatever cannot be read is a gap with its remedy.
// Source: Amazon S3 User Guide, "Locating your inventory list" and "Amazon S3 Inventory list"; facts of real lists.
package inventory

import (
	"cmp"
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"parallax/internal/audit"
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
	FileTimeout time.Duration // of fetching one file, and again of decoding it; 10 min
	MaxManifest int64         // bytes of manifest.json; 16 MiB
	MaxFile     int64         // bytes of one data file, which is kept on disk while it is read; 8 GiB
	MaxKept     int64         // bytes of files that stay on disk after they were read, until the list is closed; 32 GiB
	Requests    int           // ranges of the files of one list that are fetched at the same time; 8
	Range       int64         // bytes of such a range; 8 MiB
	MaxObjects  int           // objects that Read keeps of one window; 5,000,000, and a gap beyond
	MaxPages    int           // pages of one listing; 5,000, and a gap beyond
	TempDir     string        // where files are kept while they are read, if Source.Dir is empty; the system's where empty
}

// Source reads the inventory of one bucket in one region.
type Source struct {
	Region    audit.Region
	Bucket    string // the bucket the inventory is of
	Inventory Location
	Client    Client        // a client for Region
	AsOf      time.Time     // the moment the audit speaks for: later inventories and objects are left out
	Every     time.Duration // how often it is delivered: a list older than half a period more at AsOf is a gap; never where zero
	Window    audit.Window  // what the gaps of a list are said to hide; the period up to AsOf where empty
	// Dir is a folder where verified files are kept while a run needs them, so that one that was killed goes on with them.
	// Where it is empty files have no name and go away with the program.
	Dir string
	// Progress is told how many bytes of the list's files are there, and of how many. Calls may come from several goroutines,
	// one at a time.
	Progress func(done, all int64)
	Margin   time.Duration // objects this far outside the window are yielded by Read too, as context; 1 h where zero
	Settings Settings
}

const rowsPerBatch = 4096

func (s *Settings) fill() {
	s.Timeout = cmp.Or(s.Timeout, 30*time.Second)
	s.FileTimeout = cmp.Or(s.FileTimeout, 10*time.Minute)
	s.MaxManifest = cmp.Or(s.MaxManifest, 16<<20)
	s.MaxFile = cmp.Or(s.MaxFile, 8<<30)
	s.MaxKept = cmp.Or(s.MaxKept, 32<<30)
	s.Requests = cmp.Or(s.Requests, 8)
	s.Range = cmp.Or(s.Range, 8<<20)
	s.MaxObjects = cmp.Or(s.MaxObjects, 5_000_000)
	s.MaxPages = cmp.Or(s.MaxPages, 5000)
}

// hidden is the window that a gap of the list hides.
func (s *Source) hidden() audit.Window {
	if !s.Window.Empty() {
		return s.Window
	}
	return audit.Window{From: s.AsOf.Add(-cmp.Or(s.Every, 24*time.Hour)), To: s.AsOf}
}

// unread is the gap of a thing ("bucket/key") that could not be read.
func (s *Source) unread(what string, err error) audit.Gap {
	reason, remedy := explain(err, what, s.Settings.Timeout)
	return audit.Gap{Window: s.hidden(), Reason: reason, Remedy: remedy}
}
