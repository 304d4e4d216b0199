package report

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"parallax/internal/audit"
)

// Listing is a selection of findings.
type Listing struct {
	Findings []audit.StoredFinding
	Total    int  // how many there are before the limit
	NoRuns   bool // no run has finished yet, so that there are none means nothing
	Overlap  bool // a payment can be in findings of several kinds, so that their money must not be added up
}

// nothingKnown is what an empty listing means before any run.
const nothingKnown = "no findings, and no run has finished yet: nothing is known"

// Caveat says what a reader must know who sees the findings alone: how many are left out, or that nobody has looked yet.
// Empty if there is nothing to say.
func (l Listing) Caveat() string {
	if l.NoRuns && len(l.Findings) == 0 {
		return nothingKnown
	}
	return l.Cut()
}

// Findings writes a listing. A listing that was cut short says so, and by how much, in the table and in JSON.
func Findings(w io.Writer, format Format, l Listing) error {
	switch format {
	case JSON:
		if l.Findings == nil {
			l.Findings = []audit.StoredFinding{}
		}
		return writeJSON(w, l.Findings)
	case NDJSON:
		return writeLines(w, l.Findings)
	case CSV:
		return findingsCSV(w, l.Findings)
	default:
		return findingsTable(w, l)
	}
}

// Cut says how many findings a listing leaves out; empty if none.
func (l Listing) Cut() string {
	left := l.Total - len(l.Findings)
	if left <= 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d findings shown, %d left out: raise --limit or narrow the selection", len(l.Findings), l.Total, left)
}

func findingsTable(w io.Writer, l Listing) error {
	if len(l.Findings) == 0 {
		_, err := fmt.Fprintln(w, cmp.Or(l.Caveat(), "no findings"))
		return err
	}
	rows := [][]string{{"FINDING", "KIND", "VERDICT", "SEVERITY", "STATUS", "KEY", "REGION", "MONEY AT STAKE", "FIRST SEEN"}}
	for _, f := range l.Findings {
		rows = append(rows, []string{
			short(f.Fingerprint), string(f.Kind), string(f.Verdict), string(f.Severity), string(f.Status),
			f.Key, dash(string(f.Region)), MoneyList(f.Amounts), stamp(f.FirstSeen),
		})
	}
	if err := columns(w, rows); err != nil {
		return err
	}
	if cut := l.Cut(); cut != "" {
		_, err := fmt.Fprintln(w, cut)
		return err
	}
	_, err := fmt.Fprintln(w, visible(l.sum()))
	return err
}

// sum says how many findings there are, and how much money is at stake in them where nothing is counted twice.
func (l Listing) sum() string {
	kinds := map[audit.Kind]bool{}
	for _, f := range l.Findings {
		kinds[f.Kind] = true
	}
	count := plural(int64(len(l.Findings)), "finding")
	if l.Overlap && len(kinds) > 1 {
		return fmt.Sprintf("%s of %d kinds; one payment can be in several, so their money is not added up (use --kind)", count, len(kinds))
	}
	return count + ", at stake " + AtStake(l.Findings)
}

func findingsCSV(w io.Writer, findings []audit.StoredFinding) error {
	header := []string{
		"fingerprint", "kind", "severity", "verdict", "status", "key", "region", "amount_minor", "currency",
		"first_seen", "last_seen", "window_from", "window_to", "job", "scope", "reason",
	}
	rows := make([][]string, 0, len(findings))
	for _, f := range findings {
		minor, currency := "", ""
		if len(f.Amounts) > 0 {
			minor, currency = strconv.FormatInt(f.Amounts[0].Minor, 10), f.Amounts[0].Currency
		}
		rows = append(rows, []string{
			string(f.Fingerprint), string(f.Kind), string(f.Severity), string(f.Verdict), string(f.Status), f.Key, string(f.Region),
			minor, currency, rfc(f.FirstSeen), rfc(f.LastSeen), rfc(f.Window.From), rfc(f.Window.To), f.Job, f.Scope, f.Reason,
		})
	}
	return writeCSV(w, header, rows)
}

func short(f audit.Fingerprint) string {
	if len(f) > 12 {
		return string(f[:12])
	}
	return string(f)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }
func rfc(t time.Time) string   { return t.UTC().Format(time.RFC3339Nano) }

// Finding writes one finding and its history: as JSON, or as a page a finance person can read.
func Finding(w io.Writer, format Format, f audit.StoredFinding, history []audit.Event) error {
	if format == JSON || format == NDJSON {
		return findingJSON(w, f, history)
	}
	return findingPage(w, f, history)
}

func findingPage(w io.Writer, f audit.StoredFinding, history []audit.Event) error {
	var b strings.Builder
	b.WriteString(sayf("%s  %s  %s    %s since %s (%s)\n", f.Kind, f.Verdict, strings.ToUpper(string(f.Severity)), f.Status, stamp(f.FirstSeen), plural(f.Runs, "run")))
	b.WriteString(sayf("%s\n\n", f.Reason))
	b.WriteString(sayf("  key          %s\n", f.Key))
	if f.Region != "" {
		b.WriteString(sayf("  region       %s\n", f.Region))
	}
	if len(f.Amounts) > 0 {
		b.WriteString(sayf("  at stake     %s\n", MoneyList(f.Amounts)))
	}
	b.WriteString(sayf("  happened     %s\n", f.Window.From.UTC().Format("2006-01-02 15:04:05.000 MST")))
	if !f.Shown.IsZero() && !f.Shown.Equal(f.Window.From) {
		b.WriteString(sayf("  shown        %s\n", f.Shown.UTC().Format("2006-01-02 15:04:05.000 MST")))
	}
	b.WriteString(sayf("  rule         %s\n", f.Rule))
	b.WriteString(sayf("  fingerprint  %s\n\n", f.Fingerprint))
	rows := [][]string{{"  SEEN IN", "REGION", "AT", "WHAT", "NOTE"}}
	for _, e := range f.Evidence {
		rows = append(rows, []string{"  " + e.Source, dash(string(e.Region)), evidenceTime(e.At), what(e), e.Note})
	}
	if err := columns(&b, rows); err != nil {
		return err
	}
	if f.ClearedBy != "" {
		b.WriteString(sayf("\n  cleared by run %s\n", f.ClearedBy))
	}
	for _, e := range history {
		b.WriteString(sayf("\n  %s  %s %s%s", stamp(e.At), e.Action, e.Run, noted(e.Note)))
	}
	b.WriteString(sayf("\n\n  do now       parallax runbook %s\n", f.Kind))
	_, err := io.WriteString(w, b.String())
	return err
}

func noted(note string) string {
	if note == "" {
		return ""
	}
	return ": " + note
}

func evidenceTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05.000")
}

// what is the observation in a few words: the field and its value, and where it stands.
func what(e audit.Evidence) string {
	parts := make([]string, 0, 2)
	if e.Field != "" {
		parts = append(parts, e.Field+" = "+strconv.Quote(e.Value))
	} else if e.Value != "" {
		parts = append(parts, strconv.Quote(e.Value))
	}
	if e.Ref != "" {
		parts = append(parts, "("+e.Ref+")")
	}
	return dash(strings.Join(parts, " "))
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
