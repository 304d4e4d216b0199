package app

import (
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
