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

// group is all findings of one kind, and a word about them.
type group struct {
	Kind     audit.Kind
	Name     string
	Findings []audit.StoredFinding
}

// WritePage writes the page as HTML.
func WritePage(w io.Writer, p Page) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"money": MoneyList, "stake": AtStake, "stamp": stamp, "when": evidenceTime, "what": what, "short": short,
		"grouped": grouped, "state": state, "extents": extents, "excluded": excluded, "checksums": checksums, "verdictClass": verdictClass,
		"broken": func(m audit.Measure) bool { return m.Broken() }, "measure": measureText, "figure": figureName, "seconds": Seconds,
		"over": func(m audit.Measure) string { return Seconds(m.Value - m.Objective) },
	}).Parse(pageTemplate)
	if err != nil {
		return fmt.Errorf("parse report template: %w", err)
	}
	return t.Execute(w, struct {
		Page
		Bill   []group
		Groups []group
	}{p, bill(p.Findings), gravest(groups(p.Findings))})
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

// billed are the kinds that say what a failover cost, in the order a finance person asks, and what to call them.
var billed = []struct {
	kind audit.Kind
	name string
}{
	{audit.ChainDoubleCharge, "charged twice, to refund"},
	{audit.LedgerLostRow, "lost from the ledger"},
	{audit.SettlementMissingInLedger, "settled, but not in the ledger"},
	{audit.SettlementMissingInNetwork, "in the ledger, but not settled"},
	{audit.SettlementAmountMismatch, "settled with another amount"},
	{audit.ReceiptMissing, "without a receipt"},
}

// bill picks the findings that carry the money. One payment can stand in several, so they are never added up.
func bill(findings []audit.StoredFinding) []group {
	var out []group
	for _, b := range billed {
		g := group{Kind: b.kind, Name: b.name}
		for _, f := range findings {
			if f.Kind == b.kind {
				g.Findings = append(g.Findings, f)
			}
		}
		if len(g.Findings) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// gravest puts the kinds whose gravest finding weighs most first and keeps their order otherwise.
func gravest(in []group) []group {
	weight := map[audit.Severity]int{audit.Critical: 0, audit.High: 1, audit.Medium: 2, audit.Low: 3}
	least := func(g group) int {
		w := len(weight)
		for _, f := range g.Findings {
			w = min(w, weight[f.Severity])
		}
		return w
	}
	slices.SortStableFunc(in, func(a, b group) int { return cmp.Compare(least(a), least(b)) })
	for i := range in {
		for _, s := range []audit.Severity{audit.Critical, audit.High, audit.Medium, audit.Low} {
			if weight[s] == least(in[i]) {
				in[i].Name = string(s)
			}
		}
	}
	return in
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
			out = append(out, group{Kind: k, Findings: list})
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

// figureName spells a recovery figure out.
func figureName(figure string) string {
	switch figure {
	case "rpo":
		return "data lost (RPO)"
	case "rto":
		return "writes down (RTO)"
	default:
		return figure
	}
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
