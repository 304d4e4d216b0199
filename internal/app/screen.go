package app

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"parallax/internal/audit"
	"parallax/sinks/report"
)

// screen writes the demo's last screen; the first error stops it.
type screen struct {
	w       io.Writer
	program string // in the commands it shows
	err     error
}

func (s *screen) printf(format string, args ...any) {
	if s.err == nil {
		_, s.err = fmt.Fprintf(s.w, format, args...)
	}
}

func (s *screen) title(o DemoOptions, took time.Duration) {
	s.printf("Two regions, one failover, %d payments (seed %d)    took %.0f s\n\n", o.Payments, o.Seed, took.Seconds())
}

func (s *screen) scores(scores []score) {
	tab := tabwriter.NewWriter(s.w, 0, 0, 2, ' ', 0)
	rows := [][]string{{"", "injected", "found", "false", "money at stake", ""}}
	for _, sc := range scores {
		rows = append(rows, sc.row())
	}
	for _, row := range rows {
		if _, err := fmt.Fprintln(tab, strings.TrimRight(strings.Join(row, "\t"), "\t")); err != nil {
			s.err = err
			return
		}
	}
	if err := tab.Flush(); err != nil {
		s.err = err
	}
}

func (s *screen) measures(failovers []audit.Failover) {
	label := "measured"
	for _, f := range failovers {
		for _, m := range f.Measures {
			verdict := string(report.NewFigure(m).State)
			if m.Broken() {
				verdict = "BROKEN by " + report.Seconds(m.Value-m.Objective)
			}
			if label == "measured" {
				s.printf("\n")
			}
			s.printf(" %-10s %-4s %-9s %9s %-14s objective %-7s %s\n", label, strings.ToUpper(m.Figure), m.Layer,
				report.Seconds(m.Value), "(+/- "+report.Seconds(m.Error)+")", report.Seconds(m.Objective), verdict)
			label = ""
		}
	}
}

// coverage sums the certificates of all jobs up: distinct sources, what was read of them, and every gap.
func (s *screen) coverage(result Result, runs []audit.RunRecord) {
	sources, extents := map[string]bool{}, map[string]map[string]bool{}
	var gaps []string
	for _, run := range runs {
		for _, c := range run.Coverage {
			sources[c.Source+" "+c.Scope+" "+string(c.Region)] = true
			kind, _, _ := strings.Cut(c.Source, " ")
			if extents[kind] == nil {
				extents[kind] = map[string]bool{}
			}
			for _, x := range c.Extents {
				if kind == "inventory" && !report.DataFile(x) {
					continue
				}
				extents[kind][string(c.Region)+x.Name] = true
			}
			for _, g := range c.Gaps {
				gaps = append(gaps, fmt.Sprintf("%s: %s %s: %s", run.Job, c.Source, c.Region, g.Reason))
			}
		}
	}
	verdict := "all read, 0 gaps"
	if len(gaps) > 0 {
		verdict = fmt.Sprintf("%d GAPS", len(gaps))
	}
	s.printf("\n coverage   %d sources, %d shards, %d inventory files, %d settlement files: %s\n", len(sources),
		len(extents["archive"]), len(extents["inventory"]), len(extents["settlement"]), verdict)
	for _, g := range gaps {
		s.printf("            gap  %s\n", g)
	}
	s.printf(" verdict    %s\n", result.Verdict())
}

func (s *screen) complaints(scores []score) {
	clean := true
	for _, sc := range scores {
		for _, line := range sc.complaints() {
			if clean {
				s.printf("\n")
			}
			clean = false
			s.printf(" %s\n", line)
		}
	}
	if clean {
		s.printf(" truth      every injected fault was found with its money, and nothing else was reported\n")
	}
}

// paths names what was written: the report, the dossier and the folder of repair files.
func (s *screen) paths(written []string, config string, findings []audit.StoredFinding) {
	s.printf("\n")
	for i, name := range []string{"report", "dossier", "repair"} {
		s.printf(" %-10s %s\n", name, written[i])
	}
	s.printf(" next       %s findings list --config %s\n", s.program, config)
	if len(findings) > 0 {
		s.printf("            %s findings show %.12s --config %s\n            %s report coverage --config %s\n", s.program, findings[0].Fingerprint, config, s.program, config)
	}
}
