package app

import (
	"io"

	"parallax/internal/audit"
	"parallax/sinks/report"
)

// How a scored drill ended.
const (
	DrillPassed   = "passed"
	DrillFailed   = "failed"
	DrillNotFinal = "not final"
)

// DrillResult says how a scored drill ended. A score with gaps is not final, whatever it says: what was not read may hold what
// was missed, and may explain what was false.
func DrillResult(d audit.Drill) string {
	switch {
	case d.Score == nil || d.Score.Gaps > 0:
		return DrillNotFinal
	case d.Score.Passed:
		return DrillPassed
	default:
		return DrillFailed
	}
}

// ShowDrill writes one drill.
func ShowDrill(w io.Writer, output string, d audit.Drill) error {
	format, err := report.ParseFormat(output, report.Table, report.JSON)
	if err != nil {
		return err
	}
	return report.Drill(w, format, d)
}

// ShowDrills lists drills.
func ShowDrills(w io.Writer, output string, drills []audit.Drill) error {
	format, err := report.ParseFormat(output, report.Table, report.JSON)
	if err != nil {
		return err
	}
	return report.Drills(w, format, drills)
}
