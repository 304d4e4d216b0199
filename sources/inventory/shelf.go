package inventory

import (
	"crypto/md5" //nolint:gosec // the checksum S3 Inventory uses
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// shelf is where the files of a list are kept: under their MD5 in a folder of the list's own, so that a run that was killed
// goes on with what it had verified; without a name where there is no folder, or no room on it.
type shelf struct {
	dir  string // empty: files have no name
	temp string
	most int64 // bytes

	mu       sync.Mutex
	kept     map[string]int64 // bytes by MD5
	held     int64
	verified map[string]os.FileInfo // files that this list has verified, as they were then
}

// fetching begins the names of files that are not verified yet.
const fetching = "fetching-"

// newShelf makes the list's folder, and removes from it what belongs to older lists.
func newShelf(s *Source, files []manifestFile) (*shelf, error) {
	sh := &shelf{temp: s.Settings.TempDir, most: s.Settings.MaxKept, kept: map[string]int64{}, verified: map[string]os.FileInfo{}}
	if s.Dir == "" {
		return sh, nil
	}
	sh.dir = filepath.Join(s.Dir, s.Bucket+"-"+md5Hex([]byte(s.Inventory.Bucket + "/" + s.base()))[:8])
	if err := os.MkdirAll(sh.dir, 0o700); err != nil {
		return nil, &localError{err}
	}
	wanted := map[string]bool{}
	for _, f := range files {
		wanted[f.MD5] = true
	}
	return sh, sh.sweep(wanted, 2*s.Settings.FileTimeout)
}

// sweep removes files of older lists, and what a run that was killed had not fetched to its end.
func (s *shelf) sweep(wanted map[string]bool, dead time.Duration) error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return &localError{err}
	}
	for _, e := range entries {
		about, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // another run of the same list has just taken it
		}
		if err != nil {
			return &localError{err}
		}
		if wanted[e.Name()] {
			s.kept[e.Name()] = about.Size()
			s.held += about.Size()
			continue
		}
		if strings.HasPrefix(e.Name(), fetching) && time.Since(about.ModTime()) < dead {
			continue // another run may be writing it
		}
		if err := s.remove(e.Name()); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelf) remove(name string) error {
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &localError{err}
	}
	return nil
}

// find opens a file that is kept, and verifies it, unless it is the very file that this list has verified before. It is nil if
// there is none, or none that is right.
func (s *shelf) find(f *manifestFile) *os.File {
	if s.dir == "" {
		return nil
	}
	file, err := os.Open(filepath.Join(s.dir, f.MD5))
	if err != nil {
		return nil
	}
	if s.unchanged(file, f) {
		return file
	}
	if verify(file, f) != nil {
		_ = file.Close()           // only read
		_ = os.Remove(file.Name()) // if it stays it is found to be wrong again
		return nil
	}
	s.remember(file, f)
	return file
}

// unchanged reports whether a file is the one that was verified, and was not written since.
func (s *shelf) unchanged(file *os.File, f *manifestFile) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.verified[f.MD5]
	about, err := file.Stat()
	return was != nil && err == nil && os.SameFile(was, about) && was.Size() == about.Size() && was.ModTime().Equal(about.ModTime())
}

func (s *shelf) remember(file *os.File, f *manifestFile) {
	about, err := file.Stat()
	if err != nil {
		return // it is verified again
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.verified[f.MD5] = about
}

// create opens a new file that has no name, or one that put replaces.
func (s *shelf) create() (*os.File, error) {
	dir := s.dir
	if dir == "" {
		dir = s.temp
	}
	file, err := os.CreateTemp(dir, fetching)
	if err != nil {
		return nil, &localError{err}
	}
	if s.dir == "" {
		_ = os.Remove(file.Name()) // open files outlive their names; nothing is left behind when the program is killed
	}
	return file, nil
}

// put keeps a file that was verified, if there is room for it; otherwise it goes when it is closed.
func (s *shelf) put(file *os.File, f *manifestFile) error {
	if s.dir == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, there := s.kept[f.MD5]
	if there || s.held+f.Size > s.most {
		return s.remove(filepath.Base(file.Name()))
	}
	if err := os.Rename(file.Name(), filepath.Join(s.dir, f.MD5)); err != nil {
		return &localError{err}
	}
	s.kept[f.MD5] = f.Size
	s.held += f.Size
	return nil
}

// drop closes a file that was not fetched to its end.
func (s *shelf) drop(file *os.File) {
	_ = file.Close() // it is thrown away
	if s.dir != "" {
		_ = os.Remove(file.Name()) // the next run sweeps it
	}
}

// close removes the kept files, unless they are still wanted.
func (s *shelf) close(wanted bool) error {
	if s.dir == "" || wanted {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs error
	for name := range s.kept {
		errs = errors.Join(errs, s.remove(name))
	}
	s.kept, s.held = map[string]int64{}, 0
	_ = os.Remove(s.dir) // if nothing else is in it
	return errs
}

// verify checks size and MD5 of a file.
func verify(file *os.File, f *manifestFile) error {
	about, err := file.Stat()
	if err != nil {
		return &localError{err}
	}
	if about.Size() != f.Size {
		return &damageError{fmt.Sprintf("has another size than the %d bytes the manifest says", f.Size)}
	}
	sum := md5.New() //nolint:gosec // see the import
	if _, err := io.Copy(sum, io.NewSectionReader(file, 0, f.Size)); err != nil {
		return &localError{err}
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != f.MD5 {
		return &damageError{"has MD5 " + got + ", the manifest says " + f.MD5}
	}
	return nil
}

func md5Hex(body []byte) string {
	sum := md5.Sum(body) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}
