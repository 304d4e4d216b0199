package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// Folder is a place on this machine's disk, or on one that is mounted here. Folders below it are made as they are needed.
type Folder string

// temporary begins the name of a file that is not complete yet.
const temporary = ".segment-"

// Put stores a file by way of a temporary one beside it.
func (f Folder) Put(ctx context.Context, name string, data []byte) (err error) {
	if err := errors.Join(ctx.Err(), mustBeLocal(name)); err != nil {
		return err
	}
	whole := f.file(name)
	folder := filepath.Dir(whole)
	part, err := create(folder)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = part.Close()
			_ = os.Remove(part.Name())
		}
	}()
	if _, err := part.Write(data); err != nil {
		return err
	}
	if err := part.Sync(); err != nil {
		return err
	}
	if err := part.Close(); err != nil {
		return err
	}
	if err := os.Rename(part.Name(), whole); err != nil {
		return err
	}
	return syncFolder(folder)
}

// create makes a temporary file in a folder, and the folder. One that is empty may be removed by Remove at any moment.
func create(folder string) (*os.File, error) {
	const tries = 5
	for try := 1; ; try++ {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return nil, err
		}
		part, err := os.CreateTemp(folder, temporary+"*")
		if err == nil || try == tries || !errors.Is(err, fs.ErrNotExist) {
			return part, err
		}
	}
}

// Get returns a whole file.
func (f Folder) Get(ctx context.Context, name string, limit int64) (data []byte, err error) {
	if err := errors.Join(ctx.Err(), mustBeLocal(name)); err != nil {
		return nil, err
	}
	file, err := os.Open(f.file(name))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", name)
	case info.Size() > limit:
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, info.Size())
	}
	data = make([]byte, info.Size())
	_, err = io.ReadFull(file, data)
	return data, err
}

// Remove removes a file, and then the folders above it that it leaves empty.
func (f Folder) Remove(ctx context.Context, name string) error {
	if err := errors.Join(ctx.Err(), mustBeLocal(name)); err != nil {
		return err
	}
	if err := os.Remove(f.file(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dir := filepath.Dir(f.file(name))
	for len(dir) > len(filepath.Clean(string(f))) && os.Remove(dir) == nil { // one that is not empty stays
		dir = filepath.Dir(dir)
	}
	return nil
}

// List yields the folder's files. A link is not followed, and what is no file is not listed.
func (f Folder) List(ctx context.Context, prefix string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		below, _ := path.Split(prefix) // there is no need to look elsewhere
		err := mustBeLocal(path.Join("x", below))
		if err == nil {
			err = f.walk(ctx, f.file(below), prefix, yield)
		}
		if err != nil {
			yield(File{}, fmt.Errorf("list %s: %w", string(f), err))
		}
	}
}

func (f Folder) walk(ctx context.Context, from, prefix string, yield func(File, error) bool) error {
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return unlessGone(err)
		}
		rel, err := filepath.Rel(string(f), name)
		if err != nil || !d.Type().IsRegular() || !strings.HasPrefix(filepath.ToSlash(rel), prefix) {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return unlessGone(err)
		}
		if !yield(File{Name: filepath.ToSlash(rel), Size: info.Size(), Modified: info.ModTime()}, nil) {
			return fs.SkipAll
		}
		return nil
	})
}

// unlessGone leaves out that something is not there: nothing was written yet, or it was removed meanwhile.
func unlessGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (f Folder) file(name string) string { return filepath.Join(string(f), filepath.FromSlash(name)) }

// syncFolder makes a rename durable.
func syncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func noRoom(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }
