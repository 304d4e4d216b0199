package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parallax/sinks/repair"
)

// maxManifest bounds the bytes of a manifest: a step takes one to a few thousand.
const maxManifest = 256 << 20

// readManifest reads a manifest, given by its folder or by itself, and holds what lies beside it against it: a file that was
// altered, or that the manifest does not know, is an error, for somebody might approve it with the others.
func readManifest(path string) (repair.Manifest, error) {
	if at, err := os.Stat(path); err == nil && at.IsDir() {
		path = filepath.Join(path, repair.ManifestName)
	}
	m, err := parseManifest(path)
	if err != nil {
		return m, err
	}
	names := []string{filepath.Base(path)}
	for _, f := range m.Files {
		names = append(names, f.Name)
		data, err := readBounded(filepath.Join(filepath.Dir(path), filepath.FromSlash(f.Name)), int64(f.Bytes))
		if errors.Is(err, errTooLarge) {
			err = fmt.Errorf("%s: %w", f.Name, repair.ErrAltered)
		} else if err == nil {
			err = f.Verify(data)
		}
		if err != nil {
			return m, fmt.Errorf("check repair files: %w: do not use it, write the files anew", err)
		}
	}
	if err := onlyThese(filepath.Dir(path), names); err != nil {
		return m, fmt.Errorf("check repair files: %w: do not use the folder, write the files anew", err)
	}
	return m, nil
}

// parseManifest reads a manifest by itself.
func parseManifest(path string) (repair.Manifest, error) {
	data, err := readBounded(path, maxManifest)
	if err != nil {
		return repair.Manifest{}, fmt.Errorf("read repair manifest: %w", err)
	}
	m, err := repair.ParseManifest(data)
	if err != nil {
		return m, fmt.Errorf("read repair manifest %s: %w: write the files anew by parallax repair write", path, err)
	}
	return m, nil
}

var errTooLarge = errors.New("it is larger than it may be")

// readBounded reads a regular file of so many bytes at most: a device or a pipe could go on for ever.
func readBounded(path string, most int64) ([]byte, error) {
	at, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !at.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path) //nolint:gosec // the user names it, or the manifest names it beside itself
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(data)) > most:
		return nil, fmt.Errorf("%s: %w: %d bytes", path, errTooLarge, most)
	}
	return data, nil
}

// onlyThese names the files of a folder that are not among some, which are named by slashes.
func onlyThese(dir string, names []string) error {
	const most = 10
	var foreign []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if name = filepath.ToSlash(name); !slices.Contains(names, name) {
			foreign = append(foreign, fmt.Sprintf("%q", name))
		}
		if len(foreign) > most {
			foreign = append(foreign[:most], "...")
			return filepath.SkipAll
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(foreign) > 0 {
		return fmt.Errorf("the manifest does not know %s", strings.Join(foreign, ", "))
	}
	return nil
}

// followed is where a folder lies that is named by a symbolic link: what takes its place must not take the link's.
func followed(dir string) (string, error) {
	at, err := os.Lstat(dir)
	if err != nil || at.Mode()&fs.ModeSymlink == 0 {
		return dir, nil //nolint:nilerr // one that is not there is made
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", fmt.Errorf("write repair files: %w", err)
	}
	return dir, nil
}

// writeFolder writes files into a folder that does not exist or is empty, all of them or none. A folder that holds these very
// files already is left alone. Files hold customers' data: nobody else on the host may read them.
func writeFolder(dir string, files []repair.Content) error {
	dir, err := followed(dir)
	if err != nil {
		return err
	}
	if same, err := holdsAlready(dir, files); err != nil || same {
		return err
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return unwritableFolder(dir, err)
	}
	made, err := os.MkdirTemp(parent, ".repair-*")
	if err != nil {
		return unwritableFolder(dir, err)
	}
	defer func() { _ = os.RemoveAll(made) }() // gone by then, unless something failed
	for _, f := range files {
		path := filepath.Join(made, filepath.FromSlash(f.Name))
		err := os.MkdirAll(filepath.Dir(path), 0o700)
		if err == nil {
			err = os.WriteFile(path, f.Data, 0o600)
		}
		if err != nil {
			return unwritableFolder(dir, err)
		}
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unwritableFolder(dir, err)
	}
	if err := os.Rename(made, dir); err != nil {
		return unwritableFolder(dir, err)
	}
	return nil
}

// unwritableFolder says that nothing can be written to a folder, and why; not where the attempt was made.
func unwritableFolder(dir string, err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	}
	return fmt.Errorf("write repair files: folder %s cannot be made: %w: give another by --out", dir, err)
}

// holdsAlready reports whether a folder holds just these files; one that holds anything else is an error.
func holdsAlready(dir string, files []repair.Content) (bool, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("write repair files: %w", err)
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.Name
	}
	if err := onlyThese(dir, names); err != nil {
		return false, fmt.Errorf("write repair files: folder %s is not empty: %w: give another by --out", dir, err)
	}
	for _, f := range files {
		data, err := readBounded(filepath.Join(dir, filepath.FromSlash(f.Name)), int64(len(f.Data)))
		if err != nil || !bytes.Equal(data, f.Data) {
			return false, fmt.Errorf("write repair files: folder %s is not empty: give another by --out", dir)
		}
	}
	return true, nil
}
