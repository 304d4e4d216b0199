package report

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

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
	b.WriteString(sayf("run %s   %s   window %s - %s UTC   as of %s   %s\n", run.RunID, run.Job,
		run.Window.From.UTC().Format("2 Jan 15:04:05"), run.Window.To.UTC().Format("2 Jan 15:04:05"), stamp(run.AsOf), strings.ToUpper(string(run.Verdict))))
	rows := make([][]string, 0, len(run.Coverage))
	for _, c := range run.Coverage {
		rows = append(rows, []string{
			"  " + c.Source, c.Scope, dash(string(c.Region)), extents(c), grouped(c.Records) + " records", state(c),
		})
	}
	if err := columns(&b, rows); err != nil {
		return err
	}
	for _, c := range run.Coverage {
		for _, x := range c.Excluded {
			b.WriteString(sayf("      %s %s %s left out: %s\n", c.Source, c.Region, grouped(x.Records), x.Reason))
		}
		for _, g := range c.Gaps {
			b.WriteString(sayf("      %s %s not seen, %s: %s%s\n", c.Source, c.Region, g.Window, g.Reason, remedy(g)))
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

// extents names what was read: how many of which thing, and the first and last of what they hold.
func extents(c audit.Coverage) string {
	source, _, _ := strings.Cut(c.Source, " ")
	var held []audit.Extent
	for _, x := range c.Extents {
		if x.Records > 0 || x.Checksum != "" {
			held = append(held, x)
		}
	}
	if source == "inventory" {
		held = slices.DeleteFunc(held, func(x audit.Extent) bool { return !DataFile(x) })
	}
	if len(held) == 0 {
		return "-"
	}
	span := held[0]
	for _, x := range held {
		if x.From != "" && (span.From == "" || less(x.From, span.From)) {
			span.From = x.From
		}
		if less(span.To, x.To) {
			span.To = x.To
		}
	}
	text := held[0].Name
	if noun, several := nouns[source]; several && len(held) > 1 {
		text = plural(int64(len(held)), noun)
	}
	if span.From != "" || span.To != "" {
		text += "  " + abbreviate(span.From) + " - " + abbreviate(span.To)
	}
	return text
}

// DataFile reports whether an extent of an inventory is a file of its rows, and not its manifest, a look-up or a setting.
func DataFile(x audit.Extent) bool {
	return x.Checksum != "" && !strings.HasSuffix(x.Name, "/manifest.json")
}

// nouns name what a source is made of.
var nouns = map[string]string{
	"archive": "segment", "ddbstream": "shard", "inventory": "file", "settlement": "file", "aurora": "range", "topology": "answer",
}

// less orders sequence numbers as numbers and other marks, which are of one length, as text.
func less(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

// abbreviate keeps the telling part of long marks: the moment of one that begins with a time, else both ends.
func abbreviate(s string) string {
	if moment, _, found := strings.Cut(s, " "); found {
		if t, err := time.Parse(time.RFC3339Nano, moment); err == nil {
			return t.UTC().Format(time.RFC3339)
		}
	}
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
	header := []string{"run_id", "job", "verdict", "source", "scope", "region", "from", "to", "records", "matched", "excluded", "gaps",
		"gap_reasons", "excluded_reasons", "checksums"}
	var rows [][]string
	for _, run := range runs {
		for _, c := range run.Coverage {
			rows = append(rows, []string{
				run.RunID, run.Job, string(run.Verdict), c.Source, c.Scope, string(c.Region), rfc(c.Window.From), rfc(c.Window.To),
				strconv.FormatInt(c.Records, 10), strconv.FormatInt(c.Matched, 10), strconv.FormatInt(excluded(c), 10),
				strconv.Itoa(len(c.Gaps)), gapReasons(c), exclusions(c), checksums(c),
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

func exclusions(c audit.Coverage) string {
	reasons := make([]string, len(c.Excluded))
	for i, x := range c.Excluded {
		reasons[i] = fmt.Sprintf("%d %s", x.Records, x.Reason)
	}
	return strings.Join(reasons, "; ")
}

// maxChecksums bounds how many files of one line are named with their checksums; JSON has all of them, in full.
const maxChecksums = 10

// checksums names the files that were read, each by the end of its name and the beginning of its checksum.
func checksums(c audit.Coverage) string {
	var named []string
	more := 0
	for _, x := range c.Extents {
		if x.Checksum == "" {
			continue
		}
		if len(named) == maxChecksums {
			more++
			continue
		}
		kind, sum, split := strings.Cut(x.Checksum, ":")
		if !split {
			kind, sum = "", x.Checksum
		}
		named = append(named, strings.TrimSpace(path.Base(x.Name)+" "+strings.TrimSpace(kind+" "+sum[:min(len(sum), 12)])))
	}
	if more > 0 {
		named = append(named, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(named, "; ")
}

func gapReasons(c audit.Coverage) string {
	reasons := make([]string, len(c.Gaps))
	for i, g := range c.Gaps {
		reasons[i] = g.Reason
	}
	return strings.Join(reasons, "; ")
}
