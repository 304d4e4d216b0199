package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"parallax/internal/audit"
)

// Coverage writes the certificates of runs: per source and region what was read, matched, left out, or not seen.
func Coverage(w io.Writer, format Format, runs []audit.RunRecord) error {
	switch format {
	case JSON:
		if runs == nil {
			runs = []audit.RunRecord{}
		}
		return writeJSON(w, runs)
	case NDJSON:
		return writeLines(w, runs)
	case CSV:
		return coverageCSV(w, runs)
	case HTML:
		return coverageHTML(w, runs)
	default:
		return coverageTable(w, runs)
	}
}

func coverageTable(w io.Writer, runs []audit.RunRecord) error {
	if len(runs) == 0 {
		_, err := fmt.Fprintln(w, "no runs yet: nothing is covered")
		return err
	}
	for i, run := range runs {
		if i > 0 {
			fmt.Fprintln(w) //nolint:errcheck // the next write reports it
		}
		if err := certificate(w, run); err != nil {
			return err
		}
	}
	return nil
}

func certificate(w io.Writer, run audit.RunRecord) error {
	var b strings.Builder
	fmt.Fprintf(&b, "run %s   %s   window %s - %s UTC   as of %s   %s\n", run.RunID, run.Job,
		run.Window.From.UTC().Format("2 Jan 15:04:05"), run.Window.To.UTC().Format("2 Jan 15:04:05"), stamp(run.AsOf), strings.ToUpper(string(run.Verdict)))
	rows := make([][]string, 0, len(run.Coverage))
	for _, c := range run.Coverage {
		rows = append(rows, []string{
			"  " + c.Source, c.Scope, dash(string(c.Region)), extents(c.Extents), grouped(c.Records) + " records", state(c),
		})
	}
	if err := columns(&b, rows); err != nil {
		return err
	}
	for _, c := range run.Coverage {
		for _, x := range c.Excluded {
			fmt.Fprintf(&b, "      %s %s %s left out: %s\n", c.Source, c.Region, grouped(x.Records), x.Reason)
		}
		for _, g := range c.Gaps {
			fmt.Fprintf(&b, "      %s %s not seen, %s: %s%s\n", c.Source, c.Region, g.Window, g.Reason, remedy(g))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func remedy(g audit.Gap) string {
	if g.Remedy == "" {
		return ""
	}
	return " (remedy: " + g.Remedy + ")"
}

func state(c audit.Coverage) string {
	if c.Complete() {
		return "complete"
	}
	return plural(int64(len(c.Gaps)), "GAP")
}

// extents names what was read: the one thing with its range, or how many of them.
func extents(list []audit.Extent) string {
	switch len(list) {
	case 0:
		return "-"
	case 1:
		x := list[0]
		return strings.TrimSpace(x.Name + " " + span(x))
	default:
		return fmt.Sprintf("%d extents", len(list))
	}
}

func span(x audit.Extent) string {
	if x.From == "" && x.To == "" {
		return ""
	}
	return abbreviate(x.From) + " - " + abbreviate(x.To)
}

// abbreviate keeps the telling end of long sequence numbers.
func abbreviate(s string) string {
	if len(s) <= 24 {
		return s
	}
	return s[:8] + "…" + s[len(s)-12:]
}

// grouped shows a count with thousands set off.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}

func coverageCSV(w io.Writer, runs []audit.RunRecord) error {
	header := []string{"run_id", "job", "verdict", "source", "scope", "region", "from", "to", "records", "matched", "excluded", "gaps", "gap_reasons"}
	var rows [][]string
	for _, run := range runs {
		for _, c := range run.Coverage {
			rows = append(rows, []string{
				run.RunID, run.Job, string(run.Verdict), c.Source, c.Scope, string(c.Region), rfc(c.Window.From), rfc(c.Window.To),
				strconv.FormatInt(c.Records, 10), strconv.FormatInt(c.Matched, 10), strconv.FormatInt(excluded(c), 10),
				strconv.Itoa(len(c.Gaps)), gapReasons(c),
			})
		}
	}
	return writeCSV(w, header, rows)
}

func excluded(c audit.Coverage) int64 {
	var n int64
	for _, x := range c.Excluded {
		n += x.Records
	}
	return n
}

func gapReasons(c audit.Coverage) string {
	reasons := make([]string, len(c.Gaps))
	for i, g := range c.Gaps {
		reasons[i] = g.Reason
	}
	return strings.Join(reasons, "; ")
}
