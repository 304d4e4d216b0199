package report

import (
	"fmt"
	"io"
	"slices"

	"parallax/internal/audit"
)

// Run is one run and what it reported.
type Run struct {
	audit.RunRecord
	Reported []audit.StoredFinding `json:"findings"`
}

// Runs writes what runs said: the certificate and a count per kind for people, everything for programs.
func Runs(w io.Writer, format Format, runs []Run) error {
	switch format {
	case JSON:
		return writeJSON(w, runs)
	case NDJSON:
		return writeLines(w, runs)
	case CSV:
		var all []audit.StoredFinding
		for _, r := range runs {
			all = append(all, r.Reported...)
		}
		return findingsCSV(w, all)
	default:
		for _, r := range runs {
			if err := runTable(w, r); err != nil {
				return err
			}
		}
		return nil
	}
}

func runTable(w io.Writer, r Run) error {
	if err := certificate(w, r.RunRecord); err != nil {
		return err
	}
	var rows [][]string
	for _, g := range groups(r.Reported) {
		rows = append(rows, []string{"  " + string(g.Kind), fmt.Sprint(len(g.Findings)), statuses(g.Findings), AtStake(g.Findings)})
	}
	if len(rows) == 0 {
		said := "  nothing found"
		if r.Verdict == audit.RunInconclusive {
			said += " in what was read"
		}
		_, err := fmt.Fprintln(w, said)
		return err
	}
	return columns(w, rows)
}

// statuses names the statuses present, in the order of their first finding.
func statuses(findings []audit.StoredFinding) string {
	var seen []audit.Status
	text := ""
	for _, f := range findings {
		if slices.Contains(seen, f.Status) {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += string(f.Status)
		seen = append(seen, f.Status)
	}
	return text
}
