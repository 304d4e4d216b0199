package report

import (
	"io"
	"slices"
)

// Check is one thing the doctor tried. State is "ok", "warn" or "missing".
type Check struct {
	State  string `json:"state"`
	What   string `json:"what"`
	Where  string `json:"where"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

// Healthy reports whether nothing is missing.
func Healthy(checks []Check) bool {
	return !slices.ContainsFunc(checks, func(c Check) bool { return c.State == "missing" })
}

// Checks writes what the doctor found, each trouble with its remedy below it.
func Checks(w io.Writer, format Format, checks []Check) error {
	switch format {
	case JSON:
		return writeJSON(w, checks)
	case NDJSON:
		return writeLines(w, checks)
	case CSV:
		rows := make([][]string, len(checks))
		for i, c := range checks {
			rows[i] = []string{c.State, c.What, c.Where, c.Detail, c.Remedy}
		}
		return writeCSV(w, []string{"state", "what", "where", "detail", "remedy"}, rows)
	}
	for _, c := range checks {
		if _, err := io.WriteString(w, sayf("%-8s %-17s %s: %s\n", c.State, c.What, c.Where, c.Detail)); err != nil {
			return err
		}
		if c.Remedy == "" {
			continue
		}
		if _, err := io.WriteString(w, sayf("%-26s -> %s\n", "", c.Remedy)); err != nil {
			return err
		}
	}
	return nil
}
