package archive

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// sweepBatch is how many files are asked about, and then removed, at a time.
const sweepBatch = 500

// Swept says what was removed and what was left alone.
type Swept struct {
	Removed []File // in order of name
	Left    []Left
}

// Left is a group of files that no manifest names and that were left where they are.
type Left struct {
	Prefix string // of their names
	Files  int
	Bytes  int64
	Reason string
}

// Manifest tells which of some names the store names. It is asked again for every few files, right before they go.
type Manifest func(ctx context.Context, names []string) (known []string, err error)

// Remove removes the files of segments that the manifest has just forgotten, unless it names them again. The error says how
// many went before it.
func Remove(ctx context.Context, place Place, manifest Manifest, names []string) ([]string, error) {
	var removed []string
	for batch := range slices.Chunk(names, sweepBatch) {
		known, err := manifest(ctx, batch)
		if err != nil {
			return removed, fmt.Errorf("remove forgotten segments: %w", err)
		}
		for _, name := range batch {
			if slices.Contains(known, name) {
				continue
			}
			if err := errors.Join(mustBeLocal(name), mustBeOurs(name)); err != nil {
				return removed, fmt.Errorf("remove forgotten segments: %w", err)
			}
			if err := place.Remove(ctx, name); err != nil {
				return removed, fmt.Errorf("remove forgotten segment %s, after %d others: %w; %s", name, len(removed), err, placeRemedy(err))
			}
			removed = append(removed, name)
		}
	}
	return removed, nil
}

// Sweep removes the files that a killed capture has left behind: those that the manifest does not name and that were last
// written before a moment. That moment must lie before the beginning of any capture that may still commit, for what one
// has written but not committed looks the same.
//
// Three kinds of files are left alone: what is not named as Parallax names its files; what is younger; and all of a table in a
// region of which the manifest names not one file, for that may be the archive of another store, and a store that has been
// lost must not take the archive with it. The last kind is reported.
func Sweep(ctx context.Context, place Place, manifest Manifest, before time.Time) (Swept, error) {
	s := sweep{place: place, manifest: manifest, before: before, streams: map[string]*stream{}}
	if err := s.list(ctx); err != nil {
		return Swept{}, fmt.Errorf("sweep the archive: %w; %s", err, placeRemedy(err))
	}
	err := s.remove(ctx)
	slices.SortFunc(s.out.Removed, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.out.Left, func(a, b Left) int { return strings.Compare(a.Prefix, b.Prefix) })
	if err != nil {
		return s.out, fmt.Errorf("sweep the archive, %d files removed: %w; %s", len(s.out.Removed), err, placeRemedy(err))
	}
	return s.out, nil
}

type sweep struct {
	place    Place
	manifest Manifest
	before   time.Time
	streams  map[string]*stream // by table/region
	out      Swept
}

// stream is what was found of one table in one region.
type stream struct {
	known  bool   // the manifest names at least one file
	orphan []File // old enough to go
}

// list sorts the files of the place into those that the manifest names and the others.
func (s *sweep) list(ctx context.Context) error {
	batch := make([]File, 0, sweepBatch)
	for file, err := range s.place.List(ctx, "") {
		if err != nil {
			return err
		}
		if mustBeOurs(file.Name) != nil {
			continue
		}
		if batch = append(batch, file); len(batch) < sweepBatch {
			continue
		}
		if err := s.sort(ctx, batch); err != nil {
			return err
		}
		batch = batch[:0]
	}
	return s.sort(ctx, batch)
}

func (s *sweep) sort(ctx context.Context, files []File) error {
	known, err := s.ask(ctx, files)
	if err != nil {
		return err
	}
	for _, file := range files {
		name := streamOf(file.Name)
		if s.streams[name] == nil {
			s.streams[name] = &stream{}
		}
		switch {
		case known[file.Name]:
			s.streams[name].known = true
		case file.Modified.Before(s.before):
			s.streams[name].orphan = append(s.streams[name].orphan, file)
		}
	}
	return nil
}

func (s *sweep) ask(ctx context.Context, files []File) (map[string]bool, error) {
	if len(files) == 0 {
		return nil, nil
	}
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = file.Name
	}
	list, err := s.manifest(ctx, names)
	known := make(map[string]bool, len(list))
	for _, name := range list {
		known[name] = true
	}
	return known, err
}

func (s *sweep) remove(ctx context.Context) error {
	for name, found := range s.streams {
		if !found.known && slices.ContainsFunc(found.orphan, func(f File) bool { return !isTemporary(f.Name) }) {
			left := Left{Prefix: name + "/", Reason: "the store names no file of this table and region: they may be those of another store, or this one was lost"}
			for _, file := range found.orphan {
				left.Files++
				left.Bytes += file.Size
			}
			s.out.Left = append(s.out.Left, left)
			continue
		}
		for batch := range slices.Chunk(found.orphan, sweepBatch) {
			if err := s.removeBatch(ctx, batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeBatch asks a second time: a capture that resumed where a killed one ended writes the same names again.
func (s *sweep) removeBatch(ctx context.Context, files []File) error {
	known, err := s.ask(ctx, files)
	if err != nil {
		return err
	}
	for _, file := range files {
		fresh, err := s.touched(ctx, file)
		if err != nil {
			return err
		}
		if known[file.Name] || fresh {
			continue
		}
		if err := s.place.Remove(ctx, file.Name); err != nil {
			return fmt.Errorf("%s: %w", file.Name, err)
		}
		s.out.Removed = append(s.out.Removed, file)
	}
	return nil
}

// touched reports whether a file was written again since it was listed.
func (s *sweep) touched(ctx context.Context, file File) (bool, error) {
	for now, err := range s.place.List(ctx, file.Name) {
		if err != nil {
			return false, err
		}
		if now.Name == file.Name {
			return !now.Modified.Before(s.before), nil
		}
	}
	return true, nil // gone already
}

// streamOf is the table and region of a file.
func streamOf(name string) string {
	parts := strings.SplitN(name, "/", 3)
	return strings.Join(parts[:min(2, len(parts))], "/")
}

// mustBeOurs tells the files that Write makes, and those that a killed one leaves half made, from any other.
func mustBeOurs(name string) error {
	if strings.Count(name, "/") == 3 && (isTemporary(name) || strings.HasSuffix(name, extension)) {
		return nil
	}
	return fmt.Errorf("%s is not the name of a segment", name)
}

func isTemporary(name string) bool { return strings.HasPrefix(path.Base(name), temporary) }

// placeRemedy is what to do when a place does not answer as it should.
func placeRemedy(err error) string {
	if r := Remedy(err); r != Remedy(nil) {
		return r
	}
	return "see that the archive can be read and written, and run again"
}
