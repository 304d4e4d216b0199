package repair

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Answer is what asking all guards of a manifest came to.
type Answer struct {
	AsOf    time.Time   `json:"as_of"`
	Expires time.Time   `json:"expires"`
	Expired bool        `json:"expired"` // the files would change nothing, whatever their guards say
	Steps   []StepState `json:"steps"`
}

// StepState is how one guard stands.
type StepState struct {
	About
	File   string `json:"file"`
	Action string `json:"action"`
	State  State  `json:"state"`
	Note   string `json:"note,omitempty"`
}

// Count is how many guards stand so.
func (a Answer) Count(state State) int {
	n := 0
	for _, s := range a.Steps {
		if s.State == state {
			n++
		}
	}
	return n
}

// Listed is a folder of repair files, or one whose manifest cannot be read.
type Listed struct {
	Folder   string   `json:"folder"`
	Expired  bool     `json:"expired"`
	Problem  string   `json:"problem,omitempty"`
	Manifest Manifest `json:"manifest"`
}

// ShowWritten says which files were written and what is left to be done by hand, as "table" or as JSON.
func ShowWritten(w io.Writer, output, dir string, m Manifest) error {
	if output != "table" {
		return showJSON(w, struct {
			Folder   string   `json:"folder"`
			Manifest Manifest `json:"manifest"`
		}{dir, m})
	}
	var b strings.Builder
	if len(m.Steps) == 0 {
		b.WriteString("No finding that stands can be mended by a file.\n")
	}
	t := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	for i, f := range m.Files {
		if i == 0 {
			fmt.Fprintln(t, "FILE\tREPAIRS\tAT STAKE\tPURPOSE")
		}
		if f.Repairs > 0 {
			fmt.Fprintf(t, "%s\t%d\t%s\t%s\n", f.Name, f.Repairs, remark(amountsText(f.Money, "  ")), remark(f.Purpose))
		}
	}
	_ = t.Flush() // into memory
	for i, h := range m.ByHand {
		if i == 0 {
			b.WriteString("\nLeft to be done by hand:\n")
		}
		b.WriteString("  " + remarkf("%s %s: %s", h.Kind, h.Key, h.Why) + "\n")
	}
	fmt.Fprintf(&b, "\n%s, good until %s. Nothing was changed.\nNext: parallax repair check %s\n", dir, m.Expires.Format(time.RFC3339), dir)
	return write(w, b.String())
}

// ShowAnswer says how each guard stands, as "table" or as JSON. Why some could not be asked stands once below the table: what
// is down is down for all of them.
func ShowAnswer(w io.Writer, output string, a Answer) error {
	if output != "table" {
		return showJSON(w, a)
	}
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	if len(a.Steps) > 0 {
		fmt.Fprintln(t, "GUARD\tACTION\tKEY\tFINDING\tFILE")
	}
	var reasons []string
	for _, s := range a.Steps {
		fmt.Fprintf(t, "%s\t%s\t%s\t%.8s\t%s", s.State, s.Action, remark(s.Key), s.Findings[0], s.File)
		switch {
		case s.State == Unasked:
			reasons = append(reasons, strings.Split(s.Note, "\n")...)
		case s.Note != "":
			fmt.Fprintf(t, " (%s)", remark(s.Note))
		}
		fmt.Fprintln(t)
	}
	_ = t.Flush() // into memory
	slices.Sort(reasons)
	for i, reason := range slices.Compact(reasons) {
		if i == 0 {
			b.WriteString("\nWhy some cannot be asked:\n")
		}
		b.WriteString("  " + remark(reason) + "\n")
	}
	under := ""
	if n := a.Count(UnderWay); n > 0 {
		under = fmt.Sprintf("%d under way, ", n)
	}
	fmt.Fprintf(&b, "\n%d hold, %d done already, %s%d changed since, %d could not be asked. Nothing was changed.\n",
		a.Count(Holds), a.Count(Done), under, a.Count(Changed), a.Count(Unasked))
	if a.Expired {
		fmt.Fprintf(&b, "%d EXPIRED at %s: the files change nothing any more, write them anew.\n", a.Count(Expired), a.Expires.Format(time.RFC3339))
	}
	return write(w, b.String())
}

// ShowListed lists folders of repair files, as "table" or as JSON.
func ShowListed(w io.Writer, output string, all []Listed) error {
	if output != "table" {
		if all == nil {
			all = []Listed{}
		}
		return showJSON(w, all)
	}
	if len(all) == 0 {
		return write(w, "No repair files: write them by parallax repair write.\n")
	}
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "FOLDER\tAS OF\tEXPIRES\tREPAIRS\tBY HAND")
	for _, l := range all {
		if l.Problem != "" {
			fmt.Fprintf(t, "%s\t%s\n", l.Folder, remark(l.Problem))
			continue
		}
		expires := l.Manifest.Expires.Format(time.RFC3339)
		if l.Expired {
			expires += " (expired)"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\n", l.Folder, l.Manifest.AsOf.Format(time.RFC3339), expires, len(l.Manifest.Steps), len(l.Manifest.ByHand))
	}
	_ = t.Flush() // into memory
	return write(w, b.String())
}

func showJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("show repair files: %w", err)
	}
	return nil
}

func write(w io.Writer, text string) error {
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("show repair files: %w", err)
	}
	return nil
}
