package app

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"parallax/auditors/tablescan"
	"parallax/internal/audit"
	"parallax/internal/lab/globaltable"
	"parallax/sinks/report"
)

const (
	// trimmedAt is when the streams have forgotten the world's first hours, of which only the first minute was captured.
	trimmedAt = 27 * 60
	// missing is what the comparison finds in the world of trimmed.
	missing = "lww.not_replicated differs probable"
)

// trimmed is a world whose first hour was forgotten before it was read: one key stands in Dublin alone, one in both regions.
func trimmed(t *testing.T, s settings) *tableWorld {
	t.Helper()
	w := newTableWorld(t, nil)
	w.configure(s)
	w.capture(minute(1))
	w.keys.LoseNext(dublin, "differs")
	w.write(dublin, minute(10), "differs", "accepted")
	w.quiet(minute(12), "agrees")
	w.wantVerdict(w.capture(minute(trimmedAt)), audit.RunInconclusive)
	return w
}

func (w *tableWorld) auditTrimmed(asOf time.Time) report.Run {
	w.Helper()
	run := w.run("lww", minutes(5, 40), asOf)
	w.wantVerdict(run, audit.RunInconclusive) // whatever the comparison says, the gap stays
	return run
}

// Where part of a stream is lost the replicas are compared item by item: what differs is found, though not proven, and the
// certificate says what was read and what such a comparison cannot show.
func TestScanAfterAGap(t *testing.T) {
	w := trimmed(t, settings{})
	run := w.auditTrimmed(minute(trimmedAt))
	w.wantFindings("found", said(run.Reported), missing)
	for _, f := range run.Reported {
		if !strings.Contains(f.Rule, "table scan") || f.Region != london || f.Status != audit.Open || !f.Window.From.Equal(minute(10)) {
			t.Errorf("%s in %s at %s: rule %q", f.Status, f.Region, f.Window.From, f.Rule)
		}
	}
	scans := linesOf(run, "tablescan")
	if len(scans) != 2 || scans[0].Region != dublin || scans[0].Records != 2 || scans[1].Region != london || scans[1].Records != 1 {
		t.Errorf("lines of the scan %+v, want 2 items of Dublin and 1 of London", scans)
	}
	compared := linesOf(run, "comparison")
	if len(compared) != 1 || compared[0].Records != 3 || compared[0].Matched != 1 || len(compared[0].Extents) != 1 {
		t.Fatalf("lines of the comparison %+v", compared)
	}
	for name, want := range map[string]string{
		"agree": "1", "differ": "1", "differed in the scan": "1", "agreed when read again": "0", "not judged": "0",
		"items of " + dublin: "2", "items of " + london: "1", "cannot show": tablescan.CannotShow,
	} {
		if got := compared[0].Extents[0].Totals[name]; got != want {
			t.Errorf("comparison: %s is %q, want %q", name, got, want)
		}
	}
}

// Without the setting nobody pays for a scan; the gap is there all the same.
func TestNoScanWhereItIsNotWanted(t *testing.T) {
	w := trimmed(t, settings{scan: "after_gap: false, pause: 20ms"})
	w.keys.Fault(func(region, op string, _ *http.Request) *globaltable.Fault {
		if op == "Scan" || op == "GetItem" {
			t.Errorf("%s in %s", op, region)
		}
		return nil
	})
	run := w.auditTrimmed(minute(trimmedAt))
	w.wantFindings("found", said(run.Reported))
	if lines := len(linesOf(run, "tablescan")) + len(linesOf(run, "comparison")); lines != 0 {
		t.Errorf("%d lines of a scan", lines)
	}
}

// A scan that is refused in one region says nothing: what was not read would look as if it were missing.
func TestAScanThatIsRefused(t *testing.T) {
	w := trimmed(t, settings{})
	w.keys.Fault(func(region, op string, _ *http.Request) *globaltable.Fault {
		if region == london && op == "Scan" {
			return &globaltable.Fault{Type: "AccessDeniedException", Message: "not authorized to perform dynamodb:Scan"}
		}
		return nil
	})
	run := w.auditTrimmed(minute(trimmedAt))
	w.wantFindings("found", said(run.Reported))
	w.wantGap(run, "tablescan", "AccessDeniedException", "dynamodb:Scan")
	w.keys.Fault(nil)
	w.wantFindings("found once it is allowed", said(w.auditTrimmed(minute(trimmedAt+1)).Reported), missing)
}

// A loss that a scan has found stands until the regions agree: neither the silence of a scan that was refused takes it back,
// nor a run over a later time, of which the streams are whole and show nothing of it.
func TestWhatAScanHasFoundStands(t *testing.T) {
	w := trimmed(t, settings{})
	w.wantFindings("found", said(w.auditTrimmed(minute(trimmedAt)).Reported), missing)
	w.keys.Fault(func(_, op string, _ *http.Request) *globaltable.Fault {
		if op == "Scan" {
			return &globaltable.Fault{Type: "AccessDeniedException"}
		}
		return nil
	})
	w.auditTrimmed(minute(trimmedAt + 1))
	w.wantFindings("after a scan that was refused", w.living(), missing)
	w.keys.Fault(nil)
	w.capture(minute(trimmedAt + 60))
	w.capture(minute(trimmedAt + 120))
	later := w.run("lww", minutes(trimmedAt+30, trimmedAt+60), minute(trimmedAt+120))
	w.wantVerdict(later, audit.RunClean)
	w.wantFindings("after a clean run of a later time", w.living(), missing)
}

// Once the regions agree, the run that compares them again no longer says that they differ.
func TestAScanOfRegionsThatAgreeAgain(t *testing.T) {
	w := trimmed(t, settings{})
	w.wantFindings("found", said(w.auditTrimmed(minute(trimmedAt)).Reported), missing)
	w.write(dublin, minute(trimmedAt+5), "differs", "captured")
	w.capture(minute(trimmedAt + 30))
	run := w.auditTrimmed(minute(trimmedAt + 30))
	w.wantFindings("found again", said(run.Reported))
	compared := linesOf(run, "comparison")
	if len(compared) != 1 || compared[0].Matched != 2 {
		t.Errorf("lines of the comparison %+v, want both keys to agree", compared)
	}
}
