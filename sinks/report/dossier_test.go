package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"parallax/internal/audit"
)

func written(t *testing.T, format Format, d Dossier) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteDossier(&b, format, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestDossierTwice wants one dossier to give the same bytes in every format.
func TestDossierTwice(t *testing.T) {
	for _, f := range []Format{HTML, Print, JSON, XLSX, CSV, Table} {
		if one, two := written(t, f, fullDossier()), written(t, f, fullDossier()); one != two {
			t.Errorf("%s differs from itself", f)
		}
	}
}

// TestDossierTellsEverything looks for each part of the model on the page.
func TestDossierTellsEverything(t *testing.T) {
	page := written(t, HTML, fullDossier())
	for _, want := range []string{
		"14 payments are lost from the ledger: EUR 2,310.00 and JPY 41,200.", "3 orders were charged twice", "RPO 0.84 s against 0 s: broken",
		"2 things were not read, so more may be found. 51 findings not explained, 1 other question open.", "promoted at 14:07:44 UTC", "repair/ledger-payments.sql",
		"What to do, the most urgent first", "repair/keys-idempotency-keys.json", "pay_400gt2n30013", "row id 145", "charged on both sides of the outage",
		"The file of amex", "the bucket does not answer", "health check api-dublin", "14 rows of the old primary never arrived",
		"2026-11-21T08:00:00Z-ledger", "case open since 2026-11-20 14:10", "too close to tell", "at least 14",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	first := written(t, Print, fullDossier())
	for _, absent := range []string{"<section>", "pay_400gt2n30013", "What to do"} {
		if strings.Contains(first, absent) {
			t.Errorf("the first page has %q", absent)
		}
	}
	table := written(t, Table, fullDossier())
	for _, want := range []string{"14 payments are lost", "at least 9", "BROKEN", "not measured", "not read: settlement"} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q", want)
		}
	}
}

// TestDossierIsSelfContained wants nothing fetched, nothing run, and no text taken for markup, a formula or a command.
func TestDossierIsSelfContained(t *testing.T) {
	const hostile = "=cmd|'/c calc'!A1 <script>alert(1)</script><img src=http://x.example/y onerror=z>\x1b[2J\"'`{{.}}"
	d := fullDossier()
	poison(reflect.ValueOf(&d).Elem(), hostile)
	for _, f := range []Format{HTML, Print} {
		page := written(t, f, d)
		if strings.Contains(page, "<script") || strings.Contains(page, "<img") || strings.Contains(page, "\x1b") {
			t.Errorf("%s lets hostile text through", f)
		}
		rest := strings.ReplaceAll(page, `xmlns="http://www.w3.org/2000/svg"`, "")
		if found := regexp.MustCompile(`(?i)<(link|script|iframe|object|embed|img|image|use)\b|@import|url\([^#]| (src|href)\s*=\s*"`).FindString(rest); found != "" {
			t.Errorf("%s has %q", f, found)
		}
	}
	if table := written(t, Table, d); strings.Contains(table, "\x1b") {
		t.Error("the table obeys an escape")
	}
	for line := range strings.Lines(written(t, CSV, d)) {
		if strings.HasPrefix(line, "=") || strings.Contains(line, ",=") || strings.Contains(line, `"=`) {
			t.Errorf("a formula in CSV: %s", line)
		}
	}
	book, err := excelize.OpenReader(strings.NewReader(written(t, XLSX, d)))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close() //nolint:errcheck // read only
	for _, sheet := range book.GetSheetList() {
		rows, err := book.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for r, row := range rows {
			for c := range row {
				name, _ := excelize.CoordinatesToCellName(c+1, r+1) //nolint:errcheck // in range
				if formula, err := book.GetCellFormula(sheet, name); err != nil || formula != "" {
					t.Errorf("%s!%s is a formula: %s %v", sheet, name, formula, err)
				}
			}
		}
	}
}

// poison puts a text before every text of a value that comes from outside, so that whatever is shown shows it.
func poison(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		own := v.Type() == reflect.TypeFor[FigureState]() || v.Type() == reflect.TypeFor[MomentState]() ||
			slices.Contains(append(Lanes(), "EUR", "GBP", "JPY", "rpo", "rto", "key", "receipt", ClassLost, ClassDouble), v.String())
		if !own {
			v.SetString(text + v.String())
		}
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem(), text)
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i), text)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for _, field := range v.Fields() {
			poison(field, text)
		}
	}
}

// TestDossierSaysWhatItLeavesOut gives a page more than it shows; JSON, the workbook and CSV have all of it.
func TestDossierSaysWhatItLeavesOut(t *testing.T) {
	d := fullDossier()
	for i := range 1000 {
		p := d.Lost[0]
		p.PaymentID = fmt.Sprintf("pay_more%05d", i)
		d.Lost = append(d.Lost, p)
	}
	page := written(t, HTML, d)
	if n := strings.Count(page, "<code>pay_"); n < maxDossierRows || n > maxDossierRows+10 || !strings.Contains(page, "and 814 more: --format json and --format xlsx have them all") {
		t.Errorf("%d payments on the page", n)
	}
	if n := strings.Count(written(t, JSON, d), `"payment_id": "pay_more`); n != 1000 {
		t.Errorf("%d payments in JSON", n)
	}
	if n := strings.Count(written(t, CSV, d), "pay_more"); n != 1000 {
		t.Errorf("%d payments in CSV", n)
	}
	book, err := excelize.OpenReader(strings.NewReader(written(t, XLSX, d)))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close() //nolint:errcheck // read only
	rows, err := book.GetRows("Lost payments")
	if err != nil || len(rows) != 1015 {
		t.Errorf("%d rows in the workbook: %v", len(rows), err)
	}
	want := []string{"Summary", "Timeline", "Measures", "Money", "Lost payments", "Double charges", "Questions", "Not covered"}
	if got := book.GetSheetList(); !slices.Equal(got, want) {
		t.Errorf("sheets %v", got)
	}
}

// TestDossierContract holds the names that programs read.
func TestDossierContract(t *testing.T) {
	var doc map[string]any
	if err := json.Unmarshal([]byte(written(t, JSON, fullDossier())), &doc); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"as_of", "headline.title", "headline.says.0.text", "cluster", "from", "to", "planned", "seen", "at", "promoted", "promoted_error_seconds",
		"outage.from", "window.to", "snapshot.name", "snapshot.expires_at", "snapshot.compared", "case.state", "case.opened_at", "case.next_due", "other_failovers",
		"timeline.0.layer", "timeline.0.at", "timeline.0.until", "timeline.0.error_seconds", "timeline.0.source", "timeline.0.state",
		"measures.0.value_seconds", "measures.0.error_seconds", "measures.0.objective_seconds", "measures.0.state", "measures.0.basis",
		"money.0.class", "money.0.count", "money.0.in_outage", "money.0.complete", "money.0.amounts.0.amount_minor", "money.0.amounts.0.currency", "money.0.kinds",
		"actions.0.what", "actions.0.file", "actions.0.command", "lost_payments.0.payment_id", "lost_payments.0.links.3.state", "lost_payments.0.rebuild",
		"double_charges.0.refund.0.amount_minor", "double_charges.0.charges.0.payment_id", "questions.0.remedy",
		"not_covered.0.reason", "not_covered.0.window.from", "runs.0.run_id", "runs.0.verdict",
	} {
		if !has(doc, strings.Split(path, ".")) {
			t.Errorf("no %s", path)
		}
	}
	if v := doc["measures"].([]any)[0].(map[string]any)["value_seconds"]; v != 0.84 {
		t.Errorf("value_seconds %v", v)
	}
}

func has(v any, path []string) bool {
	if len(path) == 0 {
		return true
	}
	switch x := v.(type) {
	case map[string]any:
		next, found := x[path[0]]
		return found && has(next, path[1:])
	case []any:
		var i int
		_, err := fmt.Sscan(path[0], &i)
		return err == nil && i < len(x) && has(x[i], path[1:])
	}
	return false
}

// TestHeadline says in plain words what is known, and never more.
func TestHeadline(t *testing.T) {
	nothing := func(d *Dossier) {
		d.Lost, d.Doubles, d.NotCovered, d.Questions, d.Standing = nil, nil, nil, nil, 0
		for i := range d.Money {
			d.Money[i] = MoneyRow{Class: d.Money[i].Class, Complete: true}
		}
	}
	for _, c := range []struct {
		name   string
		change func(*Dossier)
		want   []string
	}{
		{"nothing lost", nothing, []string{"No payment is lost from the ledger.", "No order was charged twice.", "The picture is complete: everything was read."}},
		{"one of each", func(d *Dossier) { d.Money[0].Count, d.Money[2].Count = 1, 1 }, []string{"1 payment is lost", "1 order was charged twice"}},
		{"not wholly read", func(d *Dossier) { nothing(d); d.Money[0].Complete, d.Money[2].Complete = false, false },
			[]string{"No lost payment is known, but not everything was read.", "No double charge is known, but not everything was read."}},
		{"no snapshot", func(d *Dossier) { nothing(d); d.Snapshot = Snapshot{} }, []string{"Whether payments are lost is not known: no snapshot of the old primary is known."}},
		{"snapshot not compared", func(d *Dossier) { nothing(d); d.Snapshot.Compared = false }, []string{"is not known: the old primary's snapshot was not compared."}},
		{"no snapshot, but traces", func(d *Dossier) {
			l := d.Lost
			nothing(d)
			d.Lost, d.Snapshot = l[:2], Snapshot{}
			l[0].Finding, l[1].Finding = "", ""
		},
			[]string{"2 payments are not in the ledger though other layers know of them: no snapshot of the old primary is known."}},
		{"all explained", func(d *Dossier) {
			l, x := d.Lost, d.Doubles
			nothing(d)
			d.Lost, d.Doubles = l, x
			d.Doubles[0].Status = audit.Resolved
			for i := range l {
				l[i].Status = audit.Cleared
			}
		}, []string{"No payment is missing from the ledger any more. 14 were, and are explained.", "No double charge is left. 1 was, and is explained."}},
		{"not proven", func(d *Dossier) { l := d.Lost; nothing(d); d.Lost = l[:1]; l[0].Verdict = audit.Probable }, []string{"1 payment is perhaps lost from the ledger: it is not proven."}},
		{"at least", func(d *Dossier) { d.Money[0].Complete = false }, []string{"At least 14 payments are lost"}},
		{"unmeasured", func(d *Dossier) { d.Figures = nil }, []string{"RPO of the ledger: not measured. RTO of the ledger: not measured."}},
		{"nothing open", nothing, []string{"everything was read.\x00"}},
		{"a question about what was not read", func(d *Dossier) {
			nothing(d)
			d.Questions = []audit.Question{{About: AboutCoverage}, {About: "settlement file"}}
		}, []string{"Not everything was read, as the questions tell: more may be found. 2 questions open."}},
		{"a question beside", func(d *Dossier) {
			nothing(d)
			d.Standing, d.Questions = 3, []audit.Question{{About: AboutFindings}, {About: "settlement file"}}
		}, []string{"The picture is complete: everything was read. 3 findings not explained, 1 other question open."}},
		{"exact", func(d *Dossier) { d.Figures[1].Error = 0 }, []string{"the ledger took no write for 75 s\n"}},
		{"by hand", func(d *Dossier) { d.Seen, d.PromotedError = string(audit.SeenInData), seconds(150) },
			[]string{"Failover by hand of payments-global: eu-west-1 to eu-west-2, seen from the data\n", "± 2 min 30 s", "nobody announced it"}},
		{"a moment of one's choice", func(d *Dossier) { d.Seen, d.From, d.To, d.Promoted = "", "", "", time.Time{} },
			[]string{"Incident at payments-global, taken for a failover by hand, as a person stated; RDS knows nothing of it\n", "no promotion was seen"}},
		{"as a person stated", func(d *Dossier) { d.Seen = string(audit.SeenByPerson) },
			[]string{"Failover of payments-global: eu-west-1 to eu-west-2, as a person stated; RDS knows nothing of it\n"}},
		{"planned", func(d *Dossier) { d.Planned = true }, []string{"Planned switchover of payments-global: eu-west-1 to eu-west-2"}},
		{"findings alone", func(d *Dossier) { d.Questions[0].About = AboutFindings }, []string{"51 findings not explained."}},
		{"given up", func(d *Dossier) { d.Case.State = audit.CaseGivenUp }, []string{"1 other question open. The case was given up."}},
		{"closed", func(d *Dossier) { nothing(d); d.Case.State = audit.CaseClosed }, []string{"The case is closed."}},
		{"no case", func(d *Dossier) { nothing(d); d.Case = nil }, []string{"Nobody reconciles it yet."}},
	} {
		d := fullDossier()
		c.change(&d)
		h := d.WithHeadline().Headline
		says := []string{h.Title, h.When}
		for _, s := range h.Says {
			says = append(says, s.Text)
		}
		text := strings.Join(says, "\n") + "\x00"
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q lacks %q", c.name, text, want)
			}
		}
		for _, f := range []Format{HTML, Print, JSON, XLSX, CSV, Table} {
			written(t, f, d)
		}
	}
}

// TestFigureState takes a figure for met or broken only where its whole error bar is.
func TestFigureState(t *testing.T) {
	for _, c := range []struct {
		value, err, objective time.Duration
		want                  FigureState
	}{
		{time.Second, 0, 0, FigureBroken}, {0, 0, 0, FigureMet}, {time.Second, time.Second, 0, FigureUnsure}, {0, time.Second, 0, FigureUnsure},
		{59 * time.Second, time.Second, time.Minute, FigureMet}, {59 * time.Second, 2 * time.Second, time.Minute, FigureUnsure}, {61 * time.Second, time.Second, time.Minute, FigureUnsure},
		{62 * time.Second, time.Second, time.Minute, FigureBroken},
		{-time.Hour, time.Second, time.Minute, FigureUnsure}, {math.MaxInt64, math.MaxInt64, time.Minute, FigureUnsure}, {0, -time.Second, 0, FigureUnsure},
	} {
		if f := NewFigure(audit.Measure{Value: c.value, Error: c.err, Objective: c.objective}); f.State != c.want {
			t.Errorf("%s +/- %s against %s is %s, want %s", c.value, c.err, c.objective, f.State, c.want)
		}
	}
}

func TestSpell(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 840 * time.Millisecond: "0.84 s", 3 * time.Second: "3 s", 75 * time.Second: "75 s", 750 * time.Second: "12 min 30 s", 2 * time.Hour: "2 h",
		200 * time.Minute: "3 h 20 min", 52 * time.Hour: "2 d 4 h", -75 * time.Second: "-75 s",
	} {
		if got := Spell(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}
