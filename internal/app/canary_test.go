package app

import (
	"context"
	"slices"
	"testing"

	"parallax/internal/audit"
	"parallax/internal/canary"
	"parallax/internal/record"
)

// The certificate of a run says that the auditor has found what is known to be there.
func TestCanaryIsInTheCertificate(t *testing.T) {
	w := newTableWorld(t, nil)
	w.capture(minute(1))
	w.lose(minute(10), "lost")
	w.capture(minute(59))
	run := w.run("lww", minutes(5, 40), minute(59))
	w.wantVerdict(run, audit.RunFindings)
	lines := linesOf(run, "canary")
	if len(lines) != 1 || len(lines[0].Extents) != 1 || lines[0].Extents[0].Name != "12 of 12 known faults found" || lines[0].Records == 0 {
		t.Errorf("lines of the canary: %+v", lines)
	}
	w.wantFindings("found", said(run.Reported), "lww.lost_write lost proven")
}

// A run whose auditor misses what is known to be there, or sees what is not, is void: it says so, reports nothing, and takes
// back nothing of what was found before.
func TestARunBesideASpoiledCanaryIsVoid(t *testing.T) {
	w := newTableWorld(t, nil)
	w.capture(minute(1))
	w.lose(minute(10), "lost-1")
	w.capture(minute(59))
	w.wantVerdict(w.run("lww", minutes(5, 40), minute(59)), audit.RunFindings)
	w.lose(minute(60), "lost-2")
	w.capture(minute(119))
	spoiled := func(spoil func(*canary.History)) job {
		return job{"lww", func(a *App, ctx context.Context, t task) (audit.Outcome, error) {
			sealed, err := canary.Open()
			if err != nil {
				return audit.Outcome{}, err
			}
			spoil(&sealed)
			return a.auditBeside(ctx, sealed, t)
		}}
	}
	for name, c := range map[string]struct {
		spoil func(*canary.History)
		want  string
	}{
		"a fault more than there is": {func(h *canary.History) {
			h.Known = append(h.Known, canary.Known{Key: "nobody", Kind: audit.LWWLostWrite, Verdict: audit.Proven})
		}, "12 of 13 known faults found: lww.lost_write of nobody was not found"},
		"a fault that is not known": {func(h *canary.History) { h.Known = h.Known[1:] }, "11 of 11 known faults found: "},
		"a region that says nothing": {func(h *canary.History) {
			h.Changes = slices.DeleteFunc(h.Changes, func(c record.Change) bool { return c.Region == canary.Second })
		}, "records were matched"},
	} {
		t.Run(name, func(t *testing.T) {
			w.T = t
			result, err := w.app.runJobs(t.Context(), []job{spoiled(c.spoil)}, Request{Job: "lww", AsOf: minute(119), From: minute(5), To: minute(90)})
			if err != nil {
				t.Fatal(err)
			}
			run := result.Runs[0]
			w.wantVerdict(run, audit.RunInconclusive)
			w.wantGap(run, "canary", "this run is void", c.want, "do not rely on this version")
			w.wantFindings("reported", said(run.Reported))
			w.wantFindings("still open", w.living(), "lww.lost_write lost-1 proven")
		})
	}
	w.T = t
	w.wantFindings("found by a sound run", said(w.run("lww", minutes(5, 90), minute(119)).Reported),
		"lww.lost_write lost-1 proven", "lww.lost_write lost-2 proven")
}
