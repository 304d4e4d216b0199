package archive

import (
	"bytes"
	"cmp"
	"context"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Memory is a place that lasts as long as the process, for what need not outlive it.
type Memory struct {
	mu    sync.Mutex
	files map[string]stored
}

type stored struct {
	data     []byte
	modified time.Time
}

var _ Place = (*Memory)(nil)

// NewMemory returns an empty place.
func NewMemory() *Memory { return &Memory{files: map[string]stored{}} }

// Put keeps a copy of the file.
func (m *Memory) Put(ctx context.Context, name string, data []byte) error {
	if err := cmp.Or(ctx.Err(), mustBeLocal(name)); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[name] = stored{bytes.Clone(data), time.Now()}
	return nil
}

// Get returns a copy of the file.
func (m *Memory) Get(ctx context.Context, name string, limit int64) ([]byte, error) {
	if err := cmp.Or(ctx.Err(), mustBeLocal(name)); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	f, there := m.files[name]
	switch {
	case !there:
		return nil, fs.ErrNotExist
	case int64(len(f.data)) > limit:
		return nil, ErrTooLarge
	}
	return bytes.Clone(f.data), nil
}

// Remove forgets the file.
func (m *Memory) Remove(ctx context.Context, name string) error {
	if err := cmp.Or(ctx.Err(), mustBeLocal(name)); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, name)
	return nil
}

// List yields the files there were when it was called.
func (m *Memory) List(ctx context.Context, prefix string) iter.Seq2[File, error] {
	m.mu.Lock()
	files := maps.Clone(m.files)
	m.mu.Unlock()
	return func(yield func(File, error) bool) {
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if err := ctx.Err(); err != nil {
				yield(File{}, err)
				return
			}
			f := files[name]
			if strings.HasPrefix(name, prefix) && !yield(File{Name: name, Size: int64(len(f.data)), Modified: f.modified}, nil) {
				return
			}
		}
	}
}
