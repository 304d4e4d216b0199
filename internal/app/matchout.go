package app

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"parallax/sinks/report"
)

// standardOutput is the name that stands for standard output.
const standardOutput = "-"

// toFile reports whether the result goes to a file of its own.
func (o MatchOptions) toFile() bool { return o.Out != "" && o.Out != standardOutput }

// outputFormat is how the result is written: as it was asked for, else by the ending of the file's name.
func (o MatchOptions) outputFormat() (report.Format, error) {
	ending := ""
	if o.toFile() {
		ending = strings.ToLower(strings.TrimPrefix(filepath.Ext(o.Out), "."))
	}
	name := cmp.Or(o.Output, ending, string(report.Table))
	format, err := report.ParseFormat(name, report.Table, report.JSON, report.NDJSON, report.CSV, report.XLSX)
	if err != nil {
		return format, err
	}
	if says, err := report.ParseFormat(ending, report.JSON, report.NDJSON, report.CSV, report.XLSX); err == nil && says != format {
		return format, fmt.Errorf("--output %s contradicts --out %s: leave out --output, or give the file another ending", format, o.Out)
	}
	if format == report.XLSX && !o.toFile() {
		return format, errors.New("--output xlsx needs a file to write to: name it with --out FILE.xlsx")
	}
	return format, nil
}

// output is a file that is about to be written. What stood there before is replaced only by a whole result.
type output struct {
	*os.File

	target string // what the file is to be called when it is whole; empty: it is written in its place
}

// openOutput opens the file that was asked for, before anything is read: a result that cannot be written must not be waited
// for, and neither input may be overwritten.
func (o MatchOptions) openOutput() (*output, error) {
	target := o.Out
	there, err := os.Stat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("write %s: %w", target, err)
	case there.IsDir():
		return nil, fmt.Errorf("write %s: is a directory", target)
	case o.isInput(there):
		return nil, fmt.Errorf("write %s: is one of the files that are compared: name another with --out", target)
	case !there.Mode().IsRegular(): // a device or a pipe is not replaced
		f, err := os.OpenFile(target, os.O_WRONLY, 0)
		return &output{File: f}, err
	default:
		if target, err = filepath.EvalSymlinks(target); err != nil { // the file is replaced, not the link to it
			return nil, fmt.Errorf("write %s: %w", o.Out, err)
		}
	}
	f, err := createBeside(target)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", o.Out, err)
	}
	if there != nil {
		if err := f.Chmod(there.Mode().Perm()); err != nil {
			return nil, errors.Join(fmt.Errorf("write %s: %w", o.Out, err), f.Close(), os.Remove(f.Name()))
		}
	}
	return &output{File: f, target: target}, nil
}

// isInput reports whether a file is the ledger or the settlement file, by whatever name.
func (o MatchOptions) isInput(there os.FileInfo) bool {
	for _, input := range []string{o.Ledger, o.Settlement} {
		if info, err := os.Stat(input); err == nil && os.SameFile(info, there) {
			return true
		}
	}
	return false
}

// maxLeftovers is how many unfinished results of earlier runs are stepped over.
const maxLeftovers = 100

// createBeside creates a new file in the folder of another one, with the permissions that a new file gets there.
func createBeside(target string) (f *os.File, err error) {
	folder, base := filepath.Split(target)
	for i := range maxLeftovers {
		name := filepath.Join(folder, fmt.Sprintf(".%s.%d-%d.part", base, os.Getpid(), i))
		f, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666) //nolint:gosec // the user names the file, and umask says who may read it
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		err = path.Err
	}
	return f, err
}

// finish gives a whole result its name.
func (f *output) finish() error {
	if f.target == "" {
		return f.Close()
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), f.target)
}

// discard removes what has been written so far; after finish it does nothing.
func (f *output) discard() {
	f.Close() //nolint:errcheck,gosec // closed already, or given up
	if f.target != "" {
		os.Remove(f.Name()) //nolint:errcheck,gosec // it has its name already, or is given up
	}
}

// write writes the result; what no findings can tell goes to notes.
func (o MatchOptions) write(f *output, w, notes io.Writer, format report.Format, t report.TieOut) error {
	if format != report.Table {
		if err := report.WriteRemarks(notes, t); err != nil {
			return err
		}
	}
	if f == nil {
		return report.WriteTieOut(w, format, t)
	}
	err := report.WriteTieOut(f, format, t)
	if err == nil {
		err = f.finish()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", o.Out, err)
	}
	_, err = fmt.Fprintf(w, "%s: %d breaks, %d pairings, %s\n", o.Out, len(t.Findings), t.Pairings, t.Verdict)
	return err
}
