package inventory

import (
	"context"
	"strings"
	"sync"
	"time"
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
	failed int       // files in a row that could not be fetched
	last   error     // why the last of them could not
}

// outcome is what came of the last scan of a file.
type outcome struct {
	fetched bool // counted in the progress
	scanned bool
	rows    int64
	newer   int64 // rows left out
	err     error // why it could not be read
}

// Bytes is how much all files of the list are together, as Progress counts them.
func (l *List) Bytes() int64 { return l.whole }

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
