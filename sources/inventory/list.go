package inventory

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"parallax/internal/audit"
)

// List is one inventory of a bucket, whose manifest was verified.
type List struct {
	Scanned time.Time // when S3 began to list the bucket
	Rows    int64     // about how many there are, by the size of the files

	source   Source
	manifest manifest
	decoder  decoder
	where    string // bucket/key of the manifest
	checksum string
	newest   string // what to say of it where it is too old
	shelf    *shelf
	slots    chan struct{} // one a request that is under way

	mu     sync.Mutex
	read   []outcome // one a file
	done   int64     // bytes of files that are there
	whole  int64     // bytes of all files
	broken bool      // a scan was broken off: the files stay for the next run
}

// outcome is what came of the last scan of a file.
type outcome struct {
	fetched bool // counted in the progress
	scanned bool
	rows    int64
	newer   int64 // rows left out
	gap     *audit.Gap
}

// bytesPerRow is about what a row with a random key, version id and ETag takes in any of the formats.
const bytesPerRow = 64

func newList(s *Source, m manifest, where, checksum string) (*List, error) {
	decoder, err := decoderOf(&m)
	if err != nil {
		return nil, err
	}
	l := &List{
		Scanned: m.created, source: *s, manifest: m, decoder: decoder, where: where, checksum: checksum,
		slots: make(chan struct{}, s.Settings.Requests), read: make([]outcome, len(m.Files)),
	}
	for _, f := range m.Files {
		l.whole += f.Size
	}
	l.Rows = l.whole / bytesPerRow
	l.shelf, err = newShelf(s, m.Files)
	return l, err
}

// Part is one file of a list. Scan fetches, verifies and decodes it, and hands its rows on some thousand at a time. The only
// errors are those of ctx and of emit: a file that cannot be read to its end is a gap of the list. Parts may be scanned at
// the same time and again.
type Part struct {
	Name string
	Scan func(ctx context.Context, emit func(*Rows) error) error
}

// Parts are the files of the list, one a part.
func (l *List) Parts() []Part {
	parts := make([]Part, len(l.manifest.Files))
	for i := range parts {
		parts[i] = Part{Name: l.name(i), Scan: func(ctx context.Context, emit func(*Rows) error) error { return l.scan(ctx, i, emit) }}
	}
	return parts
}

// Twice reports whether reading the list twice costs less than keeping its rows: not where its files are compressed text.
func (l *List) Twice() bool { return !strings.EqualFold(l.manifest.FileFormat, formatCSV) }

func (l *List) name(i int) string { return l.source.Inventory.Bucket + "/" + l.manifest.Files[i].Key }

// Coverage says what was read of the list, what was left out of it, and what could not be read. Files that were not scanned
// are gaps.
func (l *List) Coverage() (extents []audit.Extent, excluded []audit.Exclusion, gaps []audit.Gap) {
	l.mu.Lock()
	defer l.mu.Unlock()
	extents = []audit.Extent{{
		Name: l.where, Checksum: "md5:" + l.checksum,
		Totals: map[string]string{"files": count(len(l.manifest.Files)), "scan": l.Scanned.Format(time.RFC3339), "format": l.manifest.FileFormat},
	}}
	newer := int64(0)
	for i, o := range l.read {
		newer += o.newer
		switch {
		case o.gap != nil:
			gaps = append(gaps, *o.gap)
		case !o.scanned:
			gaps = append(gaps, audit.Gap{Window: l.source.hidden(), Reason: l.name(i) + " was not read to its end", Remedy: "run again"})
		default:
			extents = append(extents, audit.Extent{Name: l.name(i), Records: o.rows, Checksum: "md5:" + l.manifest.Files[i].MD5})
		}
	}
	if newer > 0 {
		excluded = []audit.Exclusion{{Reason: "newer than the moment the audit speaks for", Records: newer}}
	}
	return extents, excluded, slices.Clip(gaps)
}

// Close lets the files go that were kept, unless a scan was broken off: then the next run goes on with them.
func (l *List) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.shelf.close(l.broken)
}

// settle notes what came of a file.
func (l *List) settle(i int, o outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o.fetched = l.read[i].fetched
	l.read[i] = o
}

// arrived counts bytes that have come.
func (l *List) arrived(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done += n
	if l.source.Progress != nil {
		l.source.Progress(min(l.done, l.whole), l.whole)
	}
}
