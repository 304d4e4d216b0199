package ddbtable

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"os"
	"sync"
)

// Print is an item reduced to what tells whether two regions hold the same: its region's number and its key, and the first
// half of the SHA-256 of its image.
type Print struct {
	Region int
	Key    string
	Image  [16]byte
}

const (
	chunkBytes  = 16 << 10 // written at a time
	partItems   = 50_000   // that a part is to hold about: some 10 MB for whoever compares it
	fewestParts = 16
	mostParts   = 2048 // of which each keeps a chunk in memory: 32 MB at most
)

// Spool keeps the prints of several replicas on disk, in parts that each hold all prints of their keys, so that replicas
// of any size are compared in bounded memory. Up to 16 KB a part stay in memory, and a small table never comes to disk.
// Its file is unnamed: nothing is left of it, however the process ends.
type Spool struct {
	mu    sync.Mutex
	file  *os.File
	end   int64 // of the file
	parts []part
	buf   []byte
}

// part is what is known of one part: the chunks of it that lie in the file, and what is not yet written.
type part struct {
	chunks []chunk
	open   []byte
}

type chunk struct {
	at   int64
	size int
}

// NewSpool makes a spool for about so many prints, with its file in a folder; "" is the system's own for such files.
func NewSpool(dir string, about int64) (*Spool, error) {
	file, err := os.CreateTemp(dir, "scan-*.tmp")
	if err != nil {
		return nil, fmt.Errorf("open a temporary file for the scan: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("unlink the temporary file of the scan: %w", err), file.Close())
	}
	n := min(max(about/partItems, fewestParts), mostParts)
	return &Spool{file: file, parts: make([]part, n)}, nil
}

// Close gives everything back.
func (s *Spool) Close() error { return s.file.Close() }

// Parts is how many parts there are.
func (s *Spool) Parts() int { return len(s.parts) }

// Add keeps the prints of items that were read in a region. It may be called from many goroutines.
func (s *Spool) Add(region int, items []Item) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, it := range items {
		sum := sha256.Sum256([]byte(it.Image))
		s.buf = binary.AppendUvarint(s.buf[:0], uint64(region)) //nolint:gosec // an index
		s.buf = binary.AppendUvarint(s.buf, uint64(len(it.Key)))
		s.buf = append(append(s.buf, it.Key...), sum[:16]...)
		p := &s.parts[partOf(it.Key, len(s.parts))]
		p.open = append(p.open, s.buf...)
		if len(p.open) < chunkBytes {
			continue
		}
		if _, err := s.file.WriteAt(p.open, s.end); err != nil {
			return fmt.Errorf("write the temporary file of the scan: %w", err)
		}
		p.chunks = append(p.chunks, chunk{s.end, len(p.open)})
		s.end += int64(len(p.open))
		p.open = p.open[:0]
	}
	return nil
}

func partOf(key string, parts int) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key))
	return int(h.Sum64() % uint64(parts)) //nolint:gosec // below parts
}

// Part yields the prints of one part, when all have been added. It ends with an error if they can't be read back.
func (s *Spool) Part(ctx context.Context, number int) iter.Seq2[Print, error] {
	return func(yield func(Print, error) bool) {
		p := s.parts[number]
		buf := []byte(nil)
		for _, c := range p.chunks {
			if cap(buf) < c.size {
				buf = make([]byte, c.size)
			}
			err := ctx.Err()
			if err == nil {
				_, err = s.file.ReadAt(buf[:c.size], c.at)
			}
			if err != nil {
				yield(Print{}, fmt.Errorf("read the temporary file of the scan: %w", err))
				return
			}
			if !prints(buf[:c.size], yield) {
				return
			}
		}
		prints(p.open, yield)
	}
}

// prints yields what Add has written.
func prints(buf []byte, yield func(Print, error) bool) bool {
	for rest := bytes.NewBuffer(buf); rest.Len() > 0; {
		region, err := binary.ReadUvarint(rest)
		size, err2 := binary.ReadUvarint(rest)
		if err != nil || err2 != nil || uint64(rest.Len()) < size+16 { //nolint:gosec // a length
			yield(Print{}, errors.New("read the temporary file of the scan: it holds something else"))
			return false
		}
		p := Print{Region: int(region), Key: string(rest.Next(int(size)))} //nolint:gosec // as it was written
		copy(p.Image[:], rest.Next(len(p.Image)))
		if !yield(p, nil) {
			return false
		}
	}
	return true
}
