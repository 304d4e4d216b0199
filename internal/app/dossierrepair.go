package app

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
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

// readRepairFolder reads the manifest of a folder, or the manifest that is named itself; nil without either.
func readRepairFolder(dir string) (*repairFolder, error) {
	if dir == "" {
		return nil, nil //nolint:nilnil // none was given, and none is needed
	}
	path := filepath.Join(dir, repair.ManifestName)
	if at, err := os.Stat(dir); err == nil && !at.IsDir() {
		path, dir = dir, filepath.Dir(dir)
	}
	manifest, err := readManifest(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("--repair %s: no %s is there: parallax repair list names the folders that have one, parallax repair write makes one",
			dir, repair.ManifestName)
	case err != nil:
		return nil, fmt.Errorf("--repair: %w", err)
	}
	return &repairFolder{dir: dir, manifest: manifest}, nil
}

// about refuses files that were written for another failover: their window does not hold the moment.
func (r *repairFolder) about(at time.Time) error {
	if r == nil || r.manifest.Window == nil || r.manifest.Window.Holds(at) {
		return nil
	}
	return fmt.Errorf("repair files in %s were not written for the failover at %s: write others by parallax repair write --at", r.dir, at.UTC().Format(time.RFC3339))
}

// work is how far repair files have come with some findings that stand.
type work struct {
	steps  []repair.Step         // that mend some of them
	byHand []repair.ByHand       // of which no machine can say what is right
	left   []audit.StoredFinding // in no file: none was written, or it is older than they are
	told   []audit.StoredFinding // that another action mends with its own
	more   int                   // repairs of the same files that are about another time
}

// workOn holds findings against the repair files whose names begin so.
func (f *dossierFacts) workOn(prefix string, found []audit.StoredFinding) work {
	var w work
	decided := map[audit.Fingerprint]repair.ByHand{}
	planned := map[audit.Fingerprint]bool{}
	if f.repair != nil {
		w.steps, w.more = f.stepsFor(prefix, found)
		for _, s := range f.repair.manifest.Steps {
			for _, p := range s.Findings {
				planned[p] = true
			}
		}
		for _, h := range f.repair.manifest.ByHand {
			for _, p := range h.Findings {
				if !h.Unread {
					decided[p] = h
				}
			}
		}
	}
	mended := fingerprintsOf(w.steps)
	for _, x := range found {
		hand, known := decided[x.Fingerprint]
		switch {
		case mended[x.Fingerprint]:
		case known:
			w.byHand = append(w.byHand, hand)
		case planned[x.Fingerprint] || f.refunded(x):
			w.told = append(w.told, x)
		case !machineCanDecide(x.Kind):
			w.byHand = append(w.byHand, repair.ByHand{About: about(x), Why: "the records cannot say which version is right"})
		default:
			w.left = append(w.left, x)
		}
	}
	return w
}

// stepsFor are the steps of the files whose names begin so that mend some of the findings, and how many mend others that do not
// lie in the dossier's window. Those of findings that stand no more are done.
func (f *dossierFacts) stepsFor(prefix string, found []audit.StoredFinding) (steps []repair.Step, others int) {
	wanted, known := map[audit.Fingerprint]bool{}, map[audit.Fingerprint]bool{}
	for _, x := range found {
		wanted[x.Fingerprint] = true
	}
	for _, x := range f.findings {
		known[x.Fingerprint] = true
	}
	for _, s := range f.repair.manifest.Steps {
		switch {
		case !strings.HasPrefix(s.File, prefix):
		case slices.ContainsFunc(s.Findings, func(p audit.Fingerprint) bool { return wanted[p] }):
			steps = append(steps, s)
		case !slices.ContainsFunc(s.Findings, func(p audit.Fingerprint) bool { return known[p] }):
			others++
		}
	}
	return steps, others
}

func fingerprintsOf(steps []repair.Step) map[audit.Fingerprint]bool {
	out := map[audit.Fingerprint]bool{}
	for _, s := range steps {
		for _, p := range s.Findings {
			out[p] = true
		}
	}
	return out
}

// refunded reports whether a finding says of a key what a double charge says of its order: the refund mends both.
func (f *dossierFacts) refunded(x audit.StoredFinding) bool {
	return x.Kind == audit.LWWDoubleAccept && slices.ContainsFunc(f.findings, func(c audit.StoredFinding) bool {
		return c.Kind == audit.ChainDoubleCharge && c.Key == x.Key && slices.Contains(alive, c.Status)
	})
}

// machineCanDecide reports whether a repair file may come of a kind of finding.
func machineCanDecide(k audit.Kind) bool {
	return !slices.Contains([]audit.Kind{audit.LWWDoubleAccept, audit.LWWFork, audit.LWWDiverged, audit.LWWUndecidable}, k)
}

// files are those that hold the steps, in the order of the manifest.
func (w work) files(dir string) []string {
	var out []string
	for _, s := range w.steps {
		if name := filepath.Join(dir, filepath.FromSlash(s.File)); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// size is how many payments or keys the steps mend, or else those that wait for a file, and their money.
func (w work) size(wanted func(repair.Step) bool) (n int, money string) {
	t := newTally()
	for _, s := range w.steps {
		if wanted == nil || wanted(s) {
			t.count(s.Scope+"/"+s.Key, s.Amounts)
		}
	}
	if len(w.steps) == 0 {
		return size(w.left)
	}
	return len(t.amounts), report.MoneyList(t.sums())
}

// size is how many payments or keys findings are about, and their money.
func size(found []audit.StoredFinding) (n int, money string) {
	t := newTally()
	for _, x := range found {
		t.add(x, paymentsOf(x), false)
	}
	return len(t.amounts), report.MoneyList(t.sums())
}

// action completes what is to be done: it names the files to approve, or the command that makes them, or, where only a person
// can do the rest, says why. byHand words that last case of so many things.
func (w work) action(f *dossierFacts, d report.Dossier, a report.Action, byHand func(n int) string) (report.Action, bool) {
	write := "parallax repair write --at " + d.At.UTC().Format(time.RFC3339)
	switch {
	case len(w.steps) > 0:
	case len(w.left) > 0:
		a.Command = write
		if f.repair != nil {
			a.Why += "; in no file of " + f.repair.dir
		}
		a.Why += w.also()
		return a, true
	case len(w.byHand) > 0:
		first := w.byHand[0]
		a.What, a.Why = byHand(len(w.byHand)), reasons(w.byHand)
		a.Command = "parallax runbook " + string(first.Kind)
		return a, true
	default:
		return a, false
	}
	a.File, a.Command = strings.Join(w.files(f.repair.dir), ", "), "parallax repair check "+f.repair.dir
	a.Why += w.also()
	if len(w.left) > 0 {
		a.Why += fmt.Sprintf("; %d in no file yet: write them anew", len(w.left))
	}
	if w.more > 0 {
		a.Why += fmt.Sprintf("; %d more in the file, of another time", w.more)
	}
	expires := f.repair.manifest.Expires
	if expires.Before(d.AsOf) {
		a.Why += "; expired " + expires.UTC().Format("2 Jan 15:04 UTC") + ", to be written again"
	} else {
		a.Why += "; until " + expires.UTC().Format("2 Jan 15:04 UTC")
	}
	return a, true
}

// also says how many a person has to do beside.
func (w work) also() string {
	if len(w.byHand) == 0 {
		return ""
	}
	return fmt.Sprintf("; %d by hand", len(w.byHand))
}

// reasons are why things are to be done by hand, each once.
func reasons(list []repair.ByHand) string {
	var out []string
	for _, h := range list {
		if why := cmp.Or(h.Why, "no machine can decide it"); !slices.Contains(out, why) {
			out = append(out, why)
		}
	}
	return strings.Join(out, "; ")
}
