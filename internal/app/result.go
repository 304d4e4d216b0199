package app

import (
	"fmt"
	"io"

	"parallax/internal/audit"
	"parallax/sinks/report"
)

// Result is what a request's runs said, in the order they ran.
type Result struct {
	Runs   []report.Run
	Stated string // which failover was taken for the one that a person told of, in a sentence; empty if nobody did
}

// Verdict is the worst of the runs: inconclusive before findings before clean.
func (r Result) Verdict() string {
	worst := audit.RunClean
	for _, run := range r.Runs {
		switch run.Verdict {
		case audit.RunInconclusive:
			return string(audit.RunInconclusive)
		case audit.RunFindings:
			worst = audit.RunFindings
		}
	}
	return string(worst)
}

// Write shows the runs in a format of --output.
func (r Result) Write(w io.Writer, output string) error {
	format, err := report.ParseFormat(output, report.Table, report.JSON, report.NDJSON, report.CSV)
	if err != nil {
		return err
	}
	if err := report.Runs(w, format, r.Runs); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}
