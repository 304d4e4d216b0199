package report

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"

	"parallax/internal/audit"
)

//go:embed page.html.tmpl
var pageTemplate string

// Page is a self-contained HTML report: no script, no font and no picture is fetched from anywhere.
type Page struct {
	Title     string
	Subtitle  string
	AsOf      time.Time
	Runs      []audit.RunRecord
	Findings  []audit.StoredFinding
	Failovers []audit.Failover
}

// group is all findings of one kind.
type group struct {
	Kind     audit.Kind
	Findings []audit.StoredFinding
}

// WritePage writes the page as HTML.
func WritePage(w io.Writer, p Page) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"money": MoneyList, "stake": AtStake, "stamp": stamp, "when": evidenceTime, "what": what, "short": short,
		"grouped": grouped, "state": state, "extents": extents, "excluded": excluded, "verdictClass": verdictClass,
		"broken": func(m audit.Measure) bool { return m.Broken() }, "measure": measureText, "seconds": Seconds,
		"over": func(m audit.Measure) string { return Seconds(m.Value - m.Objective) },
	}).Parse(pageTemplate)
	if err != nil {
		return fmt.Errorf("parse report template: %w", err)
	}
	return t.Execute(w, struct {
		Page
		Groups []group
	}{p, groups(p.Findings)})
}

func coverageHTML(w io.Writer, runs []audit.RunRecord) error {
	p := Page{Title: "Coverage", Subtitle: "what each newest run read, matched, left out or did not see", Runs: runs}
	for _, r := range runs {
		if r.AsOf.After(p.AsOf) {
			p.AsOf = r.AsOf
		}
	}
	return WritePage(w, p)
}

// groups sorts findings by kind, in the kinds' own order.
func groups(findings []audit.StoredFinding) []group {
	byKind := map[audit.Kind][]audit.StoredFinding{}
	for _, f := range findings {
		byKind[f.Kind] = append(byKind[f.Kind], f)
	}
	var out []group
	for _, k := range audit.Kinds() {
		if list := byKind[k]; len(list) > 0 {
			slices.SortFunc(list, func(a, b audit.StoredFinding) int {
				return cmp.Or(a.Window.From.Compare(b.Window.From), cmp.Compare(a.Key, b.Key))
			})
			out = append(out, group{k, list})
		}
	}
	return out
}

func verdictClass(v audit.RunVerdict) string {
	switch v {
	case audit.RunClean:
		return "clean"
	case audit.RunFindings:
		return "found"
	default:
		return "open"
	}
}

func measureText(m audit.Measure) string {
	return fmt.Sprintf("%s (+/- %s)", Seconds(m.Value), Seconds(m.Error))
}

// Seconds shows a duration as seconds with the decimals it deserves: "0.84 s", "75 s".
func Seconds(d time.Duration) string {
	if d == 0 {
		return "0 s"
	}
	if d < 10*time.Second {
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}
