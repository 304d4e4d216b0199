package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
)

//go:embed dossier.html.tmpl
var dossierTemplate string

const (
	// maxDossierRows is how many rows of a list the page shows; the workbook and JSON have all of them.
	maxDossierRows = 200
	// currencyRoom is how many characters the first page has for columns of money, each with its margin.
	currencyRoom = 42
	// firstActions is how many things to do the first page names.
	firstActions = 3
	// titleRoom is how many letters of the title a line has in its large letters.
	titleRoom = 72
)

// dossierHTML writes the dossier as a self-contained page, or only its first page.
func dossierHTML(w io.Writer, d Dossier, firstOnly bool) error {
	t, err := template.New("dossier").Funcs(template.FuncMap{
		"money": MoneyList, "stamp": stamp, "when": evidenceTime, "short": short, "rfc": rfc, "figure": figureName,
		"px": px, "clip": clip, "state": stateText, "broken": brokenAxis, "in": moneyIn, "urgent": urgent,
		"day": func(t time.Time) string { return t.UTC().Format("2 Jan 2006") }, "clock": func(t time.Time) string { return t.UTC().Format("15:04") },
		"sameday":   func(a, b time.Time) bool { return a.UTC().Format(time.DateOnly) == b.UTC().Format(time.DateOnly) },
		"linkState": linkState, "lost": gone, "join": func(texts []string) string { return strings.Join(texts, "; ") },
		"cut": cutRows[LostPayment], "cutDoubles": cutRows[Double], "cutGaps": cutRows[NotCovered], "cutMoments": cutRows[Moment],
		"more": more,
	}).Parse(dossierTemplate)
	if err != nil {
		return fmt.Errorf("parse dossier template: %w", err)
	}
	top := min(len(d.Actions), firstActions)
	var page bytes.Buffer
	if err := t.Execute(&page, struct {
		D          Dossier
		Print      bool
		Picture    picture
		Bars       []barGroup
		Currencies []string
		Top        []Action
		More       int
		Long       bool
		LongTitle  bool
		AtLeast    bool
	}{
		d, firstOnly, draw(d), bars(d.Figures), currenciesOf(d.Money), d.Actions[:top], len(d.Actions) - top, longSays(d.Headline), len([]rune(d.Headline.Title)) > titleRoom,
		slices.ContainsFunc(d.Money, func(r MoneyRow) bool { return !r.Complete }),
	}); err != nil {
		return fmt.Errorf("write dossier: %w", err)
	}
	return visibleLines(w, page.String())
}

// visibleLines writes a page line by line with control characters spelled out, for a page's source is read too.
func visibleLines(w io.Writer, page string) error {
	for line := range strings.Lines(page) {
		if _, err := io.WriteString(w, visible(strings.TrimSuffix(line, "\n"))+"\n"); err != nil {
			return err
		}
	}
	return nil
}

func px(x float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0") }

// clip keeps a text to so many letters, so that the first page stays one page; control characters are spelled out.
func clip(most int, text string) string {
	letters := []rune(visible(text))
	if len(letters) <= most {
		return string(letters)
	}
	return string(letters[:most-1]) + "…"
}

// brokenAxis is the zigzag of an axis that is not to scale from x on.
func brokenAxis(x, y float64) string {
	return fmt.Sprintf("M%.1f %.1f l3 -5 l4 10 l3 -5", x-5, y)
}

// cutRows keeps what a page shows of a list.
func cutRows[T any](rows []T) []T { return rows[:min(len(rows), maxDossierRows)] }

// more says how much of a list a page leaves out.
func more(n int) template.HTML {
	if n <= maxDossierRows {
		return ""
	}
	return template.HTML(fmt.Sprintf("<p>and %s more: --format json and --format xlsx have them all</p>", grouped(int64(n-maxDossierRows)))) //nolint:gosec // a number
}

// currenciesOf are the currencies of the table, in alphabetical order; none if there is no room for a column each.
func currenciesOf(rows []MoneyRow) []string {
	widest := map[string]int{}
	for _, r := range rows {
		for _, m := range r.Amounts {
			widest[m.Currency] = max(widest[m.Currency], len(moneyIn(r, m.Currency)), len(m.Currency))
		}
	}
	room := 0
	for _, width := range widest {
		room += width + 1
	}
	if room > currencyRoom {
		return nil
	}
	return slices.Sorted(maps.Keys(widest))
}

// longSays reports whether the headline's sentences need small letters to stay on the first page.
func longSays(h Headline) bool {
	const line = 100 // letters
	return slices.ContainsFunc(h.Says, func(s Sentence) bool { return len([]rune(s.Text)) > line })
}

// moneyIn is a row's money in one currency, without its letters.
func moneyIn(r MoneyRow, currency string) string {
	for _, m := range r.Amounts {
		if m.Currency == currency {
			return strings.TrimPrefix(Money(m), currency+" ")
		}
	}
	return ""
}

// urgent reports whether a row says that money is gone or was taken twice.
func urgent(r MoneyRow) bool {
	return r.Count > 0 && (r.Class == ClassLost || r.Class == ClassDouble)
}

func gone(s audit.LinkState) bool { return s == audit.LinkLost || s == audit.LinkAbsent }

// linkState says a link's state as a tired person reads it.
func linkState(s audit.LinkState) string {
	switch s {
	case audit.LinkPresent:
		return "there"
	case audit.LinkAbsent:
		return "MISSING"
	case audit.LinkExpected:
		return "may still come"
	case audit.LinkUnneeded:
		return "not needed"
	case audit.LinkLost:
		return "LOST"
	default:
		return "not read"
	}
}
