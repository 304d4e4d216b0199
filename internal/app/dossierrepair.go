package app

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/sinks/repair"
	"parallax/sinks/report"
)

// repairFolder is a folder of repair files and what its manifest says of them.
type repairFolder struct {
	dir      string
	manifest repair.Manifest
}

// readRepairFolder reads the manifest of a folder; nil without a folder.
func readRepairFolder(dir string) (*repairFolder, error) {
	if dir == "" {
		return nil, nil //nolint:nilnil // none was given, and none is needed
	}
	data, err := os.ReadFile(filepath.Join(dir, repair.ManifestName)) //nolint:gosec // the user names the folder
	if err != nil {
		return nil, fmt.Errorf("read repair folder: %w", err)
	}
	manifest, err := repair.ParseManifest(data)
	if err != nil {
		return nil, err
	}
	return &repairFolder{dir: dir, manifest: manifest}, nil
}

// named are the files to approve whose name begins so, and the findings they mend.
func (r *repairFolder) named(prefix string) (files []string, mended map[audit.Fingerprint]bool) {
	mended = map[audit.Fingerprint]bool{}
	for _, f := range r.manifest.Files {
		if !strings.HasPrefix(f.Name, prefix) || f.Check == "" {
			continue
		}
		files = append(files, filepath.Join(r.dir, f.Name))
		for _, p := range f.Findings {
			mended[p] = true
		}
	}
	return files, mended
}

// withFile names the repair files to approve, or the command that makes them. Of the classes it says how many findings no file
// mends.
func (f *dossierFacts) withFile(d report.Dossier, a report.Action, prefix string, classes ...string) report.Action {
	if f.repair == nil {
		a.Command = fmt.Sprintf("parallax repair write --at %s", d.At.UTC().Format(time.RFC3339))
		return a
	}
	files, mended := f.repair.named(prefix)
	if len(files) == 0 {
		a.Why += fmt.Sprintf(" (no file in %s: to be done by hand)", f.repair.dir)
		return a
	}
	a.File, a.Command = strings.Join(files, ", "), "parallax repair check "+f.repair.dir
	byHand := 0
	for _, x := range f.findings {
		if slices.Contains(classes, classOf(x)) && !mended[x.Fingerprint] {
			byHand++
		}
	}
	notes := []string{a.Why}
	if byHand > 0 {
		notes = append(notes, several(byHand, "finding")+" by hand")
	}
	expires := f.repair.manifest.Expires
	note := "until " + expires.UTC().Format("2 Jan 15:04 UTC")
	if expires.Before(d.AsOf) {
		note = "expired " + expires.UTC().Format("2 Jan 15:04 UTC") + ", to be written again"
	}
	a.Why = strings.Join(append(notes, note), "; ")
	return a
}
